/* --repeat: the same story several times must give the same timeline, byte for byte. */
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/command.h"
#include "scenarios/runner/files.h"
#include "scenarios/runner/play.h"
#include "scenarios/runner/pool.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TIMELINE_BYTES = 512 * 1024 * 1024 };

struct repeat {
	const struct command *command;
	char *first_sha; /* of the story being repeated; NULL: it did not come to an end
	                  */
	bool differs;    /* that story, in one run at least */
	size_t same, differing, failed;
};

static char *timeline_of(const struct pool_task *task)
{
	autofree char *dir = play_out_dir(&task->options, task->story);
	autofree char *path = xasprintf("%s/timeline.jsonl", dir);

	return file_read(path, MAX_TIMELINE_BYTES, NULL);
}

static void print_difference(const char *first, const char *other)
{
	for (int line = 1; *first != '\0' || *other != '\0'; line++) {
		size_t n = strcspn(first, "\n"), m = strcspn(other, "\n");
		if (n != m || memcmp(first, other, n) != 0) {
			printf("  line %d of the first run:  %.*s\n  line %d of this run:       %.*s\n",
			        line, (int)n, first, line, (int)m, other);
			return;
		}
		first += n + (first[n] == '\n' ? 1 : 0);
		other += m + (other[m] == '\n' ? 1 : 0);
	}
}

/* The first of a story's runs is the measure of the others. */
static bool take_result(size_t index, const struct pool_task *task,
        struct engine_result *result, void *arg)
{
	struct repeat *repeat = arg;
	size_t run = index % (size_t)repeat->command->repeat;

	if (result->verdict != VERDICT_PASS) {
		repeat->failed++;
		printf("FAIL  %s, run %zu\n\n%s\n", task->story->id, run + 1,
		        result->failure != NULL ? result->failure : "");
	}
	if (run == 0) {
		str_replace(&repeat->first_sha, result->timeline_sha);
		repeat->differs = false;
		repeat->same++;
	} else if (str_equal(repeat->first_sha, result->timeline_sha)) {
		repeat->same++;
	} else {
		repeat->differs = true;
		repeat->differing++;
		autofree char *first = timeline_of(task - run);
		autofree char *other = timeline_of(task);
		printf("DIFF  %s, run %zu\n", task->story->id, run + 1);
		if (first != NULL && other != NULL) {
			print_difference(first, other);
		}
	}
	if (run + 1 == (size_t)repeat->command->repeat) {
		printf("%s  %s  %lld runs  %s\n", repeat->differs ? "DIFF" : "same",
		        task->story->id, (long long)repeat->command->repeat,
		        repeat->first_sha != NULL ? repeat->first_sha : "");
	}
	fflush(stdout);
	return true;
}

static char *run_dir(const struct command *command, size_t run)
{
	return xasprintf("%s/repeat-%zu", command->engine.out_dir, run + 1);
}

int command_repeat(
        const struct command *command, const struct story *const *stories, size_t count)
{
	struct repeat repeat = {.command = command};
	size_t repeats = (size_t)command->repeat, total = count * repeats;
	struct pool_task *tasks = xcalloc(total + 1, sizeof(*tasks));
	char **dirs = xcalloc(repeats, sizeof(*dirs));

	for (size_t run = 0; run < repeats; run++) {
		dirs[run] = run_dir(command, run);
		folder_make(dirs[run]);
	}
	for (size_t i = 0; i < total; i++) {
		tasks[i] = (struct pool_task){stories[i / repeats], command->engine};
		tasks[i].options.out_dir = dirs[i % repeats];
		tasks[i].options.keep = true;
	}
	pool_run(tasks, total, (unsigned)command->jobs, take_result, &repeat);
	printf("\n%zu runs alike, %zu different, %zu failed\n", repeat.same,
	        repeat.differing, repeat.failed);
	for (size_t run = 0; run < repeats; run++) {
		if (repeat.differing == 0 && !command->engine.keep) {
			folder_remove(dirs[run]);
		}
		free(dirs[run]);
	}
	free(dirs);
	free(tasks);
	free(repeat.first_sha);
	return repeat.failed > 0      ? STATUS_FAILED
	       : repeat.differing > 0 ? STATUS_HARNESS
	                              : STATUS_OK;
}
