/* logging: the configured writers become sinks of lib/log. */
#ifndef BRIDGE_LOGGING_H
#define BRIDGE_LOGGING_H

#include "bridge/config/config.h"

/* False and *err if a log file cannot be opened (exit status 12). */
bool logging_open(const struct config *config, struct err *err);

/* The same anew, log files too: whoever has moved one away gets a new one. On failure
 * what was there stays. */
bool logging_reopen(const struct config *config, struct err *err);

#endif
