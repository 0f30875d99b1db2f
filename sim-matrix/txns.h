/* txns: requests that were answered before, by their transaction IDs. What the key is
 * made of differs between homeservers (profile.h). */
#ifndef SIM_MATRIX_TXNS_H
#define SIM_MATRIX_TXNS_H

#include "sim-matrix/call.h"

/* The event ID answered before ("" for a request without one, such as sendToDevice), or
 * NULL. */
const char *txns_find(const struct call *call);
void txns_keep(const struct call *call, const char *event_id);
void txns_init(struct sim_matrix *sim);
void txns_finish(struct sim_matrix *sim);

#endif
