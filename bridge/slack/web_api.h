/* web_api: typed calls of Slack's Web API (https://docs.slack.dev/apis/web-api/).
 *
 * Request contract as http_client's: done() exactly once, from the loop, or silence after
 * cancel. Every error is classified here, once: ERR_RETRY      ratelimited (HTTP 429 or
 * ok:false; retry_after_ms set), refused connections, any trouble or lost answer of
 * methods that only read, service_unavailable, request_timeout, and a workspace on its
 * way into an organisation ERR_UNSURE     for a method that changes something: the
 * request left and no usable answer came (lost, 5xx, 3xx, not JSON), or fatal_error /
 * internal_error ERR_PERMANENT  everything else; err.name is Slack's error word
 * ("is_archived"), "" if it gave none Callbacks always get an err; its kind is ERR_NONE
 * on success, and only then a value.
 *
 * Per method and workspace, a 429 parks later calls of that method until Retry-After is
 * over, an hour at most, and they leave in order then; other methods go on. Methods are
 * kept below their tier, chat.postMessage to one a second and channel besides, and what
 * people's messages wait for goes before what is read to catch up (lib/pace.h). */
#ifndef BRIDGE_SLACK_WEB_API_H
#define BRIDGE_SLACK_WEB_API_H

#include "lib/err.h"
#include "lib/http_client.h"
#include "lib/json.h"

struct slack_api;  /* one per token */
struct slack_call; /* one request in flight or parked */

/* Borrows http and loop, copies base_url ("https://slack.com/api/") and token. token
 * NULL: for methods that want none. */
struct slack_api *slack_api_create(struct loop *loop, struct http_client *http,
        const char *base_url, const char *token);
/* Calls made from now on carry the new token. What Slack says against the old one later
 * is no more than a reason to try again. */
void slack_api_set_token(struct slack_api *api, const char *token);
/* The cookie "d" of Slack's own client, without which its tokens (xoxc-, xoxs-) are
 * worth nothing; sent with everything from now on. NULL: none. */
void slack_api_set_cookie(struct slack_api *api, const char *cookie);
/* Somebody watches over the token: when Slack refuses it as such, guard hears the word,
 * and the call fails with ERR_RETRY instead, for a human may mend it. Called before the
 * call's done(). */
typedef void slack_guard_fn(const char *word, void *arg);
void slack_api_set_guard(struct slack_api *api, slack_guard_fn *guard, void *arg);
/* Is it a word by which Slack refuses a token as such? */
bool slack_is_token_refusal(const char *word);
/* Asleep, no call leaves: each fails with ERR_RETRY and the name "asleep". */
void slack_api_set_asleep(struct slack_api *api, bool asleep);
/* The token was in use before this process, perhaps a moment ago (pace_resume()). */
void slack_api_resume(struct slack_api *api);
/* Calls leave as they come: for a Slack that has no limits. Before the first call. */
void slack_api_unlimit(struct slack_api *api);
/* Each call is logged from now on, at level info, as "audit" (SEC-04). workspace: its ID;
 * "": not known yet, then it is the one that the answer names. */
void slack_api_set_audit(struct slack_api *api, const char *workspace);
/* Of each call that was sent and answered, or had no answer. */
struct slack_observed {
	const char *method;
	const char *result;         /* "ok", Slack's word, "http_503" or "no_answer" */
	int64_t took_ms, waited_ms; /* waited: before it left */
};
typedef void slack_observer_fn(const struct slack_observed *call, void *arg);
/* NULL: none. Called before the call's done(); borrowed for the call. */
void slack_api_set_observer(
        struct slack_api *api, slack_observer_fn *observer, void *arg);
/* All calls finished or cancelled first: asserted. *api may be NULL. */
void slack_api_destroy(struct slack_api **api);
void slack_call_cancel(struct slack_call **call); /* NULL is fine */
/* It waits for the rate limits: costs nothing but its memory. */
bool slack_call_waits(const struct slack_call *call);

/* ---- auth.test ---- */
struct slack_identity {
	const char *team_id, *team, *url, *user_id, *user, *bot_id,
	        *app_id;       /* "" if absent; borrowed */
	const char *scopes;    /* from X-OAuth-Scopes, "" if absent */
	int64_t expires_in_ms; /* of the token; 0: Slack did not say */
};
typedef void slack_identity_fn(
        const struct slack_identity *identity, const struct err *err, void *arg);
struct slack_call *slack_auth_test(
        struct slack_api *api, slack_identity_fn *done, void *arg);

