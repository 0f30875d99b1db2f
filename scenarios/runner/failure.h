/* failure: what went wrong, as a text for people: what was expected, what was observed,
 * what came nearest, how far the lost message came, what was going on, and how to see it
 * again. The first line can be searched for: FAIL file:line:column. */
#ifndef RUNNER_FAILURE_H
#define RUNNER_FAILURE_H

#include "lib/json.h"

#include "scenarios/runner/story.h"
#include "scenarios/runner/timeline.h"

struct evidence;

struct failure { /* all borrowed */
	const struct story *story;
	const struct story_step
	        *step;    /* NULL: of none, such as an invariant at the end */
	const char *what; /* "expect", "I1 no loss" */
	const char *expected, *observed;
	const struct record *nearest; /* NULL: none */
	const char *nearest_why;      /* how it differs; NULL: not said */
	const char *lost_text;    /* the message whose last signs of life are shown; NULL:
	                             none */
	const cJSON *pending;     /* what the simulators still have to do, or NULL */
	const struct record *end; /* the daemon's unasked end, or NULL */
	const struct evidence *evidence; /* for the life of the lost message, or NULL */
	int64_t seed;
	const char *sut;     /* what was tested: "matrix-slack-bridge@3f2c1a09" */
	const char *replay;  /* the command */
	const char *debug;   /* the command that stops in a debugger there, or NULL */
	const char *explain; /* the command that shows the life of a message, or NULL */
	const char *kept;    /* where the run's files are, or NULL */
	int64_t virtual_us, real_ms;
};

/* Caller frees. */
char *failure_to_str(const struct failure *failure, const struct timeline *timeline);

#endif
