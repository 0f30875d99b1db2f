/* expect: one `expect` or `never` while it is in force: fed with the timeline as it
 * grows, it says when it is met, when it is broken for good, and what it has seen.
 *
 * A single-event expect looks behind the cursor of its tap. Series and totals judge
 * everything since the world was ready. */
#ifndef RUNNER_EXPECT_H
#define RUNNER_EXPECT_H

#include "lib/buf.h"
#include "lib/err.h"

#include "scenarios/runner/timeline.h"

struct expect;

enum expect_state {
	EXPECT_WAITING,
	EXPECT_MET,
	EXPECT_BROKEN, /* nothing that may still come can mend it */
};

struct expect_range {
	size_t after_cursor; /* index of the first record behind the tap's cursor */
	size_t since_ready;  /* index of the first record since the world was ready */
	size_t now; /* index of the first record still to come: where a never begins */
};

/* verb is "expect" or "never"; args as the story has them, all references replaced. NULL
 * and *err if they mean nothing. */
struct expect *expect_create(const char *verb, const cJSON *args,
        const struct expect_range *range, struct err *err);
void expect_destroy(struct expect **expect);

/* Looks at what is new. */
enum expect_state expect_look(struct expect *expect, const struct timeline *timeline);
/* The deadline has come: met or broken. */
enum expect_state expect_end(struct expect *expect);

/* The record that met it, NULL if it was none alone. A single-event expect moves its
 * tap's cursor behind it: expect_moves_cursor(). */
const struct record *expect_record(const struct expect *expect);
bool expect_moves_cursor(const struct expect *expect);
enum tap expect_tap(const struct expect *expect);

/* For the failure's text: what was asked for, and what was seen. */
void expect_describe(
        const struct expect *expect, struct buf *expected, struct buf *observed);
/* The record most like the one asked for (of a series: like the first missing one; of a
 * never: the one that broke it), NULL if nothing is like it. *why: in what it differs,
 * NULL if that need not be said; the caller's to free. */
const struct record *expect_nearest(
        const struct expect *expect, const struct timeline *timeline, char **why);
/* The text of the first missing message of a series, NULL if there is none. Borrowed. */
const char *expect_missing_text(const struct expect *expect);

#endif
