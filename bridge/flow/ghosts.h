/* ghosts: make a Slack user exist on Matrix, with name and picture, once, however many
 * ask. */
#ifndef BRIDGE_FLOW_GHOSTS_H
#define BRIDGE_FLOW_GHOSTS_H

#include "bridge/flow/logins.h"
#include "bridge/flow/wait.h"

struct ghosts;

struct ghost {            /* owned by ghosts; stays, also when the user changes */
	struct list link; /* ghosts::former, or alone */
	char *mxid;
	char *name;
	char *avatar_url; /* on Slack; "" if none */
};

struct ghosts *ghosts_create(struct app *app);
void ghosts_destroy(struct ghosts **ghosts);

/* The ghost of a user (or of a bot, by its bot ID) if it is known to exist already, else
 * NULL: then call ghosts_ensure() and ask again. */
const struct ghost *ghosts_find(
        const struct ghosts *ghosts, const char *team_id, const char *user_id);
/* Registers the ghost and gives it name and picture. A picture that cannot be had or a
 * name that is refused does not stop it; a user whom Slack does not show gets their ID
 * for a name. */
struct waiter *ghosts_ensure(struct ghosts *ghosts, struct login *login,
        const char *user_id, bool is_bot, waiter_fn *done, void *arg);

/* A ghost that is there gets the name and the picture that its user has now. Nothing if
 * there is none. */
struct waiter *ghosts_refresh(struct ghosts *ghosts, struct login *login,
        const char *user_id, waiter_fn *done, void *arg);

/* By displayname_template; never empty. Caller frees. */
char *ghosts_name(const struct login *login, const struct slack_user *user);

#endif
