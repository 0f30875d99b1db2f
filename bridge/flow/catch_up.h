/* catch_up: after a time without a connection, what was posted meanwhile. */
#ifndef BRIDGE_FLOW_CATCH_UP_H
#define BRIDGE_FLOW_CATCH_UP_H

#include "bridge/flow/logins.h"

/* Adds a job for each of the login's portals; they stand before all live events in their
 * lanes. To be called when a connection is up again, before its first event is taken. */
void catch_up_begin(struct login *login);

#endif
