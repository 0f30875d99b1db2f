/* The driver: calls steps, owns waiting, saving and the error policy. */
#include "bridge/queue/flow.h"

#include "bridge/queue/lane.h"
#include "lib/crumb.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_RUNS = 1000, /* steps called for one job in one life: more is a flow that
	                    turns in circles */
	BACKOFF_FIRST_MS = 1000,
	BACKOFF_CAP_MS = 5 * 60 * 1000,
};

static struct job *job_of(struct flow *flow)
{
	return container_of(flow, struct job, flow);
}

const char *flow_fact(const struct flow *flow, const char *name)
{
	const struct job *job =
	        (const struct job *)(const void *)flow; /* flow is its first member */
	return json_str(job->facts, name);
}

void flow_set_fact(struct flow *flow, const char *name, const char *value)
{
	struct job *job = job_of(flow);

	job->facts_changed = true;
	if (value == NULL) {
		cJSON_DeleteItemFromObjectCaseSensitive(job->facts, name);
	} else {
		json_set_str(job->facts, name, value);
	}
}

struct store_tx *flow_tx(struct flow *flow)
{
	struct job *job = job_of(flow);

	if (job->tx == NULL) {
		job->tx = store_tx_create(job->lane->queue->store);
	}
	return job->tx;
}

enum step_rc flow_wait(struct flow *flow, void *handle, void (*cancel)(void *handle))
{
	struct job *job = job_of(flow);

	assert(job->pending == NULL);
	job->pending = handle;
	job->cancel = cancel;
	return STEP_WAIT;
}

enum step_rc flow_wait_aside(
        struct flow *flow, void *handle, void (*cancel)(void *handle))
{
	struct job *job = job_of(flow);

	job->aside = true;
	lane_step_aside(job->lane);
	return flow_wait(flow, handle, cancel);
}

enum step_rc flow_move(struct flow *flow, const char *lane)
{
	struct job *job = job_of(flow);

	str_replace(&job->to_lane, lane);
	return STEP_MOVE;
}

enum step_rc flow_fail(struct flow *flow, const struct err *err)
{
	flow->err = *err;
	return STEP_FAIL;
}

void job_free(struct job *job)
{
	if (job->pending != NULL) {
		job->cancel(job->pending);
	}
	if (job->flow.def != NULL && job->flow.def->finish != NULL) {
		job->flow.def->finish(&job->flow);
	}
	store_tx_cancel(&job->tx);
	free(job->flow.state);
	free(job->key);
	free(job->to_lane);
	cJSON_Delete(job->payload);
	cJSON_Delete(job->facts);
	free(job);
}

/* ---------------------------------------------------------------- how a job ends or
 * pauses */

static struct store_tx *take_tx(struct job *job)
{
	struct store_tx *tx = flow_tx(&job->flow);
	job->tx = NULL;
	return tx;
}

static void observe(const struct job *job, enum queue_job_end end)
{
	const struct queue *queue = job->lane->queue;
	const struct queue_observed observed = {
	        .flow = job->flow.def == NULL ? "unknown" : job->flow.def->name,
	        .end = end,
	        .age_ms = loop_wall_ms(queue->loop) - job->flow.received_ms,
	};

	if (queue->observer != NULL) {
		queue->observer(&observed, queue->observer_arg);
	}
}

static void finish_done(struct job *job)
{
	struct store_tx *tx = take_tx(job);

	store_tx_add(
	        tx, STMT_INBOX_DONE, "ii", job->id, loop_wall_ms(job->lane->queue->loop));
	observe(job, QUEUE_JOB_DONE);
	log_debug("job done", "flow=%s key=%s", job->flow.def->name, job->key);
	lane_finish_job(job->lane, tx);
}

static void finish_dead(struct job *job)
{
	const struct err *err = &job->flow.err;
	struct store_tx *tx;

	observe(job, QUEUE_JOB_DEAD);
	store_tx_cancel(&job->tx); /* what the failed step gathered does not count */
	tx = take_tx(job);
	log_warn("job failed for good", "flow=%s step=%s key=%s error=\"%s\"",
	        job->flow.def == NULL ? "?" : job->flow.def->name,
	        job->flow.def == NULL ? "?" : job->flow.def->steps[job->step].name,
	        job->key, err->msg);
	store_tx_add(tx, STMT_INBOX_DEAD, "isi", job->id, err->msg,
	        loop_wall_ms(job->lane->queue->loop));
	if (job->flow.def != NULL && job->flow.def->dead != NULL) {
		job->flow.def->dead(&job->flow, tx);
	}
	lane_finish_job(job->lane, tx);
}

static void finish_moved(struct job *job)
{
	autofree char *facts = json_print(job->facts);
	struct store_tx *tx = take_tx(job);

	log_info("job moved", "flow=%s step=%s key=%s lane=\"%s\"", job->flow.def->name,
	        job->flow.def->steps[job->step].name, job->key, job->to_lane);
	store_tx_add(tx, STMT_INBOX_TO_LANE, "isss", job->id,
	        job->flow.def->steps[job->step].name, facts, job->to_lane);
	queue_wake_on_commit(job->lane->queue, tx, job->to_lane);
	lane_finish_job(job->lane, tx);
}

