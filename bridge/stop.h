/* stop: from SIGTERM to the end, within five seconds (OPS-04).
 *
 * No more is taken in, no job begun; what is under way may come to its next commit, and
 * the WebSockets are closed properly. What does not get there in time is let go: its row
 * says where it stood, and its steps bear repetition. */
#ifndef BRIDGE_STOP_H
#define BRIDGE_STOP_H

#include "bridge/flow/app.h"

struct appservice;
struct stop;

/* done once, from the loop: then everything may be destroyed. as may be NULL. */
struct stop *stop_begin(
        struct app *app, struct appservice *as, void (*done)(void *arg), void *arg);
void stop_destroy(struct stop **stop); /* NULL is fine */

#endif
