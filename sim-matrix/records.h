/* records: what the homeserver reports about itself: to the owner's tap, and kept for the
 * control interface. */
#ifndef SIM_MATRIX_RECORDS_H
#define SIM_MATRIX_RECORDS_H

#include "sim-matrix/state.h"

struct records;
struct call;

/* keep: remember the newest ones for records_since(). */
struct records *records_create(tap_fn *tap, void *tap_arg, bool keep);
void records_destroy(struct records **records);

/* Takes record. */
void records_emit(struct sim_matrix *sim, cJSON *record);
void records_event(struct sim_matrix *sim, const struct event *event);
void records_request(struct sim_matrix *sim, const struct call *call);
/* {"kind":"server","server":what} */
void records_server(struct sim_matrix *sim, const char *what);

/* {"records":[..],"next":n}: those numbered `since` and later that are still kept, at
 * most 1000. Caller deletes. */
cJSON *records_since(const struct records *records, uint64_t since);
uint64_t records_next(const struct records *records);
/* fn is called after each new record. */
void records_watch(struct records *records, void (*fn)(void *arg), void *arg);

#endif
