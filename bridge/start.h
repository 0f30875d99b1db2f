/* start: the checks between "the database is open" and "running": is the homeserver
 * there, does it know us, are we who we think, can it reach us. The order and the exit
 * statuses are those of mautrix bridges. */
#ifndef BRIDGE_START_H
#define BRIDGE_START_H

#include "bridge/flow/app.h"

struct start;

/* exit_code 0: all is well; otherwise the status the program owes, already logged. */
typedef void start_done_fn(int exit_code, void *arg);

/* Waits for the homeserver as long as it takes: while it is away Slack's events are kept.
 */
struct start *start_begin(struct app *app, start_done_fn *done, void *arg);
void start_destroy(struct start **start); /* NULL is fine */

#endif
