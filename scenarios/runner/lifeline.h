/* lifeline: the life of one message: every item of the evidence that is about it, found
 * by its IDs. Slack's timestamp and event ID, the envelope, the Matrix event and its
 * transaction, the mark in a post's metadata, the key of its row: whatever stands for
 * the same message in one item leads to the items that know it by the other name. What
 * was done to it - edits, deletions, reactions - belongs to its life. */
#ifndef RUNNER_LIFELINE_H
#define RUNNER_LIFELINE_H

#include "scenarios/runner/evidence.h"

struct lifeline;

/* start: any of its IDs, or its text. evidence is borrowed. Never NULL; empty if nothing
 * knows it. */
struct lifeline *lifeline_create(const struct evidence *evidence, const char *start);
void lifeline_destroy(struct lifeline **lifeline);

size_t lifeline_count(const struct lifeline *lifeline);
/* In order; borrowed from the evidence. */
const cJSON *lifeline_get(const struct lifeline *lifeline, size_t index);
/* "ts 1767603600.006009, event_id EvTRMKC5D3RU, ...", in the order in which they were
 * found. Caller frees. */
char *lifeline_names(const struct lifeline *lifeline);

/* How far it came, as a sentence: where it was seen last, and what is missing after
 * that. Caller frees. */
char *lifeline_summary(const struct lifeline *lifeline);

#endif
