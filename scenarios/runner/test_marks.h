/* test_marks: unit tests that show a requirement say so in a comment right above the
 * function, or for a whole file at its top: "proves: CONF-07, CONF-04" and nothing else.
 */
#ifndef RUNNER_TEST_MARKS_H
#define RUNNER_TEST_MARKS_H

#include "scenarios/runner/requirements.h"

struct test_mark {
	struct requirement_link link; /* its file is the path below */
	char *path;                   /* "tests/unit/test_config.c" */
	char *test; /* "test_every_exit_code", or "test_config" for the whole file */
};

struct test_marks {
	struct test_mark *items; /* by path, then as in the file */
	size_t count;
};

/* Reads the *.c files of a folder. IDs that are not known are problems. Finish in any
 * case. */
void test_marks_read(const char *dir, const struct requirements *requirements,
        struct test_marks *out, struct story_problems *problems);
void test_marks_finish(struct test_marks *marks);

#endif
