/* user_logins: Matrix users who are Slack users of their own, with the token and the
 * cookie of that person's Slack client (AUTH-05). What they do in portals is done on
 * Slack by them and not by the bot.
 *
 * The token serves calls alone. Slack's events, also those about what these people do in
 * Slack itself, come over the connection of the workspace's app: without an app login
 * there is nothing to log in to. (The socket of Slack's own client acknowledges nothing,
 * and how to open it is not documented: Slack protocol reference, 3.8.) */
#ifndef BRIDGE_FLOW_USER_LOGINS_H
#define BRIDGE_FLOW_USER_LOGINS_H

#include "bridge/flow/wait.h"

struct app;
struct credentials;
struct store_tx;
struct user_logins;

struct user_login { /* owned by user_logins; stays until its end, also after a log-out */
	struct list link; /* user_logins::ended, or alone */
	struct app *app;
	char *team_id, *team_name;
	char *mxid;                /* whose login it is */
	char *user_id, *user_name; /* who they are on Slack */
	char *token, *cookie;
	char *declared; /* declared_login.h; "": made by chat */
	struct slack_api *api;
	struct credentials *credentials;
	bool may_wait;     /* jobs of theirs may wait aside (flow/author.h) */
	int64_t asleep_ms; /* since when the first of them does; 0: none does */
};

struct user_logins *user_logins_create(struct app *app);
/* All flows are gone already. */
void user_logins_destroy(struct user_logins **users);

/* Reads what is stored and takes over what is new. done (may be NULL) is called then. */
struct waiter *user_logins_load(struct user_logins *users, waiter_fn *done, void *arg);

/* Who this Matrix user is in that workspace; NULL: nobody of their own. */
struct user_login *user_logins_find(
        const struct user_logins *users, const char *team_id, const char *mxid);
/* Anybody who is that Slack user; NULL: nobody. */
struct user_login *user_logins_by_slack(
        const struct user_logins *users, const char *team_id, const char *user_id);
/* for (size_t i = 0; user_logins_next(users, &i, &user);) */
bool user_logins_next(
        const struct user_logins *users, size_t *cursor, struct user_login **user);
/* The login's name among all: "T1-U1". Caller frees. */
char *user_login_name(const struct user_login *user);

/* Adds to tx that it is forgotten, and ends it once that is committed. */
void user_logins_end(struct user_login *user, struct store_tx *tx);

/* A client of Slack's Web API as that user's own Slack client. */
struct slack_api *user_login_api(const struct app *app, const char *token,
        const char *cookie, const char *workspace);

/* What is in the marks of messages that this bridge writes as that Slack user
 * (slack/web_api.h): nobody else's are taken for ours. Caller frees. */
char *user_login_tag(const struct app *app, const char *slack_user_id);

#endif
