/* scenario: plays stories against the real daemon. See scenarios/README.md. */
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/command.h"
#include "scenarios/runner/trace.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int check(const struct command *command)
{
	const struct story **stories;
	struct story_set set;
	size_t count;
	int status = STATUS_USAGE;

	if (command->verbs) {
		story_write_manual(stdout);
		return STATUS_OK;
	}
	if (command_select(command, &set, &stories, &count)) {
		printf("%zu scenarios and variations, all as they must be\n", count);
		status = STATUS_OK;
	}
	free(stories);
	story_set_finish(&set);
	return status;
}

static int list(const struct command *command)
{
	const struct story **stories;
	struct story_set set;
	size_t count;
	bool ok = command_select(command, &set, &stories, &count);

	for (size_t i = 0; ok && i < count; i++) {
		printf("%-40s %s\n", stories[i]->id, stories[i]->title);
	}
	free(stories);
	story_set_finish(&set);
	return ok ? STATUS_OK : STATUS_USAGE;
}

static int trace(const struct command *command)
{
	struct story_problems problems = {0};
	const struct story **stories;
	struct story_set set;
	size_t count;
	int status = STATUS_USAGE;
	autofree char *results = xasprintf("%s/results.jsonl", command->engine.out_dir);
	autofree char *summary = NULL;
	const struct trace_places places = {.spec_dir = STORY_SPEC,
	        .results_path = results,
	        .tests_dir = "tests/unit",
	        .code_dir = "bridge",
	        .mutants_dir = "tests/mutants"};

	if (command_select(command, &set, &stories, &count)) {
		bool clean = story_trace(&set, &places, "SPEC-TRACE.md",
		        command->check_only, &summary, &problems);
		status = clean ? STATUS_OK : STATUS_TRACE;
	}
	for (size_t i = 0; i < problems.count; i++) {
		fprintf(stderr, "%s\n", problems.lines[i]);
	}
	if (summary != NULL) {
		printf("%s\n", summary);
	}
	story_problems_finish(&problems);
	free(stories);
	story_set_finish(&set);
	return status;
}

static int schema(void)
{
	autofree char *text = story_schema_text();

	fputs(text, stdout);
	return STATUS_OK;
}

/* ci/mutants builds and plays them; it takes the words as they are. */
static int mutants(const struct command *command)
{
	static const char program[] = "ci/mutants";
	autofree char *build = xstrndup(
	        command->shim, (size_t)(strrchr(command->shim, '/') - command->shim));
	char **args = xcalloc(command->selection_count + 2, sizeof(*args));

	args[0] = (char *)(uintptr_t)program;
	for (size_t i = 0; i < command->selection_count; i++) {
		args[i + 1] = (char *)(uintptr_t)command->selection[i];
	}
	setenv("BUILD", build, 1);
	execv(program, args);
	fprintf(stderr, "scenario: there is no %s here\n", program);
	free(args);
	return STATUS_HARNESS;
}

static int torture(struct command *command)
{
	bool is_said = command->torture_kill9 || command->torture_stop ||
	               command->torture != TORTURE_NONE;

	command->torture_kill9 = command->torture_kill9 || !is_said;
	return command_run(command);
}

static int dispatch(struct command *command)
{
	if (str_equal(command->name, "run")) {
		return command->watch ? command_watch(command) : command_run(command);
	}
	if (str_equal(command->name, "report")) {
		return command_report(command);
	}
	if (str_equal(command->name, "explain")) {
		return command_explain(command);
	}
	if (str_equal(command->name, "torture")) {
		return torture(command);
	}
	if (str_equal(command->name, "mutants")) {
		return mutants(command);
	}
	if (str_equal(command->name, "check")) {
		return check(command);
	}
	if (str_equal(command->name, "trace")) {
		return trace(command);
	}
	if (str_equal(command->name, "schema")) {
		return schema();
	}
	if (str_equal(command->name, "list")) {
		return list(command);
	}
	command_usage(stderr);
	return STATUS_USAGE;
}

int main(int argc, char **argv)
{
	struct command command;
	int status = STATUS_USAGE;

	signal(SIGPIPE, SIG_IGN);
	if (command_parse(argc, argv, &command)) {
		status = dispatch(&command);
	} else {
		command_usage(stderr);
	}
	command_finish(&command);
	return status;
}
