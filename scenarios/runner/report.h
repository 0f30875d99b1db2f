/* report: what a run of many stories says: lines for people, TAP, JUnit, and results as
 * JSON lines for `scenario trace`. */
#ifndef RUNNER_REPORT_H
#define RUNNER_REPORT_H

#include "lib/err.h"

#include "scenarios/runner/engine.h"

struct report;

struct report_options {
	const char *tap_path;     /* NULL: none */
	const char *junit_path;   /* NULL: none */
	const char *results_path; /* NULL: none */
	bool keep_old_results;    /* of stories that are not played now */
	size_t planned;           /* how many stories there will be */
	uint64_t seed;
};

struct report *report_create(const struct report_options *options);
/* A line for people at once; the rest at the end. */
void report_add(struct report *report, const struct story *story,
        const struct engine_result *result);
/* Writes the files, says the summary, frees. Returns the exit status (README: 0 all
 * passed, 1 a failure, 3 the harness itself, 5 unknown, 77 all skipped); *err if a file
 * could not be written. */
int report_finish(struct report **report, struct err *err);

#endif
