/* queue: works off the durable inbox.
 *
 * A lane is one conversation in one direction. Within a lane jobs run strictly in order,
 * one at a time; lanes run side by side, in turn, at most MAX_ACTIVE of each kind. A
 * lane's kind is the first letter of its name: so thousands of lanes that wait for a rate
 * limit on one side keep nobody waiting on the other. Only a lane's first job is in
 * memory: the queue itself lives in the database.
 *
 * What a failed step leads to:
 *   ERR_RETRY, ERR_UNSURE  the job waits (err.retry_after_ms, or back-off 1 s .. 5 min
 * with jitter), for ever, and its lane behind it; then the step is called again. A step
 * whose request cannot be repeated looks first. ERR_PERMANENT          the job is dead:
 * kept for people to look at, its sender told (flow_def::dead), and the lane goes on
 *   ERR_CANCELLED          the row stays as it is */
#ifndef BRIDGE_QUEUE_QUEUE_H
#define BRIDGE_QUEUE_QUEUE_H

#include "bridge/queue/flow.h"
#include "lib/loop.h"
#include <stdint.h>

/* Borrows everything; defs ends with NULL. seed: for the jitter. */
struct queue *queue_create(struct loop *loop, struct store *store,
        const struct flow_def *const *defs, void *app, uint64_t seed);
/* Begins no job any more and calls done once none is being worked on: a job ends at its
 * next commit. Jobs may be added; they wait for the next process. Once. */
void queue_drain(struct queue *queue, void (*done)(void *arg), void *arg);
/* Lets go of all flows (their rows stay); no step runs any more. */
void queue_destroy(struct queue **queue);

/* How a job ended, or that it goes on waiting. */
enum queue_job_end { QUEUE_JOB_DONE, QUEUE_JOB_DEAD, QUEUE_JOB_WAITS };
struct queue_observed {
	const char *flow;
	enum queue_job_end end;
	int64_t age_ms; /* since it was received */
};
typedef void queue_observer_fn(const struct queue_observed *job, void *arg);
/* Before queue_start(). */
void queue_set_observer(struct queue *queue, queue_observer_fn *observer, void *arg);

/* Reads again which lanes have something waiting: after a row was made to wait by
 * something else than queue_add(). */
void queue_look_again(struct queue *queue);

/* Whatever waits for its next try is tried now: what it waited for may be there. */
void queue_hurry(struct queue *queue);

/* Begins to work: loads the lanes that have something waiting. */
void queue_start(struct queue *queue);

/* Adds a job to a transaction; it is worked on once that is committed. A key that the
 * inbox has already makes it nothing. payload is JSON text. */
void queue_add(struct queue *queue, struct store_tx *tx, const char *key,
        const char *lane, const char *flow, const char *payload);
/* As queue_add, not to be worked on before due_ms (wall clock), nor what comes after it
 * in the lane. */
void queue_add_due(struct queue *queue, struct store_tx *tx, const char *key,
        const char *lane, int64_t due_ms, const char *flow, const char *payload);
/* As queue_add, with a place in the lane: of the waiting jobs the one with the smallest
 * sort_key comes first; queue_add's is "", before all others. So what a source delivers
 * late still gets its place among what is waiting. */
void queue_add_sorted(struct queue *queue, struct store_tx *tx, const char *key,
        const char *lane, const char *sort_key, const char *flow, const char *payload);

/* What has a place in its lane waits so long first, for what belongs before it may come a
 * little later by another way. 0 if not said. */
void queue_set_hold(struct queue *queue, int64_t hold_ms);

/* Lanes with work in memory now. */
size_t queue_lanes(const struct queue *queue);
bool queue_has_lane(const struct queue *queue, const char *lane);
/* for (size_t i = 0; queue_next_lane(queue, &i, 'm', &name, &since_ms);): those of a
 * kind, and since when each has had work without a break, on the loop's clock. */
bool queue_next_lane(const struct queue *queue, size_t *cursor, char kind,
        const char **name, int64_t *since_ms);

#endif
