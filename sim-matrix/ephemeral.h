/* ephemeral: typing and read receipts: kept in the room, told to syncing clients and to
 * appservices that want them. */
#ifndef SIM_MATRIX_EPHEMERAL_H
#define SIM_MATRIX_EPHEMERAL_H

#include "sim-matrix/state.h"

/* user_id types for span_ms from now; 0: no longer. Time's end is told like a stop. */
void typing_set(
        struct sim_matrix *sim, struct room *room, const char *user_id, int64_t span_ms);
/* What m.typing says now. Caller deletes. */
cJSON *typing_content(const struct sim_matrix *sim, const struct room *room);
void typing_init(struct sim_matrix *sim, struct room *room);
void typing_finish(struct room *room);

/* thread_id: NULL for the whole room. is_private: told to nobody but the user. */
void receipt_set(struct sim_matrix *sim, struct room *room, const char *user_id,
        const char *event_id, const char *thread_id, bool is_private);
/* {"ts":..,"thread_id":..}, as it stands under the user's ID. Caller deletes. */
cJSON *receipt_entry(const struct receipt *receipt);
void receipt_free(void *value);

#endif
