/* quarantine: one poison message cannot keep the bridge down (CRASH-05).
 *
 * A crash report (bridge/ops/crash.h) names the row of the inbox in whose step the
 * process broke. The next start counts that against the row, in one commit, before any
 * row is worked on: the first time the row gets its second chance; the second time it is
 * set aside, its conversation goes on, and people are told. Nothing is counted, and
 * nothing written, while all is well; a kill -9, a power loss or the kernel's
 * out-of-memory killer leaves no report and so accuses nobody. */
#ifndef BRIDGE_QUARANTINE_H
#define BRIDGE_QUARANTINE_H

#include "bridge/flow/app.h"

enum { QUARANTINE_AFTER = 2 }; /* crashes */

/* The counting is committed, or (err) was not. */
typedef void quarantine_done_fn(const struct err *err, void *arg);

struct quarantine;

/* Counts a crash against the row `job` (0, or a row that is done by now: nothing to
 * count). event: its kind, for the notice. */
struct quarantine *quarantine_count(struct app *app, int64_t job, const char *event,
        quarantine_done_fn *done, void *arg);
/* done() will not run. NULL is fine. */
void quarantine_cancel(struct quarantine **quarantine);

#endif
