/* ledger: what people wrote into bridged conversations and what became of it on the other
 * side, read off the timeline: for each message where it stands, if anywhere, and what
 * stands there too often.
 *
 * A message is known by any text that its author gave it: an edit may be all that
 * arrives.
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
	const char *conversation;    /* name of the pair; borrowed from the record */
	const struct record *source; /* the message as written */
	const struct record
	        *arrived;           /* NULL: it has not; of a long one the first piece */
	const struct record *again; /* it stands there a second time; NULL: it does not */
	/* All that it is there: arrived, further pieces of a long one in order, and, of a
	 * Slack reply that was sent to the channel too, the copy outside the thread. */
	const struct record **parts;
	size_t part_count;
	const struct record *told; /* its sender heard that it could not be, or NULL */
};

struct ledger;

struct ledger *ledger_create(const struct timeline *timeline);
void ledger_destroy(struct ledger **ledger);

/* The pair a message stands in, NULL if it is none, or if the room was not there yet. */
const char *ledger_conversation(const struct ledger *ledger, const struct record *record);

/* In the order in which people wrote. */
size_t ledger_count(const struct ledger *ledger);
const struct entry *ledger_get(const struct ledger *ledger, size_t index);

/* The notice, after `since`, by which the bridge said in a conversation that something
 * could not be done; NULL: none. */
const struct record *ledger_told(
        const struct ledger *ledger, const char *conversation, size_t since);

#endif
