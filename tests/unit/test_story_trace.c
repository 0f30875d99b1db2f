#include "scenarios/runner/trace.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "tests/unit/story_files.h"

static const char spec[] = "- {id: A-01, title: First, text: The first thing.}\n"
                           "- {id: A-02, title: Second, text: The second thing.}\n"
                           "- {id: A-03, title: Third, text: The third thing.}\n"
                           "- {id: A-04, title: Fourth, text: The fourth thing.}\n";

static char *proves_1[] = {(char *)(uintptr_t) "A-01", (char *)(uintptr_t) "A-02"};
static char *proves_2[] = {(char *)(uintptr_t) "A-02"};
static char *proves_3[] = {(char *)(uintptr_t) "A-03"};

/* Two variations of one file, one file that is known to fail, and one more. */
static void make_set(
        struct story_set *set, struct story *stories, struct story_step *step)
{
	memset(stories, 0, 4 * sizeof(*stories));
	*step = (struct story_step){.number = 3, .req = proves_1[0]};
	for (size_t i = 0; i < 4; i++) {
		static const char *const ids[] = {
		        "010-a[n=1]", "010-a[n=2]", "020-b", "030-c"};
		static const char *const paths[] = {
		        "s/010-a.yaml", "s/010-a.yaml", "s/020-b.yaml", "s/030-c.yaml"};
		stories[i].id = (char *)(uintptr_t)ids[i];
		stories[i].path = (char *)(uintptr_t)paths[i];
		stories[i].title = (char *)(uintptr_t) "a | title";
		stories[i].proves = i < 2 ? proves_1 : i == 2 ? proves_2 : proves_3;
		stories[i].proves_count = i < 2 ? 2 : 1;
		stories[i].steps = step;
		stories[i].step_count = 1;
	}
	stories[3].expect_fail = (char *)(uintptr_t) "known";
	*set = (struct story_set){stories, 4};
}

struct expected {
	const char *results;
	enum trace_result files[3];
	enum trace_state states[4];
};

#define LINE(id, verdict) "{\"story\":\"" id "\",\"verdict\":\"" verdict "\"}\n"

static void test_states(void **state)
{
	static const struct expected cases[] = {
	        {"", {TRACE_NOT_RUN, TRACE_NOT_RUN, TRACE_NOT_RUN},
	                {TRACE_OPEN, TRACE_OPEN, TRACE_OPEN, TRACE_SHOWN}},
	        {LINE("010-a[n=1]", "pass") LINE("010-a[n=2]", "pass")
	                        LINE("020-b", "skip"),
	                {TRACE_PASSED, TRACE_SKIPPED, TRACE_NOT_RUN},
	                {TRACE_SHOWN, TRACE_SHOWN, TRACE_OPEN, TRACE_SHOWN}},
	        {LINE("010-a[n=1]", "pass") LINE("020-b", "pass") LINE("030-c", "fail"),
	                {TRACE_NOT_RUN, TRACE_PASSED, TRACE_KNOWN_FAILURE},
	                {TRACE_OPEN, TRACE_SHOWN, TRACE_OPEN, TRACE_SHOWN}},
	        {LINE("010-a[n=1]", "pass") LINE("010-a[n=2]", "fail")
	                        LINE("020-b", "pass"),
	                {TRACE_FAILED, TRACE_PASSED, TRACE_NOT_RUN},
	                {TRACE_FAILING, TRACE_FAILING, TRACE_OPEN, TRACE_SHOWN}},
	        {LINE("010-a[n=1]", "harness") LINE("010-a[n=2]", "pass")
	                        LINE("020-b", "unknown") LINE("030-c", "pass"),
	                {TRACE_FAILED, TRACE_FAILED, TRACE_PASSED},
	                {TRACE_FAILING, TRACE_FAILING, TRACE_SHOWN, TRACE_SHOWN}},
	};
	struct files files;
	(void)state;

	files_init(&files);
	autofree char *spec_path = files_write(&files, "spec.yaml", spec);
	free(files_write(&files, "worlds/test_x.c",
	        "/* proves: A-04 */\nstatic void test_four(void **state)\n"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct story_set set;
		struct story stories[4];
		struct story_step step;
		struct trace trace;
		struct story_problems problems = {0};
		make_set(&set, stories, &step);
		autofree char *results = files_write(&files, "r.jsonl", cases[i].results);
		assert_true(trace_gather(
		        &trace, &set, spec_path, results, files.worlds, &problems));
		assert_int_equal(problems.count, 0);
		assert_int_equal(trace.file_count, 3);
		for (size_t f = 0; f < 3; f++) {
			assert_int_equal(trace.files[f].result, cases[i].files[f]);
		}
		for (size_t r = 0; r < 4; r++) {
			assert_int_equal(
			        trace_state_of(&trace, &trace.requirements.items[r]),
			        cases[i].states[r]);
		}
		trace_finish(&trace);
	}
	files_finish(&files);
}

static void test_report(void **state)
{
	struct files files;
	struct story_set set;
	struct story stories[4];
	struct story_step step;
	struct trace trace;
	struct story_problems problems = {0};
	(void)state;

	files_init(&files);
	make_set(&set, stories, &step);
	autofree char *spec_path = files_write(&files, "spec.yaml", spec);
	autofree char *results = files_write(&files, "r.jsonl",
	        LINE("010-a[n=1]", "pass") LINE("010-a[n=2]", "fail")
	                LINE("020-b", "pass"));
	assert_true(
	        trace_gather(&trace, &set, spec_path, results, files.worlds, &problems));
	autofree char *text = trace_report(&trace);
	static const char *const parts[] = {
	        "| requirements | 4 |\n| shown | 0 |\n| failing | 2 |\n| open | 2 |\n"
	        "| scenario files | 3 |\n| scenarios with variations | 4 |\n",
	        "## Failing\n\n- A-01 First\n- A-02 Second\n\n",
	        "## Open\n\n- A-03 Third\n- A-04 Fourth\n\n",
	        "### A-01 First: failing\n\nThe first thing.\n\n"
	        "- scenario [010-a](s/010-a.yaml) at step 3: failed ([n=2])\n\n",
	        "- scenario [020-b](s/020-b.yaml): passed\n\n",
	        "### A-04 Fourth: open\n\nThe fourth thing.\n\n## Scenarios\n",
	        "| [010-a](s/010-a.yaml) | a \\| title | A-01, A-02 | failed ([n=2]) |\n",
	        "| [030-c](s/030-c.yaml) | a \\| title | A-03 | not run |\n",
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strstr(text, parts[i]) == NULL) {
			print_message("missing: %s\nin: %s\n", parts[i], text);
			fail();
		}
	}
	trace_finish(&trace);
	files_finish(&files);
}

