/* control: the verbs over HTTP, and a view of what happens, for people and for
 * demonstrations.
 *
 * POST /_control/<verb>           JSON arguments -> {"ok":true,"result":...}
 * GET  /_control/verbs            all verbs with their arguments
 * GET  /_control/state            everything that is there, with the messages
 * GET  /_control/records?since=N  what happened after record N; waits up to 25 s for
 * something */
#ifndef SIM_SLACK_CONTROL_H
#define SIM_SLACK_CONTROL_H

#include "sim-slack/sim.h"

struct control *control_create(struct sim_slack *sim);
void control_destroy(struct control **control); /* before the HTTP server goes */
void control_handle_request(struct control *control, struct http_request *req);
/* Keeps a copy of the record. */
void control_record(struct control *control, const cJSON *record);

/* What GET /_control/state answers. Caller deletes. */
cJSON *control_state(const struct sim_slack *sim);

#endif
