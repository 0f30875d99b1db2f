/* failure: what went wrong, as a text for people: what was expected, what was observed,
 * what came nearest, what was going on, and how to see it again. */
#ifndef RUNNER_FAILURE_H
#define RUNNER_FAILURE_H

#include "lib/json.h"

#include "scenarios/runner/story.h"
#include "scenarios/runner/timeline.h"

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
	const char *replay;       /* the command */
	const char *kept;         /* where the run's files are */
};

/* Caller frees. */
char *failure_to_str(const struct failure *failure, const struct timeline *timeline,
        int64_t virtual_us, int64_t real_ms);

#endif
