/* sim_slack: a fake Slack workspace: Web API and Socket Mode server, its people, its
 * faults.
 *
 * A library: sim-slack-server hosts one by hand, the scenario runner hosts one beside the
 * daemon it tests. It follows Slack's documentation and recorded traffic and knows
 * nothing of bridges. */
#ifndef SIM_SLACK_H
#define SIM_SLACK_H

#include "lib/err.h"
#include "lib/loop.h"
#include "lib/verb.h"
#include <stdint.h>

struct sim_slack;

struct sim_slack_options {
	uint64_t seed;    /* IDs, tickets and choices of a connection come from it */
	const char *host; /* NULL: 127.0.0.1 */
	uint16_t port;    /* 0: any */
	int listen_fd;    /* >0: a listening socket to take over */
	bool tls; /* https and wss beside http and ws on the same port; URLs say https */
	bool control; /* serve the control interface under /_control/ (by hand: yes) */
	tap_fn *tap;  /* may be NULL */
	void *tap_arg;
};

struct sim_slack *sim_slack_create(
        struct loop *loop, const struct sim_slack_options *opts, struct err *err);
void sim_slack_destroy(struct sim_slack **sim);

/* "http://127.0.0.1:4010"; the Web API is under /api/, sockets under /link/. Borrowed. */
const char *sim_slack_url(const struct sim_slack *sim);

/* The certificate of the authority that signed its own, as PEM. NULL without TLS. Caller
 * frees. */
char *sim_slack_ca_pem(const struct sim_slack *sim);

/* What people, administrators and faults can do; `sim` argument: a struct sim_slack. */
extern const struct verb sim_slack_verbs[];

/* What Slack still has to do by itself (unacknowledged envelopes and their retries), as
 * an array of sentences; empty when there is nothing. Caller deletes. */
cJSON *sim_slack_pending(const struct sim_slack *sim);

/* Secrets it gave out (tokens), for the check that no log holds one. Array of texts;
 * caller deletes. */
cJSON *sim_slack_secrets(const struct sim_slack *sim);

#endif
