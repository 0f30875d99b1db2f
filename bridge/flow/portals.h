/* portals: the room of each bridged Slack conversation. All of them are in memory, for
 * every inbound event asks; a row is a few hundred bytes. */
#ifndef BRIDGE_FLOW_PORTALS_H
#define BRIDGE_FLOW_PORTALS_H

#include "bridge/flow/logins.h"
#include "bridge/flow/wait.h"

struct portals;
struct portal_maker;

struct portal { /* owned by portals; stays */
	char *team_id, *channel_id;
	char *room_id; /* NULL until the room is made */
	char *name, *kind;
	char *state;        /* "making" or "open" */
	bool intent_is_old; /* "making" was found in the database: a room may exist
	                       already */
	struct portal_maker *maker;
	struct list waiters; /* waiter::link; for portals_ensure() */
};

struct portals *portals_create(struct app *app);
void portals_destroy(struct portals **portals);

/* Reads them all; nothing may be asked before done. */
struct waiter *portals_load(struct portals *portals, waiter_fn *done, void *arg);

/* NULL if there is no such portal, or its room is not made yet. */
const struct portal *portals_by_channel(
        const struct portals *portals, const char *team_id, const char *channel_id);
const struct portal *portals_by_room(const struct portals *portals, const char *room_id);
/* Those with a room. for (size_t i = 0; portals_next(portals, &i, &portal);) */
bool portals_next(
        const struct portals *portals, size_t *cursor, const struct portal **portal);

/* Makes the room, once, whoever asks and however often: the intent is committed, then the
 * room is created, then recorded, then the login's owner invited. After a crash or a lost
 * answer the bot looks through its rooms for one that carries this conversation's mark
 * (m.bridge) first. */
struct waiter *portals_ensure(struct portals *portals, struct login *login,
        const char *channel_id, waiter_fn *done, void *arg);

/* ---- for portal_maker.c ---- */
struct app *portals_app(const struct portals *portals);
/* The room is made and recorded. */
void portals_set_room(
        struct portals *portals, struct portal *portal, const char *room_id);
/* The making has ended. */
void portals_made(struct portal *portal, const struct err *err);

#endif
