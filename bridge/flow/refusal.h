/* refusal: what becomes of a message, an edit, a deletion, a reaction or a file from
 * Slack that the homeserver refuses for good, and in which words the room hears of it.
 * docs/errors.md is this table. Its author on Slack cannot be told; those who wait for it
 * in the room can, and where the bridge may not speak there, the owner of the login. */
#ifndef BRIDGE_FLOW_REFUSAL_H
#define BRIDGE_FLOW_REFUSAL_H

#include "bridge/flow/failure.h"

struct refusal {
	const char *name; /* errcode */
	enum failure_outcome outcome;
	const char *words; /* "" where nobody is told */
};

/* The table; ends with a name of NULL. Sources: matrix-protocol notes, 3.1 to 3.8. */
extern const struct refusal refusals[];

/* NULL: not in the table; then the words are the homeserver's own. */
const struct refusal *refusal_find(const char *errcode);

/* For flow_def::dead of what came from Slack: says in the room `what` was not delivered
 * ("A message by Alice was not delivered"), why, and how it is tried again. reply_to: the
 * event it is about, or NULL. once: what it is said once for; NULL: this job. */
void refusal_tell(struct flow *flow, struct store_tx *tx, const char *what,
        const char *reply_to, const char *once);

#endif
