/* --torture=kill9: a passing story becomes two runs for each durable call of the daemon:
 * killed just before it, and just after it, and started again at once. All of them must
 * still pass. */
#include "lib/mem.h"

#include "scenarios/runner/command.h"
#include "scenarios/runner/pool.h"
#include "scenarios/runner/realtime.h"

#include <stdlib.h>

enum { MAX_SHOWN = 3 };

struct torture {
	long boundaries;
	size_t runs, violations;
	bool dry_run_passed;
};

static bool take_dry_run(size_t index, const struct pool_task *task,
        struct engine_result *result, void *arg)
{
	struct torture *torture = arg;

	(void)index;
	torture->dry_run_passed = result->verdict == VERDICT_PASS;
	torture->boundaries = result->durable_calls;
	if (!torture->dry_run_passed) {
		printf("FAIL  %s does not pass even without a kill\n\n%s\n",
		        task->story->id, result->failure != NULL ? result->failure : "");
	}
	return true;
}

static bool take_run(size_t index, const struct pool_task *task,
        struct engine_result *result, void *arg)
{
	struct torture *torture = arg;
	long kill_at = (long)task->options.kill_at;

	(void)index;
	torture->runs++;
	if (result->verdict == VERDICT_PASS) {
		return true;
	}
	if (++torture->violations <= MAX_SHOWN) {
		printf("FAIL  %s, killed %s durable call %ld\n      again: %s run '%s' --kill-at %ld\n\n"
		       "%s\n",
		        task->story->id, kill_at % 2 == 0 ? "before" : "after",
		        kill_at / 2, task->options.program, task->story->id, kill_at,
		        result->failure != NULL ? result->failure : "");
		fflush(stdout);
	}
	return true;
}

static void torture_story(
        const struct command *command, const struct story *story, struct torture *torture)
{
	struct pool_task dry_run = {story, command->engine};
	int64_t began = realtime_ms();

	*torture = (struct torture){0};
	pool_run(&dry_run, 1, 1, take_dry_run, torture);
	if (!torture->dry_run_passed) {
		return;
	}
	size_t count = 2 * (size_t)torture->boundaries;
	struct pool_task *tasks = xcalloc(count + 1, sizeof(*tasks));
	for (size_t i = 0; i < count; i++) {
		tasks[i] = dry_run;
		tasks[i].options.kill_at =
		        (long)i + 2; /* 2k before the k-th, 2k+1 after it */
	}
	pool_run(tasks, count, (unsigned)command->jobs, take_run, torture);
	free(tasks);
	printf("%s %s: %ld boundaries, %zu runs, %zu violations (%.1f s)\n",
	        torture->violations == 0 ? "ok   " : "FAIL ", story->id,
	        torture->boundaries, torture->runs, torture->violations,
	        (double)(realtime_ms() - began) / 1e3);
	fflush(stdout);
}

int command_torture(
        const struct command *command, const struct story *const *stories, size_t count)
{
	struct torture all = {0};
	size_t failed = 0;

	for (size_t i = 0; i < count; i++) {
		struct torture torture;
		torture_story(command, stories[i], &torture);
		failed += torture.dry_run_passed && torture.violations == 0 ? 0 : 1;
		all.boundaries += torture.boundaries;
		all.runs += torture.runs;
		all.violations += torture.violations;
	}
	printf("\nkill -9: %zu stories, %ld boundaries, %zu runs, %zu violations\n",
	        count, all.boundaries, all.runs, all.violations);
	return failed == 0 ? STATUS_OK : STATUS_FAILED;
}