static int64_t backoff_ms(struct job *job)
{
	unsigned doublings = job->flow.attempts < 16 ? job->flow.attempts : 16;
	int64_t ms = (int64_t)BACKOFF_FIRST_MS << doublings;

	if (ms > BACKOFF_CAP_MS) {
		ms = BACKOFF_CAP_MS;
	}
	return ms * 4 / 5 +
	       (int64_t)rand_below(&job->lane->queue->rand, (uint64_t)ms / 5 + 1);
}

static void park(struct job *job)
{
	const struct err *err = &job->flow.err;
	int64_t wish_ms = err->retry_after_ms < LONGEST_PARK_MS ? err->retry_after_ms
	                                                        : LONGEST_PARK_MS;
	int64_t wait_ms = wish_ms > 0 ? wish_ms : backoff_ms(job);
	autofree char *facts = json_print(job->facts);
	struct store_tx *tx;

	observe(job, QUEUE_JOB_WAITS);
	store_tx_cancel(&job->tx);
	tx = take_tx(job);
	log_info("job waits",
	        "flow=%s step=%s key=%s attempt=%u kind=%s wait_ms=%lld error=\"%s\"",
	        job->flow.def->name, job->flow.def->steps[job->step].name, job->key,
	        job->flow.attempts + 1, err_kind_to_str(err->kind), (long long)wait_ms,
	        err->msg);
	store_tx_add(tx, STMT_INBOX_RETRY, "issiis", job->id,
	        job->flow.def->steps[job->step].name, facts,
	        (int64_t)job->flow.attempts + 1,
	        loop_wall_ms(job->lane->queue->loop) + wait_ms, err->msg);
	lane_park_job(job->lane, tx, wait_ms);
}

/* The error policy, in one place. The job may be gone afterwards. */
static void handle_failure(struct job *job)
{
	switch (job->flow.err.kind) {
	case ERR_RETRY:
	case ERR_UNSURE:
		park(job);
		return;
	case ERR_NONE: /* a step that fails must say how */
	case ERR_PERMANENT:
		finish_dead(job);
		return;
	case ERR_CANCELLED:
		return; /* the row stays; the queue is about to be destroyed */
	}
}

/* ---------------------------------------------------------------- running */

static void handle_saved(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct job *job = arg;

	(void)results;
	job->lane->busy = NULL;
	job->lane->state = LANE_RUNNING;
	if (err->kind == ERR_PERMANENT) {
		job->flow.err = *err;
		finish_dead(job);
		return;
	}
	if (err->kind != ERR_NONE) {
		log_error("cannot write to the inbox", "flow=%s key=%s error=\"%s\"",
		        job->flow.def->name, job->key, err->msg);
		lane_restart_job(job->lane);
		return;
	}
	if (job->lane->queue->draining) {
		lane_restart_job(job->lane); /* by the next process */
		return;
	}
	job_run(job);
}

/* Commits facts and the step's own statements, then goes on at job->step. */
static void save(struct job *job)
{
	autofree char *facts = json_print(job->facts);
	struct store_tx *tx = take_tx(job);

	job->facts_changed = false;
	store_tx_add(tx, STMT_INBOX_STEP, "iss", job->id,
	        job->flow.def->steps[job->step].name, facts);
	job->lane->state = LANE_SAVING;
	job->lane->busy = tx;
	store_tx_submit(tx, handle_saved, job);
}

/* True: go on at once; false: the job waits, or is gone. */
static bool next_step(struct job *job)
{
	job->step++;
	if (job->flow.def->steps[job->step].name == NULL) {
		finish_done(job);
		return false;
	}
	if (job->facts_changed || job->tx != NULL) {
		save(job);
		return false;
	}
	return true;
}

static bool run_once(struct job *job)
{
	job->flow.err = (struct err)ERR_INIT;
	if (++job->runs > MAX_RUNS) {
		err_set(&job->flow.err, ERR_PERMANENT, 0,
		        "the flow does not come to an end");
		finish_dead(job);
		return false;
	}
	crumb_event(job->flow.def->name, job->flow.def->steps[job->step].name);
	crumb_begin(job->id);
	enum step_rc rc = job->flow.def->steps[job->step].run(&job->flow);
	crumb_end();
	switch (rc) {
	case STEP_DONE:
		return next_step(job);
	case STEP_SAVE:
		save(job);
		return false;
	case STEP_WAIT:
		assert(job->pending != NULL);
		return false;
	case STEP_FAIL:
		handle_failure(job);
		return false;
	case STEP_END:
		finish_done(job);
		return false;
	case STEP_MOVE:
		finish_moved(job);
		return false;
	}
	return false;
}

void job_run(struct job *job)
{
	if (job->flow.def == NULL) {
		err_set(&job->flow.err, ERR_PERMANENT, 0,
		        "this version knows no such flow");
		finish_dead(job);
		return;
	}
	while (run_once(job)) {
	}
}

void flow_continue(struct flow *flow, const struct err *err)
{
	struct job *job = job_of(flow);

	assert(job->pending != NULL && job->lane->state == LANE_RUNNING);
	job->pending = NULL;
	if (job->aside) {
		job->aside = false;
		lane_step_back(job->lane);
	}
	if (err != NULL && err->kind != ERR_NONE) {
		flow->err = *err;
		handle_failure(job);
		return;
	}
	job_run(job);
}
