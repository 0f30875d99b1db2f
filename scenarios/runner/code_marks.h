/* code_marks: where the daemon's code says that it fulfils a requirement: REQ("SOCK-05"),
 * see lib/mark.h. */
#ifndef RUNNER_CODE_MARKS_H
#define RUNNER_CODE_MARKS_H

#include "scenarios/runner/requirements.h"

struct code_mark {
	struct requirement_link link; /* its file is the path below */
	char *path;                   /* "bridge/slack/socket.c" */
	char *function;               /* "take_envelope" */
};

struct code_marks {
	struct code_mark *items; /* by path, then as in the file */
	size_t count;
};

/* Reads the *.c of a folder and of those below it. IDs that are not known are problems.
 * Finish in any case. */
void code_marks_read(const char *dir, const struct requirements *requirements,
        struct code_marks *out, struct story_problems *problems);
void code_marks_finish(struct code_marks *marks);

#endif
