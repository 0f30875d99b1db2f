/* chat.postMessage and chat.update, and the search for what was posted */
#include "bridge/slack/web_api.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/slack/call.h"
#include "bridge/slack/errors.h"
#include "bridge/slack/mark.h"

#include <stdlib.h>

enum {
	/* A message may wait for hours in a busy channel. */
	MAX_PAGES = 500,
	MAX_PARKS = 10, /* a lookup waits through so many rate limits */
};
#define MESSAGES_A_PAGE "200"

/* ---------------------------------------------------------------- posting */

/* Slack keeps it with the message and shows it to nobody but apps. */
static char *mark_text(const struct slack_mark *from)
{
	autojson cJSON *mark =
	        json_set_str(json_new(), "event_type", SLACK_METADATA_TYPE);
	cJSON *payload = json_set_str(json_new(), "event_id", from->event_id);

	if (from->piece > 0) {
		json_set_int(payload, "piece", from->piece);
	}
	json_set_str(payload, "edit_id", from->edit_id);
	json_set(mark, "event_payload", payload);
	return json_print(mark);
}

static void report_ts(struct slack_call *call, const cJSON *answer, const struct err *err)
{
	const char *ts = json_str_or(answer, "ts", "");
	struct err unusable;

	if (answer != NULL && ts[0] == '\0') {
		slack_unusable(slack_method_info(call->method), "ts", &unusable);
		err = &unusable;
	}
	call->done.ts(err->kind == ERR_NONE ? ts : NULL, err, call->arg);
}

static void set_content(struct slack_call *call, const struct slack_post *post)
{
	slack_call_set(call, "channel", post->channel_id);
	slack_call_set(call, "text", post->text);
	if (post->mark.tag != NULL) {
		autofree char *blocks =
		        mark_blocks(post->blocks, post->text, &post->mark);
		slack_call_set(call, "blocks", blocks);
	} else {
		autofree char *mark = mark_text(&post->mark);
		slack_call_set(call, "blocks", post->blocks);
		slack_call_set(call, "metadata", mark);
	}
}

struct slack_call *slack_chat_post(struct slack_api *api, const struct slack_post *post,
        slack_ts_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_CHAT_POST_MESSAGE);

	call->channel_id = xstrdup(post->channel_id);
	call->turn.key = call->channel_id;
	set_content(call, post);
	slack_call_set(call, "thread_ts", post->thread_ts);
	slack_call_set(call, "username", post->username);
	slack_call_set(call, "icon_url", post->icon_url);
	slack_call_start(call, report_ts, (union slack_done){.ts = done}, arg);
	return call;
}

struct slack_call *slack_chat_update(struct slack_api *api, const char *ts,
        const struct slack_post *post, slack_ts_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_CHAT_UPDATE);

	set_content(call, post);
	slack_call_set(call, "ts", ts);
	slack_call_start(call, report_ts, (union slack_done){.ts = done}, arg);
	return call;
}

/* ---------------------------------------------------------------- looking for it */

/* Not by author: a message with a customised name has no user. */
static const char *marked_ts(const cJSON *message, const struct slack_call *call)
{
	const char *type = json_str_or(message, "metadata.event_type", "");
	const char *mark = json_str_or(message, "metadata.event_payload.event_id", "");

	int64_t piece = json_int(message, "metadata.event_payload.piece", 0);

	if (call->block_mark != NULL &&
	        str_starts(mark_of_blocks(message), call->block_mark)) {
		return json_str(message, "ts");
	}
	if (!str_equal(type, SLACK_METADATA_TYPE) || !str_equal(mark, call->mark) ||
	        piece != call->mark_piece) {
		return NULL;
	}
	return json_str(message, "ts");
}

static bool find_on_page(struct slack_call *call, const cJSON *answer)
{
	const cJSON *message;

	cJSON_ArrayForEach(message, json_arr(answer, "messages"))
	{
		const char *ts = marked_ts(message, call);
		if (ts != NULL && ts[0] != '\0') {
			str_replace(&call->found_ts, ts);
			return true;
		}
	}
	return false;
}

static bool next_page(struct slack_call *call, const cJSON *answer, struct err *err)
{
	const struct slack_method_info *method = slack_method_info(call->method);

	if (err->kind != ERR_NONE) {
		/* The pages read so far are not thrown away for a rate limit. */
		return slack_is_rate_limit(err) && call->parks++ < MAX_PARKS;
	}
	if (json_arr(answer, "messages") == NULL) {
		slack_unusable(method, "list of messages", err);
		return false;
	}
	if (find_on_page(call, answer)) {
		return false;
	}
	/* Slack filters after it has cut the pages: an empty one says nothing. */
	const char *next = json_str_or(answer, "response_metadata.next_cursor", "");
	if (next[0] == '\0') {
		if (json_bool(answer, "has_more", false)) {
			slack_unusable(method, "cursor, but says there is more", err);
		}
		return false;
	}
	if (++call->pages == MAX_PAGES) {
		err_set(err, ERR_PERMANENT, 0,
		        "%s: not found on %d pages, and there are more", method->name,
		        MAX_PAGES);
		err_set_name(err, "too_many_pages");
		return false;
	}
	str_replace(&call->cursor, next);
	return true;
}

static void report_found(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	(void)answer;
	call->done.ts(err->kind == ERR_NONE ? call->found_ts : NULL, err, call->arg);
}

struct slack_call *slack_find_posted(struct slack_api *api, const char *channel_id,
        const char *thread_ts, const char *oldest_ts, const struct slack_mark *mark,
        slack_ts_fn *done, void *arg)
{
	struct slack_call *call =
	        slack_call_create(api, thread_ts == NULL ? SLACK_CONVERSATIONS_HISTORY
	                                                 : SLACK_CONVERSATIONS_REPLIES);

	call->mark = xstrdup(mark->event_id);
	call->mark_piece = mark->piece;
	call->block_mark = mark->tag == NULL ? NULL : mark_block_id(mark, false);
	call->again = next_page;
	slack_call_set(call, "channel", channel_id);
	slack_call_set(call, "ts", thread_ts);
	slack_call_set(call, "oldest", oldest_ts);
	slack_call_set(call, "include_all_metadata", "true");
	slack_call_set(call, "limit", MESSAGES_A_PAGE);
	slack_call_start(call, report_found, (union slack_done){.ts = done}, arg);
	return call;
}
