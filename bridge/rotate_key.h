/* rotate_key: --rotate-key: the tokens in the database are opened with the present key
 * and sealed with another. All or none: a crash leaves them as they were. */
#ifndef BRIDGE_ROTATE_KEY_H
#define BRIDGE_ROTATE_KEY_H

#include "bridge/config/config.h"
#include <stdio.h>

/* The daemon must not run meanwhile. Says on `out` what was done, on standard error what
 * was not. Returns the exit status. */
int rotate_key_run(const struct config *config, const char *new_key_path, FILE *out);

#endif
