/* crash: when the program itself is at fault (CRASH-04).
 *
 * SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP and SIGSYS leave a report - version,
 * build ID, signal, kind of the last event, backtrace with function names - on standard
 * error and in a file, one fatal line in each log, and then the process dies by that
 * signal: no supervisor can take it for an exit status. The handler runs on a stack of
 * its own and calls nothing that allocates or locks. No data is in a report: names of our
 * own functions and of kinds of events, and numbers.
 *
 * The file also says in the handling of which stored event it happened, so that the next
 * start can count (bridge/queue/quarantine.h). kill -9, power loss and the kernel's
 * out-of-memory killer leave no report, and accuse no event. */
#ifndef BRIDGE_CRASH_H
#define BRIDGE_CRASH_H

#include "lib/err.h"

#include <stdbool.h>
#include <stdint.h>

/* What the previous run left behind. */
struct crash_report {
	char signal[16];
	char event[64];
	char version[32];
	char where[128]; /* the innermost functions of ours */
	char source[64]; /* ID of the event that was being taken in; "": none */
	int64_t job;     /* 0: in no event's handling */
};

/* The file of reports beside a configuration file, or in systemd's $STATE_DIRECTORY.
 * Caller frees. */
char *crash_path(const char *config_path);

/* True if there is a report there that was not settled yet. */
bool crash_read(const char *path, struct crash_report *out);
/* The report has been dealt with: it stays for people to read, and is not counted again.
 */
void crash_settle(const char *path);

/* Handles faults from here on. path: where the report goes, which is opened now, mode
 * 0600; NULL: to standard error and the log alone. False and *err if it cannot be opened;
 * faults are handled all the same. */
bool crash_install(const char *path, struct err *err);

#endif
