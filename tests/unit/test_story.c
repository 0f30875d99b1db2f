#include "scenarios/runner/story.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "tests/unit/story_files.h"

#define HEAD "scenario: title\nproves: [MSG-01, MSG-12]\nworld: none\n"

static bool load(const struct files *files, const char *path, struct story_set *set,
        struct story_problems *problems)
{
	return story_load(
	        (const char *const[]){path, NULL}, files->worlds, NULL, set, problems);
}

/* Loads one file that must be right. */
static void load_good(const struct files *files, const char *text, struct story_set *set)
{
	struct story_problems problems = {0};
	autofree char *path = files_write(files, "s.yaml", text);
	bool ok = load(files, path, set, &problems);
	problems_print(&problems);
	assert_true(ok);
	story_problems_finish(&problems);
}

static void assert_args(const struct story_step *step, const char *json)
{
	char *text = json_print(step->args);
	assert_string_equal(text, json);
	free(text);
}

/* ---------------------------------------------------------------- what a file says */

static void test_a_whole_file(void **state)
{
	struct files files;
	struct story_set set;
	(void)state;

	files_init(&files);
	load_good(&files,
	        "scenario: \"words: and more\"\n"
	        "proves: [MSG-01, MSG-12]\n"
	        "world: none\n"
	        "tags: [smoke, torture]\n"
	        "limit: {virtual: 15m, real: 5}\n"
	        "expect_fail: not built yet\n"
	        "steps:\n"
	        "  - slack.post: {as: alice, in: general, text: \"m{i}\", count: 50, every: 20ms}\n"
	        "    note: a burst\n"
	        "  - expect: {at: matrix, event: message, text: m20, html: null}\n"
	        "    within: 5s\n"
	        "    req: MSG-01\n"
	        "    save: first\n"
	        "  - never: {at: slack, call: chat.postMessage, args.thread_ts: \"${first.text}\"}\n"
	        "    for: 1h\n"
	        "    req: MSG-12\n",
	        &set);
	assert_int_equal(set.count, 1);
	const struct story *story = &set.stories[0];
	assert_string_equal(story->id, "s");
	assert_string_equal(story->title, "words: and more");
	assert_int_equal(story->proves_count, 2);
	assert_string_equal(story->proves[1], "MSG-12");
	assert_int_equal(story->tags_count, 2);
	assert_string_equal(story->tags[0], "smoke");
	assert_string_equal(story->world, "none");
	assert_int_equal(story->world_steps, 0);
	assert_int_equal(story->limit.virtual_ms, 15 * 60 * 1000);
	assert_int_equal(story->limit.real_ms, 5000);
	assert_string_equal(story->expect_fail, "not built yet");
	assert_int_equal(story->step_count, 3);

	const struct story_step *post = &story->steps[0];
	assert_string_equal(post->verb, "slack.post");
	assert_int_equal(post->number, 1);
	assert_int_equal(post->pos.line, 8);
	assert_int_equal(post->pos.column, 5);
	assert_string_equal(post->note, "a burst");
	assert_args(post,
	        "{\"as\":\"alice\",\"in\":\"general\",\"text\":\"m{i}\",\"count\":50,"
	        "\"every\":\"20ms\"}");
	const struct story_step *expect = &story->steps[1];
	assert_int_equal(expect->within_ms, 5000);
	assert_string_equal(expect->req, "MSG-01");
	assert_string_equal(expect->save, "first");
	assert_args(expect,
	        "{\"at\":\"matrix\",\"event\":\"message\",\"text\":\"m20\",\"html\":null}");
	const struct story_step *never = &story->steps[2];
	assert_int_equal(never->for_ms, 3600 * 1000);
	assert_args(never,
	        "{\"at\":\"slack\",\"call\":\"chat.postMessage\",\"args.thread_ts\":"
	        "\"${first.text}\"}");
	story_set_finish(&set);
	files_finish(&files);
}

