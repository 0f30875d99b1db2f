/* What must always hold, judged over made-up timelines: one fault each, and the one that
 * has none. */
#include "scenarios/runner/invariants.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/alike.h"
#include "scenarios/runner/evidence.h"
#include "scenarios/runner/failure.h"
#include "scenarios/runner/ledger.h"
#include "scenarios/runner/secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ROOM                                                                                         \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"create\",\"type\":\"m.room.create\","     \
	"\"room\":\"!r\",\"in\":\"!r\",\"by\":\"appservice\"}",                                      \
	        "{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"name\",\"type\":\"m.room.name\"," \
	        "\"room\":\"!r\",\"in\":\"general\",\"by\":\"appservice\"}"
#define SLACK_POST(text)                                                                                      \
	"{\"at\":\"slack\",\"kind\":\"message\",\"event\":\"message\",\"channel\":\"C1\",\"in\":\"general\"," \
	"\"by\":\"person\",\"user\":\"alice\",\"text\":\"" text "\"}"
#define SLACK_ARRIVAL(text, mark)                                                                             \
	"{\"at\":\"slack\",\"kind\":\"message\",\"event\":\"message\",\"channel\":\"C1\",\"in\":\"general\"," \
	"\"by\":\"app\",\"text\":\"" text "\",\"mark\":\"" mark "\"}"
#define MATRIX_POST(text, id)                                                                      \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"message\",\"type\":\"m.room.message\"," \
	"\"room\":\"!r\",\"in\":\"general\",\"by\":\"person\",\"text\":\"" text                    \
	"\",\"event_id\":\"" id "\"}"
#define MATRIX_ARRIVAL(text)                                                                       \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"message\",\"type\":\"m.room.message\"," \
	"\"room\":\"!r\",\"in\":\"general\",\"by\":\"appservice\",\"text\":\"" text                \
	"\"}"
#define NOTICE                                                                                    \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"notice\",\"type\":\"m.room.message\"," \
	"\"room\":\"!r\",\"in\":\"general\",\"by\":\"appservice\",\"text\":\"not delivered\"}"
#define DELIVERY(text, id)                                                                                        \
	"{\"at\":\"slack\",\"kind\":\"envelope\",\"channel\":\"C1\",\"in\":\"general\",\"conn\":1,\"attempt\":0," \
	"\"envelope\":\"" id "\",\"event_id\":\"Ev" id "\",\"text\":\"" text "\"}"
#define ACK(id)                                                                          \
	"{\"at\":\"slack\",\"kind\":\"ack\",\"acked\":\"" id "\",\"event_id\":\"Ev" id   \
	"\",\"conn\":1,\"attempt\":0}"
#define LOG(level)                                                                       \
	"{\"at\":\"bridge\",\"kind\":\"log\",\"log\":\"x\",\"level\":\"" level "\"}"
#define STDERR(text) "{\"at\":\"bridge\",\"kind\":\"stderr\",\"text\":\"" text "\"}"
#define END(what) "{\"at\":\"bridge\",\"kind\":\"exit\"," what "}"

/* The same with what tells messages apart: alice's "a" of ts 1.1, which is the event $a.
 */
#define SLACK_A                                                                          \
	"{\"at\":\"slack\",\"kind\":\"message\",\"channel\":\"C1\",\"in\":\"general\","  \
	"\"by\":\"person\",\"user\":\"alice\",\"text\":\"a\",\"ts\":\"1.1\"}"
#define MATRIX_A                                                                         \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"message\",\"type\":"          \
	"\"m.room.message\",\"room\":\"!r\",\"in\":\"general\",\"by\":\"appservice\","   \
	"\"sender\":\"@g\",\"text\":\"a\",\"event_id\":\"$a\"}"
#define SLACK_CHANGE(kind, text)                                                         \
	"{\"at\":\"slack\",\"kind\":\"" kind "\",\"channel\":\"C1\",\"in\":"             \
	"\"general\",\"by\":\"person\",\"user\":\"alice\",\"text\":\"" text              \
	"\",\"ts\":\"1.1\"}"
#define MATRIX_EDIT(sender, text)                                                        \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"edit\",\"type\":"             \
	"\"m.room.message\",\"room\":\"!r\",\"in\":\"general\",\"by\":\"appservice\","   \
	"\"sender\":\"" sender "\",\"edits\":\"$a\",\"text\":\"" text                    \
	"\",\"event_id\":\"$ae\"}"