static void test_stale_files_are_noticed(void **state)
{
	struct files files;
	struct story_set set;
	struct story stories[4];
	struct story_step step;
	struct story_problems problems = {0};
	(void)state;

	files_init(&files);
	make_set(&set, stories, &step);
	set.count = 0;
	autofree char *results = files_write(&files, "r.jsonl", "");
	autofree char *out = xasprintf("%s/T.md", files.dir);
	assert_false(story_trace(&set, STORY_SPEC, results, out, true, &problems));
	assert_true(problems_have(&problems, "is missing: `scenario trace` writes it"));
	story_problems_finish(&problems);

	assert_true(story_trace(&set, STORY_SPEC, results, out, false, &problems));
	assert_true(story_trace(&set, STORY_SPEC, results, out, true, &problems));
	assert_int_equal(problems.count, 0);

	FILE *more = fopen(out, "ae");
	assert_non_null(more);
	fputs("more\n", more);
	fclose(more);
	assert_false(story_trace(&set, STORY_SPEC, results, out, true, &problems));
	assert_int_equal(problems.count, 1);
	story_problems_finish(&problems);

	free(files_write(&files, "T.md", "# Requirements and what shows them\n\nelse\n"));
	assert_false(story_trace(&set, STORY_SPEC, results, out, true, &problems));
	assert_true(strstr(problems.lines[0], "T.md:3:1: is stale") != NULL);
	story_problems_finish(&problems);

	free(files_write(&files, "T.md", "# Requirements and what shows them\n"));
	assert_false(story_trace(&set, STORY_SPEC, results, out, true, &problems));
	assert_true(strstr(problems.lines[0], "T.md:2:1: is stale") != NULL);
	story_problems_finish(&problems);
	files_finish(&files);
}

static void test_marks_in_unit_tests(void **state)
{
	struct files files;
	struct story_set set = {0};
	struct trace trace;
	struct story_problems problems = {0};
	(void)state;

	files_init(&files);
	autofree char *spec_path = files_write(&files, "spec.yaml", spec);
	free(files_write(&files, "worlds/test_x.c",
	        "/* proves: A-01, A-2 */\nstatic void test_one(void **state)\n"
	        "\t/* proves: A-03 */\n#include \"x(y).h\"\nvoid y(void)\n\"/* proves: A-09 */\\n\"\n/* proves: A-03 */"));
	free(files_write(&files, "worlds/notes.txt", "/* proves: B-01 */\nf()\n"));
	assert_true(trace_gather(
	        &trace, &set, spec_path, "/nonexistent", files.worlds, &problems));
	assert_int_equal(trace.marks.count, 3);
	assert_string_equal(trace.marks.items[0].id, "A-01");
	assert_string_equal(trace.marks.items[0].test, "test_one");
	assert_string_equal(trace.marks.items[1].id, "A-03");
	assert_string_equal(trace.marks.items[1].test, "test_x");
	assert_string_equal(trace.marks.items[2].test, "test_x");
	assert_int_equal(problems.count, 1);
	assert_true(str_ends(problems.lines[0],
	        "x.c:1:18: there is no requirement \"A-2\" (did you mean \"A-02\"?)"));
	trace_finish(&trace);
	story_problems_finish(&problems);

	autofree char *results = files_write(&files, "r.jsonl", LINE("a", "pass") "{\n");
	assert_false(
	        trace_gather(&trace, &set, spec_path, results, files.worlds, &problems));
	assert_true(
	        problems_have(&problems, "r.jsonl:2:1: this is no result of a scenario"));
	trace_finish(&trace);
	story_problems_finish(&problems);
	files_finish(&files);
}

static void test_requirements_that_are_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *problem;
	} cases[] = {
	        {"a: b\n", ":1:1: the requirements must be a list"},
	        {"- {id: A-01, title: x}\n", ":1:3: this requirement has no text"},
	        {"- {id: A-01, title: x, text: y}\n- {id: A-01, title: x, text: y}\n",
	                ":2:3: the requirement A-01 is there twice"},
	};
	struct files files;
	(void)state;

	files_init(&files);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct requirements requirements;
		struct story_problems problems = {0};
		autofree char *path = files_write(&files, "spec.yaml", cases[i].text);
		assert_false(requirements_read(path, &requirements, &problems));
		assert_true(problems_have(&problems, cases[i].problem));
		requirements_finish(&requirements);
		story_problems_finish(&problems);
	}
	files_finish(&files);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_states),
	        cmocka_unit_test(test_report),
	        cmocka_unit_test(test_stale_files_are_noticed),
	        cmocka_unit_test(test_marks_in_unit_tests),
	        cmocka_unit_test(test_requirements_that_are_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
