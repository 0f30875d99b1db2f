/* What the check refuses: one wrong step each, and the one sentence it must give. */
#include "scenarios/runner/story.h"

#include "lib/mem.h"
#include "tests/unit/story_files.h"

struct refusal {
	const char *step; /* lines below "steps:", from line 6 on */
	const char *problem;
};

static void check_refusals(const char *head, const struct refusal *cases, size_t count)
{
	struct files files;
	size_t wrong = 0;

	files_init(&files);
	for (size_t i = 0; i < count; i++) {
		struct story_set set;
		struct story_problems problems = {0};
		autofree char *text = xasprintf("%s%s", head, cases[i].step);
		autofree char *path = files_write(&files, "s.yaml", text);
		autofree char *wanted = xasprintf("%s:%s", path, cases[i].problem);
		story_load((const char *const[]){path, NULL}, files.worlds, NULL, &set,
		        &problems);
		if (problems.count != 1 || strcmp(problems.lines[0], wanted) != 0) {
			print_message("of   %s\nwanted\n  %s\n", cases[i].step, wanted);
			problems_print(&problems);
			wrong++;
		}
		story_set_finish(&set);
		story_problems_finish(&problems);
	}
	files_finish(&files);
	assert_int_equal(wrong, 0);
}

#define REFUSED(head, cases)                                                             \
	check_refusals(head, cases, sizeof(cases) / sizeof((cases)[0]))

#define HEAD                                                                                 \
	"scenario: t\nproves: [MSG-01]\nworld: none\nsteps:\n  - expect: {at: slack, text: " \
	"x}\n"

static void test_steps(void **state)
{
	static const struct refusal cases[] = {
	        {"  - sleep: 10\n",
	                "6:5: there is no \"sleep\": expect what you wait for, or move time with "
	                "clock.advance"},
	        {"  - shell: ls\n",
	                "6:5: there is no \"shell\": a scenario runs no programs but the daemon"},
	        {"  - slack.pots: {as: a}\n",
	                "6:5: there is no verb \"slack.pots\" (did you mean \"slack.post\"?)"},
	        {"  - expct: {at: slack}\n",
	                "6:5: there is no verb \"expct\" (did you mean \"expect\"?)"},
	        {"  - frobnicate\n", "6:5: there is no verb \"frobnicate\""},
	        {"  - settle: {}\n    note: x\n    bridge.wait: {}\n",
	                "8:5: a step has one verb; this one has \"settle\" and \"bridge.wait\""},
	        {"  - within: 5s\n", "6:5: this step has no verb"},
	        {"  - [settle]\n", "6:5: a step is a map with one verb"},
	        {"  - settle: 5s\n", "6:13: settle wants a map of fields: settle: {...}"},
	        {"  - settle: [5s]\n",
	                "6:13: settle wants a map of fields: settle: {...}"},
	        {"  - expect: {at: slack, text: y}\n    for: 5s\n",
	                "7:10: \"for\" means nothing beside expect"},
	        {"  - never: {at: slack, text: y}\n    within: 5s\n",
	                "7:13: \"within\" means nothing beside never"},
	        {"  - note: x\n    within: 5s\n",
	                "7:13: \"within\" means nothing beside note"},
	        {"  - expect: {at: slack, text: y}\n    within: soon\n",
	                "7:13: \"within\" wants a duration such as 20ms, 10s, 5m or 1h"},
	        {"  - settle: {within: 5m}\n    within: 5m\n",
	                "7:13: \"within\" is said twice"},
	        {"  - settle: {}\n    req: MSG-02\n",
	                "7:10: MSG-02 is not in the scenario's proves"},
	        {"  - settle: {}\n    req: MSG-99\n",
	                "7:10: there is no requirement \"MSG-99\" (did you mean \"MSG-09\"?)"},
	        {"  - settle: {}\n    save: x\n", "7:11: settle has no result to save"},
	        {"  - settle: {}\n    req: [MSG-01]\n",
	                "7:10: \"req\" wants a single value"},
	};
	(void)state;
	REFUSED(HEAD, cases);
}

