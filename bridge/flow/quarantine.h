/* quarantine: one poison message cannot keep the bridge down (CRASH-05).
 *
 * A crash report (bridge/ops/crash.h) names the row of the inbox in whose step the
 * process broke. The next start counts that against the row, in one commit, before any
 * row is worked on: the first time the row gets its second chance; the second time it is
 * set aside, its conversation goes on, and people are told. An event at which the process
 * broke before it had a row - while it was taken in - is counted by its sender's ID, and
 * the second time left out at the door: otherwise the homeserver would bring it for ever.
 *
 * Nothing is counted, and nothing written, while all is well; a kill -9, a power loss or
 * the kernel's out-of-memory killer leaves no report and so accuses nobody. */
#ifndef BRIDGE_QUARANTINE_H
#define BRIDGE_QUARANTINE_H

#include "bridge/flow/app.h"

enum { QUARANTINE_AFTER = 2 }; /* crashes */

struct quarantine;

/* What the last run crashed at; all zero: it did not. Borrowed for the call. */
struct quarantine_crash {
	int64_t job;        /* 0, or a row that is done by now: nothing to count */
	const char *source; /* "" or NULL: none */
	const char *event;  /* its kind, for the notice */
};

/* The counting is committed, and app->poison known; or (err) not. */
typedef void quarantine_done_fn(const struct err *err, void *arg);
struct quarantine *quarantine_begin(struct app *app, const struct quarantine_crash *crash,
        quarantine_done_fn *done, void *arg);
/* done() will not run. NULL is fine. */
void quarantine_cancel(struct quarantine **quarantine);

/* For the doors: begins to take in the event of that ID; whose: "m:" or "s:". False: it
 * is to be left out. */
bool quarantine_enter(struct app *app, const char *whose, const char *id);
void quarantine_leave(void);

#endif
