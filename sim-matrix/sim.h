/* sim: the homeserver as a whole: being there, being away. */
#ifndef SIM_MATRIX_SIM_H
#define SIM_MATRIX_SIM_H

#include "sim-matrix/state.h"

/* The process ends: requests are reset, nothing is sent. refuse: connections are refused,
 * where that is possible. No effect if it is down. */
void sim_go_down(struct sim_matrix *sim, bool refuse);
/* The process starts: what was in flight is sent again. for_ms > 0: after that long. */
void sim_come_up(struct sim_matrix *sim, int64_t for_ms);

#endif
