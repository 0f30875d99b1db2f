/* limits: M_LIMIT_EXCEEDED and any other 429 of the homeserver's. What it refuses is
 * limited by user and kind of request (Synapse's rc_message and its like; conduwuit has
 * none: matrix-protocol notes, 3.1), so later requests of that kind by that user wait
 * until the time it named is over, and all others go on. A 429 that is not the
 * homeserver's own word is a proxy's in front of it, which counts everything: then all
 * wait. Internal to matrix/. */
#ifndef BRIDGE_MATRIX_LIMITS_H
#define BRIDGE_MATRIX_LIMITS_H

#include "bridge/matrix/call.h"

/* True: the call waits its turn, and is sent by matrix_call_leave() then, or too many
 * wait (call->crowded). False: it may be sent at once. */
bool limits_hold(struct matrix_call *call);
/* The call was answered so: later ones like it wait for err->retry_after_ms. */
void limits_refused(struct matrix_call *call, const struct err *err);
/* The request has ended, or will not be sent. */
void limits_ended(struct matrix_call *call);
void limits_finish(struct matrix *matrix);

#endif
