/* reload: what SIGHUP does. The file is read anew; log levels, writers and
 * bridge.permissions take effect at once, and log files are opened anew; everything else
 * needs a restart, and the log says so. A file that is no good changes nothing. */
#ifndef BRIDGE_RELOAD_H
#define BRIDGE_RELOAD_H

#include "bridge/config/config.h"

void reload(struct config *config, const char *path);

#endif