static void test_shorthands_and_defaults(void **state)
{
	struct files files;
	struct story_set set;
	(void)state;

	files_init(&files);
	load_good(&files,
	        HEAD "steps:\n"
	             "  - settle\n"
	             "  - settle: {within: 2h, for: 1m}\n"
	             "  - settle:\n"
	             "    within: 5m\n"
	             "  - note: a remark\n"
	             "  - clock.advance: 2h\n"
	             "  - clock.advance: {by: 90}\n"
	             "  - expect: {at: bridge, up: true}\n"
	             "  - never: {at: bridge, log: \"/x/\", fields: {error: y}}\n",
	        &set);
	const struct story *story = &set.stories[0];
	const struct story_step *steps = story->steps;
	assert_int_equal(story->limit.virtual_ms, 48 * 3600 * 1000);
	assert_int_equal(story->limit.real_ms, 60 * 1000);
	assert_null(story->expect_fail);
	assert_int_equal(steps[0].within_ms, 3600 * 1000);
	assert_int_equal(steps[0].for_ms, 0);
	assert_int_equal(steps[1].within_ms, 2 * 3600 * 1000);
	assert_int_equal(steps[1].for_ms, 60 * 1000);
	assert_int_equal(steps[2].within_ms, 5 * 60 * 1000);
	assert_string_equal(steps[3].verb, "note");
	assert_args(&steps[3], "{\"text\":\"a remark\"}");
	assert_args(&steps[4], "{\"by\":\"2h\"}");
	assert_args(&steps[5], "{\"by\":\"90\"}");
	assert_int_equal(steps[6].within_ms, 10 * 1000);
	assert_int_equal(steps[6].for_ms, 10 * 1000);
	assert_args(&steps[6], "{\"at\":\"bridge\",\"up\":true}");
	assert_args(&steps[7],
	        "{\"at\":\"bridge\",\"log\":\"/x/\",\"fields\":{\"error\":\"y\"}}");
	story_set_finish(&set);
	files_finish(&files);
}

/* The field decides what a scalar is; YAML 1.1 and its no = false do not. */
static void test_fields_decide_types(void **state)
{
	struct files files;
	struct story_set set;
	(void)state;

	files_init(&files);
	load_good(&files,
	        HEAD
	        "steps:\n"
	        "  - slack.post: {as: no, in: off, text: 123}\n"
	        "  - slack.post: {as: yes, in: y, text: true}\n"
	        "  - expect: {at: matrix, text: no, events: 3, txn: 007, html: 1.50, "
	        "lost: true, type: \"true\", room: \"12\", user: ~}\n",
	        &set);
	assert_args(&set.stories[0].steps[0],
	        "{\"as\":\"no\",\"in\":\"off\",\"text\":\"123\"}");
	assert_args(&set.stories[0].steps[1],
	        "{\"as\":\"yes\",\"in\":\"y\",\"text\":\"true\"}");
	assert_args(&set.stories[0].steps[2],
	        "{\"at\":\"matrix\",\"text\":\"no\",\"events\":3,\"txn\":\"007\",\"html\":\"1.50\","
	        "\"lost\":true,\"type\":\"true\",\"room\":\"12\",\"user\":null}");
	story_set_finish(&set);
	files_finish(&files);
}

/* ---------------------------------------------------------------- variations */

static void test_vary_makes_every_combination(void **state)
{
	static const char *const ids[] = {
	        "s[why=a,n=1]", "s[why=a,n=2]", "s[why=b_c,n=1]", "s[why=b_c,n=2]"};
	static const char *const titles[] = {
	        "a then 1", "a then 2", "b c then 1", "b c then 2"};
	struct files files;
	struct story_set set;
	(void)state;

	files_init(&files);
	load_good(&files,
	        "scenario: \"${why} then ${n}\"\nproves: [MSG-01]\nworld: none\n"
	        "vary:\n  why: [a, b c]\n  n: [1, 2]\n"
	        "vars: {last: \"${n}\", all: \"m{1..${last}}\"}\n"
	        "steps:\n"
	        "  - slack.post: {as: alice, in: general, text: \"m{i}\", count: \"${n}\"}\n"
	        "  - expect: {at: matrix, texts: \"${all}\"}\n",
	        &set);
	assert_int_equal(set.count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(set.stories[i].id, ids[i]);
		assert_string_equal(set.stories[i].title, titles[i]);
	}
	assert_int_equal(json_int(set.stories[3].steps[0].args, "count", 0), 2);
	assert_string_equal(json_str(set.stories[3].steps[1].args, "texts"), "m{1..2}");
	story_set_finish(&set);
	files_finish(&files);
}

