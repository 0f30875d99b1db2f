/* power_levels: what m.room.power_levels of a portal's room says. Pure.
 *
 *   100  the bridge's bot
 *    60  what writing needs while nothing goes to Slack: archived, left, deleted
 *    50  the login's owner; what writing needs where only some may post on Slack; name,
 *        topic, picture and other state
 *     0  everybody else; what writing needs otherwise
 *
 * A ghost that has something to say in a room that asks for more gets as much. */
#ifndef BRIDGE_FLOW_POWER_LEVELS_H
#define BRIDGE_FLOW_POWER_LEVELS_H

#include "lib/json.h"

enum {
	LEVEL_MODERATOR = 50,
	LEVEL_READ_ONLY = 60,
	LEVEL_BOT = 100,
};

/* Of a new room. owner: the login's owner. Caller deletes. */
cJSON *power_levels_new(const char *bot_mxid, const char *owner_mxid);

/* Is that user one of the bridge's own? */
typedef bool power_levels_own_fn(const char *mxid, void *arg);

/* Whatever writes needs at least `level` from now on; former: as it was at level 0, from
 * which everything else is taken, the own users' levels with it. level 0: as it was. True
 * if that is a change. */
bool power_levels_set(cJSON *levels, const cJSON *former, int level,
        power_levels_own_fn *is_own, void *arg);
/* The user may do whatever needs `level`. True if that is a change. */
bool power_levels_voice(cJSON *levels, const char *mxid, int level);

#endif
