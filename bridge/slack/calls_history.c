/* conversations.history and conversations.replies, for catching up */
#include "bridge/slack/web_api.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/slack/call.h"
#include "bridge/slack/errors.h"
#include "bridge/slack/events.h"

#include <stdlib.h>

/* Slack answers at most 999, whatever is asked for. */
enum { MAX_MESSAGES = 1000 };
#define MESSAGES_A_PAGE "100"

static void report_history(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	const cJSON *messages_listed = json_arr(answer, "messages");
	const char *next = json_str_or(answer, "response_metadata.next_cursor", "");
	int listed = cJSON_GetArraySize(messages_listed);
	static const struct err none = ERR_INIT;
	struct err unusable;

	if (str_equal(err->name, "thread_not_found")) {
		call->done.history(NULL, 0, "", &none, call->arg);
		return;
	}
	if (answer != NULL && (messages_listed == NULL || listed > MAX_MESSAGES)) {
		slack_unusable(
		        slack_method_info(call->method), "list of messages", &unusable);
		err = &unusable;
	}
	if (err->kind != ERR_NONE) {
		call->done.history(NULL, 0, "", err, call->arg);
		return;
	}

	struct slack_event *messages = xcalloc((size_t)listed + 1, sizeof(messages[0]));
	size_t count = 0;
	const cJSON *item;
	cJSON_ArrayForEach(item, messages_listed)
	{
		slack_event_from_history(item, call->channel_id, &messages[count++]);
	}
	call->done.history(messages, count, next, err, call->arg);
	free(messages);
}

static struct slack_call *list(struct slack_api *api, const char *channel_id,
        const char *thread_ts, const char *oldest_ts, const char *cursor)
{
	struct slack_call *call =
	        slack_call_create(api, thread_ts == NULL ? SLACK_CONVERSATIONS_HISTORY
	                                                 : SLACK_CONVERSATIONS_REPLIES);

	call->channel_id = xstrdup(channel_id);
	slack_call_set(call, "channel", channel_id);
	slack_call_set(call, "ts", thread_ts);
	slack_call_set(call, "oldest", oldest_ts);
	slack_call_set(call, "include_all_metadata", "true");
	slack_call_set(call, "limit", MESSAGES_A_PAGE);
	call->turn.urgency = PACE_SYNC;
	if (cursor[0] != '\0') {
		slack_call_set(call, "cursor", cursor);
	}
	return call;
}

struct slack_call *slack_history(struct slack_api *api, const char *channel_id,
        const char *oldest_ts, const char *cursor, slack_history_fn *done, void *arg)
{
	struct slack_call *call = list(api, channel_id, NULL, oldest_ts, cursor);

	slack_call_start(call, report_history, (union slack_done){.history = done}, arg);
	return call;
}

struct slack_call *slack_replies(struct slack_api *api, const char *channel_id,
        const char *thread_ts, const char *oldest_ts, const char *cursor,
        slack_history_fn *done, void *arg)
{
	struct slack_call *call = list(api, channel_id, thread_ts, oldest_ts, cursor);

	slack_call_start(call, report_history, (union slack_done){.history = done}, arg);
	return call;
}
