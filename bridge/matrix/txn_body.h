/* txn_body: the events in the body of an application service transaction. Pure. */
#ifndef BRIDGE_MATRIX_TXN_BODY_H
#define BRIDGE_MATRIX_TXN_BODY_H

#include "lib/err.h"
#include "lib/json.h"
#include "lib/str.h"

enum { TXN_MAX_EVENTS = 10000 };

/* A new array, one item for each event, in order; the caller's. An event that is JSON but
 * beyond our limits (nested too deep, escapes that stand for no character) is a null in
 * it: any room member can send such a one, and refusing the transaction would make the
 * homeserver send it for ever. NULL and *err if the body is no transaction: err.name is
 * then the errcode to answer with (M_NOT_JSON, M_BAD_JSON, M_TOO_LARGE), err.code the
 * HTTP status. */
cJSON *txn_body_events(struct str body, struct err *err);

#endif