static void test_fields(void **state)
{
	static const struct refusal cases[] = {
	        {"  - slack.post: {as: a, in: b, text: c, txet: d}\n",
	                "6:41: slack.post has no field \"txet\" (did you mean \"text\"?)"},
	        {"  - clock.advance: {}\n",
	                "6:20: clock.advance needs the field \"by\": how far the virtual clock "
	                "moves, timers firing on the way"},
	        {"  - clock.advance: soon\n",
	                "6:20: \"by\" wants a duration such as 20ms, 10s, 5m or 1h, not \"soon\""},
	        {"  - slack.post: {as: a, in: b, text: c, count: many}\n",
	                "6:48: \"count\" wants a whole number, not \"many\""},
	        {"  - slack.post: {as: a, in: b, text: c, count: 0}\n",
	                "6:41: \"count\" must be from 1 to 10000"},
	        {"  - slack.post: {as: a, in: b, text: c, every: 5s}\n",
	                "6:41: \"every\" means nothing without \"count\""},
	        {"  - slack.post: {as: a, in: b, text: \"m{i}\"}\n",
	                "6:38: {i} counts only in a step with \"count\""},
	        {"  - slack.post: {as: a, in: b, text: null}\n",
	                "6:38: \"text\" wants a single value, not nothing"},
	        {"  - slack.post: {as: a, in: b, text: [c]}\n",
	                "6:38: \"text\" wants a single value, not a list"},
	        {"  - bridge.start: {config: x}\n",
	                "6:28: \"config\" wants a map, not \"x\""},
	        {"  - bridge.run: {args: -v}\n",
	                "6:24: \"args\" wants a list, not \"-v\""},
	        {"  - bridge.run: {config: goood}\n",
	                "6:18: \"config\" is none, good, example or a map of keys"},
	        {"  - bridge.run: {config: good, raw_config: x}\n",
	                "6:32: \"raw_config\" and \"config\" cannot both be said"},
	        {"  - bridge.run: {keep: true, config: good}\n",
	                "6:18: \"keep\" and \"config\" cannot both be said"},
	        {"  - bridge.start: {keep: true, config: {a: b}}\n",
	                "6:20: \"keep\" and \"config\" cannot both be said"},
	        {"  - bridge.start: {limits: {memry: 5}}\n",
	                "6:29: there is no limit \"memry\""},
	        {"  - bridge.run: {sandbox: [read-only, padded]}\n",
	                "6:39: \"sandbox\" does not know \"padded\""},
	        {"  - bridge.fault: {key: body}\n",
	                "6:19: bridge.fault needs the field \"how\": an access to address 0, an "
	                "abort, no more stack, no more memory; none: no more faults"},
	        {"  - bridge.fault: {how: sgv}\n",
	                "6:25: \"how\" cannot be \"sgv\" (did you mean \"segv\"?)"},
	        {"  - bridge.stop: {signal: KILL}\n",
	                "6:27: \"signal\" cannot be \"KILL\""},
	        {"  - bridge.stop: {signal: TREM}\n",
	                "6:27: \"signal\" cannot be \"TREM\" (did you mean \"TERM\"?)"},
	        {"  - bridge.kill: {when: after}\n",
	                "6:19: \"when\" means nothing without \"at\" or \"on\""},
	        {"  - bridge.kill: {at: 5, when: before_answer}\n",
	                "6:26: a durable call has no answer: say before or after"},
	        {"  - bridge.kill: {on: {at: slack, call: x}, when: before}\n",
	                "6:45: for a record say before_answer or after"},
	        {"  - bridge.kill: {on: {at: bridge, up: true}}\n",
	                "6:28: \"at\" cannot be \"bridge\""},
	        {"  - bridge.kill: {on: {at: slack, cal: x}}\n",
	                "6:35: on has no field \"cal\" (did you mean \"call\"?)"},
	        {"  - bridge.kill: {on: {at: slack}}\n",
	                "6:23: this matches every record; say what to look for"},
	};
	(void)state;
	REFUSED(HEAD, cases);
}

