/* conversations.history, for catching up */
#include "bridge/slack/web_api.h"

#include "lib/mem.h"

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
	const cJSON *list = json_arr(answer, "messages");
	const char *next = json_str_or(answer, "response_metadata.next_cursor", "");
	int listed = cJSON_GetArraySize(list);
	struct err unusable;

	if (answer != NULL && (list == NULL || listed > MAX_MESSAGES)) {
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
	cJSON_ArrayForEach(item, list)
	{
		slack_event_from_history(item, call->channel_id, &messages[count++]);
	}
	call->done.history(messages, count, next, err, call->arg);
	free(messages);
}

struct slack_call *slack_history(struct slack_api *api, const char *channel_id,
        const char *oldest_ts, const char *cursor, slack_history_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_CONVERSATIONS_HISTORY);

	call->channel_id = xstrdup(channel_id);
	slack_call_set(call, "channel", channel_id);
	slack_call_set(call, "oldest", oldest_ts);
	slack_call_set(call, "include_all_metadata", "true");
	slack_call_set(call, "limit", MESSAGES_A_PAGE);
	if (cursor[0] != '\0') {
		slack_call_set(call, "cursor", cursor);
	}
	slack_call_start(call, report_history, (union slack_done){.history = done}, arg);
	return call;
}
