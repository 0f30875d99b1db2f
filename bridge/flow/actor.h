/* actor: whoever does something on Slack, ready to do it in the portal's room. */
#ifndef BRIDGE_FLOW_ACTOR_H
#define BRIDGE_FLOW_ACTOR_H

#include "bridge/flow/ghosts.h"
#include "bridge/flow/portals.h"
#include "bridge/queue/flow.h"

/* STEP_DONE once the user (or the bot, by its bot ID) has a ghost and that is in the
 * room; to be asked before every request as the ghost, for in a new life neither is
 * known. */
enum step_rc actor_ensure(struct flow *flow, struct login *login,
        const struct portal *portal, const char *user_id, bool is_bot);
/* Likewise for one of our own users, by Matrix user ID. */
enum step_rc actor_ensure_member(
        struct flow *flow, const struct portal *portal, const char *mxid);

/* A request as this user was refused with *err: was it because somebody threw them out?
 * Then they are brought back before the next try. Once: *rejoined remembers. */
bool actor_was_thrown_out(struct flow *flow, const struct portal *portal,
        const char *mxid, const struct err *err, bool *rejoined);

#endif
