/* what is done with messages that are there: looking, deleting, reacting */
#include "bridge/slack/web_api.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/slack/call.h"
#include "bridge/slack/errors.h"
#include "bridge/slack/mark.h"

/* ---------------------------------------------------------------- looking */

static const cJSON *find_ts(const cJSON *messages, const char *ts)
{
	const cJSON *message;

	cJSON_ArrayForEach(message, messages)
	{
		if (str_equal(json_str(message, "ts"), ts)) {
			return message;
		}
	}
	return NULL;
}

static void report_look(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	const cJSON *messages = json_arr(answer, "messages");
	const cJSON *message = find_ts(messages, call->ts);
	static const struct err none = ERR_INIT;
	struct err unusable;
	/* The first message of a thread leaves a tombstone. */
	bool there =
	        message != NULL && !str_equal(json_str(message, "subtype"), "tombstone");

	if (answer != NULL && messages == NULL) {
		slack_unusable(
		        slack_method_info(call->method), "list of messages", &unusable);
		err = &unusable;
	} else if (str_equal(err->name, "thread_not_found")) {
		err = &none;
	}
	const char *edit = json_str_or(message, "metadata.event_payload.edit_id", "");
	call->done.look(there,
	        edit[0] != '\0' ? edit : mark_edit(mark_of_blocks(message)), err,
	        call->arg);
}

struct slack_call *slack_look_at(struct slack_api *api, const char *channel_id,
        const char *thread_ts, const char *ts, slack_look_fn *done, void *arg)
{
	struct slack_call *call =
	        slack_call_create(api, thread_ts == NULL ? SLACK_CONVERSATIONS_HISTORY
	                                                 : SLACK_CONVERSATIONS_REPLIES);

	call->ts = xstrdup(ts);
	slack_call_set(call, "channel", channel_id);
	slack_call_set(call, "ts", thread_ts);
	slack_call_set(call, "oldest", ts);
	slack_call_set(call, "latest", ts);
	slack_call_set(call, "inclusive", "true");
	slack_call_set(call, "include_all_metadata", "true");
	slack_call_set(call, "limit", "10");
	slack_call_start(call, report_look, (union slack_done){.look = done}, arg);
	return call;
}

/* ---------------------------------------------------------------- changing */

/* Slack's word for "it is so already", by method. */
static const char *already_so(enum slack_method method)
{
	if (method == SLACK_REACTIONS_ADD) {
		return "already_reacted";
	}
	return method == SLACK_REACTIONS_REMOVE ? "no_reaction" : "message_not_found";
}

static void report_ok(struct slack_call *call, const cJSON *answer, const struct err *err)
{
	static const struct err none = ERR_INIT;

	(void)answer;
	if (err->kind == ERR_PERMANENT &&
	        str_equal(err->name, already_so(call->method))) {
		err = &none;
	}
	call->done.ok(err, call->arg);
}

struct slack_call *slack_chat_delete(struct slack_api *api, const char *channel_id,
        const char *ts, slack_ok_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_CHAT_DELETE);

	slack_call_set(call, "channel", channel_id);
	slack_call_set(call, "ts", ts);
	slack_call_start(call, report_ok, (union slack_done){.ok = done}, arg);
	return call;
}

struct slack_call *slack_react(struct slack_api *api, const char *channel_id,
        const char *ts, const char *name, bool add, slack_ok_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(
	        api, add ? SLACK_REACTIONS_ADD : SLACK_REACTIONS_REMOVE);

	slack_call_set(call, "channel", channel_id);
	slack_call_set(call, "timestamp", ts);
	slack_call_set(call, "name", name);
	slack_call_start(call, report_ok, (union slack_done){.ok = done}, arg);
	return call;
}
