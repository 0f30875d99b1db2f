/* tell_owner: says something to a login's owner, in the room they share with the bot, or
 * in one made for it. */
#ifndef BRIDGE_FLOW_TELL_OWNER_H
#define BRIDGE_FLOW_TELL_OWNER_H

#include "bridge/flow/app.h"

/* Adds it to a transaction, to be said after its commit. key: unique for what it is
 * about. */
void tell_owner_add(struct app *app, struct store_tx *tx, const char *key,
        const char *owner_mxid, const char *text);

#endif
