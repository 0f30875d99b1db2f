/* logins: the Slack workspaces we are logged in to, each with its connection. */
#ifndef BRIDGE_FLOW_LOGINS_H
#define BRIDGE_FLOW_LOGINS_H

#include "bridge/flow/wait.h"
#include "bridge/slack/socket_mode.h"

struct app;
struct logins;
struct credentials;
struct rotation;

struct login { /* owned by logins; stays until logins_destroy(), also after its end */
	struct list link; /* logins::ended, or alone */
	struct app *app;
	char *team_id, *team_name, *team_domain, *app_id, *bot_user_id, *bot_id;
	char *owner_mxid;
	char *bot_token, *app_token;
	char *refresh_token; /* "": the bot token does not expire */
	int64_t expires_ms;  /* of the bot token, wall clock; 0: never */
	char *declared;      /* declared_login.h; "": made by chat */
	struct slack_api *bot_api, *app_api;
	struct socket_mode *socket;
	struct credentials *credentials;
	struct rotation *rotation;
	int64_t kept_since_ms; /* slack_door.c: the hour that kept counts */
	unsigned kept;
	int64_t limited_first_s, limited_last_s; /* slack_limited.c */
	char *told; /* connection_news.h: the trouble its owner knows of; "": none */
	bool telling;
	struct timer news_timer;
	char *why; /* what the connection's state is about, for people; "" when connected
	            */
	struct list settled; /* waiter::link; for logins_when_settled() */
	struct timer settle_timer;
	int64_t ask_groups_after_ms; /* user_groups.h; loop_now_ms() */
	struct timer catch_up_timer; /* catch_up.h: it could not be stored yet */
};

struct logins *logins_create(struct app *app);
/* Closes all connections properly; done when they are. Once. */
void logins_stop(struct logins *logins, void (*done)(void *arg), void *arg);
/* Closes all connections. All flows are gone already. */
void logins_destroy(struct logins **logins);

/* Reads the stored logins and connects those not connected yet, and those whose tokens
 * changed. done (may be NULL) is called once they are read. */
struct waiter *logins_load(struct logins *logins, waiter_fn *done, void *arg);

/* Adds to tx that the login and its tokens are forgotten, and ends it once that is
 * committed. */
void logins_end(struct login *login, struct store_tx *tx);

struct login *logins_by_team(
        const struct logins *logins, const char *team_id); /* or NULL */
size_t logins_count(const struct logins *logins);
/* for (size_t i = 0; logins_next(logins, &i, &login);) */
bool logins_next(const struct logins *logins, size_t *cursor, struct login **login);

/* Calls once the connection is up or has clearly failed, or after 30 s. */
struct waiter *logins_when_settled(struct login *login, waiter_fn *fn, void *arg);

#endif
