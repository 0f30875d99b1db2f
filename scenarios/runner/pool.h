/* pool: plays many stories at once, each in a process of its own, pinned with its daemon
 * to one processor (the two take turns: a hand-over between processors costs ten times
 * the work). */
#ifndef RUNNER_POOL_H
#define RUNNER_POOL_H

#include "scenarios/runner/engine.h"

struct pool_task {
	const struct story *story;
	struct engine_options options;
};

/* Once for each task, in the order of the tasks. False: no more; the rest is not played.
 */
typedef bool pool_done_fn(size_t index, const struct pool_task *task,
        struct engine_result *result, void *arg);

/* jobs 0: as many as there are processors. */
void pool_run(const struct pool_task *tasks, size_t count, unsigned jobs,
        pool_done_fn *done, void *arg);

#endif
