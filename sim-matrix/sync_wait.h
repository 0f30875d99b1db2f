/* sync_wait: the requests that hang in /sync. */
#ifndef SIM_MATRIX_SYNC_WAIT_H
#define SIM_MATRIX_SYNC_WAIT_H

/* Timer callback, arg: the struct sim_matrix. Something happened: answers those it
 * concerns. */
void sync_wake_all(void *arg);

#endif
