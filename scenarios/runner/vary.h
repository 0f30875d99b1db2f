/* vary: the variations of one file: every combination of the values of its axes. */
#ifndef RUNNER_VARY_H
#define RUNNER_VARY_H

#include "scenarios/runner/expand.h"

enum { VARY_MAX = 1000 };

/* How many variations there are: 1 without `vary` (NULL), 0 if it is wrong (a problem
 * added). */
size_t vary_count(const struct tree_node *vary, struct story_problems *problems);

/* Sets the axes' variables to the values of variation `index`, the last axis running
 * fastest. Returns "[why=token_revoked,n=2]", or "" without axes. Caller frees. */
char *vary_select(const struct tree_node *vary, size_t index, struct scope *scope);

#endif
