/* notice: the bot says something in a room, surely and once. */
#ifndef BRIDGE_FLOW_NOTICE_H
#define BRIDGE_FLOW_NOTICE_H

#include "bridge/flow/app.h"

/* Adds the notice to a transaction, to be sent after its commit. key: unique for what it
 * is about; reply_to: the event it answers, or NULL. */
void notice_add(struct app *app, struct store_tx *tx, const char *key,
        const char *room_id, const char *reply_to, const char *text);

/* The content of a notice. Caller deletes. */
cJSON *notice_content(const char *reply_to, const char *text);

#endif
