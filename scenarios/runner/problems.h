/* problems: what is wrong with the files, collected so that all of it is told at once. */
#ifndef RUNNER_PROBLEMS_H
#define RUNNER_PROBLEMS_H

#include "scenarios/runner/story.h"

/* Adds "file:line:column: sentence"; a line that is there already is not repeated (each
 * variation of a file is checked for itself). */
void story_problem(struct story_problems *problems, const struct story_pos *pos,
        const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* For "did you mean": the nearest of several names, offered one after another. */
struct nearest {
	const char *wanted;
	const char *best; /* NULL: none is near */
	unsigned distance;
};
void nearest_init(struct nearest *nearest, const char *wanted);
void nearest_offer(struct nearest *nearest, const char *name);

/* " (did you mean \"x\"?)" or "". Caller frees. */
char *nearest_hint(const struct nearest *nearest);

#endif