/* ---- oauth.v2.access: a new pair for a refresh token (no token in the header) ---- */
struct slack_pair {
	const char *access_token, *refresh_token; /* borrowed */
	int64_t expires_in_ms;
};
typedef void slack_pair_fn(
        const struct slack_pair *pair, const struct err *err, void *arg);
struct slack_call *slack_oauth_refresh(struct slack_api *api, const char *client_id,
        const char *client_secret, const char *refresh_token, slack_pair_fn *done,
        void *arg);

/* ---- apps.connections.open (app-level token): a WebSocket URL, good for one use ---- */
typedef void slack_url_fn(const char *url, const struct err *err, void *arg);
struct slack_call *slack_connections_open(
        struct slack_api *api, slack_url_fn *done, void *arg);

/* ---- users.info, bots.info ---- */
struct slack_user {
	const char *id, *team_id, *name, *real_name, *display_name,
	        *avatar_url; /* "" if absent */
	const char *first_name, *last_name, *title, *pronouns, *email, *phone;
	const char *tz, *tz_label;
	int64_t tz_offset_s;
	bool is_bot, deleted;
};
/* From the JSON that users.info and the event user_change have; borrowed from it. */
struct slack_user slack_user_read(const cJSON *obj);
typedef void slack_user_fn(
        const struct slack_user *user, const struct err *err, void *arg);
struct slack_call *slack_users_info(
        struct slack_api *api, const char *user_id, slack_user_fn *done, void *arg);
struct slack_call *slack_bots_info(
        struct slack_api *api, const char *bot_id, slack_user_fn *done, void *arg);

/* ---- conversations.info, users.conversations ---- */
enum slack_channel_kind { SLACK_PUBLIC, SLACK_PRIVATE, SLACK_MPIM, SLACK_IM };
enum slack_posting { SLACK_POSTING_ALL, SLACK_POSTING_ADMINS, SLACK_POSTING_THREADS };
struct slack_channel {
	const char *id, *name, *topic, *purpose,
	        *user; /* user: the other one in an IM; "" if absent */
	enum slack_channel_kind kind;
	enum slack_posting posting; /* who may write outside of threads */
	bool is_member, is_archived, is_general;
	bool is_shared, is_ext_shared, is_org_shared;
	int64_t updated_ms;
};
typedef void slack_channel_fn(
        const struct slack_channel *channel, const struct err *err, void *arg);
struct slack_call *slack_conversations_info(
        struct slack_api *api, const char *channel_id, slack_channel_fn *done, void *arg);
/* One page of the conversations the token's user is in; next_cursor "" after the last. A
 * page may be empty and yet have a next one. */
typedef void slack_channels_fn(const struct slack_channel *channels, size_t count,
        const char *next_cursor, const struct err *err, void *arg);
struct slack_call *slack_users_conversations(
        struct slack_api *api, const char *cursor, slack_channels_fn *done, void *arg);

/* ---- conversations.join, rename, setTopic, invite, kick ---- */
typedef void slack_ok_fn(const struct err *err, void *arg);
/* Being there already, or not any more, counts as success. */
struct slack_call *slack_conversations_join(
        struct slack_api *api, const char *channel_id, slack_ok_fn *done, void *arg);
struct slack_call *slack_conversations_invite(struct slack_api *api,
        const char *channel_id, const char *user_id, slack_ok_fn *done, void *arg);
struct slack_call *slack_conversations_kick(struct slack_api *api, const char *channel_id,
        const char *user_id, slack_ok_fn *done, void *arg);
struct slack_call *slack_conversations_rename(struct slack_api *api,
        const char *channel_id, const char *name, slack_ok_fn *done, void *arg);
struct slack_call *slack_conversations_set_topic(struct slack_api *api,
        const char *channel_id, const char *topic, slack_ok_fn *done, void *arg);

/* ---- conversations.members ---- */
/* One page of user IDs. */
typedef void slack_members_fn(const char *const *user_ids, size_t count,
        const char *next_cursor, const struct err *err, void *arg);
struct slack_call *slack_conversations_members(struct slack_api *api,
        const char *channel_id, const char *cursor, slack_members_fn *done, void *arg);

/* ---- chat.postMessage, chat.update ---- */
/* What is written into a message for the bridge itself to find it again: into its
 * metadata, which only apps may write (Slack protocol reference, 6.7), or, with a
 * person's own token, into the ID of its first block, with digests in place of the
 * events. */
