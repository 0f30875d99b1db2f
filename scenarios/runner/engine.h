/* engine: plays one story in this process: hosts both simulators on a virtual clock, runs
 * the daemon under the shim, carries out the steps, and judges. */
#ifndef RUNNER_ENGINE_H
#define RUNNER_ENGINE_H

#include "scenarios/runner/story.h"

enum verdict {
	VERDICT_PASS,
	VERDICT_FAIL,    /* the daemon broke an expectation or an invariant */
	VERDICT_HARNESS, /* the runner or a simulator broke */
	VERDICT_UNKNOWN, /* the cap on real time was hit before a verdict */
	VERDICT_SKIP,
};
const char *verdict_to_str(enum verdict verdict);

enum { ENGINE_DEFAULT_SEED = 1 };

/* Which calls of the daemon fail. Kills and crashes have numbers of their own. */
enum torture_kind {
	TORTURE_NONE,
	TORTURE_OOM, /* an allocation fails */
	TORTURE_IO,  /* a call on a file fails */
	TORTURE_NET, /* a send or receive finds its connection reset */
};

struct engine_options {
	const char *program; /* the runner, as it was called: for the replay command */
	const char *bridge;  /* absolute path of the daemon's binary */
	const struct adapter *adapter; /* how another bridge is started; NULL: ours */
	const char *shim;              /* absolute path of shim.so */
	const char *out_dir; /* one folder per story is made in it: timeline.jsonl,
	                        daemon.log ... */
	const char *worlds_dir;
	int64_t seed;
	const char
	        *postgres; /* folder of a server's socket, for all stories; NULL: none */
	const char *postgres_template; /* a cluster to be copied; NULL: none */
	bool on_postgres;              /* stories that do not say use it */
	bool keep;                     /* keep the daemon's files of passed stories too */
	bool verbose;                  /* print the timeline as it grows */
	bool gdb;                      /* each life of the daemon is attached to by gdb */
	const char *gdb_script; /* which then does this file, in batch mode, or NULL */
	int64_t until;          /* with gdb: it is stopped after that record; 0: never */
	bool valgrind;          /* the daemon runs under it */
	enum torture_kind torture;
	int64_t torture_at; /* which call fails, from 1; 0: they are only counted */
	bool torture_lasts; /* all from there on, until the daemon ends or for a while */
	bool lanes;         /* draw the run as text when it is over */
	int64_t kill_at; /* torture: kill -9 around the k-th durable call: 2k before, 2k+1
	                 after; 0: no */
	int64_t stop_at; /* torture: the story's PostgreSQL server crashes at that instant
	                 and is started again; 0: no */
};

struct engine_result {
	enum verdict verdict;
	char *failure; /* the whole text for people; why it was skipped; NULL when
	                  passed */
	int64_t virtual_ms;
	int64_t real_ms;
	long durable_calls;  /* counted in this run; under torture: those that may fail */
	char *timeline_sha;  /* SHA-256 of the timeline, hex */
	char **requirements; /* shown by passed steps and the story's `proves` */
	size_t requirement_count;
	char **marks; /* requirements whose code the daemon went through (lib/mark.h), by
	                 name */
	size_t mark_count;
};

/* How long in real time the story may take: its limit, more under valgrind; INT64_MAX
 * under a debugger. */
int64_t engine_real_limit_ms(
        const struct story *story, const struct engine_options *opts);

/* Always fills *result. Runs in a process of its own: see pool. */
void engine_run(const struct story *story, const struct engine_options *opts,
        struct engine_result *result);
void engine_result_finish(struct engine_result *result);

#endif
