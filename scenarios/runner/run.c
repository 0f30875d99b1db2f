#include "lib/json.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/command.h"
#include "scenarios/runner/files.h"
#include "scenarios/runner/pgserver.h"
#include "scenarios/runner/pool.h"
#include "scenarios/runner/report.h"
#include "scenarios/runner/setup.h"

#include <stdlib.h>
#include <unistd.h>

struct run {
	const struct command *command;
	struct report *report;
};

static bool take_result(size_t index, const struct pool_task *task,
        struct engine_result *result, void *arg)
{
	const struct run *run = arg;

	(void)index;
	report_add(run->report, task->story, result);
	return !run->command->fail_fast || result->verdict == VERDICT_PASS ||
	       result->verdict == VERDICT_SKIP || task->story->expect_fail != NULL;
}

static int run_once(
        const struct command *command, const struct story *const *stories, size_t count)
{
	struct pool_task *tasks = xcalloc(count + 1, sizeof(*tasks));
	autofree char *results = xasprintf("%s/results.jsonl", command->engine.out_dir);
	const struct report_options options = {
	        .tap_path = command->tap_path,
	        .junit_path = command->junit_path,
	        .results_path =
	                command->engine.kill_at == 0 && command->engine.torture_at == 0
	                        ? results
	                        : NULL,
	        .keep_old_results = command->selection_count > 0,
	        .planned = count,
	        .seed = (uint64_t)command->engine.seed,
	};
	struct report *report = report_create(&options);
	struct run run = {command, report};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < count; i++) {
		tasks[i] = (struct pool_task){stories[i], command->engine};
	}
	pool_run(tasks, count, (unsigned)command->jobs, take_result, &run);
	int status = report_finish(&report, &err);
	if (err.kind != ERR_NONE) {
		fprintf(stderr, "scenario: %s\n", err.msg);
	}
	free(tasks);
	return status;
}

static bool has_programs(const struct command *command)
{
	const char *const paths[] = {command->engine.bridge, command->engine.shim};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (access(paths[i], R_OK) != 0) {
			fprintf(stderr, "scenario: there is no %s: build it first\n",
			        paths[i]);
			return false;
		}
	}
	return folder_make(command->engine.out_dir);
}

/* Every run of that torture gets a server of its own: too many to make each anew. */
static bool make_template(struct command *command)
{
	struct err err = ERR_INIT;

	command->template = setup_shared_folder("template");
	if (!pgserver_make_template(command->template, &err)) {
		fprintf(stderr, "scenario: %s\n", err.msg);
		return false;
	}
	command->engine.postgres_template = command->template;
	return true;
}

/* True if there is nothing to do or the server runs. The stories share it, each with a
 * database of its own. */
static bool start_postgres(struct command *command, const struct story *const *stories,
        size_t count, struct pgserver **server)
{
	bool wanted = command->engine.on_postgres;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < count; i++) {
		wanted = wanted ||
		         str_equal(json_str(stories[i]->setup, "database"), "postgres");
	}
	if (!wanted) {
		return true;
	}
	setup_sweep();
	autofree char *dir = setup_shared_folder("pg");
	*server = pgserver_create(dir, &err);
	if (*server == NULL) {
		fprintf(stderr, "scenario: %s\n", err.msg);
		return false;
	}
	command->engine.postgres = pgserver_socket(*server);
	return !command->torture_stop || make_template(command);
}

int command_run(struct command *command)
{
	struct pgserver *server = NULL;
	const struct story **stories;
	struct story_set set;
	size_t count;
	int status = STATUS_USAGE;

	if (command_select(command, &set, &stories, &count) && has_programs(command) &&
	        start_postgres(command, stories, count, &server)) {
		bool tortures = command->torture_kill9 || command->torture_stop;
		status = tortures ? command_torture(command, stories, count)
		         : command->torture != TORTURE_NONE
		                 ? command_torture_calls(command, stories, count)
		         : command->repeat > 1 ? command_repeat(command, stories, count)
		                               : run_once(command, stories, count);
	}
	pgserver_destroy(&server);
	if (command->template != NULL) {
		folder_remove(command->template);
	}
	free(stories);
	story_set_finish(&set);
	return status;
}
