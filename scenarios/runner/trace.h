/* trace: what shows which requirement, gathered from the list, the scenarios, the last
 * results and the unit tests. */
#ifndef RUNNER_TRACE_H
#define RUNNER_TRACE_H

#include "lib/map.h"
#include "scenarios/runner/test_marks.h"

enum trace_state { TRACE_OPEN, TRACE_SHOWN, TRACE_FAILING };

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
};

struct trace {
	struct requirements requirements;
	struct test_marks marks;
	struct trace_file *files; /* in the order of the set */
	size_t file_count;
};

/* False if the requirements or the results cannot be read. results_path may name no file.
 */
bool trace_gather(struct trace *trace, const struct story_set *set, const char *spec_path,
        const char *results_path, const char *tests_dir, struct story_problems *problems);
void trace_finish(struct trace *trace);

enum trace_state trace_state_of(
        const struct trace *trace, const struct requirement *requirement);
bool trace_file_proves(const struct trace_file *file, const char *id);

/* The text of SPEC-TRACE.md. Caller frees. */
char *trace_report(const struct trace *trace);

#endif
