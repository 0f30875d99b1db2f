/* slack_message: what the doors know of that flow: how a message gets into the inbox. */
#ifndef BRIDGE_FLOW_SLACK_MESSAGE_H
#define BRIDGE_FLOW_SLACK_MESSAGE_H

#include "bridge/flow/logins.h"
#include "bridge/slack/events.h"
#include "bridge/store/store.h"

/* Did we post it ourselves? Recognised by our bot's ID, never by the text. */
bool slack_message_is_own(const struct login *login, const struct slack_event *event);

/* Adds it to a transaction, once however often and on whatever way it comes: the key is
 * its channel and ts, and the ts is its place among those that wait. */
void slack_message_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event);

/* That key. Caller frees. */
char *slack_message_key(const struct login *login, const struct slack_event *event);

/* What its job needs to know, as JSON text. ts: the message's own, which is not the
 * event's if that is an edit. Caller frees. */
char *slack_message_payload(
        const struct login *login, const struct slack_event *event, const char *ts);

#endif
