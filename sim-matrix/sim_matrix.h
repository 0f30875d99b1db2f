/* sim_matrix: a fake Matrix homeserver (conduwuit 0.5.0 by default): client-server API,
 * appservice transactions, its people, its faults.
 *
 * A library: sim-matrix-server hosts one by hand, the scenario runner hosts one beside
 * the daemon it tests. It follows the specification and conduwuit's code and knows
 * nothing of bridges. */
#ifndef SIM_MATRIX_H
#define SIM_MATRIX_H

#include "lib/err.h"
#include "lib/loop.h"
#include "lib/verb.h"
#include <stdint.h>

struct sim_matrix;

struct sim_matrix_options {
	uint64_t seed;
	const char *host;        /* NULL: 127.0.0.1 */
	uint16_t port;           /* 0: any */
	int listen_fd;           /* >0: a listening socket to take over */
	const char *server_name; /* NULL: "sim.test" */
	const char *profile;     /* "conduwuit" (NULL), "synapse", "spec" */
	size_t upload_max_bytes; /* of one upload; 0: as the profile's homeserver */
	bool control;            /* serve the control interface under /_control/ */
	tap_fn *tap;             /* may be NULL */
	void *tap_arg;
};

struct sim_matrix *sim_matrix_create(
        struct loop *loop, const struct sim_matrix_options *opts, struct err *err);
void sim_matrix_destroy(struct sim_matrix **sim);

/* "http://127.0.0.1:6167". Borrowed. */
const char *sim_matrix_url(const struct sim_matrix *sim);
const char *sim_matrix_server_name(const struct sim_matrix *sim);

/* What people, administrators and faults can do; `sim` argument: a struct sim_matrix. */
extern const struct verb sim_matrix_verbs[];

/* What the homeserver still has to do by itself (transactions in flight or queued), as an
 * array of sentences; empty when there is nothing. Caller deletes. */
cJSON *sim_matrix_pending(const struct sim_matrix *sim);

/* Access tokens and registration tokens it knows. Array of texts; caller deletes. */
cJSON *sim_matrix_secrets(const struct sim_matrix *sim);

#endif
