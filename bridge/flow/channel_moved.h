/* channel_moved: a channel gets another ID, when it is shared or moved between the
 * workspaces of an organisation. Its room stays: everything known under the old ID is
 * known under the new one from one commit on, and what still comes or waits under the old
 * one is taken for the new one (Slack protocol reference, 8). */
#ifndef BRIDGE_FLOW_CHANNEL_MOVED_H
#define BRIDGE_FLOW_CHANNEL_MOVED_H

#include "bridge/flow/logins.h"
#include "bridge/slack/events.h"
#include "bridge/store/store.h"

void channel_moved_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event);

#endif
