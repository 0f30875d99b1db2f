/* file_ledger: which files people sent into bridged conversations and what became of them
 * on the other side, read off the timeline. A file is known by the SHA-256 of its bytes:
 * one that comes cut or changed has not come. */
#ifndef RUNNER_FILE_LEDGER_H
#define RUNNER_FILE_LEDGER_H

#include "scenarios/runner/invariants.h"
#include "scenarios/runner/ledger.h"

/* Every file stands on the other side, or a notice with its name does (to Slack: any
 * notice that answers it); none stands there twice; and none came after what was written
 * later, unless people were told that it would follow. at_rest: nothing is still on its
 * way. False and *out: the first that is not so. */
bool file_ledger_check(const struct timeline *timeline, const struct ledger *ledger,
        bool at_rest, struct violation *out);

#endif
