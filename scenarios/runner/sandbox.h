/* sandbox: what a service manager puts around a process: limits and hardening, applied
 * in the child before it becomes the daemon. They are what a systemd unit's directives
 * do, by the same kernel interfaces, so that a story needs no service manager. */
#ifndef RUNNER_SANDBOX_H
#define RUNNER_SANDBOX_H

#include "lib/json.h"

/* The words of a `sandbox` list, ending with NULL. */
extern const char *const sandbox_words[];
/* The names of a `limits` map, ending with NULL. */
extern const char *const limit_names[];

/* around: {"limits": {...}, "sandbox": [...]}, each may be absent; writable: the one
 * folder that stays writable under read-only. In the child: says on standard error what
 * cannot be done and returns false. */
bool sandbox_enter(const cJSON *around, const char *writable);

#endif
