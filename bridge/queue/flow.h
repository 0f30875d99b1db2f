/* flow: a long piece of work as a table of steps; a waiting flow is a row of the inbox.
 *
 * A step is a checklist: it asks which of its facts are true already and starts the one
 * thing that is missing. It is called again after each answer until it says STEP_DONE;
 * after a crash it is called anew and finds what the row remembers. A step never blocks
 * and never loops over requests. */
#ifndef BRIDGE_QUEUE_FLOW_H
#define BRIDGE_QUEUE_FLOW_H

#include "bridge/store/store.h"
#include "lib/err.h"
#include "lib/json.h"

struct flow;
struct queue;

enum step_rc {
	STEP_DONE, /* on to the next step; what flow_fact() and flow_tx() gathered is
	              committed first */
	STEP_SAVE, /* commit that, then call this step again: an intent before a request
	            */
	STEP_WAIT, /* flow_wait() was called and flow_continue() will be */
	STEP_FAIL, /* flow->err says how; its kind decides what happens (see queue.h) */
	STEP_END,  /* the whole flow is done: nothing left to do */
	STEP_MOVE, /* flow_move() was called: the job goes on in another lane */
};

struct step {
	const char *name; /* stored in the row: never renamed, never reused. NULL ends the
	                     table */
	enum step_rc (*run)(struct flow *flow);
};

struct flow_def {
	const char *name; /* stored in the row likewise */
	const struct step *steps;
	size_t state_size; /* of flow->state */
	/* Frees what the state holds; may be NULL. */
	void (*finish)(struct flow *flow);
	/* The flow failed for good: adds to the closing transaction what tells people,
	 * for example a notice to send. May be NULL where nobody is waiting. */
	void (*dead)(struct flow *flow, struct store_tx *tx);
};

struct flow { /* owned by the queue */
	struct queue *queue;
	void *app; /* the daemon's parts, for the steps */
	const struct flow_def *def;
	const char *key; /* the inbox row's unique key */
	const char *lane;
	const cJSON *payload; /* what came in, in our own shape */
	int64_t received_ms;  /* wall clock */
	unsigned attempts;
	void *state; /* def->state_size bytes, zero at first: what this process knows,
	                lost in a crash */
	struct err err;
};

/* ---- for steps ---- */

/* What the row remembers. NULL if there is no such fact. Borrowed. */
const char *flow_fact(const struct flow *flow, const char *name);
void flow_set_fact(struct flow *flow, const char *name, const char *value);

/* The transaction that the end of this step will commit; add statements, do not submit.
 */
struct store_tx *flow_tx(struct flow *flow);

/* The one request this flow waits for. cancel(handle) must give silence; called if the
 * queue is destroyed meanwhile. Returns STEP_WAIT. */
enum step_rc flow_wait(struct flow *flow, void *handle, void (*cancel)(void *handle));
/* As flow_wait, for what may take long and costs nothing meanwhile: the lane gives its
 * place among those that are worked on to another. */
enum step_rc flow_wait_aside(
        struct flow *flow, void *handle, void (*cancel)(void *handle));
/* To be called once by whoever completes that request; err of kind ERR_NONE or NULL: the
 * step is called again; otherwise as if the step had returned STEP_FAIL. */
void flow_continue(struct flow *flow, const struct err *err);

/* What this job waits for shall hold up nobody else: it goes on, at this step and with
 * what it remembers, in that lane, and its own lane goes on without it. Among the jobs of
 * that lane it keeps its place by age. Returns STEP_MOVE. */
enum step_rc flow_move(struct flow *flow, const char *lane);

/* flow->err from err, for `return flow_fail(flow, err)`. */
enum step_rc flow_fail(struct flow *flow, const struct err *err);

#endif
