/* realtime: the one place of the runner that reads the machine's own clock: to cap how
 * long a story may take and to say how long it took. Nothing that a story sees depends on
 * it. */
#ifndef RUNNER_REALTIME_H
#define RUNNER_REALTIME_H

#include <stdint.h>

int64_t realtime_ms(void); /* monotonic */

#endif
