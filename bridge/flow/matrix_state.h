/* matrix_state, matrix_member: what moderators change about a portal's room - its name,
 * its topic, which ghosts are in it - is changed on Slack where the app may do that, and
 * undone, with the reason, where it may not. */
#ifndef BRIDGE_FLOW_MATRIX_STATE_H
#define BRIDGE_FLOW_MATRIX_STATE_H

#include <stdbool.h>

struct flow;
struct err;
struct store_tx;

/* Is it a type of state event that has something like it on Slack? */
bool matrix_state_is_carried(const char *type);
/* Is it a membership that means something on Slack? */
bool matrix_member_is_carried(const char *membership);

/* Tells whoever did the payload's event that `what` ("The topic") was not carried to
 * Slack, and why. */
void matrix_state_refused(
        struct flow *flow, struct store_tx *tx, const char *what, const struct err *err);

#endif
