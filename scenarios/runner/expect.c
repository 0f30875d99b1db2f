#include "scenarios/runner/expect.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/acks.h"
#include "scenarios/runner/match.h"
#include "scenarios/runner/story.h"
#include "scenarios/runner/tally.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum expect_kind {
	EXPECT_ONE,
	EXPECT_NEVER,
	EXPECT_COUNT,
	EXPECT_TEXTS,
	EXPECT_EACH, /* one record, and no second one */
	EXPECT_ACKED,
};

struct expect {
	enum expect_kind kind;
	enum tap at;
	struct match *match;
	size_t first, next; /* indexes: where it begins, what it has not seen yet */
	enum expect_state state;
	const struct record *found; /* the first (of a never: only) one that matched */
	const struct record *last;  /* that matched */
	size_t found_count;
	size_t count_least, count_most;
	bool once;
	char *texts_as_written, *order;
	struct tally *tally;
	struct acks *acks;
};

/* ---------------------------------------------------------------- from the story's words
 */

/* A text stands in a message, in the call that made it and in the envelope that told of
 * it. Where a step does not say which of them it means, it means the message. */
static void assume_kind(struct expect *expect)
{
	static const char *const slack_says[] = {"kind", "call", "answered", "token",
	        "args", "ws", "envelope", "acked", "type", "event_id", "attempt",
	        "after_ms", "late", "status", "lost", "conn", "reason", NULL};
	static const char *const matrix_says[] = {"kind", "request", "push", "status",
	        "errcode", "replayed", "lost", "events", "attempt", "result", NULL};
	const char *const *says = expect->at == TAP_SLACK ? slack_says : matrix_says;

	if (expect->at == TAP_BRIDGE) {
		return;
	}
	bool names_a_text =
	        match_names(expect->match, "text") || expect->kind == EXPECT_TEXTS;
	bool is_said = match_count(expect->match) == 0 && !names_a_text;
	for (size_t i = 0; says[i] != NULL; i++) {
		is_said = is_said || match_names(expect->match, says[i]);
	}
	if (!is_said) {
		match_also(expect->match, "kind",
		        expect->at == TAP_SLACK ? "message" : "event");
	}
}

static bool read_texts(struct expect *expect, const cJSON *args, struct err *err)
{
	const cJSON *texts = json_get(args, "texts");
	cJSON *list = story_texts(texts, err);

	if (list == NULL) {
		return false;
	}
	expect->kind = EXPECT_TEXTS;
	expect->order = xstrdup(json_str_or(args, "order", "exact"));
	expect->texts_as_written =
	        cJSON_IsString(texts) ? xstrdup(texts->valuestring) : json_print(texts);
	expect->tally =
	        tally_create(list, strcmp(expect->order, "exact") == 0, expect->once);
	cJSON_Delete(list);
	return true;
}

static bool read_args(
        struct expect *expect, const char *verb, const cJSON *args, struct err *err)
{
	int64_t count = json_int(args, "count", -1);
	int64_t at_most = json_int(args, "at_most", -1);

	if (!tap_from_str(json_str_or(args, "at", ""), &expect->at)) {
		return err_set(err, ERR_PERMANENT, 0, "`at` names no tap");
	}
	if (json_get(args, "while") != NULL) {
		return err_set(err, ERR_PERMANENT, 0, "`while` knows no such time");
	}
	expect->once = strcmp(json_str_or(args, "each", "once"), "once") == 0;
	if (strcmp(verb, "never") == 0) {
		expect->kind = EXPECT_NEVER;
		return true;
	}
	if (str_equal(json_str(args, "acked"), "all")) {
		expect->kind = EXPECT_ACKED;
		expect->acks = acks_create();
		return true;
	}
	if (json_get(args, "texts") != NULL) {
		return read_texts(expect, args, err);
	}
	if (count >= 0 || at_most >= 0) {
		expect->kind = EXPECT_COUNT;
		expect->count_least = (size_t)(count >= 0 ? count : 1);
		expect->count_most = (size_t)(count >= 0 ? count : at_most);
	} else if (json_get(args, "each") != NULL) {
		expect->kind = EXPECT_EACH;
	}
	return true;
}

