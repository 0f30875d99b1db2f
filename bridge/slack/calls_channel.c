/* conversations.join, invite, kick, rename, setTopic, members: what changes a channel,
 * and who is in it */
#include "bridge/slack/web_api.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/slack/call.h"
#include "bridge/slack/errors.h"

#include <stdlib.h>

enum { MAX_MEMBERS = 1000 };
#define MEMBERS_A_PAGE "200"

static void report_ok(struct slack_call *call, const cJSON *answer, const struct err *err)
{
	(void)answer;
	call->done.ok(err, call->arg);
}

/* The answers that mean "it is so already" (Slack protocol reference, 3.4). */
static bool forgive(struct slack_call *call, const cJSON *answer, struct err *err)
{
	bool joining = call->method == SLACK_CONVERSATIONS_JOIN ||
	               call->method == SLACK_CONVERSATIONS_INVITE;
	const char *word = joining ? "already_in_channel" : "not_in_channel";

	(void)answer;
	if (call->method == SLACK_CONVERSATIONS_KICK || joining) {
		if (err->kind == ERR_PERMANENT && str_equal(err->name, word)) {
			*err = (struct err)ERR_INIT;
		}
	}
	return false;
}

static struct slack_call *act(struct slack_api *api, enum slack_method method,
        const char *channel_id, const char *name, const char *value)
{
	struct slack_call *call = slack_call_create(api, method);

	slack_call_set(call, "channel", channel_id);
	if (name != NULL) {
		slack_call_set(call, name, value);
	}
	call->again = forgive;
	return call;
}

struct slack_call *slack_conversations_join(
        struct slack_api *api, const char *channel_id, slack_ok_fn *done, void *arg)
{
	struct slack_call *call =
	        act(api, SLACK_CONVERSATIONS_JOIN, channel_id, NULL, NULL);

	slack_call_start(call, report_ok, (union slack_done){.ok = done}, arg);
	return call;
}

struct slack_call *slack_conversations_invite(struct slack_api *api,
        const char *channel_id, const char *user_id, slack_ok_fn *done, void *arg)
{
	struct slack_call *call =
	        act(api, SLACK_CONVERSATIONS_INVITE, channel_id, "users", user_id);

	slack_call_start(call, report_ok, (union slack_done){.ok = done}, arg);
	return call;
}

struct slack_call *slack_conversations_kick(struct slack_api *api, const char *channel_id,
        const char *user_id, slack_ok_fn *done, void *arg)
{
	struct slack_call *call =
	        act(api, SLACK_CONVERSATIONS_KICK, channel_id, "user", user_id);

	slack_call_start(call, report_ok, (union slack_done){.ok = done}, arg);
	return call;
}

struct slack_call *slack_conversations_rename(struct slack_api *api,
        const char *channel_id, const char *name, slack_ok_fn *done, void *arg)
{
	struct slack_call *call =
	        act(api, SLACK_CONVERSATIONS_RENAME, channel_id, "name", name);

	slack_call_start(call, report_ok, (union slack_done){.ok = done}, arg);
	return call;
}

struct slack_call *slack_conversations_set_topic(struct slack_api *api,
        const char *channel_id, const char *topic, slack_ok_fn *done, void *arg)
{
	struct slack_call *call =
	        act(api, SLACK_CONVERSATIONS_SET_TOPIC, channel_id, "topic", topic);

	slack_call_start(call, report_ok, (union slack_done){.ok = done}, arg);
	return call;
}

static void report_members(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	const cJSON *list = json_arr(answer, "members"), *item;
	int listed = cJSON_GetArraySize(list);
	struct err unusable;

	if (answer != NULL && (list == NULL || listed > MAX_MEMBERS)) {
		slack_unusable(
		        slack_method_info(call->method), "list of members", &unusable);
		err = &unusable;
	}
	if (err->kind != ERR_NONE) {
		call->done.members(NULL, 0, "", err, call->arg);
		return;
	}
	const char **ids = xcalloc((size_t)listed + 1, sizeof(ids[0]));
	size_t count = 0;
	cJSON_ArrayForEach(item, list)
	{
		if (cJSON_IsString(item) && item->valuestring[0] != '\0') {
			ids[count++] = item->valuestring;
		}
	}
	call->done.members(ids, count,
	        json_str_or(answer, "response_metadata.next_cursor", ""), err, call->arg);
	free((void *)ids);
}

struct slack_call *slack_conversations_members(struct slack_api *api,
        const char *channel_id, const char *cursor, slack_members_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_CONVERSATIONS_MEMBERS);

	slack_call_set(call, "channel", channel_id);
	slack_call_set(call, "limit", MEMBERS_A_PAGE);
	if (cursor != NULL && cursor[0] != '\0') {
		slack_call_set(call, "cursor", cursor);
	}
	slack_call_start(call, report_members, (union slack_done){.members = done}, arg);
	return call;
}
