/* face: the homeserver's HTTP side: one server for the API and, by hand, for the control
 * interface. */
#ifndef SIM_MATRIX_FACE_H
#define SIM_MATRIX_FACE_H

#include "sim-matrix/state.h"

struct face;

struct face *face_create(
        struct sim_matrix *sim, const struct sim_matrix_options *opts, struct err *err);
/* All calls have been reset before. *face may be NULL. */
void face_destroy(struct face **face);
/* Caller frees. */
char *face_url(const struct face *face);

/* Stops listening: connections are refused. False where the control interface has to stay
 * reachable; requests are then reset instead. */
bool face_close(struct face *face);
/* Listens again on the same port. */
bool face_open(struct face *face, struct err *err);

#endif
