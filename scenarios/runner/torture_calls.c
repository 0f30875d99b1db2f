/* --torture=oom, io, net: a passing story becomes a run for each allocation, call on a
 * file, send or receive of the daemon that can fail: there it fails, once, and (oom, io)
 * all from there on. All of them must still pass. */
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/command.h"
#include "scenarios/runner/pool.h"
#include "scenarios/runner/realtime.h"
#include "scenarios/runner/torture_point.h"

#include <stdlib.h>

enum { MAX_SHOWN = 3 };

struct call_torture {
	const struct command *command;
	long places;
	size_t runs, violations;
	bool dry_run_passed;
};

static bool take_dry_run(size_t index, const struct pool_task *task,
        struct engine_result *result, void *arg)
{
	struct call_torture *run = arg;

	(void)index;
	run->dry_run_passed = result->verdict == VERDICT_PASS;
	run->places = result->durable_calls;
	if (!run->dry_run_passed) {
		printf("FAIL  %s does not pass even untouched\n\n%s\n", task->story->id,
		        result->failure != NULL ? result->failure : "");
	}
	return true;
}

/* "io: call 12 fails, and all after it". Caller frees. */
static char *describe(const struct engine_options *options)
{
	return xasprintf("%s: call %lld fails%s", torture_to_str(options->torture),
	        (long long)options->torture_at,
	        options->torture_lasts ? ", and all after it" : "");
}

static bool take_run(size_t index, const struct pool_task *task,
        struct engine_result *result, void *arg)
{
	struct call_torture *run = arg;

	(void)index;
	run->runs++;
	if (result->verdict == VERDICT_PASS) {
		return true;
	}
	if (++run->violations <= MAX_SHOWN) {
		autofree char *what = describe(&task->options);
		autofree char *option = torture_option(&task->options);
		printf("FAIL  %s, %s\n      again: %s run '%s'%s\n\n%s\n",
		        task->story->id, what, task->options.program, task->story->id,
		        option, result->failure != NULL ? result->failure : "");
		fflush(stdout);
	}
	return true;
}

/* The i-th of `count` places among all of them, evenly spread; from 1. */
static int64_t place_of(const struct call_torture *run, size_t i, size_t count)
{
	return 1 + (int64_t)((double)i * (double)run->places / (double)count);
}

static size_t fill_tasks(const struct call_torture *run, const struct pool_task *dry_run,
        struct pool_task *tasks, size_t places)
{
	enum torture_kind kind = run->command->torture;
	size_t count = 0;

	for (size_t i = 0; i < places; i++) {
		int64_t place = place_of(run, i, places);
		bool has_two = kind != TORTURE_NET;
		for (int second = 0; second <= (has_two ? 1 : 0); second++) {
			struct pool_task *task = &tasks[count++];
			*task = *dry_run;
			task->options.torture_at = place;
			task->options.torture_lasts = second != 0;
		}
	}
	return count;
}

static void torture_story(const struct command *command, const struct story *story,
        struct call_torture *run)
{
	struct pool_task dry_run = {story, command->engine};
	int64_t began = realtime_ms();

	*run = (struct call_torture){.command = command};
	dry_run.options.torture = command->torture;
	pool_run(&dry_run, 1, 1, take_dry_run, run);
	if (!run->dry_run_passed) {
		return;
	}
	size_t places = (size_t)run->places;
	if (command->torture_count > 0 && (size_t)command->torture_count < places) {
		places = (size_t)command->torture_count;
	}
	struct pool_task *tasks = xcalloc(2 * places + 1, sizeof(*tasks));
	size_t count = fill_tasks(run, &dry_run, tasks, places);
	pool_run(tasks, count, (unsigned)command->jobs, take_run, run);
	free(tasks);
	printf("%s %s: %ld places, %zu runs, %zu violations (%.1f s)\n",
	        run->violations == 0 ? "ok   " : "FAIL ", story->id, run->places,
	        run->runs, run->violations, (double)(realtime_ms() - began) / 1e3);
	fflush(stdout);
}

int command_torture_calls(
        const struct command *command, const struct story *const *stories, size_t count)
{
	struct call_torture all = {0};
	size_t failed = 0;

	for (size_t i = 0; i < count; i++) {
		struct call_torture run;
		torture_story(command, stories[i], &run);
		failed += run.dry_run_passed && run.violations == 0 ? 0 : 1;
		all.places += run.places;
		all.runs += run.runs;
		all.violations += run.violations;
	}
	printf("\n%s: %zu stories, %ld places, %zu runs, %zu violations\n",
	        torture_to_str(command->torture), count, all.places, all.runs,
	        all.violations);
	return failed == 0 ? STATUS_OK : STATUS_FAILED;
}