struct expect *expect_create(const char *verb, const cJSON *args,
        const struct expect_range *range, struct err *err)
{
	struct expect *expect = xcalloc(1, sizeof(*expect));

	expect->match = match_create(args, err);
	if (expect->match == NULL || !read_args(expect, verb, args, err)) {
		expect_destroy(&expect);
		return NULL;
	}
	assume_kind(expect);
	switch (expect->kind) {
	case EXPECT_ONE:
		expect->first = range->after_cursor;
		break;
	case EXPECT_NEVER:
		expect->first = range->now;
		break;
	case EXPECT_COUNT:
	case EXPECT_TEXTS:
	case EXPECT_EACH:
	case EXPECT_ACKED:
		expect->first = range->since_ready;
		break;
	}
	expect->next = expect->first;
	return expect;
}

void expect_destroy(struct expect **expect)
{
	if (*expect == NULL) {
		return;
	}
	match_destroy(&(*expect)->match);
	tally_destroy(&(*expect)->tally);
	acks_destroy(&(*expect)->acks);
	free((*expect)->texts_as_written);
	free((*expect)->order);
	free(*expect);
	*expect = NULL;
}

/* ---------------------------------------------------------------- looking */

static void take_match(struct expect *expect, struct record *record)
{
	record->expected = expect->kind != EXPECT_NEVER;
	if (expect->kind == EXPECT_TEXTS) {
		if (!tally_add(expect->tally, record_str(record, "text"))) {
			record->expected = false;
			return;
		}
	}
	if (expect->found_count++ == 0) {
		expect->found = record;
	}
	expect->last = record;
}

static enum expect_state judge(const struct expect *expect)
{
	switch (expect->kind) {
	case EXPECT_ONE:
		return expect->found_count > 0 ? EXPECT_MET : EXPECT_WAITING;
	case EXPECT_NEVER:
		return expect->found_count > 0 ? EXPECT_BROKEN : EXPECT_WAITING;
	case EXPECT_COUNT: /* and no more, so only the deadline can tell */
		return expect->found_count > expect->count_most ? EXPECT_BROKEN
		                                                : EXPECT_WAITING;
	case EXPECT_EACH:
		if (expect->found_count > 1 && expect->once) {
			return EXPECT_BROKEN;
		}
		return expect->found_count > 0 ? EXPECT_MET : EXPECT_WAITING;
	case EXPECT_TEXTS:
		switch (tally_state(expect->tally)) {
		case TALLY_OPEN:
			return EXPECT_WAITING;
		case TALLY_COMPLETE:
			return EXPECT_MET;
		case TALLY_WRONG:
			return EXPECT_BROKEN;
		}
		return EXPECT_BROKEN;
	case EXPECT_ACKED:
		if (expect->once && acks_wrong(expect->acks) > 0) {
			return EXPECT_BROKEN;
		}
		if (acks_events(expect->acks) == 0) {
			return EXPECT_WAITING; /* nothing delivered shows nothing */
		}
		return acks_open(expect->acks) == 0 ? EXPECT_MET : EXPECT_WAITING;
	}
	return EXPECT_BROKEN;
}

enum expect_state expect_look(struct expect *expect, const struct timeline *timeline)
{
	for (; expect->next < timeline_count(timeline); expect->next++) {
		struct record *record = timeline_get(timeline, expect->next);
		if (expect->kind == EXPECT_ACKED) {
			acks_add(expect->acks, record);
		} else if (record->at == expect->at &&
		           match_all(expect->match, record->json)) {
			take_match(expect, record);
			if (expect->kind == EXPECT_ONE) {
				break;
			}
		}
	}
	expect->state = judge(expect);
	return expect->state;
}

enum expect_state expect_end(struct expect *expect)
{
	if (expect->state == EXPECT_WAITING) {
		bool holds = expect->kind == EXPECT_NEVER ||
		             (expect->kind == EXPECT_COUNT &&
		                     expect->found_count >= expect->count_least &&
		                     expect->found_count <= expect->count_most);
		expect->state = holds ? EXPECT_MET : EXPECT_BROKEN;
	}
	return expect->state;
}

const struct record *expect_record(const struct expect *expect)
{
	bool is_one = expect->kind == EXPECT_ONE || expect->kind == EXPECT_EACH;
	return is_one ? expect->found : NULL;
}

bool expect_moves_cursor(const struct expect *expect)
{
	return expect->kind == EXPECT_ONE;
}

