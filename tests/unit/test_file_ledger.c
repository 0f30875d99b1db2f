/* Files in made-up timelines: known by their bytes, one fault each. */
#include "scenarios/runner/invariants.h"

#include "lib/mem.h"
#include "lib/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ROOM                                                                                         \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"create\",\"type\":\"m.room.create\","     \
	"\"room\":\"!r\",\"in\":\"!r\",\"by\":\"appservice\"}",                                      \
	        "{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"name\",\"type\":\"m.room.name\"," \
	        "\"room\":\"!r\",\"in\":\"general\",\"by\":\"appservice\"}"
#define SLACK_POST(text)                                                                                      \
	"{\"at\":\"slack\",\"kind\":\"message\",\"event\":\"message\",\"channel\":\"C1\",\"in\":\"general\"," \
	"\"by\":\"person\",\"user\":\"alice\",\"text\":\"" text "\"}"
#define MATRIX_ARRIVAL(text)                                                                       \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"message\",\"type\":\"m.room.message\"," \
	"\"room\":\"!r\",\"in\":\"general\",\"by\":\"appservice\",\"text\":\"" text                \
	"\"}"
#define SLACK_FILES(text, files)                                                                              \
	"{\"at\":\"slack\",\"kind\":\"message\",\"event\":\"message\",\"channel\":\"C1\",\"in\":\"general\"," \
	"\"by\":\"person\",\"subtype\":\"file_share\",\"text\":\"" text                                       \
	"\",\"sha256\":\"11\",\"file\":\"a.txt\",\"files\":[" files "]}"
#define A_FILE(name, sha) "{\"name\":\"" name "\",\"sha256\":\"" sha "\"}"
#define MATRIX_FILE_AS(by, name, text, sha, id)                                                 \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"file\",\"type\":\"m.room.message\"," \
	"\"room\":\"!r\",\"in\":\"general\",\"by\":\"" by "\",\"text\":\"" text                 \
	"\",\"file\":\"" name "\",\"sha256\":\"" sha "\",\"event_id\":\"" id "\"}"
#define MATRIX_FILE(name, sha) MATRIX_FILE_AS("appservice", name, name, sha, "$f")
#define SLACK_FILE_ARRIVAL(text, sha)                                                                         \
	"{\"at\":\"slack\",\"kind\":\"message\",\"event\":\"message\",\"channel\":\"C1\",\"in\":\"general\"," \
	"\"by\":\"app\",\"text\":\"" text "\",\"file\":\"a.txt\",\"sha256\":\"" sha                           \
	"\"}"
#define FILE_NOTICE(text)                                                                         \
	"{\"at\":\"matrix\",\"kind\":\"event\",\"event\":\"notice\",\"type\":\"m.room.message\"," \
	"\"room\":\"!r\",\"in\":\"general\",\"by\":\"appservice\",\"text\":\"" text               \
	"\"}"

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
	const char *what; /* the invariant that is violated; NULL: none */
	const char *observed;
	bool on_its_way; /* not everybody is at rest */
	const char *lines[14];
} cases[] = {
        {"files, by their bytes", NULL, NULL, false,
                {ROOM, SLACK_FILES("t", A_FILE("a.txt", "11") "," A_FILE("b.txt", "22")),
                        MATRIX_ARRIVAL("t"), MATRIX_FILE("a.txt", "11"),
                        MATRIX_FILE("b.txt", "22")}},
        {"a file came cut", "I1 no loss", "stands nowhere", false,
                {ROOM, SLACK_FILES("", A_FILE("a.txt", "11")),
                        MATRIX_FILE("a.txt", "12")}},
        {"a file came and its text did not", "I1 no loss", NULL, false,
                {ROOM, SLACK_FILES("t", A_FILE("a.txt", "11")),
                        MATRIX_FILE("a.txt", "11")}},
        {"a file with its text as caption", NULL, NULL, false,
                {ROOM, SLACK_FILES("t", A_FILE("a.txt", "11")),
                        MATRIX_FILE_AS("appservice", "a.txt", "t", "11", "$f")}},
        {"a file came twice", "I2 no duplicate", NULL, false,
                {ROOM, SLACK_FILES("", A_FILE("a.txt", "11")), MATRIX_FILE("a.txt", "11"),
                        MATRIX_FILE("a.txt", "11")}},
        {"a notice stands for a file", NULL, NULL, false,
                {ROOM, SLACK_FILES("", A_FILE("a.txt", "11")),
                        FILE_NOTICE("a.txt: too large")}},
        {"a notice of another file", "I1 no loss", NULL, false,
                {ROOM, SLACK_FILES("", A_FILE("a.txt", "11")),
                        FILE_NOTICE("b.txt: too large")}},
        {"a file was to follow and did not", "I1 no loss", NULL, false,
                {ROOM, SLACK_FILES("", A_FILE("a.txt", "11")),
                        FILE_NOTICE("a.txt: will follow")}},
        {"a file overtaken", "I3 order", NULL, false,
                {ROOM, SLACK_FILES("", A_FILE("a.txt", "11")), SLACK_POST("x"),
                        MATRIX_ARRIVAL("x"), MATRIX_FILE("a.txt", "11")}},
        {"a file that followed as was said", NULL, NULL, false,
                {ROOM, SLACK_FILES("", A_FILE("a.txt", "11")), SLACK_POST("x"),
                        FILE_NOTICE("a.txt: will follow"), MATRIX_ARRIVAL("x"),
                        MATRIX_FILE("a.txt", "11")}},
        {"a file to Slack", NULL, NULL, false,
                {ROOM, MATRIX_FILE_AS("person", "a.txt", "a.txt", "11", "$a"),
                        SLACK_FILE_ARRIVAL("", "11")}},
        {"a file to Slack came cut", "I1 no loss", NULL, false,
                {ROOM, MATRIX_FILE_AS("person", "a.txt", "a.txt", "11", "$a"),
                        SLACK_FILE_ARRIVAL("", "12")}},
        {"a file to Slack without its caption", "I1 no loss", NULL, false,
                {ROOM, MATRIX_FILE_AS("person", "a.txt", "look", "11", "$a"),
                        SLACK_FILE_ARRIVAL("", "11")}},
        {"perhaps still on its way", NULL, NULL, true,
                {ROOM, SLACK_FILES("", A_FILE("a.txt", "11"))}},
        {"twice the same bytes", NULL, NULL, false,
                {ROOM, SLACK_FILES("", A_FILE("a.txt", "11") "," A_FILE("b.txt", "11")),
                        MATRIX_FILE("a.txt", "11"), MATRIX_FILE("b.txt", "11")}},
};

static void files_are_judged_by_their_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct timeline *timeline = timeline_from(cases[i].lines);
		const struct invariant_context context = {
		        .at_rest = !cases[i].on_its_way};
		struct violation violation;
		bool ok = invariants_check(timeline, &context, &violation);
		if (ok != (cases[i].what == NULL) ||
		        !str_equal(violation.what, cases[i].what)) {
			fail_msg("%s: %s, %s", cases[i].name,
			        violation.what == NULL ? "nothing" : violation.what,
			        violation.observed);
		}
		violation_finish(&violation);
		timeline_destroy(&timeline);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(files_are_judged_by_their_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
