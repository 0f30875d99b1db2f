/* fates: what became of messages after they were written, on either side: their edits,
 * deletions, reactions and threads, and whether both sides agree about them at the end.
 */
#ifndef RUNNER_FATES_H
#define RUNNER_FATES_H

#include "scenarios/runner/ledger.h"

struct fates;

/* Borrows both. */
struct fates *fates_create(const struct timeline *timeline, const struct ledger *ledger);
void fates_destroy(struct fates **fates);

/* The record by which this message was deleted, NULL if it was not. */
const struct record *fates_deleted(
        const struct fates *fates, const struct record *message);

struct disagreement {
	const struct entry *entry;   /* the message it is about */
	const struct record *record; /* the evidence */
	char *observed;              /* the caller's */
};

/* Each: true if both sides agree; otherwise *out is the first case. To be asked when
 * nothing is on its way any more. What people were told of is no case. */
bool fates_same_at_the_end(const struct fates *fates, struct disagreement *out);
bool fates_reactions(const struct fates *fates, struct disagreement *out);
bool fates_threads(const struct fates *fates, struct disagreement *out);

/* ---- for fates_reactions.c ---- */
const struct timeline *fates_timeline(const struct fates *fates);
/* The message with this key ("channel ts", or an event ID), NULL if it is in no pair. */
const struct entry *fates_entry(const struct fates *fates, const char *key);
bool fates_was_told(
        const struct fates *fates, const struct entry *entry, const struct record *since);

#endif