struct slack_mark {
	const char *event_id; /* the Matrix event it is */
	unsigned piece;       /* which of that event's messages, from 0 */
	const char *edit_id;  /* the Matrix event that edited it last; NULL: none */
	const char *tag;      /* whose it is, letters and digits; NULL: in the metadata */
};
struct slack_post {
	const char *channel_id;
	const char *text;
	const char *blocks;    /* JSON; NULL: the text alone, without a tag */
	const char *thread_ts; /* NULL: none; not for updates */
	const char *username;  /* NULL: the bot's own; not for updates */
	const char *icon_url;  /* NULL: the bot's own; not for updates */
	struct slack_mark mark;
};
/* ts of the new message */
typedef void slack_ts_fn(const char *ts, const struct err *err, void *arg);
struct slack_call *slack_chat_post(struct slack_api *api, const struct slack_post *post,
        slack_ts_fn *done, void *arg);
/* Changes the message at ts; text, blocks and mark replace what was there. */
struct slack_call *slack_chat_update(struct slack_api *api, const char *ts,
        const struct slack_post *post, slack_ts_fn *done, void *arg);

/* Looks for our own message with that event and piece in its mark, newest first, back to
 * oldest_ts (exclusive), through at most 500 pages of 200: done() with its ts, with NULL
 * and ERR_NONE if it is surely not there, or with *err if that could not be found out.
 * thread_ts not NULL: looks in that thread. */
struct slack_call *slack_find_posted(struct slack_api *api, const char *channel_id,
        const char *thread_ts, const char *oldest_ts, const struct slack_mark *mark,
        slack_ts_fn *done, void *arg);

/* One of our own messages as it is now: there is false if it was deleted, edit_id is that
 * of its mark, or its digest, "" if none. thread_ts: the thread it stands in, NULL if in
 * none. */
typedef void slack_look_fn(
        bool there, const char *edit_id, const struct err *err, void *arg);
/* Is it that edit? */
bool slack_mark_is_edit(const char *found, const char *edit_id);
struct slack_call *slack_look_at(struct slack_api *api, const char *channel_id,
        const char *thread_ts, const char *ts, slack_look_fn *done, void *arg);

/* ---- chat.delete, reactions.add, reactions.remove ---- */
/* One that is not there (any more) counts as deleted. */
struct slack_call *slack_chat_delete(struct slack_api *api, const char *channel_id,
        const char *ts, slack_ok_fn *done, void *arg);
/* name without colons. "Already so" counts as success. */
struct slack_call *slack_react(struct slack_api *api, const char *channel_id,
        const char *ts, const char *name, bool add, slack_ok_fn *done, void *arg);

/* ---- conversations.history ---- */
struct slack_event; /* see events.h */
/* One page of a conversation's messages, newest first, without the replies in threads;
 * borrowed for the call. next_cursor "" after the last page. */
typedef void slack_history_fn(const struct slack_event *messages, size_t count,
        const char *next_cursor, const struct err *err, void *arg);
/* Those later than oldest_ts. cursor "": the first page. */
struct slack_call *slack_history(struct slack_api *api, const char *channel_id,
        const char *oldest_ts, const char *cursor, slack_history_fn *done, void *arg);

/* ---- conversations.replies ---- */
/* Those of one thread later than oldest_ts, oldest first; its first message may be among
 * them. No such thread: none. */
struct slack_call *slack_replies(struct slack_api *api, const char *channel_id,
        const char *thread_ts, const char *oldest_ts, const char *cursor,
        slack_history_fn *done, void *arg);

/* ---- emoji.list: the custom emoji of the workspace ---- */
struct slack_emoji {
	const char *name;  /* without colons */
	const char *value; /* the picture's URL, or "alias:" and a name */
};
/* All of them, borrowed for the call; listed_ts: as of when, "" if Slack does not say. */
typedef void slack_emoji_list_fn(const struct slack_emoji *emoji, size_t count,
        const char *listed_ts, const struct err *err, void *arg);
struct slack_call *slack_emoji_list(
        struct slack_api *api, slack_emoji_list_fn *done, void *arg);

/* ---- usergroups.list, also of those that are disabled ---- */
struct slack_group {
	const char *id;
	const char *handle; /* without @ */
	bool disabled;
	int64_t updated_s;
};
typedef void slack_group_list_fn(
        const struct slack_group *groups, size_t count, const struct err *err, void *arg);
struct slack_call *slack_group_list(
        struct slack_api *api, slack_group_list_fn *done, void *arg);
/* From a usergroup object; false: it is none. */
bool slack_group_parse(const cJSON *obj, struct slack_group *out);

#define SLACK_METADATA_TYPE                                                              \
	"matrix_event" /* event_type of the mark; payload: event_id, piece, edit_id */

#endif
