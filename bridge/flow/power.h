/* power: changes the power levels of portals' rooms, one change at a time in each room,
 * for each is made from what was there before (power_levels.h). */
#ifndef BRIDGE_FLOW_POWER_H
#define BRIDGE_FLOW_POWER_H

#include "bridge/flow/portals.h"
#include "bridge/flow/wait.h"

struct power;

struct power *power_create(struct app *app);
void power_destroy(struct power **power);

/* What writing in the room needs becomes `level`; former: the levels at 0, as JSON.
 * Where the bot may not do that the levels stay, and it counts as done. */
struct waiter *power_set(struct power *power, const char *room_id, int level,
        const char *former, waiter_fn *done, void *arg);

/* A ghost may do what needs `level`, if it may not yet. */
struct waiter *power_voice(struct power *power, const char *room_id, const char *mxid,
        int level, waiter_fn *done, void *arg);
/* Is it known to? Forgotten with power_set(). */
bool power_has(
        const struct power *power, const char *room_id, const char *mxid, int level);

#endif