static void test_matchers(void **state)
{
	static const struct refusal cases[] = {
	        {"  - never: {at: slack, cal: x}\n",
	                "6:24: never has no field \"cal\" (did you mean \"call\"?)"},
	        {"  - never: {at: matrix, call: x}\n",
	                "6:25: never has no field \"call\""},
	        {"  - expect: {at: slack}\n",
	                "6:13: this matches every record; say what to look for"},
	        {"  - expect: {text: x}\n",
	                "6:13: expect needs the field \"at\": whose tap is watched"},
	        {"  - expect: {at: slakc, text: x}\n",
	                "6:18: \"at\" cannot be \"slakc\" (did you mean \"slack\"?)"},
	        {"  - expect: {at: slack, text: }\n",
	                "6:31: \"text\" has no value: write null to demand that it is absent"},
	        {"  - expect: {at: slack, text: [a, b]}\n",
	                "6:31: \"text\" wants a single value to compare with, not a list"},
	        {"  - expect: {at: slack, text: \"/(/\"}\n",
	                "6:31: the expression /(/ is malformed: Unmatched ( or \\("},
	        {"  - expect: {at: slack, text: //}\n",
	                "6:31: the expression // matches everything"},
	        {"  - expect: {at: slack, args: x}\n",
	                "6:31: \"args\" wants a map of fields to compare with"},
	        {"  - expect: {at: slack, text.x: y}\n",
	                "6:25: expect has no field \"text.x\" (did you mean \"text\"?)"},
	        {"  - expect: {at: slack, text: \"m{i}\"}\n",
	                "6:31: {i} counts only in a step of slack.* or matrix.*"},
	        {"  - expect: {at: slack, text: \"m{1..5}\"}\n",
	                "6:31: a series such as m{1..50} belongs into \"texts\""},
	        {"  - expect: {at: slack, texts: m}\n",
	                "6:32: a series of texts looks like m{1..50}"},
	        {"  - expect: {at: slack, texts: \"m{5..1}\"}\n",
	                "6:32: a series has from 1 to 10000 texts"},
	        {"  - expect: {at: slack, texts: []}\n",
	                "6:32: an empty list of texts asks for nothing"},
	        {"  - expect: {at: slack, texts: [a], text: a}\n",
	                "6:25: \"texts\" and \"text\" cannot both be said"},
	        {"  - expect: {at: slack, texts: [a], count: 1}\n",
	                "6:25: \"texts\" and \"count\" cannot both be said"},
	        {"  - expect: {at: slack, text: a, order: any}\n",
	                "6:34: \"order\" means nothing without \"texts\""},
	        {"  - expect: {at: slack, text: a, count: -1}\n",
	                "6:34: \"count\" cannot be negative"},
	        {"  - never: {at: slack, text: a, count: 1}\n",
	                "6:33: never has no field \"count\" (did you mean \"conn\"?)"},
	};
	(void)state;
	REFUSED(HEAD, cases);
}

static void test_references(void **state)
{
	static const struct refusal cases[] = {
	        {"  - note: \"${nobody}\"\n",
	                "6:11: ${nobody} refers to nothing that is known at this point"},
	        {"  - note: \"${slack.ulr}\"\n",
	                "6:11: ${slack.ulr} refers to nothing that is known at this point (did "
	                "you mean \"slack.url\"?)"},
	        {"  - note: \"${ x}\"\n",
	                "6:11: a reference looks like ${name} or ${name.field}"},
	        {"  - note: \"${x\"\n",
	                "6:11: a reference looks like ${name} or ${name.field}"},
	        {"  - note: \"${a..b}\"\n",
	                "6:11: a reference looks like ${name} or ${name.field}"},
	        {"  - expect: {at: slack, text: a}\n    save: x\n",
	                "7:11: \"x\" is saved but no later step uses it"},
	        {"  - expect: {at: slack, text: a}\n    save: x\n  - note: \"${x}\"\n",
	                "8:11: ${x} is a whole record; name one of its fields: ${x.text}"},
	        {"  - note: \"${x.text}\"\n  - expect: {at: slack, text: a}\n    save: x\n  - "
	         "note: \"${x.ts}\"\n",
	                "6:11: ${x.text} refers to nothing that is known at this point"},
	        {"  - expect: {at: slack, text: a}\n    save: slack\n",
	                "7:11: the name \"slack\" is taken"},
	        {"  - expect: {at: slack, text: a}\n    save: 1x\n",
	                "7:11: \"1x\" cannot be a name: letters, digits, _ and - only"},
	};
	(void)state;
	REFUSED(HEAD, cases);
}

#define STEPS "steps: [{expect: {at: slack, text: x}}]\n"

