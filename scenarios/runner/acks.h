/* acks: what became of each envelope that Slack delivered: acknowledged once, twice,
 * late, never. Shared by `acked: all` and the invariant on acknowledgements. */
#ifndef RUNNER_ACKS_H
#define RUNNER_ACKS_H

#include "lib/buf.h"

#include "scenarios/runner/timeline.h"

struct acks;

struct acks *acks_create(void);
void acks_destroy(struct acks **acks);

/* Of all records, in order; those of no interest are passed over. */
void acks_add(struct acks *acks, const struct record *record);

size_t acks_events(const struct acks *acks); /* delivered at least once */
size_t acks_open(const struct acks *acks);   /* delivered, and no delivery acknowledged */
size_t acks_wrong(const struct acks *acks);  /* acknowledgements that came twice, late, on
                                                another connection, or for nothing */
/* The first delivery of that kind, or NULL. */
const struct record *acks_first_open(const struct acks *acks);
const struct record *acks_first_wrong(const struct acks *acks);
/* "all" bits for people: "12 events, 1 not acknowledged (Ev1),
 * late" */
void acks_describe(const struct acks *acks, struct buf *out);

#endif