#define MATRIX_REDACTION(what)                                                           \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"redaction\",\"type\":"        \
	"\"m.room.redaction\",\"room\":\"!r\",\"in\":\"general\",\"by\":\"appservice\"," \
	"\"redacts\":\"" what "\",\"event_id\":\"$r\"}"
#define SLACK_REACTION(user, by, action)                                                 \
	"{\"at\":\"slack\",\"kind\":\"reaction\",\"channel\":\"C1\",\"in\":\"general\"," \
	"\"ts\":\"1.1\",\"reaction\":\"thumbsup\",\"user\":\"" user "\",\"by\":\"" by    \
	"\",\"action\":\"" action "\"}"
#define MATRIX_REACTION(id, by)                                                            \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"reaction\",\"type\":"           \
	"\"m.reaction\",\"room\":\"!r\",\"in\":\"general\",\"by\":\"" by                   \
	"\",\"target\":\"$a\",\"key\":\"\xF0\x9F\x91\x8D\xEF\xB8\x8F\",\"event_id\":\"" id \
	"\"}"
#define SLACK_REPLY                                                                      \
	"{\"at\":\"slack\",\"kind\":\"message\",\"channel\":\"C1\",\"in\":\"general\","  \
	"\"by\":\"person\",\"user\":\"carol\",\"text\":\"b\",\"ts\":\"1.2\","            \
	"\"thread_ts\":\"1.1\"}"
#define MATRIX_REPLY(thread)                                                             \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"message\",\"type\":"          \
	"\"m.room.message\",\"room\":\"!r\",\"in\":\"general\",\"by\":\"appservice\","   \
	"\"sender\":\"@h\",\"text\":\"b\",\"event_id\":\"$b\"" thread "}"

static struct timeline *timeline_from(const char *const *lines)
{
	struct timeline *timeline = timeline_create();

	for (size_t i = 0; lines[i] != NULL; i++) {
		struct err err = ERR_INIT;
		autojson cJSON *json = json_parse(str_from(lines[i]), &err);
		enum tap at;
		if (json == NULL) {
			fail_msg("%s: %s", lines[i], err.msg);
		}
		assert_true(tap_from_str(json_str(json, "at"), &at));
		timeline_add(timeline, at, (int64_t)i * 1000, 1, json);
	}
	return timeline;
}

