/* Judging, with made-up records: matchers, single events and cursors, series, totals,
 * never. */
#include "scenarios/runner/expect.h"

#include "lib/mem.h"

#include "scenarios/runner/match.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static cJSON *parse(const char *text)
{
	struct err err = ERR_INIT;
	cJSON *value = json_parse(str_from(text), &err);

	assert_non_null(value);
	return value;
}

/* A timeline of records written as JSON, each with its `at`. */
static struct timeline *timeline_from(const char *const *lines)
{
	struct timeline *timeline = timeline_create();

	for (size_t i = 0; lines[i] != NULL; i++) {
		autojson cJSON *json = parse(lines[i]);
		enum tap at;
		assert_true(tap_from_str(json_str(json, "at"), &at));
		timeline_add(timeline, at, (int64_t)i * 1000, 1, json);
	}
	return timeline;
}

/* ---------------------------------------------------------------- match */

static void matchers_compare_fields(void **state)
{
	static const struct {
		const char *matcher, *record;
		bool matches;
	} cases[] = {
	        {"{\"text\":\"hello\"}", "{\"text\":\"hello\"}", true},
	        {"{\"text\":\"hello\"}", "{\"text\":\"hello world\"}", false},
	        {"{\"text\":\"hello\"}", "{}", false},
	        {"{\"text\":\"/hel+o/\"}", "{\"text\":\"oh, helllo there\"}", true},
	        {"{\"text\":\"/^hel+o$/\"}", "{\"text\":\"oh, hello there\"}", false},
	        {"{\"text\":\"/hello\"}", "{\"text\":\"/hello\"}", true},
	        {"{\"status\":200}", "{\"status\":200}", true},
	        {"{\"status\":200}", "{\"status\":\"200\"}", true},
	        {"{\"status\":\"200\"}", "{\"status\":200}", true},
	        {"{\"status\":200}", "{\"status\":201}", false},
	        {"{\"late\":true}", "{\"late\":true}", true},
	        {"{\"late\":\"true\"}", "{\"late\":true}", true},
	        {"{\"late\":true}", "{\"late\":false}", false},
	        {"{\"html\":null}", "{\"text\":\"x\"}", true},
	        {"{\"html\":null}", "{\"html\":\"x\"}", false},
	        {"{\"args\":{\"thread_ts\":\"1.5\"}}",
	                "{\"args\":{\"thread_ts\":\"1.5\",\"x\":1}}", true},
	        {"{\"args.thread_ts\":\"1.5\"}", "{\"args\":{\"thread_ts\":\"1.5\"}}",
	                true},
	        {"{\"args\":{\"thread_ts\":\"1.5\"}}", "{\"args\":{}}", false},
	        {"{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":3}", false},
	        {"{\"at\":\"slack\",\"count\":3,\"texts\":\"m\",\"acked\":\"all\"}", "{}",
	                true},
	        {"{\"acked\":\"E1\"}", "{\"acked\":\"E2\"}", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autojson cJSON *matcher = parse(cases[i].matcher);
		autojson cJSON *record = parse(cases[i].record);
		struct match *match = match_create(matcher, NULL);
		assert_non_null(match);
		if (match_all(match, record) != cases[i].matches) {
			fail_msg("%s against %s", cases[i].matcher, cases[i].record);
		}
		assert_int_equal(match_all(match, record),
		        match_score(match, record) == match_count(match));
		match_destroy(&match);
	}
}

static void a_bad_expression_is_an_error(void **state)
{
	autojson cJSON *args = parse("{\"text\":\"/a(/\"}");
	struct err err = ERR_INIT;

	(void)state;
	assert_null(match_create(args, &err));
	assert_non_null(strstr(err.msg, "/a(/"));
}

/* ---------------------------------------------------------------- expect */

#define MESSAGE(text)                                                                                     \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"message\",\"in\":\"general\",\"text\":\"" text \
	"\"}"
#define SLACK_MESSAGE(text)                                                              \
	"{\"at\":\"slack\",\"kind\":\"message\",\"in\":\"general\",\"text\":\"" text "\"}"
#define SLACK_CALL(text)                                                                                        \
	"{\"at\":\"slack\",\"kind\":\"call\",\"call\":\"chat.postMessage\",\"in\":\"general\",\"text\":\"" text \
	"\"}"
#define DELIVERY(id, attempt)                                                            \
	"{\"at\":\"slack\",\"kind\":\"envelope\",\"envelope\":\"e" id attempt            \
	"\",\"event_id\":\"Ev" id "\",\"conn\":1,\"attempt\":" attempt "}"
#define ACK(id, attempt)                                                                 \
	"{\"at\":\"slack\",\"kind\":\"ack\",\"acked\":\"e" id attempt                    \
	"\",\"event_id\":\"Ev" id "\",\"conn\":1,\"attempt\":" attempt "}"

struct expect_case {
	const char *name;
	const char *verb, *args;
	const char *lines[12];
	struct expect_range range;
	enum expect_state look, end;
	size_t seq;           /* of the record found; 0: none */
	const char *observed; /* part of what is said, or NULL */
};

static const struct expect_case expect_cases[] = {
        {"one, found", "expect", "{\"at\":\"matrix\",\"text\":\"b\"}",
                {MESSAGE("a"), MESSAGE("b")}, {0}, EXPECT_MET, EXPECT_MET, 2, NULL},
        {"one, on another tap", "expect", "{\"at\":\"matrix\",\"text\":\"b\"}",
                {SLACK_MESSAGE("b")}, {0}, EXPECT_WAITING, EXPECT_BROKEN, 0,
                "no such record"},
        {"one, before the cursor", "expect", "{\"at\":\"matrix\",\"text\":\"a\"}",
                {MESSAGE("a"), MESSAGE("b")}, {1, 0, 2}, EXPECT_WAITING, EXPECT_BROKEN, 0,
                NULL},
        {"one, the first behind the cursor", "expect",
                "{\"at\":\"matrix\",\"text\":\"a\"}",
                {MESSAGE("a"), MESSAGE("a"), MESSAGE("a")}, {1, 0, 3}, EXPECT_MET,
                EXPECT_MET, 2, NULL},
        {"a text alone means the message", "expect", "{\"at\":\"slack\",\"text\":\"a\"}",
                {SLACK_CALL("a"), SLACK_MESSAGE("a")}, {0}, EXPECT_MET, EXPECT_MET, 2,
                NULL},
        {"unless the call is meant", "expect",
                "{\"at\":\"slack\",\"call\":\"chat.postMessage\",\"text\":\"a\"}",
                {SLACK_CALL("a"), SLACK_MESSAGE("a")}, {0}, EXPECT_MET, EXPECT_MET, 1,
                NULL},
        {"series, complete", "expect", "{\"at\":\"matrix\",\"texts\":\"m{1..3}\"}",
                {MESSAGE("m1"), MESSAGE("m2"), MESSAGE("x"), MESSAGE("m3")}, {0},
                EXPECT_MET, EXPECT_MET, 0, NULL},
        {"series, ignores the cursor", "expect",
                "{\"at\":\"matrix\",\"texts\":\"m{1..3}\"}",
                {MESSAGE("m1"), MESSAGE("m2"), MESSAGE("m3")}, {3, 0, 3}, EXPECT_MET,
                EXPECT_MET, 0, NULL},
        {"series, not what was before the world was ready", "expect",
                "{\"at\":\"matrix\",\"texts\":\"m{1..2}\"}",
                {MESSAGE("m1"), MESSAGE("m2")}, {1, 1, 1}, EXPECT_WAITING, EXPECT_BROKEN,
                0, "missing: m1"},
        {"series, one missing", "expect",
                "{\"at\":\"matrix\",\"texts\":\"m{1..3}\",\"order\":\"any\"}",
                {MESSAGE("m1"), MESSAGE("m3")}, {0}, EXPECT_WAITING, EXPECT_BROKEN, 0,
                "2 of 3.   missing: m2   duplicate: -   out of order: -"},
        {"series, out of order", "expect", "{\"at\":\"matrix\",\"texts\":\"m{1..3}\"}",
                {MESSAGE("m1"), MESSAGE("m3"), MESSAGE("m2")}, {0}, EXPECT_BROKEN,
                EXPECT_BROKEN, 0,
                "3 of 3.   missing: -   duplicate: -   out of order: m2"},
        {"series, any order", "expect",
                "{\"at\":\"matrix\",\"texts\":\"m{1..3}\",\"order\":\"any\"}",
                {MESSAGE("m1"), MESSAGE("m3"), MESSAGE("m2")}, {0}, EXPECT_MET,
                EXPECT_MET, 0, NULL},
        {"series, doubled", "expect", "{\"at\":\"matrix\",\"texts\":\"m{1..3}\"}",
                {MESSAGE("m1"), MESSAGE("m1")}, {0}, EXPECT_BROKEN, EXPECT_BROKEN, 0,
                "duplicate: m1"},
        {"series, doubled is fine", "expect",
                "{\"at\":\"matrix\",\"texts\":\"m{1..2}\",\"each\":\"at-least-once\"}",
                {MESSAGE("m1"), MESSAGE("m1"), MESSAGE("m2")}, {0}, EXPECT_MET,
                EXPECT_MET, 0, NULL},
        {"list with the same text twice", "expect",
                "{\"at\":\"matrix\",\"texts\":[\"a\",\"b\",\"a\"]}",
                {MESSAGE("a"), MESSAGE("b"), MESSAGE("a")}, {0}, EXPECT_MET, EXPECT_MET,
                0, NULL},
        {"list with the same text twice, once come", "expect",
                "{\"at\":\"matrix\",\"texts\":[\"a\",\"b\",\"a\"]}",
                {MESSAGE("a"), MESSAGE("b")}, {0}, EXPECT_WAITING, EXPECT_BROKEN, 0,
                "missing: a"},
        {"series, messages only", "expect", "{\"at\":\"slack\",\"texts\":[\"a\"]}",
                {SLACK_CALL("a"), SLACK_MESSAGE("a"), SLACK_CALL("a")}, {0}, EXPECT_MET,
                EXPECT_MET, 0, NULL},
        {"count, exact only at the deadline", "expect",
                "{\"at\":\"matrix\",\"text\":\"a\",\"count\":2}",
                {MESSAGE("a"), MESSAGE("a")}, {0}, EXPECT_WAITING, EXPECT_MET, 0, NULL},
        {"count, too few", "expect", "{\"at\":\"matrix\",\"text\":\"a\",\"count\":2}",
                {MESSAGE("a")}, {0}, EXPECT_WAITING, EXPECT_BROKEN, 0, "1 such record"},
        {"count, too many", "expect", "{\"at\":\"matrix\",\"text\":\"a\",\"count\":1}",
                {MESSAGE("a"), MESSAGE("a")}, {0}, EXPECT_BROKEN, EXPECT_BROKEN, 0,
                "2 such records"},
        {"count, none", "expect", "{\"at\":\"matrix\",\"text\":\"a\",\"count\":0}",
                {MESSAGE("b")}, {0}, EXPECT_WAITING, EXPECT_MET, 0, NULL},
        {"each once", "expect", "{\"at\":\"matrix\",\"text\":\"a\",\"each\":\"once\"}",
                {MESSAGE("a")}, {1, 0, 1}, EXPECT_MET, EXPECT_MET, 1, NULL},
        {"each once, twice", "expect",
                "{\"at\":\"matrix\",\"text\":\"a\",\"each\":\"once\"}",
                {MESSAGE("a"), MESSAGE("a")}, {0}, EXPECT_BROKEN, EXPECT_BROKEN, 1,
                "2 such records"},
        {"never, held", "never", "{\"at\":\"matrix\",\"text\":\"a\"}",
                {MESSAGE("a"), MESSAGE("b")}, {0, 0, 1}, EXPECT_WAITING, EXPECT_MET, 0,
                NULL},
        {"never, broken", "never", "{\"at\":\"matrix\",\"text\":\"a\"}",
                {MESSAGE("b"), MESSAGE("a")}, {0, 0, 1}, EXPECT_BROKEN, EXPECT_BROKEN, 0,
                "1 such record"},
        {"acked, all", "expect", "{\"at\":\"slack\",\"acked\":\"all\"}",
                {DELIVERY("1", "0"), ACK("1", "0"), DELIVERY("2", "0"),
                        DELIVERY("2", "1"), ACK("2", "1")},
                {0}, EXPECT_MET, EXPECT_MET, 0, NULL},
        {"acked, one open", "expect", "{\"at\":\"slack\",\"acked\":\"all\"}",
                {DELIVERY("1", "0"), ACK("1", "0"), DELIVERY("2", "0")}, {0},
                EXPECT_WAITING, EXPECT_BROKEN, 0,
                "2 events, 1 not acknowledged (the first: #3 Ev2)"},
        {"acked, nothing delivered", "expect", "{\"at\":\"slack\",\"acked\":\"all\"}",
                {MESSAGE("a")}, {0}, EXPECT_WAITING, EXPECT_BROKEN, 0, NULL},
        {"acked, twice", "expect",
                "{\"at\":\"slack\",\"acked\":\"all\",\"each\":\"once\"}",
                {DELIVERY("1", "0"), ACK("1", "0"), ACK("1", "0")}, {0}, EXPECT_BROKEN,
                EXPECT_BROKEN, 0, "1 acknowledged twice, late or wrongly"},
        {"acked, a redelivery again", "expect", "{\"at\":\"slack\",\"acked\":\"all\"}",
                {DELIVERY("1", "0"), ACK("1", "0"), DELIVERY("1", "1"), ACK("1", "1")},
                {0}, EXPECT_MET, EXPECT_MET, 0, NULL},
};

static void expectations_judge(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(expect_cases) / sizeof(expect_cases[0]); i++) {
		const struct expect_case *c = &expect_cases[i];
		struct timeline *timeline = timeline_from(c->lines);
		autojson cJSON *args = parse(c->args);
		struct expect *expect = expect_create(c->verb, args, &c->range, NULL);
		struct buf expected, observed;

		assert_non_null(expect);
		buf_init(&expected, 65536);
		buf_init(&observed, 65536);
		enum expect_state look = expect_look(expect, timeline);
		if (look != c->look) {
			fail_msg("%s: looks like %d", c->name, (int)look);
		}
		const struct record *record = expect_record(expect);
		if ((record == NULL ? 0 : record->seq) != c->seq) {
			fail_msg("%s: found %zu", c->name,
			        record == NULL ? 0 : record->seq);
		}
		if (expect_end(expect) != c->end) {
			fail_msg("%s: ends as %d", c->name, (int)expect_end(expect));
		}
		expect_describe(expect, &expected, &observed);
		if (c->observed != NULL &&
		        strstr(buf_cstr(&observed), c->observed) == NULL) {
			fail_msg("%s: says %s", c->name, buf_cstr(&observed));
		}
		buf_finish(&expected);
		buf_finish(&observed);
		expect_destroy(&expect);
		timeline_destroy(&timeline);
	}
}

