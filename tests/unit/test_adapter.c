/* proves: HARN-10 */
#include "scenarios/runner/adapter.h"

#include "lib/str.h"
#include "tests/unit/story_files.h"

static void test_what_an_adapter_says(void **state)
{
	static const char text[] =
	        "bridge: other\nstart: [/bin/other, \"${config}\"]\n"
	        "ready: it is up\nworlds: w\ngives: [log]\n"
	        "claims: [A-01, A-02]\nconfig: |\n  port=${bridge.port}\n";
	struct story_problems problems = {0};
	struct adapter adapter;
	struct files files;
	(void)state;

	files_init(&files);
	autofree char *path = files_write(&files, "a.yaml", text);
	assert_true(adapter_read(path, &adapter, &problems));
	assert_string_equal(adapter.name, "other");
	assert_string_equal(adapter.start[0], "/bin/other");
	assert_string_equal(adapter.start[1], "${config}");
	assert_null(adapter.start[2]);
	assert_string_equal(adapter.ready, "it is up");
	assert_string_equal(adapter.config, "port=${bridge.port}\n");
	assert_true(str_ends(adapter.worlds_dir, "/w"));
	assert_true(str_starts(adapter.worlds_dir, adapter.dir));
	assert_string_equal(adapter.claims[1], "A-02");
	assert_false(adapter.gives_all);
	adapter_finish(&adapter);
	files_finish(&files);
}

static void test_what_is_wrong_with_one(void **state)
{
	static const struct {
		const char *text;
		const char *problem;
	} cases[] = {
	        {"start: [x]\n", ":1:1: an adapter's \"bridge\" is a text"},
	        {"bridge: x\n", ":1:1: an adapter needs \"start\": a command line"},
	        {"bridge: x\nstart: []\n",
	                ":1:1: an adapter needs \"start\": a command line"},
	        {"bridge: x\nstart: y\n", ":2:8: an adapter's \"start\" is a list"},
	        {"bridge: x\nstart: [y]\nstrat: [y]\n",
	                ":3:1: an adapter has no key \"strat\" (did you mean \"start\"?)"},
	        {"bridge: x\nstart: [y]\ngives: [logs]\n",
	                ":3:9: there is no ability \"logs\" (did you mean \"log\"?)"},
	        {"bridge: x\nstart: [y]\ngives: [[log]]\n",
	                ":3:9: \"gives\" lists words"},
	        {"bridge: [x]\nstart: [y]\n", ":1:9: an adapter's \"bridge\" is a text"},
	};
	struct files files;
	(void)state;

	files_init(&files);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct story_problems problems = {0};
		struct adapter adapter;
		autofree char *path = files_write(&files, "a.yaml", cases[i].text);
		assert_false(adapter_read(path, &adapter, &problems));
		if (!problems_have(&problems, cases[i].problem)) {
			problems_print(&problems);
			fail_msg("not there: %s", cases[i].problem);
		}
		adapter_finish(&adapter);
		story_problems_finish(&problems);
	}
	files_finish(&files);
}

static char *word(const char *text)
{
	return (char *)(uintptr_t)text;
}

/* One step each, by a bridge that can do nothing special and claims A-01. */
static void test_what_a_story_takes(void **state)
{
	static const struct {
		const char *verb, *args, *world, *setup, *proves, *lack;
	} cases[] = {
	        {"slack.post", "{}", "w", "{}", "A-01", NULL},
	        {"bridge.start", "{}", "w", "{}", "A-01", NULL},
	        {"bridge.kill", "{\"at\":3}", "w", "{}", "A-01", NULL},
	        {"expect", "{\"at\":\"bridge\",\"log\":\"Bridge started\"}", "w", "{}",
	                "A-01", NULL},
	        {"expect", "{\"at\":\"bridge\",\"exit\":0}", "w", "{}", "A-01", NULL},
	        {"expect", "{\"at\":\"slack\",\"log\":\"x\"}", "w", "{}", "A-01", NULL},
	        {"slack.post", "{}", "w", "{}", "A-02", "x does not claim A-02"},
	        {"slack.post", "{}", "none", "{}", "A-01",
	                "x has no ability \"command-line\""},
	        {"bridge.run", "{}", "w", "{}", "A-01",
	                "x has no ability \"command-line\""},
	        {"bridge.start", "{\"config\":{}}", "w", "{}", "A-01",
	                "x has no ability \"configuration\""},
	        {"bridge.start", "{\"limits\":{}}", "w", "{}", "A-01",
	                "x has no ability \"configuration\""},
	        {"file.look", "{}", "w", "{}", "A-01",
	                "x has no ability \"configuration\""},
	        {"slack.post", "{}", "w", "{\"bridge\":{}}", "A-01",
	                "x has no ability \"configuration\""},
	        {"slack.post", "{}", "w", "{\"database\":\"postgres\"}", "A-01",
	                "x has no ability \"database\""},
	        {"database.lock", "{}", "w", "{}", "A-01",
	                "x has no ability \"database\""},
	        {"bridge.fault", "{}", "w", "{}", "A-01", "x has no ability \"faults\""},
	        {"never", "{\"at\":\"bridge\",\"level\":\"error\"}", "w", "{}", "A-01",
	                NULL}, /* given */
	};
	static char *start[] = {NULL, NULL}, *gives[] = {NULL, NULL},
	            *claims[] = {NULL, NULL};
	const struct adapter all = {.name = word("all"), .gives_all = true};
	(void)state;

	start[0] = word("/bin/x");
	gives[0] = word("log");
	claims[0] = word("A-01");
	const struct adapter adapter = {
	        .name = word("x"), .start = start, .gives = gives, .claims = claims};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autojson cJSON *args = cJSON_Parse(cases[i].args);
		autojson cJSON *setup = cJSON_Parse(cases[i].setup);
		struct story_step step = {.verb = word(cases[i].verb), .args = args};
		char *proves[] = {word(cases[i].proves)};
		const struct story story = {.world = word(cases[i].world),
		        .setup = setup,
		        .steps = &step,
		        .step_count = 1,
		        .proves = proves,
		        .proves_count = 1};
		autofree char *lack = adapter_lack(&adapter, &story);
		assert_true(str_equal(lack, cases[i].lack));
		assert_null(adapter_lack(&all, &story));
	}
}

static void test_a_story_and_its_world_say_what_they_need(void **state)
{
	static char *needs[] = {NULL};
	const struct adapter adapter = {.name = word("x")};
	const struct story story = {.world = word("w"), .needs = needs, .needs_count = 1};
	(void)state;

	needs[0] = word("login-by-chat");
	autofree char *lack = adapter_lack(&adapter, &story);
	assert_string_equal(lack, "x has no ability \"login-by-chat\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_what_an_adapter_says),
	        cmocka_unit_test(test_what_is_wrong_with_one),
	        cmocka_unit_test(test_what_a_story_takes),
	        cmocka_unit_test(test_a_story_and_its_world_say_what_they_need),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
