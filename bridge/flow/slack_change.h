/* slack_change: how edits, deletions and reactions from Slack get into the inbox. */
#ifndef BRIDGE_FLOW_SLACK_CHANGE_H
#define BRIDGE_FLOW_SLACK_CHANGE_H

#include "bridge/flow/logins.h"
#include "bridge/slack/events.h"
#include "bridge/store/store.h"

/* Adds the job to a transaction, once however often and on whatever way it comes: the
 * key of an edit is its message and its time, that of a deletion its message. */
void slack_edit_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event);
void slack_deletion_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event);
void slack_reaction_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event);

#endif
