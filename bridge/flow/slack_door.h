/* slack_door: Slack's envelopes into the inbox, acknowledged once they are durable. */
#ifndef BRIDGE_FLOW_SLACK_DOOR_H
#define BRIDGE_FLOW_SLACK_DOOR_H

#include "lib/json.h"

struct login;
struct slack_envelope;

/* Commits the event, then acknowledges; if it cannot be committed it is not acknowledged
 * and Slack sends it again. */
void slack_door_envelope(struct login *login, const struct slack_envelope *envelope);

/* Takes in what was left out before: the payload of an events_api envelope, as if it came
 * now, but for the acknowledgement. In a commit of its own. */
void slack_door_again(struct login *login, const cJSON *payload);

#endif
