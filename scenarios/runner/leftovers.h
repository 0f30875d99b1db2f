/* leftovers: what a run left behind that should be gone: a process that the daemon
 * started, its port still open, a file of its own in the run's folder after a clean end.
 */
#ifndef RUNNER_LEFTOVERS_H
#define RUNNER_LEFTOVERS_H

#include "scenarios/runner/play.h"

/* When the daemon has ended and been reaped. Kills what still runs. What there is, as a
 * sentence; NULL: nothing. Caller frees. */
char *leftovers_find(struct play *play);

#endif