static void test_top(void **state)
{
	static const struct refusal cases[] = {
	        {"- a\n", "1:1: a scenario is a map of keys"},
	        {"proves: [MSG-01]\nworld: none\n" STEPS,
	                "1:1: a scenario needs the key \"scenario\""},
	        {"scenario: t\nworld: none\n" STEPS,
	                "1:1: a scenario needs the key \"proves\""},
	        {"scenario: t\nworld: none\nproves: [MSG-01]\n",
	                "1:1: a scenario needs the key \"steps\""},
	        {"scenario: t\nworld: none\nproves: []\n" STEPS,
	                "3:9: \"proves\" wants a list"},
	        {"scenario: t\nworld: none\nproves: [MSG-1]\n" STEPS,
	                "3:10: there is no requirement \"MSG-1\" (did you mean \"MSG-01\"?)"},
	        {"scenario: t\nworld: none\nproves: [MSG-01, MSG-01]\n" STEPS,
	                "3:18: \"MSG-01\" is there twice"},
	        {"scenario: t\nproves: [MSG-01]\nworld: nonr\n" STEPS,
	                "3:8: there is no world \"nonr\""},
	        {"scenario: t\nproves: [MSG-01]\nworld: ../x\n" STEPS,
	                "3:8: there is no world \"../x\""},
	        {"scenario: [t]\nproves: [MSG-01]\nworld: none\n" STEPS,
	                "1:11: \"scenario\" wants a text"},
	        {"scenario: t\nproves: [MSG-01]\nworld: none\nsteps: []\n",
	                "4:8: \"steps\" wants a list of steps"},
	        {"scenario: t\nproves: [MSG-01]\nworld: none\nlimit: {virtual: 0s}\n" STEPS,
	                "4:18: \"virtual\" wants a duration such as 15m or 48h"},
	        {"scenario: t\nproves: [MSG-01]\nworld: none\nlimit: {rael: 5s}\n" STEPS,
	                "4:9: limit has no key \"rael\" (did you mean \"real\"?)"},
	        {"scenario: t\nproves: [MSG-01]\nworld: none\nvary: [a]\n" STEPS,
	                "4:7: \"vary\" wants a map: a name, and its list of values"},
	        {"scenario: t\nproves: [MSG-01]\nworld: none\nvary: {a: every-durable}\n" STEPS,
	                "4:11: \"a\" wants a list of values to vary over"},
	        {"scenario: t\nproves: [MSG-01]\nworld: none\nvary: {a: [1]}\n" STEPS,
	                "4:8: \"a\" is never used"},
	        {"scenario: t\nproves: [MSG-01]\nworld: none\nvars: {a: 1}\n" STEPS,
	                "4:8: \"a\" is never used"},
	        {"scenario: \"${a}\"\nproves: [MSG-01]\nworld: none\nvars: {a: [1]}\n" STEPS,
	                "1:11: \"scenario\" wants a text"},
	        {"scenario: \"x ${a}\"\nproves: [MSG-01]\nworld: none\nvars: {a: [1]}\n" STEPS,
	                "1:11: ${a} is a list and cannot stand inside a text"},
	        {"scenario: \"x ${a.c}\"\nproves: [MSG-01]\nworld: none\nvars: {a: {b: 1}}\n" STEPS,
	                "1:11: ${a.c}: there is no \"c\" in it"},
	        {"scenario: t\nproves: [MSG-01]\nworld: none\nvars: {bridge: 1}\n" STEPS,
	                "4:8: the name \"bridge\" is taken"},
	        {"scenario: \"${a}\"\nproves: [MSG-01]\nworld: none\nvary: {a: [1]}\nvars: {a: "
	         "1}\n" STEPS,
	                "5:8: the name \"a\" is taken"},
	};
	(void)state;
	REFUSED("", cases);
}

static void test_series(void **state)
{
	static const struct {
		const char *json;
		const char *texts; /* NULL: refused */
	} cases[] = {
	        {"\"m{1..3}\"", "[\"m1\",\"m2\",\"m3\"]"},
	        {"\"{0..0}\"", "[\"0\"]"},
	        {"\"a {9..11} z\"", "[\"a 9 z\",\"a 10 z\",\"a 11 z\"]"},
	        {"[\"x\",2,\"m{1..3}\"]", "[\"x\",\"2\",\"m{1..3}\"]"},
	        {"\"m{1..10000}x{1..2}\"", NULL},
	        {"\"m{1..10001}\"", NULL},
	        {"\"m{-1..3}\"", NULL},
	        {"\"m{..3}\"", NULL},
	        {"\"m{1..}\"", NULL},
	        {"\"m{1..2\"", NULL},
	        {"\"m{a..b}\"", NULL},
	        {"\"m\"", NULL},
	        {"[]", NULL},
	        {"[null]", NULL},
	        {"{}", NULL},
	        {"5", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		autojson cJSON *from = json_parse(str_from(cases[i].json), &err);
		autojson cJSON *texts = story_texts(from, &err);
		if (cases[i].texts == NULL) {
			assert_null(texts);
			assert_int_equal(err.kind, ERR_PERMANENT);
			continue;
		}
		assert_non_null(texts);
		autofree char *text = json_print(texts);
		assert_string_equal(text, cases[i].texts);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_steps),
	        cmocka_unit_test(test_fields),
	        cmocka_unit_test(test_matchers),
	        cmocka_unit_test(test_references),
	        cmocka_unit_test(test_top),
	        cmocka_unit_test(test_series),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
