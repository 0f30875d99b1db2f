/* catch_up_bound: how much of a gap is caught up with (backfill.max_catchup_messages),
 * and the word in the room about what is not.
 *
 * The newest count; the others get a row of the inbox each that is done already. So none
 * is counted that is there for another reason, and however often a gap is looked at the
 * count is the same. Internal to catch_up. */
#ifndef BRIDGE_FLOW_CATCH_UP_BOUND_H
#define BRIDGE_FLOW_CATCH_UP_BOUND_H

#include "bridge/flow/logins.h"
#include "bridge/slack/events.h"

struct catch_up_bound {
	long taken, beyond; /* listed so far */
};

/* What the row of the job remembers, and into it. */
void catch_up_bound_load(struct flow *flow, struct catch_up_bound *bound);
void catch_up_bound_save(struct flow *flow, const struct catch_up_bound *bound);

/* A missed message into the inbox, or beyond the bound. */
void catch_up_bound_take(struct catch_up_bound *bound, struct flow *flow,
        struct login *login, const struct slack_event *message);
/* Has enough been listed? What is older is not even counted. */
bool catch_up_bound_is_full(const struct catch_up_bound *bound);

/* A step: tells the room, if there is anything to tell. */
enum step_rc catch_up_bound_tell(struct flow *flow);

#endif
