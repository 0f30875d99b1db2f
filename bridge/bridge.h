/* bridge: the daemon from a valid configuration to its exit status. */
#ifndef BRIDGE_BRIDGE_H
#define BRIDGE_BRIDGE_H

#include "bridge/config/config.h"

/* Runs until SIGTERM or SIGINT (0), or until something ends it: see exit_codes.h. */
int bridge_run(const struct config *config);

#endif
