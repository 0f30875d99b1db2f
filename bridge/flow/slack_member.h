/* slack_member: somebody came into a channel, or went: their ghost does likewise. */
#ifndef BRIDGE_FLOW_SLACK_MEMBER_H
#define BRIDGE_FLOW_SLACK_MEMBER_H

#include "bridge/flow/logins.h"
#include "bridge/slack/events.h"
#include "bridge/store/store.h"

/* Nothing if the channel has no portal. */
void slack_member_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event);

#endif
