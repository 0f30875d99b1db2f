/* catch_up: after a time without a connection, what was posted meanwhile. */
#ifndef BRIDGE_FLOW_CATCH_UP_H
#define BRIDGE_FLOW_CATCH_UP_H

#include "bridge/flow/logins.h"
#include "bridge/store/store.h"

struct portal;

/* Adds a job for one portal, whose history can be read again; key: unique for the
 * occasion. since: a ts; "": the database knows. */
void catch_up_add(struct app *app, struct store_tx *tx, const char *key,
        const struct portal *portal, const char *since);

/* Adds a job for each of the login's portals, for the workspace's lists
 * (team_lists.h), and one to look for what else changed; they
 * stand before all live events in their lanes. To be called when a connection is up
 * again, before its first event is taken. */
void catch_up_begin(struct login *login);

/* Of what was posted since then something is missing, though later things are there. The
 * jobs share the commit of this turn. */
void catch_up_since(struct login *login, const char *since);

/* An event could not be stored. Slack delivers it again for some minutes only: so the
 * same, as soon as the database is there again. */
void catch_up_when_stored(struct login *login);

/* login->catch_up_timer's. */
void catch_up_handle_timer(void *login);

#endif
