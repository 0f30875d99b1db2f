/* --torture: a passing story is played once more for each instant around a durable call
 * of the daemon: just before it, and just after it, the daemon is killed and started
 * again at once (kill9), or its PostgreSQL server crashes and comes back (pgstop). All of
 * them must still pass. */
#include "lib/mem.h"
#include "lib/rand.h"
#include "lib/str.h"

#include "scenarios/runner/command.h"
#include "scenarios/runner/pool.h"
#include "scenarios/runner/realtime.h"

#include <stdlib.h>

enum { MAX_SHOWN = 3, FIRST_INSTANT = 2 };

struct torture {
	const struct command *command;
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
		printf("FAIL  %s does not pass even untouched\n\n%s\n", task->story->id,
		        result->failure != NULL ? result->failure : "");
	}
	return true;
}

static void print_again(const struct torture *torture, const struct pool_task *task)
{
	const struct engine_options *options = &task->options;
	bool is_stop = options->stop_at > 0;
	long at = (long)(is_stop ? options->stop_at : options->kill_at);

	printf("FAIL  %s, %s %s durable call %ld\n"
	       "      again: %s run '%s'%s --seed %llu --%s-at %ld\n\n",
	        task->story->id, is_stop ? "PostgreSQL crashed" : "killed",
	        at % 2 == 0 ? "before" : "after", at / 2, options->program,
	        task->story->id,
	        torture->command->engine.on_postgres ? " --database postgres" : "",
	        (unsigned long long)options->seed, is_stop ? "stop" : "kill", at);
}

static bool take_run(size_t index, const struct pool_task *task,
        struct engine_result *result, void *arg)
{
	struct torture *torture = arg;

	(void)index;
	torture->runs++;
	if (result->verdict == VERDICT_PASS) {
		return true;
	}
	if (++torture->violations <= MAX_SHOWN) {
		print_again(torture, task);
		printf("%s\n", result->failure != NULL ? result->failure : "");
		fflush(stdout);
	}
	return true;
}

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;
	return (x > y) - (x < y);
}

/* All instants, or some by the seed, in order. Caller frees. */
static long *choose_instants(const struct torture *torture, size_t *count)
{
	size_t all = 2 * (size_t)torture->boundaries;
	size_t wanted = (size_t)torture->command->torture_count;
	long *instants = xcalloc(all + 1, sizeof(*instants));
	struct rand rand;

	for (size_t i = 0; i < all; i++) {
		instants[i] = (long)i + FIRST_INSTANT;
	}
	*count = wanted == 0 || wanted > all ? all : wanted;
	rand_seed(&rand, (uint64_t)torture->command->engine.seed ^ 0x746f7274u);
	for (size_t i = 0; i < *count && *count < all; i++) {
		size_t other = i + (size_t)rand_below(&rand, all - i);
		long instant = instants[i];
		instants[i] = instants[other];
		instants[other] = instant;
	}
	qsort(instants, *count, sizeof(*instants), compare);
	return instants;
}

static void play_kind(
        struct torture *torture, const struct pool_task *dry_run, bool is_stop)
{
	size_t count;
	autofree long *instants = choose_instants(torture, &count);
	struct pool_task *tasks = xcalloc(count + 1, sizeof(*tasks));

	for (size_t i = 0; i < count; i++) {
		tasks[i] = *dry_run;
		tasks[i].options.stop_at = is_stop ? instants[i] : 0;
		tasks[i].options.kill_at = is_stop ? 0 : instants[i];
	}
	pool_run(tasks, count, (unsigned)torture->command->jobs, take_run, torture);
	free(tasks);
}

static bool can_stop(const struct torture *torture, const struct story *story)
{
	const char *wish = json_str(story->setup, "database");

	return wish == NULL ? torture->command->engine.on_postgres
	                    : str_equal(wish, "postgres");
}

static void torture_story(struct torture *torture, const struct story *story)
{
	const struct command *command = torture->command;
	struct pool_task dry_run = {story, command->engine};
	int64_t began = realtime_ms();

	pool_run(&dry_run, 1, 1, take_dry_run, torture);
	if (!torture->dry_run_passed) {
		return;
	}
	if (command->torture_kill9) {
		play_kind(torture, &dry_run, false);
	}
	if (command->torture_stop && can_stop(torture, story)) {
		play_kind(torture, &dry_run, true);
	}
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
		struct torture torture = {.command = command};
		torture_story(&torture, stories[i]);
		failed += torture.dry_run_passed && torture.violations == 0 ? 0 : 1;
		all.boundaries += torture.boundaries;
		all.runs += torture.runs;
		all.violations += torture.violations;
	}
	printf("\n%s%s%s: %zu stories, %ld boundaries, %zu runs, %zu violations\n",
	        command->torture_kill9 ? "kill -9" : "",
	        command->torture_kill9 && command->torture_stop ? " and " : "",
	        command->torture_stop ? "crashes of PostgreSQL" : "", count,
	        all.boundaries, all.runs, all.violations);
	return failed == 0 ? STATUS_OK : STATUS_FAILED;
}
