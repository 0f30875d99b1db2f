/* trace: what shows which requirement: its text, the scenarios and their last results,
 * the code that was executed meanwhile, the mutants that were caught, the unit tests. */
#ifndef RUNNER_TRACE_H
#define RUNNER_TRACE_H

#include "lib/map.h"
#include "scenarios/runner/code_marks.h"
#include "scenarios/runner/mutants.h"
#include "scenarios/runner/test_marks.h"

enum trace_state {
	TRACE_OPEN,    /* nothing shows it */
	TRACE_FAILING, /* a scenario that names it failed */
	TRACE_SHALLOW, /* shown, but for what trace_lack() says */
	TRACE_DEEP,    /* shown, by code that was executed, and a mutant was killed */
	TRACE_STATES,
};

enum trace_result { /* of a file with all its variations; the worst one counts */
	TRACE_NOT_RUN,
	TRACE_PASSED,
	TRACE_SKIPPED,
	TRACE_KNOWN_FAILURE, /* it failed, and its expect_fail says that it does */
	TRACE_FAILED,
};
const char *trace_result_to_str(enum trace_result result);

struct trace_file {                /* one scenario file */
	const struct story *first; /* borrowed: its first variation */
	size_t variations;
	enum trace_result result;
	char *which; /* the first variation that gave the result, if not all passed; or
	                NULL */
	struct map *executed; /* requirements whose marks were passed; borrowed values */
};

struct trace {
	struct requirements requirements;
	struct test_marks tests;
	struct code_marks code;
	struct mutants mutants;
	struct trace_file *files; /* in the order of the set */
	size_t file_count;
};

struct trace_places {
	const char *spec_dir;
	const char *results_path; /* JSONL written by a run; may name no file */
	const char *tests_dir, *code_dir, *mutants_dir;
};

/* False if the requirements or the results cannot be read. Finish in either case. */
bool trace_gather(struct trace *trace, const struct story_set *set,
        const struct trace_places *places, struct story_problems *problems);
void trace_finish(struct trace *trace);

enum trace_state trace_state_of(
        const struct trace *trace, const struct requirement *requirement);
/* What a shallow one lacks: "no scenario", "no mark in the code", "mark not executed",
 * "no mutant", "no mutant killed", or several. Caller frees. */
char *trace_lack(const struct trace *trace, const struct requirement *requirement);
bool trace_file_proves(const struct trace_file *file, const char *id);
/* Whether a passed scenario that names the requirement went through a mark of it. */
bool trace_is_executed(const struct trace *trace, const char *id);
/* How many requirements are in that state. */
size_t trace_count(const struct trace *trace, enum trace_state state);

/* Outdated links and texts that changed. */
void trace_check_links(const struct trace *trace, struct story_problems *problems);

/* The text of SPEC-TRACE.md. Caller frees. */
char *trace_report(const struct trace *trace);

#endif
