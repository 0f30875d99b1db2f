/* daemon: one life of the daemon's process: started under the shim, read, stopped,
 * killed.
 *
 * It knows nothing of stories: lines and the end are handed to the owner, from
 * vtime_run(). */
#ifndef RUNNER_DAEMON_H
#define RUNNER_DAEMON_H

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/json.h"

#include "scenarios/runner/vtime.h"
#include "scenarios/runner/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct daemon;

enum daemon_stream { DAEMON_STDOUT, DAEMON_STDERR };

struct daemon_options {
	const char *program; /* absolute path */
	/* Words before it, NULL-terminated, the first a program found by PATH; NULL: none
	 */
	const char *const *wrapper;
	const char *shim;        /* absolute path */
	bool memory_fails;       /* with memory.so too, which lies beside the shim */
	const char *const *args; /* after the program's name, NULL-terminated */
	const char *dir;         /* its working directory and HOME */
	/* What is around it: {"env": {...}, "limits": {...}, "sandbox": [...]}, see
	 * sandbox.h; borrowed; NULL: nothing */
	const cJSON *around;
	int log_fd;        /* gets a copy of all it writes; borrowed; -1: none */
	struct wire *wire; /* gets what it sends, hears and asks; borrowed */
	/* One line it wrote, without its end, NUL-terminated and borrowed. */
	void (*line)(enum daemon_stream stream, const char *line, void *arg);
	void *arg;
};

/* The process runs from here on and is vtime's party. */
struct daemon *daemon_start(
        struct vtime *vtime, const struct daemon_options *options, struct err *err);

/* vtime_run() finds the effect. After SIGKILL the process is gone when this returns. */
void daemon_signal(struct daemon *daemon, int signum);

int daemon_pid(const struct daemon *daemon);

struct daemon_end {
	int exit;   /* status, -1 if it died by a signal */
	int signum; /* 0 if it ended by itself */
	/* All it wrote, up to a cap; the caller's to free. */
	char *output[2];
};
/* After VTIME_ENDED: reaps the process and frees the handle. */
void daemon_reap(struct daemon **daemon, struct daemon_end *end);
void daemon_end_finish(struct daemon_end *end);
/* Kills if it still runs, reaps, frees, says nothing. *daemon may be NULL. */
void daemon_destroy(struct daemon **daemon);

/* "SIGSEGV". Borrowed for ever. */
const char *signal_to_str(int signum);

#endif