/* Judging as the records come, or all of them at the end, must come to the same. */
static void looking_often_or_once_is_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(expect_cases) / sizeof(expect_cases[0]); i++) {
		const struct expect_case *c = &expect_cases[i];
		struct timeline *timeline = timeline_create();
		autojson cJSON *args = parse(c->args);
		struct expect *expect = expect_create(c->verb, args, &c->range, NULL);
		enum expect_state look = expect_look(expect, timeline);

		for (size_t n = 0; c->lines[n] != NULL; n++) {
			autojson cJSON *json = parse(c->lines[n]);
			enum tap at;
			assert_true(tap_from_str(json_str(json, "at"), &at));
			timeline_add(timeline, at, 0, 0, json);
			if (look == EXPECT_WAITING) {
				look = expect_look(expect, timeline);
			}
		}
		if (look == EXPECT_WAITING) {
			look = expect_end(expect);
		}
		/* Stopping at the first success is all that may differ. */
		if (look != c->end && !(look == EXPECT_MET && c->end == EXPECT_BROKEN)) {
			fail_msg("%s: %d", c->name, (int)look);
		}
		expect_destroy(&expect);
		timeline_destroy(&timeline);
	}
}

static void what_was_matched_is_marked_and_the_nearest_is_found(void **state)
{
	static const char *const lines[] = {MESSAGE("a"), MESSAGE("b"),
	        "{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"notice\",\"in\":\"general\",\"text\":\"c\"}",
	        NULL};
	const struct expect_range range = {0};
	struct timeline *timeline = timeline_from(lines);
	autojson cJSON *met = parse("{\"at\":\"matrix\",\"text\":\"a\"}");
	autojson cJSON *unmet = parse(
	        "{\"at\":\"matrix\",\"event\":\"message\",\"text\":\"c\",\"in\":\"general\"}");

	(void)state;
	struct expect *expect = expect_create("expect", met, &range, NULL);
	expect_look(expect, timeline);
	assert_true(timeline_get(timeline, 0)->expected);
	assert_false(timeline_get(timeline, 1)->expected);
	assert_true(expect_moves_cursor(expect));
	expect_destroy(&expect);

	expect = expect_create("expect", unmet, &range, NULL);
	assert_int_equal(expect_look(expect, timeline), EXPECT_WAITING);
	autofree char *why = NULL;
	assert_int_equal(expect_nearest(expect, timeline, &why)->seq, 2);
	assert_string_equal(why, "text is b");
	expect_destroy(&expect);
	timeline_destroy(&timeline);
}

