/* presence: who is there; told to those who share a room. */
#ifndef SIM_MATRIX_PRESENCE_H
#define SIM_MATRIX_PRESENCE_H

#include "sim-matrix/state.h"

/* An unchanged presence is told to nobody. status_msg may be NULL. */
void presence_set(struct sim_matrix *sim, struct user *user, const char *presence,
        const char *status_msg);
/* m.presence events of those the viewer shares a room with, newer than `since`. Caller
 * deletes. */
cJSON *presence_since(
        const struct sim_matrix *sim, const struct user *viewer, uint64_t since);

#endif
