/* invariants: what must be true after every story, whatever it was about, read off the
 * timeline.
 *
 *   I1 no loss           what people wrote into bridged conversations stands on the other
 * side, or its sender was told I2 no duplicate      and stands there once I3 order in the
 * order of each conversation and direction I5 acknowledgement   every event is
 * acknowledged, once and in time (that it was stored before is I1 after a kill) I6 no
 * secret         in what the daemon writes (checked by the owner: secrets.h) I8 clean no
 * error in the log, no report of a sanitizer, no end that nobody asked for, unless a step
 * expected it I10 same at the end   a message reads on both sides as its author left it,
 * or is deleted on both I11 reactions         as many on both sides as people made and
 * did not take back I12 threads           a reply stands in the same thread on both sides
 */
#ifndef RUNNER_INVARIANTS_H
#define RUNNER_INVARIANTS_H

#include "scenarios/runner/timeline.h"

struct invariant_context {
	bool order_may_differ; /* an event could not be stored for a while: it comes when
	                          Slack sends it again, after what was written meanwhile
	                        */
	bool at_rest; /* the daemon runs and nobody has anything left to do: nothing is on
	                 its way */
};

struct violation {
	const char *what; /* "I1 no loss" */
	char *expected, *observed;
	const struct record *record; /* the evidence, or NULL */
	char *lost_text;             /* of I1; otherwise NULL */
};

/* True if all hold; otherwise *out is the first that does not (I8 before the others: a
 * crash explains the rest). */
bool invariants_check(const struct timeline *timeline,
        const struct invariant_context *context, struct violation *out);
void violation_finish(struct violation *violation);

#endif