static void test_vary_over_maps(void **state)
{
	struct files files;
	struct story_set set;
	(void)state;

	files_init(&files);
	load_good(&files,
	        "scenario: \"bad ${case.key}\"\nproves: [MSG-01]\nworld: none\n"
	        "vary:\n  case:\n"
	        "    - {key: appservice.port, set: \"\"}\n"
	        "    - {key: appservice.port, set: 12}\n"
	        "    - {set: x, key: database.uri, name: uri/x}\n"
	        "steps:\n"
	        "  - bridge.run: {config: good, set: {\"${case.key}\": \"${case.set}\"}}\n"
	        "  - expect: {at: bridge, exit: 11, stderr: \"/${case.key}/\"}\n",
	        &set);
	assert_int_equal(set.count, 3);
	assert_string_equal(set.stories[0].id, "s[case=appservice.port~1]");
	assert_string_equal(set.stories[1].id, "s[case=appservice.port~2]");
	assert_string_equal(set.stories[2].id, "s[case=uri_x]");
	assert_args(&set.stories[0].steps[0],
	        "{\"config\":\"good\",\"set\":{\"appservice.port\":\"\"}}");
	assert_args(&set.stories[1].steps[0],
	        "{\"config\":\"good\",\"set\":{\"appservice.port\":12}}");
	assert_args(&set.stories[2].steps[1],
	        "{\"at\":\"bridge\",\"exit\":11,\"stderr\":\"/database.uri/\"}");
	story_set_finish(&set);
	files_finish(&files);
}

/* ---------------------------------------------------------------- worlds */

static void test_worlds(void **state)
{
	struct files files;
	struct story_set set;
	(void)state;

	files_init(&files);
	free(files_write(&files, "worlds/base.yaml",
	        "world: base\n"
	        "setup:\n"
	        "  bridge: {config: {a.b: 1, c: x}}\n"
	        "  matrix: {profile: synapse}\n"
	        "steps:\n"
	        "  - bridge.start\n"
	        "  - expect: {at: bridge, up: true}\n"
	        "    save: begun\n"));
	free(files_write(&files, "worlds/more.yaml",
	        "world: more\n"
	        "setup: {like: base, bridge: {config: {c: y, d: no}}}\n"
	        "steps:\n"
	        "  - slack.post: {as: alice, in: general, text: \"${begun.up} ${slack.url}\"}\n"));
	load_good(&files,
	        "scenario: t\nproves: [MSG-01]\nworld: more\n"
	        "steps:\n  - expect: {at: slack, text: \"${begun.up}\"}\n",
	        &set);
	const struct story *story = &set.stories[0];
	assert_int_equal(story->world_steps, 3);
	assert_int_equal(story->step_count, 4);
	assert_int_equal(story->steps[2].number, 0);
	assert_int_equal(story->steps[3].number, 1);
	assert_true(str_ends(story->steps[0].pos.file, "/worlds/base.yaml"));
	assert_true(str_ends(story->steps[2].pos.file, "/worlds/more.yaml"));
	char *setup = json_print(story->setup);
	assert_string_equal(setup,
	        "{\"bridge\":{\"config\":{\"a.b\":1,\"c\":\"y\",\"d\":\"no\"}},\"matrix\":{"
	        "\"profile\":\"synapse\"}}");
	free(setup);
	story_set_finish(&set);
	files_finish(&files);
}

