/* failure: what becomes of a message, an edit, a deletion, a reaction or a file that
 * Slack refuses, and in which words its sender hears of it. docs/errors.md is this table.
 */
#ifndef BRIDGE_FLOW_FAILURE_H
#define BRIDGE_FLOW_FAILURE_H

#include "bridge/queue/flow.h"

enum failure_outcome {
	FAILURE_WAITS, /* tried again, for ever, with what comes after it waiting */
	FAILURE_ASKS,  /* given up; the words say what somebody can do about it */
	FAILURE_ENDS,  /* given up; nothing can be done */
	FAILURE_FINE,  /* it is so already: counts as done */
};

struct failure {
	const char *name; /* Slack's error word */
	const char
	        *calls; /* letters: p chat.postMessage, u chat.update, d chat.delete,
	                   a reactions.add, r reactions.remove, f the calls for files */
	enum failure_outcome outcome;
	const char *words; /* after "Your message was not delivered to Slack: "; "" where
	                      nobody is told */
};

/* The table; ends with a name of NULL. */
extern const struct failure failures[];

/* NULL: not in the table; then the words are the error's own. */
const struct failure *failure_find(const char *name);

/* For flow_def::dead: tells the sender, as an answer to `event`, that `what` ("message",
 * "edit", "deletion", "reaction") was not delivered, and why. once: what it is said once
 * for; NULL: this job. */
void failure_tell(struct flow *flow, struct store_tx *tx, const char *what,
        const char *event, const char *once);

/* The error as the flows take it: refused tokens are waited for, and what may have been
 * carried out is not looked for before Slack has had the time to. */
struct err failure_judge(const struct err *err);

#endif
