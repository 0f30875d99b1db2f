/* room_shape: what a portal's room is created with. Pure. */
#ifndef BRIDGE_FLOW_ROOM_SHAPE_H
#define BRIDGE_FLOW_ROOM_SHAPE_H

#include "lib/json.h"

struct room_shape {
	const char *team_id, *team_name, *channel_id, *name, *topic, *bot_mxid;
	const char *owner_mxid; /* the login's; NULL: nobody */
	const char *bridge_id;  /* state key of m.bridge */
	bool is_direct, federate;
};

/* The body of createRoom: private, the bot at power level 100, all state in it from the
 * start (each later state event would be one more echo), m.bridge for clients and for
 * finding the room again (MSC2346, in both its names). Nobody is invited: that comes once
 * the room is recorded. */
cJSON *room_shape_to_json(const struct room_shape *shape);

/* The content of m.bridge and uk.half-shot.bridge. Caller deletes. */
cJSON *room_shape_bridge_info(const struct room_shape *shape);
/* The state key of m.bridge, one for the whole bridge as in mautrix bridges: domain/id.
 * Caller frees. */
char *room_shape_bridge_id(const char *domain, const char *appservice_id);
/* Is this m.bridge content that of a conversation? */
bool room_shape_is_of(
        const cJSON *bridge_info, const char *team_id, const char *channel_id);

#endif