enum tap expect_tap(const struct expect *expect)
{
	return expect->at;
}

/* ---------------------------------------------------------------- saying what was seen
 */

static void describe_expected(const struct expect *expect, struct buf *out)
{
	autofree char *fields = match_to_str(expect->match);
	const char *comma = fields[0] != '\0' ? ", " : "";

	buf_printf(out, "at %s: %s", tap_to_str(expect->at), fields);
	switch (expect->kind) {
	case EXPECT_ONE:
		break;
	case EXPECT_NEVER:
		buf_printf(out, "%snever", comma);
		break;
	case EXPECT_COUNT:
		buf_printf(out, "%s%s %zu", comma,
		        expect->count_least == expect->count_most ? "exactly" : "at most",
		        expect->count_most);
		break;
	case EXPECT_TEXTS:
		buf_printf(out, "%s%s, %s order, each %s", comma,
		        expect->texts_as_written, expect->order,
		        expect->once ? "once" : "at least once");
		break;
	case EXPECT_EACH:
		buf_printf(out, "%s%s", comma, expect->once ? "once" : "at least once");
		break;
	case EXPECT_ACKED:
		buf_puts(out, "every envelope acknowledged, once and in time");
		break;
	}
}

void expect_describe(
        const struct expect *expect, struct buf *expected, struct buf *observed)
{
	describe_expected(expect, expected);
	switch (expect->kind) {
	case EXPECT_ONE:
		buf_puts(observed, "no such record");
		break;
	case EXPECT_NEVER:
	case EXPECT_COUNT:
	case EXPECT_EACH:
		buf_printf(observed, "%zu such record%s", expect->found_count,
		        expect->found_count == 1 ? "" : "s");
		break;
	case EXPECT_TEXTS:
		tally_describe(expect->tally, observed);
		break;
	case EXPECT_ACKED:
		acks_describe(expect->acks, observed);
		break;
	}
}

const char *expect_missing_text(const struct expect *expect)
{
	return expect->tally != NULL ? tally_missing(expect->tally) : NULL;
}

/* One that would do, had the last such expect not been past it already. */
static const struct record *find_earlier(
        const struct expect *expect, const struct timeline *timeline)
{
	for (size_t i = expect->first; expect->kind == EXPECT_ONE && i > 0; i--) {
		const struct record *record = timeline_get(timeline, i - 1);
		if (record->at == expect->at && match_all(expect->match, record->json)) {
			return record;
		}
	}
	return NULL;
}

static unsigned distance(const struct expect *expect, const struct record *record)
{
	enum { FAR = 40 };
	const char *missing = expect_missing_text(expect);
	unsigned sum = match_distance(expect->match, record->json);

	return missing == NULL
	               ? sum
	               : sum + str_distance(missing, record_str(record, "text"), FAR);
}

/* Of several that are equally near the last. */
static const struct record *find_nearest(
        const struct expect *expect, const struct timeline *timeline)
{
	const struct record *nearest = NULL;
	unsigned best = UINT_MAX;

	for (size_t i = expect->first; i < timeline_count(timeline); i++) {
		const struct record *record = timeline_get(timeline, i);
		if (record->at != expect->at || record->beat ||
		        match_score(expect->match, record->json) == 0) {
			continue;
		}
		unsigned far = distance(expect, record);
		if (far <= best && far > 0) {
			best = far;
			nearest = record;
		}
	}
	return nearest;
}

const struct record *expect_nearest(
        const struct expect *expect, const struct timeline *timeline, char **why)
{
	*why = NULL;
	if (expect->kind == EXPECT_ACKED) {
		const struct record *wrong = acks_first_wrong(expect->acks);
		return wrong != NULL ? wrong : acks_first_open(expect->acks);
	}
	if (expect->kind == EXPECT_NEVER) {
		return expect->found;
	}
	if ((expect->kind == EXPECT_COUNT || expect->kind == EXPECT_EACH) &&
	        expect->last != NULL) {
		return expect->last; /* one too many, or the last before one too few */
	}
	const struct record *nearest = find_earlier(expect, timeline);
	if (nearest != NULL) {
		*why = xstrdup("it came before what an earlier expect found on that tap");
		return nearest;
	}
	nearest = find_nearest(expect, timeline);
	*why = nearest != NULL ? match_difference(expect->match, nearest->json) : NULL;
	return nearest;
}
