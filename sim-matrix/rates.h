/* rates: how often a user may send, as Synapse's rc_message does it: a bucket of `burst`
 * requests that fills again at so many a second. Off until somebody sets it; conduwuit
 * has no such thing. An appservice is limited unless its registration says rate_limited:
 * false.
 */
#ifndef SIM_MATRIX_RATES_H
#define SIM_MATRIX_RATES_H

#include "sim-matrix/call.h"

/* False and answered 429: too soon. */
bool rates_allow(struct call *call);

#endif
