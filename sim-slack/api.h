/* api: the Web API: one table row per method, one dispatcher for what is the same in all:
 * arguments, token, scopes, limits, faults, the answer and its headers. */
#ifndef SIM_SLACK_API_H
#define SIM_SLACK_API_H

#include "sim-slack/faults.h"
#include "sim-slack/limits.h"
#include "sim-slack/scopes.h"
#include "sim-slack/sim.h"

enum {
	FOR_NOBODY = 0, /* no token needed */
	FOR_BOT = 1,
	FOR_APP = 2,
	FOR_USER = 4, /* people can, and nobody else; what bots can, people can too */
	ONLY_POST = 8,
	TAKES_JSON = 16,
	FOR_CLIENT = 64,  /* a person's, from Slack's own client: with its cookie */
	ONLY_HEADER = 32, /* the token in the Authorization header alone */
};

struct api_call;
/* Fills call->reply, which holds ok:true, or calls api_fail(). */
typedef void api_run_fn(struct api_call *call);

struct api_method {
	const char *name;
	unsigned flags;
	enum tier tier;
	const char *scopes; /* any of these; "" for none */
	api_run_fn *run;
};

/* One request from its arrival to its answer. */
struct api_call {
	struct list link; /* calls::all */
	struct sim_slack *sim;
	struct http_request *req;
	const struct api_method *method; /* NULL: unknown */
	char *name;
	cJSON *args;          /* texts from query and form; anything from JSON */
	const char *bad_args; /* an error word, or NULL */
	const char *charset_warning;
	char *token;       /* NULL: none */
	int kind;          /* enum token_kind; -1: unknown or none */
	struct user *user; /* whose token it is; the app's own without one */
	const char *scopes, *token_error;
	struct grant *grant; /* NULL: none of oauth's */
	int64_t expires_in_s;
	const struct channel
	        *channel; /* what its channel argument names, for rules and records */
	struct answer answer;
	bool faulted;
	cJSON *reply;
	int status;
	int64_t retry_after_s;
	char *body;
	struct timer timer;
};

struct calls *calls_create(struct sim_slack *sim);
void calls_destroy(struct calls **calls); /* before the HTTP server goes */
/* A request for /api/. */
void calls_handle_request(struct calls *calls, struct http_request *req);
/* Adds a sentence for each answer that is held back. */
void calls_pending(const struct calls *calls, cJSON *sentences);

/* Tables of methods, each ended by a NULL name. */
extern const struct api_method api_auth_methods[], api_users_methods[],
        api_conversations_methods[], api_membership_methods[], api_chat_methods[],
        api_items_methods[], api_views_methods[], api_files_methods[],
        api_emoji_methods[], api_groups_methods[], api_oauth_methods[],
        api_clients_methods[];

/* ---- for the methods ---- */

/* ok:false with the error; what the reply held is dropped. */
void api_fail(struct api_call *call, const char *error);
/* invalid_arguments with this sentence in response_metadata.messages. */
void api_fail_message(struct api_call *call, const char *message);
void api_fail_scope(struct api_call *call, const char *needed);
/* Adds to "warning" and response_metadata.warnings. */
void api_warn(struct api_call *call, const char *warning);
/* Texts; NULL if absent or of another type. Borrowed. */
const char *api_str(const struct api_call *call, const char *name);
/* As api_str; fails the call if it is absent or empty. */
const char *api_need(struct api_call *call, const char *name);
/* As api_str, and NULL if there is nothing but white space in it. */
const char *api_text(const struct api_call *call, const char *name);
/* The next ID of a comma-separated list, or NULL at its end. Caller frees. */
char *api_next_id(const char **list);
bool api_has_scope(const struct api_call *call, const char *any_of);
bool api_bool(const struct api_call *call, const char *name, bool otherwise);
/* Fails the call with invalid_limit if it is there and not min..max. */
bool api_limit(struct api_call *call, int64_t otherwise, int64_t max, int64_t *out);
/* A nested value, which forms carry as JSON text. False: it is there and malformed. *out
 * is the caller's, NULL if absent. */
bool api_json(const struct api_call *call, const char *name, cJSON **out);

/* The channel argument as the app may see it: fails with channel_not_found (also what a
 * bot outside a private one is told) or missing_scope for its kind. */
struct channel *api_channel(struct api_call *call, enum scope_family family);
/* As api_channel, and the bot must be in it: not_in_channel. */
struct channel *api_own_channel(struct api_call *call, enum scope_family family);
/* True if the bot takes part now: nobody does in an archived channel. */
bool api_is_in(const struct api_call *call, const struct channel *channel);
/* False and the call failed if the channel's kind is not among the bits (1 <<
 * CHANNEL_...). */
bool api_kind(struct api_call *call, const struct channel *channel, unsigned kinds);
enum { ANY_CHANNEL = 3, ANY_GROUP = 7, ANY_CONVERSATION = 15 };

/* The message the arguments name (for the error words of pins and reactions). */
struct message *api_item(struct api_call *call, const struct channel *channel);
/* True, and the call failed, if the knob says other than "ok". */
bool api_fail_unless_ok(struct api_call *call, const char *word);

/* The parent for a thread_ts, which may be a reply's; NULL if none was given. False and
 * the call failed. */
bool api_thread(
        struct api_call *call, const struct channel *channel, const char **thread_ts);
/* The blocks argument (caller's), NULL if absent. False and the call failed. */
bool api_blocks(struct api_call *call, cJSON **out);

/* Cursors. api_cursor: false and the call failed if there is a bad one; *value (caller's)
 * is NULL if there is none. */
bool api_cursor(struct api_call *call, const char *kind, char **value);
void api_next_cursor(struct api_call *call, const char *kind, const char *value);

#endif