static const struct {
	const char *name;
	const char *what;     /* the invariant that is violated; NULL: none */
	const char *observed; /* part of what is said */
	bool on_its_way;      /* not everybody is at rest */
	const char *lines[14];
} cases[] = {
        {"all is well", NULL, NULL, false,
                {ROOM, SLACK_POST("a"), DELIVERY("a", "1"), ACK("1"), MATRIX_ARRIVAL("a"),
                        MATRIX_POST("b", "$b"), SLACK_ARRIVAL("b", "$b")}},
        {"lost on the way to Matrix", "I1 no loss", "stands nowhere", false,
                {ROOM, SLACK_POST("a")}},
        {"perhaps still on its way", NULL, NULL, true, {ROOM, SLACK_POST("a")}},
        {"lost on the way to Slack", "I1 no loss", "stands nowhere", false,
                {ROOM, SLACK_POST("x"), MATRIX_ARRIVAL("x"), MATRIX_POST("a", "$a"),
                        SLACK_ARRIVAL("a", "$other")}},
        {"the sender was told", NULL, NULL, false,
                {ROOM, SLACK_POST("x"), MATRIX_ARRIVAL("x"), MATRIX_POST("a", "$a"),
                        NOTICE}},
        {"one of two with the same text is lost", "I1 no loss", NULL, false,
                {ROOM, SLACK_POST("a"), SLACK_POST("a"), MATRIX_ARRIVAL("a")}},
        {"two with the same text", NULL, NULL, false,
                {ROOM, SLACK_POST("a"), SLACK_POST("a"), MATRIX_ARRIVAL("a"),
                        MATRIX_ARRIVAL("a")}},
        {"written before there was a portal, and not accepted", NULL, NULL, false,
                {SLACK_POST("a"), ROOM}},
        {"written before there was a portal, and acknowledged", "I1 no loss", NULL, false,
                {SLACK_POST("a"), DELIVERY("a", "1"), ACK("1"), ROOM}},
        {"a command is not for Slack", NULL, NULL, false,
                {ROOM, SLACK_POST("x"), MATRIX_ARRIVAL("x"),
                        MATRIX_POST("!slack help", "$a")}},
        {"doubled on Matrix", "I2 no duplicate", "#4 and #5", false,
                {ROOM, SLACK_POST("a"), MATRIX_ARRIVAL("a"), MATRIX_ARRIVAL("a")}},
        {"doubled on Slack", "I2 no duplicate", "#4 and #5", false,
                {ROOM, MATRIX_POST("a", "$a"), SLACK_ARRIVAL("a", "$a"),
                        SLACK_ARRIVAL("a", "$a")}},
        {"out of order", "I3 order", "after a later one", false,
                {ROOM, SLACK_POST("a"), SLACK_POST("b"), MATRIX_ARRIVAL("b"),
                        MATRIX_ARRIVAL("a")}},
        {"the other direction may overtake", NULL, NULL, false,
                {ROOM, SLACK_POST("a"), MATRIX_POST("b", "$b"), SLACK_ARRIVAL("b", "$b"),
                        MATRIX_ARRIVAL("a")}},
        {"an edit that arrived", NULL, NULL, false,
                {ROOM, SLACK_A, MATRIX_A, SLACK_CHANGE("edit", "c"),
                        MATRIX_EDIT("@g", "c")}},
        {"an edit that was lost", "I10 same at the end", "reads \"a\"", false,
                {ROOM, SLACK_A, MATRIX_A, SLACK_CHANGE("edit", "c")}},
        {"an edit by somebody else is none", "I10 same at the end", "reads \"a\"", false,
                {ROOM, SLACK_A, MATRIX_A, SLACK_CHANGE("edit", "c"),
                        MATRIX_EDIT("@other", "c")}},
        {"edits in the wrong order", "I10 same at the end", "reads \"c\"", false,
                {ROOM, SLACK_A, MATRIX_A, SLACK_CHANGE("edit", "c"),
                        SLACK_CHANGE("edit", "d"), MATRIX_EDIT("@g", "d"),
                        MATRIX_EDIT("@g", "c")}},
        {"only the edited text arrived", NULL, NULL, false,
                {ROOM, SLACK_POST("x"), MATRIX_ARRIVAL("x"),
                        "{\"at\":\"slack\",\"kind\":\"message\",\"channel\":\"C1\","
                        "\"in\":\"general\",\"by\":\"person\",\"text\":\"old\","
                        "\"ts\":\"1.1\"}",
                        SLACK_CHANGE("edit", "a"), MATRIX_A}},
        {"a deletion that arrived", NULL, NULL, false,
                {ROOM, SLACK_A, MATRIX_A, SLACK_CHANGE("delete", "a"),
                        MATRIX_REDACTION("$a")}},
        {"a deletion that was lost", "I10 same at the end", "still stands", false,
                {ROOM, SLACK_A, MATRIX_A, SLACK_CHANGE("delete", "a")}},
        {"deleted on one side alone", "I10 same at the end", "only there", false,
                {ROOM, SLACK_A, MATRIX_A, MATRIX_REDACTION("$a")}},
        {"deleted before it came", NULL, NULL, false,
                {ROOM, SLACK_A, SLACK_CHANGE("delete", "a")}},
        {"a reaction that arrived", NULL, NULL, false,
                {ROOM, SLACK_A, MATRIX_A, SLACK_REACTION("carol", "person", "added"),
                        MATRIX_REACTION("$1", "appservice")}},
        {"a reaction that was lost", "I11 reactions", "+1: 1 people on Slack", false,
                {ROOM, SLACK_A, MATRIX_A, SLACK_REACTION("carol", "person", "added")}},
        {"a reaction made twice", "I11 reactions", NULL, false,
                {ROOM, SLACK_A, MATRIX_A, SLACK_REACTION("carol", "person", "added"),
                        MATRIX_REACTION("$1", "appservice"),
                        MATRIX_REACTION("$2", "appservice")}},
        {"a reaction not taken back", "I11 reactions", NULL, false,
                {ROOM, SLACK_A, MATRIX_A, SLACK_REACTION("carol", "person", "added"),
                        MATRIX_REACTION("$1", "appservice"),
                        SLACK_REACTION("carol", "person", "removed")}},
        {"the bridge reacts for two", NULL, NULL, false,
                {ROOM, SLACK_A, MATRIX_A, MATRIX_REACTION("$1", "person"),
                        SLACK_REACTION("bridge", "app", "added"),
                        MATRIX_REACTION("$2", "person"), MATRIX_REDACTION("$1")}},
        {"and has stopped too early", "I11 reactions", NULL, false,
                {ROOM, SLACK_A, MATRIX_A, MATRIX_REACTION("$1", "person"),
                        SLACK_REACTION("bridge", "app", "added"),
                        MATRIX_REACTION("$2", "person"), MATRIX_REDACTION("$1"),
                        SLACK_REACTION("bridge", "app", "removed")}},
        {"a reply in its thread", NULL, NULL, false,
                {ROOM, SLACK_A, MATRIX_A, SLACK_REPLY,
                        MATRIX_REPLY(",\"thread\":\"$a\"")}},
        {"a reply outside of its thread", "I12 threads", "not stand in the thread", false,
                {ROOM, SLACK_A, MATRIX_A, SLACK_REPLY, MATRIX_REPLY("")}},
        {"not acknowledged", "I5 acknowledgement", "1 not acknowledged", false,
                {ROOM, SLACK_POST("a"), DELIVERY("a", "1"), MATRIX_ARRIVAL("a")}},
        {"acknowledged twice", "I5 acknowledgement", "1 acknowledged twice", false,
                {ROOM, SLACK_POST("a"), DELIVERY("a", "1"), ACK("1"), ACK("1"),
                        MATRIX_ARRIVAL("a")}},
        {"acknowledged before it came", "I5 acknowledgement", NULL, false,
                {ROOM, ACK("1"), SLACK_POST("a"), DELIVERY("a", "1"),
                        MATRIX_ARRIVAL("a")}},
        {"an error in the log", "I8 clean", "level=error", false, {LOG("error")}},
        {"a warning in the log", NULL, NULL, false, {LOG("warn")}},
        {"a sanitizer's report", "I8 clean", NULL, false,
                {STDERR("==1==ERROR: AddressSanitizer: heap-use-after-free")}},
        {"other words on standard error", NULL, NULL, false, {STDERR("hello")}},
        {"a crash", "I8 clean", "SIGSEGV", false,
                {END("\"died\":\"SIGSEGV\",\"asked\":false")}},
        {"a kill that was asked for", NULL, NULL, false,
                {END("\"died\":\"SIGKILL\",\"asked\":true")}},
};

