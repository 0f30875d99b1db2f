/* requirements: the numbered texts that scenarios, tests, marks in the code and mutants
 * refer to. They are kept in scenarios/spec/, see its README. */
#ifndef RUNNER_REQUIREMENTS_H
#define RUNNER_REQUIREMENTS_H

#include "scenarios/runner/problems.h"

enum { REQUIREMENT_HASH_CHARS = 8 };

struct requirement {
	char *id; /* "SOCK-05" */
	char *title;
	char *text;              /* its paragraphs, white space as single blanks */
	struct story_pos pos;    /* of its heading; owned */
	struct story_pos status; /* of its last line; the file is borrowed from pos */
	int revision;            /* from 1 */
	bool needs_code; /* a mark that a scenario executed, and a mutant that it killed
	                  */
	char written_hash[REQUIREMENT_HASH_CHARS + 1]; /* as its last line says */
	char hash[REQUIREMENT_HASH_CHARS + 1];         /* of its title and text */
};

struct requirements {
	struct requirement *items; /* file by file, in the files' order */
	size_t count;
};

/* Reads the *.md of a folder apart from README.md, by name. False if there was any
 * problem; it has been added. Finish in either case. */
bool requirements_read(
        const char *dir, struct requirements *out, struct story_problems *problems);
void requirements_finish(struct requirements *requirements);

const struct requirement *requirements_find(
        const struct requirements *requirements, const char *id);

/* A reference such as "SOCK-05" (to revision 1) or "SOCK-05~2". */
struct requirement_link {
	char *id;
	int revision;
	struct story_pos pos; /* the file is borrowed */
};
/* Reads one and says whether the requirement is there, in whatever revision; a problem
 * with the nearest ID otherwise. *out may be NULL; its id is the caller's to free. */
bool requirements_check(const struct requirements *requirements, const char *text,
        const struct story_pos *pos, struct requirement_link *out,
        struct story_problems *problems);
/* A problem, and false, if the text has changed its meaning since the link was made. */
bool requirements_check_revision(const struct requirements *requirements,
        const struct requirement_link *link, struct story_problems *problems);
/* Problems for texts that changed without a word about it. */
void requirements_check_texts(
        const struct requirements *requirements, struct story_problems *problems);

#endif
