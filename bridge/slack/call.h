/* call: one Web API call from its arguments to its end; what the calls_*.c files build
 * on. Internal to slack/. */
#ifndef BRIDGE_SLACK_CALL_H
#define BRIDGE_SLACK_CALL_H

#include "bridge/slack/files.h"
#include "bridge/slack/methods.h"
#include "bridge/slack/web_api.h"
#include "lib/buf.h"
#include "lib/list.h"
#include "lib/pace.h"

union slack_done {
	slack_identity_fn *identity;
	slack_pair_fn *pair;
	slack_url_fn *url;
	slack_user_fn *user;
	slack_channel_fn *channel;
	slack_channels_fn *channels;
	slack_members_fn *members;
	slack_ts_fn *ts;
	slack_history_fn *history;
	slack_look_fn *look;
	slack_ok_fn *ok;
	slack_file_fn *file;
	slack_slot_fn *slot;
	slack_emoji_list_fn *emoji;
	slack_group_list_fn *groups;
};

/* Turns the answer into the typed call of done. answer is NULL if err->kind is not
 * ERR_NONE. The call is over: nothing but itself may be used afterwards, for done may
 * have destroyed the rest. */
typedef void slack_report_fn(
        struct slack_call *call, const cJSON *answer, const struct err *err);

/* True: the call is to be sent once more (its cursor may have been changed). Otherwise it
 * is over, with *err as it is then. */
typedef bool slack_again_fn(
        struct slack_call *call, const cJSON *answer, struct err *err);

struct slack_call {
	struct list link; /* slack_api::calls */
	struct pace_turn turn;
	struct slack_api *api;
	enum slack_method method;
	unsigned token_number; /* of the token it was sent with */
	struct http_req *req;  /* NULL unless it is on its way */
	int64_t sent_ms;       /* and then: since when */
	int64_t queued_ms;     /* since when it waits, or waited, for its turn */
	struct buf form;       /* the arguments, but for the cursor */
	char *cursor;          /* NULL: the first page */
	struct timer refused;  /* reports `refusal` when it could not even be queued */
	struct err refusal;
	slack_again_fn *again;          /* NULL: never */
	const struct http_reply *reply; /* during the report; NULL if none arrived */
	slack_report_fn *report;
	union slack_done done;
	void *arg;
	char *channel_id; /* of slack_history and chat.postMessage */
	char *ts;         /* of slack_look_at */
	/* of slack_find_posted */
	char *mark;
	unsigned mark_piece;
	char *block_mark; /* how the mark begins in a block's ID; NULL: none */
	char *found_ts;
	unsigned pages, parks;
};

/* Where the Web API is, and the header's value that says who asks. */
const char *slack_api_url(const struct slack_api *api);
const char *slack_api_authorization(const struct slack_api *api);
const char *slack_api_cookie(const struct slack_api *api); /* the header; NULL: none */

struct slack_call *slack_call_create(struct slack_api *api, enum slack_method method);
/* value NULL: leaves it out. */
void slack_call_set(struct slack_call *call, const char *name, const char *value);
void slack_call_start(struct slack_call *call, slack_report_fn *report,
        union slack_done done, void *arg);

#endif