static void each_fault_is_found_and_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct timeline *timeline = timeline_from(cases[i].lines);
		const struct invariant_context context = {
		        .at_rest = !cases[i].on_its_way};
		struct violation violation;

		bool ok = invariants_check(timeline, &context, &violation);
		if (ok != (cases[i].what == NULL) ||
		        (!ok && strcmp(violation.what, cases[i].what) != 0)) {
			fail_msg("%s: %s, %s", cases[i].name,
			        ok ? "holds" : violation.what,
			        ok ? "" : violation.observed);
		}
		if (!ok && cases[i].observed != NULL) {
			if (strstr(violation.observed, cases[i].observed) == NULL) {
				fail_msg("%s: %s", cases[i].name, violation.observed);
			}
		}
		violation_finish(&violation);
		timeline_destroy(&timeline);
	}
}

static void what_a_step_expected_is_no_fault(void **state)
{
	static const char *const lines[] = {
	        LOG("error"), END("\"exit\":11,\"asked\":false"), NULL};
	const struct invariant_context context = {.at_rest = true};
	struct timeline *timeline = timeline_from(lines);
	struct violation violation;

	(void)state;
	timeline_get(timeline, 0)->expected = true;
	timeline_get(timeline, 1)->expected = true;
	assert_true(invariants_check(timeline, &context, &violation));
	timeline_destroy(&timeline);
}

