/* check: one step, from YAML with its variables replaced to what the engine plays. */
#ifndef RUNNER_CHECK_H
#define RUNNER_CHECK_H

#include "scenarios/runner/expand.h"
#include "scenarios/runner/requirements.h"

struct step_rules { /* all borrowed */
	const struct requirements *requirements;
	char *const *proves; /* of the scenario: what `req` may name */
	size_t proves_count;
	bool in_world; /* a world shows no requirement, and others may use what it saves
	                */
	struct scope *scope;
	struct story_problems *problems;
};

/* Fills *out in any case (verb and args are set unless a problem was added). */
void step_read(const struct step_rules *rules, const struct tree_node *node, int number,
        struct story_step *out);
void step_finish(struct story_step *step);
void step_copy(const struct story_step *from, struct story_step *to);

/* " (did you mean \"slack.post\"?)" or "". Caller frees. */
char *verb_hint(const char *wanted);

#endif
