/* tally: a list of texts asked for, and which of them have come, how often and in what
 * order. */
#ifndef RUNNER_TALLY_H
#define RUNNER_TALLY_H

#include "lib/buf.h"
#include "lib/json.h"
#include <stdbool.h>
#include <stddef.h>

struct tally;

enum tally_state { TALLY_OPEN, TALLY_COMPLETE, TALLY_WRONG };

/* texts: an array of texts, copied; the same text may stand there several times.
 * in_order: they must come in this order; once: each no more often than it stands there.
 */
struct tally *tally_create(const cJSON *texts, bool in_order, bool once);
void tally_destroy(struct tally **tally);

/* False: not one of the texts asked for. */
bool tally_add(struct tally *tally, const char *text);
enum tally_state tally_state(const struct tally *tally);
/* "49 of 50.   missing: m27   duplicate: -   out of order: -" */
void tally_describe(const struct tally *tally, struct buf *out);
/* The first text that has not come, NULL if none. Borrowed. */
const char *tally_missing(const struct tally *tally);

#endif
