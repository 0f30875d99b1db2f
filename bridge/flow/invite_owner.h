/* invite_owner: whoever logs in to a workspace is invited into a portal, surely: a job of
 * its own, so that a homeserver in trouble delays it and nobody's messages. */
#ifndef BRIDGE_FLOW_INVITE_OWNER_H
#define BRIDGE_FLOW_INVITE_OWNER_H

#include "bridge/flow/logins.h"
#include "bridge/store/store.h"

/* Adds the job to a transaction. key: unique for the occasion. */
void invite_owner_add(struct app *app, struct store_tx *tx, const char *key,
        const char *room_id, const char *owner_mxid);

#endif
