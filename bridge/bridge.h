/* bridge: the daemon from a valid configuration to its exit status. */
#ifndef BRIDGE_BRIDGE_H
#define BRIDGE_BRIDGE_H

#include "bridge/config/config.h"

/* Runs until SIGTERM or SIGINT (0), or until something ends it: see exit_codes.h.
 * config_path: for SIGHUP, see reload.h. crash_path: where the report of a crash of the
 * last run would be; NULL: nowhere. */
int bridge_run(struct config *config, const char *config_path, const char *crash_path);

#endif
