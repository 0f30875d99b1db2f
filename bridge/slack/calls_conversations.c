/* conversations.info, users.conversations */
#include "bridge/slack/web_api.h"

#include "lib/mem.h"

#include "bridge/slack/call.h"
#include "bridge/slack/errors.h"

#include <stdlib.h>

/* Slack answers at most a thousand, whatever is asked for. */
enum { MAX_CHANNELS = 1000 };
#define CHANNELS_A_PAGE "200"

static enum slack_channel_kind kind_of(const cJSON *obj)
{
	if (json_bool(obj, "is_im", false)) {
		return SLACK_IM;
	}
	if (json_bool(obj, "is_mpim", false)) {
		return SLACK_MPIM;
	}
	/* is_group alone: private channels as they were called once. */
	if (json_bool(obj, "is_private", false) || json_bool(obj, "is_group", false)) {
		return SLACK_PRIVATE;
	}
	return SLACK_PUBLIC;
}

static enum slack_posting posting_of(const cJSON *obj)
{
	if (json_bool(obj, "is_thread_only", false)) {
		return SLACK_POSTING_THREADS;
	}
	return json_bool(obj, "is_read_only", false) ? SLACK_POSTING_ADMINS
	                                             : SLACK_POSTING_ALL;
}

/* is_member is left out for IMs, and where only one's own conversations are listed. */
static bool read_channel(const cJSON *obj, bool own, struct slack_channel *out)
{
	enum slack_channel_kind kind = kind_of(obj);

	*out = (struct slack_channel){
	        .id = json_str_or(obj, "id", ""),
	        .name = json_str_or(obj, "name", ""),
	        .topic = json_str_or(obj, "topic.value", ""),
	        .purpose = json_str_or(obj, "purpose.value", ""),
	        .user = json_str_or(obj, "user", ""),
	        .kind = kind,
	        .posting = posting_of(obj),
	        .is_general = json_bool(obj, "is_general", false),
	        .is_shared = json_bool(obj, "is_shared", false),
	        .is_ext_shared = json_bool(obj, "is_ext_shared", false),
	        .is_org_shared = json_bool(obj, "is_org_shared", false),
	        .is_member = json_bool(
	                obj, "is_member", own || kind == SLACK_IM || kind == SLACK_MPIM),
	        .is_archived = json_bool(obj, "is_archived", false),
	        .updated_ms = json_int(obj, "updated", 0),
	};
	return out->id[0] != '\0';
}

static void report_channel(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	struct slack_channel channel;
	struct err unusable;

	if (!read_channel(json_obj(answer, "channel"), false, &channel) &&
	        answer != NULL) {
		slack_unusable(slack_method_info(call->method), "channel", &unusable);
		err = &unusable;
	}
	call->done.channel(err->kind == ERR_NONE ? &channel : NULL, err, call->arg);
}

struct slack_call *slack_conversations_info(
        struct slack_api *api, const char *channel_id, slack_channel_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_CONVERSATIONS_INFO);

	call->turn.urgency = PACE_PROFILE;
	slack_call_set(call, "channel", channel_id);
	slack_call_start(call, report_channel, (union slack_done){.channel = done}, arg);
	return call;
}

static void report_channels(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	const cJSON *list = json_arr(answer, "channels");
	const char *next = json_str_or(answer, "response_metadata.next_cursor", "");
	int listed = cJSON_GetArraySize(list);
	struct err unusable;

	if (answer != NULL && (list == NULL || listed > MAX_CHANNELS)) {
		slack_unusable(
		        slack_method_info(call->method), "list of channels", &unusable);
		err = &unusable;
	}
	if (err->kind != ERR_NONE) {
		call->done.channels(NULL, 0, "", err, call->arg);
		return;
	}

	struct slack_channel *channels = xcalloc((size_t)listed + 1, sizeof(channels[0]));
	size_t count = 0;
	const cJSON *item;
	cJSON_ArrayForEach(item, list)
	{
		count += read_channel(item, true, &channels[count]);
	}
	call->done.channels(channels, count, next, err, call->arg);
	free(channels);
}

struct slack_call *slack_users_conversations(
        struct slack_api *api, const char *cursor, slack_channels_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_USERS_CONVERSATIONS);

	slack_call_set(call, "types", "public_channel,private_channel,mpim,im");
	slack_call_set(call, "limit", CHANNELS_A_PAGE);
	if (cursor != NULL && cursor[0] != '\0') {
		slack_call_set(call, "cursor", cursor);
	}
	slack_call_start(
	        call, report_channels, (union slack_done){.channels = done}, arg);
	return call;
}
