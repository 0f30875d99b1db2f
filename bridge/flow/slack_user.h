/* slack_user: a user has another name or picture, or is deactivated: their ghost follows.
 */
#ifndef BRIDGE_FLOW_SLACK_USER_H
#define BRIDGE_FLOW_SLACK_USER_H

#include "bridge/flow/logins.h"
#include "bridge/slack/events.h"
#include "bridge/store/store.h"

/* Slack tells of every change, of a status too: only what shows in the name or the
 * picture of a ghost, or is a deactivation, becomes a job. */
bool slack_user_matters(const struct login *login, const struct slack_event *event);
void slack_user_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event);

#endif