static void test_worlds_that_are_wrong(void **state)
{
	static const struct {
		const char *world;
		const char *problem;
	} cases[] = {
	        {"world: other\n",
	                "/w.yaml:1:8: this file must say \"world: w\", as it is called"},
	        {"world: w\nsetup: {like: w}\n",
	                "/w.yaml:2:15: the world \"w\" is like itself"},
	        {"world: w\nsetup: {like: v}\n",
	                "/w.yaml:2:15: there is no world \"v\" (did you mean \"w\"?)"},
	        {"world: w\nsetup: {brigde: {}}\n",
	                "/w.yaml:2:9: setup has no field \"brigde\" (did you mean \"bridge\"?)"},
	        {"world: w\nsetup: {bridge: {confg: {}}}\n",
	                "/w.yaml:2:18: bridge has no field \"confg\" (did you mean \"config\"?)"},
	        {"world: w\nsetup: {matrix: {profile: dendrite}}\n",
	                "/w.yaml:2:27: \"profile\" cannot be \"dendrite\""},
	        {"world: w\nsteps:\n  - settle:\n    req: MSG-01\n",
	                "/w.yaml:4:10: a world shows no requirement; a scenario does"},
	        {"world: w\nsteps:\n  - note: \"${why}\"\n",
	                "/w.yaml:3:11: ${why} refers to nothing that is known at this point"},
	        {"world: w\nsteps: x\n", "/w.yaml:2:8: \"steps\" wants a list"},
	};
	struct files files;
	struct story_set set;
	(void)state;

	files_init(&files);
	autofree char *path = files_write(&files, "s.yaml",
	        "scenario: t\nproves: [MSG-01]\nworld: w\nsteps: [{expect: {at: slack, text: x}}]\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct story_problems problems = {0};
		free(files_write(&files, "worlds/w.yaml", cases[i].world));
		assert_false(load(&files, path, &set, &problems));
		if (!problems_have(&problems, cases[i].problem)) {
			print_message("wanted: %s\n", cases[i].problem);
			problems_print(&problems);
			fail();
		}
		assert_int_equal(problems.count, 1);
		story_problems_finish(&problems);
	}
	files_finish(&files);
}

/* ---------------------------------------------------------------- several files */

static void test_all_problems_of_all_files(void **state)
{
	struct files files;
	struct story_set set;
	struct story_problems problems = {0};
	(void)state;

	files_init(&files);
	autofree char *a = files_write(&files, "a.yaml",
	        HEAD
	        "vary: {n: [1, 2]}\nsteps:\n  - expect: {at: slack, text: \"${n}\", x: 1}\n"
	        "  - sleep: 1\nwrold: x\n");
	autofree char *b = files_write(&files, "b.yaml", "a: [\n");
	autofree char *c = files_write(&files, "c.yaml", HEAD "steps: [settle]\n");
	assert_false(
	        story_load((const char *const[]){a, b, "/nonexistent/d.yaml", c, NULL},
	                files.worlds, NULL, &set, &problems));
	assert_int_equal(set.count, 0);
	assert_int_equal(problems.count, 6);
	assert_true(
	        str_ends(problems.lines[0], "a.yaml:6:39: expect has no field \"x\""));
	assert_true(
	        strstr(problems.lines[1], "a.yaml:7:5: there is no \"sleep\"") != NULL);
	assert_true(str_ends(problems.lines[2],
	        "a.yaml:8:1: a scenario has no key \"wrold\" (did you mean \"world\"?)"));
	assert_true(strstr(problems.lines[3], "b.yaml:") != NULL);
	assert_true(
	        str_starts(problems.lines[4], "/nonexistent/d.yaml:1:1: cannot be read"));
	assert_true(str_ends(problems.lines[5],
	        "c.yaml:4:8: with neither expect nor never this shows nothing"));
	story_problems_finish(&problems);
	files_finish(&files);
}

static void test_no_two_stories_with_one_name(void **state)
{
	struct files files;
	struct story_set set;
	struct story_problems problems = {0};
	(void)state;

	files_init(&files);
	autofree char *a = files_write(
	        &files, "a.yaml", HEAD "steps: [{expect: {at: slack, text: x}}]\n");
	autofree char *b = files_write(&files, "worlds/a.yaml",
	        HEAD "steps: [{expect: {at: slack, text: x}}]\n");
	assert_false(story_load(
	        (const char *const[]){a, b, NULL}, files.worlds, NULL, &set, &problems));
	assert_int_equal(problems.count, 1);
	assert_true(problems_have(&problems, "/a.yaml"));
	story_problems_finish(&problems);
	files_finish(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_whole_file),
	        cmocka_unit_test(test_shorthands_and_defaults),
	        cmocka_unit_test(test_fields_decide_types),
	        cmocka_unit_test(test_vary_makes_every_combination),
	        cmocka_unit_test(test_vary_over_maps),
	        cmocka_unit_test(test_worlds),
	        cmocka_unit_test(test_worlds_that_are_wrong),
	        cmocka_unit_test(test_all_problems_of_all_files),
	        cmocka_unit_test(test_no_two_stories_with_one_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
