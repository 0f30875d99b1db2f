/* ledger: what people wrote into bridged conversations and what became of it on the other
 * side, read off the timeline: for each message where it stands, if anywhere, and what
 * stands there too often.
 *
 * A Slack channel and a Matrix room are a pair when the appservice made the room and both
 * have the same name at the end. A message counts from the moment the room was there; one
 * from Slack also before that, if its event was acknowledged. */
#ifndef RUNNER_LEDGER_H
#define RUNNER_LEDGER_H

#include "scenarios/runner/timeline.h"

enum direction { SLACK_TO_MATRIX, MATRIX_TO_SLACK };
const char *direction_to_str(enum direction direction);

struct entry {
	enum direction direction;
	const char *conversation;     /* name of the pair; borrowed from the record */
	const struct record *source;  /* the message as written */
	const struct record *arrived; /* NULL: it has not */
	const struct record *again; /* it stands there a second time; NULL: it does not */
	const struct record *told;  /* its sender heard that it could not be, or NULL */
};

struct ledger;

struct ledger *ledger_create(const struct timeline *timeline);
void ledger_destroy(struct ledger **ledger);

/* The pair a message stands in, NULL if it is none, or if the room was not there yet. */
const char *ledger_conversation(const struct ledger *ledger, const struct record *record);

/* In the order in which people wrote. */
size_t ledger_count(const struct ledger *ledger);
const struct entry *ledger_get(const struct ledger *ledger, size_t index);

#endif
