/* command: the command line of `scenario`, and its commands. Each returns an exit status:
 *
 *   0 all passed   1 a story or an invariant failed   2 usage, or a scenario is wrong
 * (nothing was run)   3 the harness itself   4 the trace is not clean   5 unknown: the
 * cap on real time 77 everything was skipped */
#ifndef RUNNER_COMMAND_H
#define RUNNER_COMMAND_H

#include "scenarios/runner/engine.h"
#include "scenarios/runner/story.h"

enum {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_HARNESS = 3,
	STATUS_TRACE = 4,
	STATUS_UNKNOWN = 5,
	STATUS_SKIPPED = 77,
};

struct command {
	const char *name; /* run, check, explain, report ... */
	const char *
	        *selection; /* files, story IDs, requirement IDs, tags; NULL-terminated */
	size_t selection_count;
	struct engine_options engine;
	int64_t jobs; /* 0: as many as there are processors */
	int64_t repeat;
	bool torture_kill9, torture_stop;
	enum torture_kind torture; /* of calls: oom, io, net */
	int64_t torture_count;     /* instants, by the seed; 0: all */
	bool fail_fast;            /* nothing is begun after the first failure */
	bool check_only;           /* trace --check */
	bool verbs;                /* check --verbs */
	bool bytes;                /* explain --bytes */
	const char *tap_path, *junit_path;
	bool watch;
	char *bridge, *shim, *gdb_script, *template; /* owned, of engine */
	struct adapter *adapter; /* owned, of engine; NULL: none was given */
};

/* False (a sentence on standard error) if it is not one. argv is borrowed. */
bool command_parse(int argc, char **argv, struct command *out);
void command_finish(struct command *command);
void command_usage(FILE *out);

/* The stories meant: all, or the selected ones. False (problems on standard error): none
 * may run. */
bool command_select(const struct command *command, struct story_set *set,
        const struct story ***selected, size_t *count);

int command_run(struct command *command);
/* command_run() again and again, until it is interrupted. */
int command_watch(struct command *command);
int command_explain(const struct command *command);
int command_report(const struct command *command);
int command_torture(
        const struct command *command, const struct story *const *stories, size_t count);
int command_torture_calls(
        const struct command *command, const struct story *const *stories, size_t count);
int command_repeat(
        const struct command *command, const struct story *const *stories, size_t count);

#endif