static void texts_are_compared_without_what_the_bridge_may_change(void **state)
{
	static const struct {
		const char *slack, *matrix;
		bool alike;
	} texts[] = {
	        {"hello", "hello", true},
	        {"hello", "hullo", false},
	        {"hello", "hello there", false},
	        {"a &amp; b &lt;c&gt;", "a & b <c>", true},
	        {"*bold* _it_ ~s~ `c`", "bold it s c", true},
	        {"<@U123> hi", "Alice hi", true},
	        {"hi <@U123>", "hi Alice", true},
	        {"<@U123> hi", "Alice ho", false},
	        {"see <https://x.test|this>, ok", "see https://x.test, ok", true},
	        {"two\nlines", "two lines", true},
	        {"", "", true},
	        {"1 < 2", "1 < 2", true},
	        {"<@U1>", "anything at all", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		autofree char *slack = alike_slack(texts[i].slack);
		autofree char *matrix = alike_matrix(texts[i].matrix);
		if (alike(slack, matrix) != texts[i].alike) {
			fail_msg("\"%s\" and \"%s\"", texts[i].slack, texts[i].matrix);
		}
	}
}

static void write_text(const char *dir, const char *name, const char *text)
{
	autofree char *path = xasprintf("%s/%s", dir, name);
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

static void secrets_are_found_where_they_must_not_be(void **state)
{
	char dir[] = "/tmp/test_invariants.XXXXXX";
	autojson cJSON *secrets = cJSON_CreateArray();

	(void)state;
	assert_non_null(mkdtemp(dir));
	cJSON_AddItemToArray(secrets, cJSON_CreateString("xoxb-1-secret"));
	cJSON_AddItemToArray(secrets, cJSON_CreateString("short"));
	write_text(dir, "config.yaml", "token: xoxb-1-secret\n");
	write_text(dir, "registration.yaml", "as_token: xoxb-1-secret\n");
	write_text(dir, "bridge.db-wal", "xoxb-1-secret");
	write_text(dir, "daemon.log", "one\na short line\n");
	assert_null(secrets_find(dir, secrets));
	write_text(dir, "daemon.log", "one\nlogin token=xoxb-1-secret\n");
	autofree char *place = secrets_find(dir, secrets);
	assert_string_equal(place, "daemon.log:2: login token=<here>");
	static const char *const names[] = {
	        "config.yaml", "registration.yaml", "bridge.db-wal", "daemon.log"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		autofree char *path = xasprintf("%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

static void a_failure_says_what_is_needed(void **state)
{
	static const char *const lines[] = {ROOM, SLACK_POST("m27"), DELIVERY("m27", "1"),
	        ACK("1"), LOG("debug"), NULL};
	static char file[] = "scenarios/1.yaml", id[] = "1", title[] = "nothing is lost",
	            verb[] = "expect", req[] = "MSG-03";
	const struct story_step step = {
	        .pos = {file, 12, 5}, .number = 1, .verb = verb, .req = req};
	const struct story story = {.path = file, .id = id, .title = title};
	struct timeline *timeline = timeline_from(lines);
	struct evidence evidence = {.items = cJSON_CreateArray()};
	for (size_t i = 0; i < timeline_count(timeline); i++) {
		cJSON_AddItemToArray(evidence.items,
		        cJSON_Duplicate(timeline_get(timeline, i)->json, true));
	}
	const struct failure failure = {.story = &story,
	        .step = &step,
	        .what = "expect",
	        .expected = "m1..m50",
	        .observed = "49 of 50",
	        .nearest = timeline_get(timeline, 2),
	        .nearest_why = "text is m27",
	        .lost_text = "m27",
	        .evidence = &evidence,
	        .seed = 7,
	        .sut = "bridge@3f2c1a09",
	        .replay = "scenario run 1",
	        .explain = "scenario explain 1 m27",
	        .virtual_us = 1842000,
	        .real_ms = 31};

	(void)state;
	autofree char *text = failure_to_str(&failure, timeline);
	static const char *const parts[] = {
	        "FAIL scenarios/1.yaml:12:5 expect   req MSG-03   virtual 0:00:01.842   real 31 ms   sut bridge@3f2c1a09   seed 7\n",
	        "  expected  m1..m50\n", "  observed  49 of 50\n", "but text is m27",
	        "  life of   \"m27\": written (3), sent to the bridge (4), never stored\n",
	        "  around\n", "  replay    scenario run 1\n",
	        "  explain   scenario explain 1 m27\n"};
	const char *from = text;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *found = strstr(from, parts[i]);
		if (found == NULL) {
			fail_msg("no \"%s\" in:\n%s", parts[i], text);
		}
		from = found;
	}
	assert_null(strstr(text, "level=debug"));
	evidence_finish(&evidence);
	timeline_destroy(&timeline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_fault_is_found_and_nothing_else),
	        cmocka_unit_test(what_a_step_expected_is_no_fault),
	        cmocka_unit_test(texts_are_compared_without_what_the_bridge_may_change),
	        cmocka_unit_test(secrets_are_found_where_they_must_not_be),
	        cmocka_unit_test(a_failure_says_what_is_needed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
