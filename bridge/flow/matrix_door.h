/* matrix_door: the homeserver's transactions into the inbox, answered once they are
 * durable. */
#ifndef BRIDGE_FLOW_MATRIX_DOOR_H
#define BRIDGE_FLOW_MATRIX_DOOR_H

#include "bridge/flow/app.h"
#include "bridge/matrix/appservice.h"

/* Commits all events of the transaction that concern us, then answers it. Our own users'
 * events are left out: what the bridge itself sent never comes back. */
void matrix_door_transaction(
        struct app *app, struct appservice_txn *txn, const cJSON *events);

/* Takes in one event that was left out before, in this transaction. */
void matrix_door_again(struct app *app, struct store_tx *tx, const cJSON *event);

#endif
