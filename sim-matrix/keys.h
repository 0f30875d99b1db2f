/* keys: what devices publish for end-to-end encryption. The server only keeps it: it
 * checks no signature. */
#ifndef SIM_MATRIX_KEYS_H
#define SIM_MATRIX_KEYS_H

#include "sim-matrix/state.h"

/* The user's keys or devices are others than before: those who share a room hear of it.
 */
void keys_changed(struct sim_matrix *sim, struct user *user);
/* {"signed_curve25519":n}. Caller deletes. */
cJSON *keys_one_time_counts(const struct device *device);
/* The algorithms of unused fallback keys, an array. Caller deletes. */
cJSON *keys_unused_fallbacks(const struct device *device);
/* {"changed":[..],"left":[..]} between two places in the stream. Caller deletes. */
cJSON *keys_device_lists(const struct sim_matrix *sim, const struct user *viewer,
        uint64_t since, uint64_t to);
void device_keys_finish(struct device *device);

#endif
