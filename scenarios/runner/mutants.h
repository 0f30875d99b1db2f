/* mutants: the seeded bugs of tests/mutants/, and which scenario caught each when they
 * were last played. See tests/mutants/README.md. */
#ifndef RUNNER_MUTANTS_H
#define RUNNER_MUTANTS_H

#include "scenarios/runner/requirements.h"

enum mutant_state {
	MUTANT_NOT_RUN, /* or its patch has changed since */
	MUTANT_KILLED,
	MUTANT_SURVIVED,
};

struct mutant {
	char *name; /* "001-ack-before-it-is-stored" */
	char *path;
	char *breaks;                   /* what it does wrong, in words */
	struct requirement_link *links; /* whose file is the path above */
	size_t link_count;
	enum mutant_state state;
	char *killed_by; /* a story's ID, if killed; or NULL */
};

struct mutants {
	struct mutant *items; /* by name */
	size_t count;
};

/* Reads the *.patch of a folder and its results.tsv, which may be missing. Heads that
 * lack something, requirements that are not known and results of no patch are problems.
 * Finish in any case. */
void mutants_read(const char *dir, const struct requirements *requirements,
        struct mutants *out, struct story_problems *problems);
void mutants_finish(struct mutants *mutants);

bool mutant_is_about(const struct mutant *mutant, const char *id);

#endif
