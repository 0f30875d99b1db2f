/* health: how the daemon stands, for those who look from outside: a page of metrics for
 * Prometheus on a port of its own, the homeserver-side health endpoint's body, and
 * systemd (OPS-02, OPS-03, SOCK-12). Above the flows; nothing knows of it but bridge.c.
 */
#ifndef BRIDGE_HEALTH_HEALTH_H
#define BRIDGE_HEALTH_HEALTH_H

#include "bridge/flow/app.h"

struct health;

/* Once the queue and the Matrix client are made, before any login is. NULL and *err if
 * the port of the metrics cannot be listened at. Borrows app. */
struct health *health_create(struct app *app, struct err *err);
/* Before the store is closed and the queue destroyed. */
void health_destroy(struct health **health);

void health_ready(struct health *health);    /* events are taken from now on */
void health_stopping(struct health *health); /* and not any more */

/* How many logins there are in which state, as JSON: no names, for anybody may ask.
 * Caller frees. */
char *health_describe(const struct health *health);

#endif
