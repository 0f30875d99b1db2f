/* payload: what the jobs of one conversation have in common: who they are about.
 *
 * From Slack: team, channel; from Matrix: room. */
#ifndef BRIDGE_FLOW_PAYLOAD_H
#define BRIDGE_FLOW_PAYLOAD_H

#include "bridge/flow/app.h"
#include "bridge/flow/logins.h"
#include "bridge/flow/portals.h"

/* A text of the payload, "" if there is none. Borrowed. */
const char *payload_text(const struct flow *flow, const char *name);

/* NULL if there is no portal (any more). */
const struct portal *payload_portal(const struct flow *flow);
/* The login of that conversation's workspace; NULL and flow->err (permanent) if nobody is
 * logged in to it, or there is no portal. */
struct login *payload_login(struct flow *flow);

/* A number of the row's facts, 0 if it is not there. */
unsigned fact_number(const struct flow *flow, const char *name);
void fact_set_number(struct flow *flow, const char *name, unsigned number);

#endif
