/* login_check: are these the tokens of a Slack app, and of which workspace? What every
 * way to log in does before it stores anything.
 *
 * A rotating bot token that has expired already is renewed on the way; the new pair is
 * kept in the job's row before it is used. */
#ifndef BRIDGE_FLOW_LOGIN_CHECK_H
#define BRIDGE_FLOW_LOGIN_CHECK_H

#include "bridge/flow/app.h"

struct login_tokens {
	const char *bot, *app;
	const char *refresh; /* NULL or "": the bot token does not rotate */
};

struct login_check { /* zero at first; lost in a crash, then all is asked again */
	struct flow *flow;
	struct slack_api *bot_api, *app_api, *oauth_api;
	char *team_id, *team, *url, *user_id, *bot_id, *app_id, *scopes;
	char *bot_token, *refresh_token; /* those in use */
	int64_t expires_ms;              /* wall clock; 0: never */
	bool bot_verified, app_verified;
	struct err refused;
	const char *refused_kind; /* "bot", "app-level" or "refresh" */
};

/* As a step, until it says STEP_DONE: then check->refused tells, or all is known. */
enum step_rc login_check_run(
        struct flow *flow, struct login_check *check, const struct login_tokens *tokens);
/* Adds the login, and the job that opens its conversations, to the flow's transaction.
 * declared: see declared_login.h; "": made by chat. */
void login_check_store(struct flow *flow, const struct login_check *check,
        const struct login_tokens *tokens, const char *owner_mxid, const char *declared);
/* What the app was not allowed, and what that costs (AUTH-04), one line each; NULL:
 * nothing is missing, or Slack did not say. Caller frees. */
char *login_check_missing_scopes(const struct login_check *check);
void login_check_finish(struct login_check *check);

#endif
