/* adapter: a file that says how some bridge is started and what it can do, so that the
 * same scenarios can be played against it. See scenarios/bridges/. */
#ifndef RUNNER_ADAPTER_H
#define RUNNER_ADAPTER_H

#include "scenarios/runner/problems.h"

struct adapter {
	char *name;
	char *dir;        /* the folder of the file, absolute: ${here} */
	char **start;     /* its command line, with references; NULL-terminated */
	char *config;     /* the text of its configuration file, with references; NULL:
	                     the runner's own kind */
	char *ready;      /* in the line that it writes when it is ready; NULL: it says so
	                     as a JSON log line "Bridge started" */
	char *worlds_dir; /* looked into before the common one; NULL: none */
	char **gives;     /* abilities, see adapter_lack(); NULL-terminated */
	bool gives_all;
	char **claims; /* requirements; NULL-terminated; NULL: all of them */
};

/* False if there was any problem; it has been added. Finish in either case. */
bool adapter_read(const char *path, struct adapter *out, struct story_problems *problems);
void adapter_finish(struct adapter *adapter);

/* Why the story cannot be played against that bridge, in a sentence; NULL: it can. Caller
 * frees. A story says what it needs beside the requirements that it shows (its `needs`,
 * and those of its world), and some things are seen from its steps:
 *
 *   command-line   it runs the bridge as a command, with the flags and files of ours
 *   configuration  it changes keys of the configuration, or what surrounds the process
 *   database       it stops or locks the database, or wants a certain one
 *   faults         it breaks the process from within (a library's call, in C)
 *   log            it looks at lines of the log */
char *adapter_lack(const struct adapter *adapter, const struct story *story);

#endif
