/* room_end: the end of a portal's room. The portal itself is closed before, or in the
 * same commit (portals_close). */
#ifndef BRIDGE_FLOW_ROOM_END_H
#define BRIDGE_FLOW_ROOM_END_H

#include "bridge/flow/portals.h"
#include "bridge/store/store.h"

enum room_end {
	ROOM_LEFT,    /* ghosts and bot leave, people stay */
	ROOM_EMPTIED, /* everybody is put out, then they leave */
};

/* words: what the bot says in the room first; NULL: nothing. */
void room_end_add(struct app *app, struct store_tx *tx, const char *key,
        const char *room_id, enum room_end end, const char *words);

/* A portal whose room the bot is not in any more: it is closed for good, and the login's
 * owner told how to go on. key: unique for the occasion. */
void room_lost(struct app *app, struct store_tx *tx, const char *key,
        const struct portal *portal);

#endif
