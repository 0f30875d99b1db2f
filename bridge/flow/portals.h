/* portals: the room of each bridged Slack conversation. All of them are in memory, for
 * every inbound event asks; a row is a few hundred bytes. */
#ifndef BRIDGE_FLOW_PORTALS_H
#define BRIDGE_FLOW_PORTALS_H

#include "bridge/flow/logins.h"
#include "bridge/flow/wait.h"

struct portals;
struct portal_maker;

struct portal {           /* owned by portals; stays */
	struct list link; /* portals::retired, or alone */
	char *team_id, *channel_id;
	char *former_id; /* the channel's ID before; "" if it never had another */
	char *room_id;   /* NULL until the room is made */
	char *name, *topic, *kind;
	char *state;        /* "making", "open", "archived", "left" or "gone"; without
	                       a room also "unbridged", "filtered" */
	int level;          /* of power, that writing needs; 0: what the room asks for */
	char *levels;       /* the room's power levels before that, JSON; "" at level 0 */
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
/* Is there one, or is one being made? */
bool portals_know(
        const struct portals *portals, const char *team_id, const char *channel_id);
/* Is it to have no room: by the configuration, or because somebody ended its bridging? */
bool portals_is_closed(
        const struct portals *portals, const char *team_id, const char *channel_id);
/* Ends the bridging with tx's commit. for_good: until portals_reopen(); otherwise the
 * next message makes a new room. The room is nobody's then (room_end.h). */
void portals_close(struct portals *portals, const struct portal *portal, bool for_good,
        struct store_tx *tx);
/* portals_ensure() may be called for it again. */
void portals_reopen(struct portals *portals, const char *team_id, const char *channel_id);
/* A room that is there already becomes the channel's with tx's commit. */
void portals_adopt(struct portals *portals, const char *team_id, const char *channel_id,
        const char *room_id, struct store_tx *tx);
/* The ID under which a channel is known here: another one if this is a former one.
 * Borrowed. */
const char *portals_current_id(
        const struct portals *portals, const char *team_id, const char *channel_id);
/* The channel has another ID from tx's commit on; a portal that was made under that one
 * meanwhile gives way, and its room is nobody's. */
void portals_move(struct portals *portals, const struct portal *portal,
        const char *new_id, struct store_tx *tx);
/* Stores what differs from what is known, with tx, and takes it over once that is
 * committed. */
struct portal_change {
	const char *name, *topic, *kind, *state, *levels;
	int level;
};
void portals_change(struct portals *portals, const struct portal *portal,
        const struct portal_change *change, struct store_tx *tx);
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

/* Adds to tx that the room is no portal any more, and all that is known of its messages
 * goes; so it is once that is committed. The portal itself stays in memory. As
 * portals_close(), not for good. */
void portals_end(
        struct portals *portals, const struct portal *portal, struct store_tx *tx);

/* ---- for portals_change.c ---- */
/* Whatever its state. */
struct portal *portals_any(
        struct portals *portals, const char *team_id, const char *channel_id);
struct portal *portals_add(
        struct portals *portals, const char *team_id, const char *channel_id);
/* Out of the maps; it stays in memory, for flows may still look at it. */
void portals_retire(struct portals *portals, struct portal *portal);
void portals_rename(struct portals *portals, struct portal *portal, const char *new_id);
void portals_set_former(
        struct portals *portals, struct portal *portal, const char *former_id);

/* ---- for portal_maker.c ---- */
struct app *portals_app(const struct portals *portals);
/* The room is made and recorded. */
void portals_set_room(
        struct portals *portals, struct portal *portal, const char *room_id);
/* The making has ended. */
void portals_made(struct portal *portal, const struct err *err);

#endif
