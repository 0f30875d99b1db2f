/* strict: what Synapse refuses before it looks any further: members of the wrong type,
 * query parameters that are no numbers, bodies that are missing. One table, taken from
 * recorded answers (tests/golden). */
#ifndef SIM_MATRIX_STRICT_H
#define SIM_MATRIX_STRICT_H

#include "sim-matrix/call.h"

/* False and answered if the request breaks a rule of its route; homeservers that are not
 * strict (profile.h) let everything through. */
bool strict_check(struct call *call);

#endif