/* ---------------------------------------------------------------- timeline */

static void the_text_of_a_timeline_has_names_for_what_differs(void **state)
{
	struct timeline *timelines[2];
	char *shas[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		autofree char *url = xasprintf(
		        "http://127.0.0.1:%d/x 127.0.0.1:%d", 40001 + i, 40001 + i);
		autofree char *address = xasprintf("127.0.0.1:%d", 40001 + i);
		autojson cJSON *json =
		        json_set_str(json_set_str(json_new(), "z", url), "kind", "x");
		timelines[i] = timeline_create();
		timeline_rename(timelines[i], address, "<slack>");
		timeline_add(timelines[i], TAP_SLACK, 1500, 3, json);
		shas[i] = timeline_sha(timelines[i]);
	}
	assert_string_equal(timeline_get(timelines[0], 0)->line,
	        "{\"at\":\"slack\",\"kind\":\"x\",\"seq\":1,\"step\":3,\"us\":1500,"
	        "\"z\":\"http://<slack>/x <slack>\"}");
	assert_string_equal(shas[0], shas[1]);
	assert_int_equal(strlen(shas[0]), 64);
	autofree char *shown = record_to_str(timeline_get(timelines[0], 0));
	assert_non_null(strstr(shown, "1 +0.002 slack  x z=http://"));
	for (int i = 0; i < 2; i++) {
		free(shas[i]);
		timeline_destroy(&timelines[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(matchers_compare_fields),
	        cmocka_unit_test(a_bad_expression_is_an_error),
	        cmocka_unit_test(expectations_judge),
	        cmocka_unit_test(looking_often_or_once_is_the_same),
	        cmocka_unit_test(what_was_matched_is_marked_and_the_nearest_is_found),
	        cmocka_unit_test(the_text_of_a_timeline_has_names_for_what_differs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
