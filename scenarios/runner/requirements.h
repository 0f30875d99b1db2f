/* requirements: the numbered list that scenarios and tests refer to. */
#ifndef RUNNER_REQUIREMENTS_H
#define RUNNER_REQUIREMENTS_H

#include "scenarios/runner/problems.h"

struct requirement {
	char *id; /* "SOCK-05" */
	char *title;
	char *text;
};

struct requirements {
	struct requirement *items; /* in the file's order */
	size_t count;
};

/* False if there was any problem; it has been added. Finish in either case. */
bool requirements_read(
        const char *path, struct requirements *out, struct story_problems *problems);
void requirements_finish(struct requirements *requirements);

const struct requirement *requirements_find(
        const struct requirements *requirements, const char *id);

/* True if it is known; a problem with the nearest ID otherwise. */
bool requirements_check(const struct requirements *requirements, const char *id,
        const struct story_pos *pos, struct story_problems *problems);

#endif
