/* sync: what is new for one user since a place in the stream. */
#ifndef SIM_MATRIX_SYNC_H
#define SIM_MATRIX_SYNC_H

#include "sim-matrix/state.h"

struct sync_query {
	const struct sim_matrix *sim;
	const struct user *user;
	struct device *device; /* NULL: no messages to devices */
	uint64_t since;        /* 0: everything */
	bool full_state;
	const cJSON *filter; /* NULL: none; borrowed */
};

/* The answer of GET /sync; *is_news: it holds anything. Caller deletes. */
/* As Synapse shows it: what is empty is left out, what it adds is added. json is what
 * sync_build() gave. */
void sync_make_sparse(const struct sync_query *query, cJSON *json);

/* What an invited one is shown of the room, without the invite. Caller deletes. */
cJSON *invite_state(const struct event *invite);

cJSON *sync_build(
        const struct sim_matrix *sim, const struct sync_query *query, bool *is_news);

/* Messages to the device up to `since` have arrived. */
void sync_confirm(const struct sync_query *query);

#endif
