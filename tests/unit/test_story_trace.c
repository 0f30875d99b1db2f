/* proves: HARN-03 */
#include "scenarios/runner/trace.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "tests/unit/story_files.h"

/* The numbers are those of the texts. */
static const char spec[] =
        "# Area\n\nWords.\n\n"
        "## A-01 First\n\nThe first\nthing.\n\nRevision 1 (e8b9de06). Source: card.\n\n"
        "## A-02 Second\n\nThe second thing.\n\nRevision 1 (681f626a). Source: card.\n\n"
        "## A-03 Third\n\nThe third thing.\n\nRevision 1 (e115a63a). Source: card.\n\n"
        "## A-04 Fourth\n\nThe fourth thing.\n\nRevision 1 (4c15b1c2). Source: card. Needs: test.\n";

static const char *const folders[] = {"spec", "tests", "code", "code/deep", "mutants"};

struct fixture {
	struct files files;
	struct trace_places places;
	char *paths[5]; /* of the folders */
	char *results;
	struct story_set set;
	struct story stories[4];
	struct story_step step;
	struct story_problems problems;
	struct trace trace;
};

static char *proves_1[] = {(char *)(uintptr_t) "A-01", (char *)(uintptr_t) "A-02"};
static char *proves_2[] = {(char *)(uintptr_t) "A-02"};
static char *proves_3[] = {(char *)(uintptr_t) "A-03"};

/* Two variations of one file, one file that is known to fail, and one more. */
static void make_set(struct fixture *fixture)
{
	struct story *stories = fixture->stories;

	fixture->step = (struct story_step){.number = 3, .req = proves_1[0]};
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
		stories[i].steps = &fixture->step;
		stories[i].step_count = 1;
	}
	stories[3].expect_fail = (char *)(uintptr_t) "known";
	fixture->set = (struct story_set){stories, 4};
}

static void put(const struct fixture *fixture, const char *name, const char *text)
{
	free(files_write(&fixture->files, name, text));
}

static void fixture_init(struct fixture *fixture)
{
	*fixture = (struct fixture){0};
	files_init(&fixture->files);
	for (size_t i = 0; i < 5; i++) {
		fixture->paths[i] = xasprintf("%s/%s", fixture->files.dir, folders[i]);
		assert_int_equal(mkdir(fixture->paths[i], 0700), 0);
	}
	fixture->results = xasprintf("%s/r.jsonl", fixture->files.dir);
	fixture->places = (struct trace_places){.spec_dir = fixture->paths[0],
	        .results_path = fixture->results,
	        .tests_dir = fixture->paths[1],
	        .code_dir = fixture->paths[2],
	        .mutants_dir = fixture->paths[4]};
	put(fixture, "spec/a.md", spec);
	put(fixture, "spec/README.md", "## B-01 Not read\n\nAt all.\n");
	make_set(fixture);
}

static bool gather(struct fixture *fixture)
{
	return trace_gather(
	        &fixture->trace, &fixture->set, &fixture->places, &fixture->problems);
}

static void forget(struct fixture *fixture)
{
	trace_finish(&fixture->trace);
	story_problems_finish(&fixture->problems);
}

static void fixture_finish(struct fixture *fixture)
{
	forget(fixture);
	for (size_t i = 5; i-- > 0;) {
		files_empty(fixture->paths[i]);
		free(fixture->paths[i]);
	}
	free(fixture->results);
	files_finish(&fixture->files);
}

static enum trace_state state_of(const struct fixture *fixture, size_t i)
{
	return trace_state_of(&fixture->trace, &fixture->trace.requirements.items[i]);
}

#define LINE(id, verdict) "{\"story\":\"" id "\",\"verdict\":\"" verdict "\"}\n"
#define WENT(id, mark)                                                                   \
	"{\"story\":\"" id "\",\"verdict\":\"pass\",\"marks\":[\"" mark "\"]}\n"

/* ---------------------------------------------------------------- states */

struct expected {
	const char *results;
	enum trace_result files[3];
	enum trace_state states[4];
};

static void test_states(void **state)
{
	static const struct expected cases[] = {
	        {"", {TRACE_NOT_RUN, TRACE_NOT_RUN, TRACE_NOT_RUN},
	                {TRACE_OPEN, TRACE_OPEN, TRACE_OPEN, TRACE_DEEP}},
	        {LINE("010-a[n=1]", "pass") LINE("010-a[n=2]", "pass")
	                        LINE("020-b", "skip"),
	                {TRACE_PASSED, TRACE_SKIPPED, TRACE_NOT_RUN},
	                {TRACE_SHALLOW, TRACE_SHALLOW, TRACE_OPEN, TRACE_DEEP}},
	        {LINE("010-a[n=1]", "pass") LINE("020-b", "pass") LINE("030-c", "fail"),
	                {TRACE_NOT_RUN, TRACE_PASSED, TRACE_KNOWN_FAILURE},
	                {TRACE_OPEN, TRACE_SHALLOW, TRACE_OPEN, TRACE_DEEP}},
	        {LINE("010-a[n=1]", "pass") LINE("010-a[n=2]", "fail")
	                        LINE("020-b", "pass"),
	                {TRACE_FAILED, TRACE_PASSED, TRACE_NOT_RUN},
	                {TRACE_FAILING, TRACE_FAILING, TRACE_OPEN, TRACE_DEEP}},
	        {LINE("010-a[n=1]", "harness") LINE("010-a[n=2]", "pass")
	                        LINE("020-b", "unknown") LINE("030-c", "pass"),
	                {TRACE_FAILED, TRACE_FAILED, TRACE_PASSED},
	                {TRACE_FAILING, TRACE_FAILING, TRACE_SHALLOW, TRACE_DEEP}},
	};
	struct fixture fixture;
	(void)state;

	fixture_init(&fixture);
	put(&fixture, "tests/test_x.c",
	        "/* proves: A-04 */\nstatic void test_four(void **state)\n");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(&fixture, "r.jsonl", cases[i].results);
		assert_true(gather(&fixture));
		assert_int_equal(fixture.problems.count, 0);
		assert_int_equal(fixture.trace.file_count, 3);
		for (size_t f = 0; f < 3; f++) {
			assert_int_equal(
			        fixture.trace.files[f].result, cases[i].files[f]);
		}
		for (size_t r = 0; r < 4; r++) {
			assert_int_equal(state_of(&fixture, r), cases[i].states[r]);
		}
		forget(&fixture);
	}
	fixture_finish(&fixture);
}

static const char code[] = "static int helper(void);\n"
                           "static bool take(\n\tint a)\n{\n\tREQ(\"A-02\");\n}\n"
                           "void other(void)\n{\n\tif (x) {\n\t\tREQ(\"A-03\");\n";
static const char patch[] = "Breaks: one | thing\nRequirement: A-02, A-03\n"
                            "--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-one\n+two\n";

/* Each of the links alone is not enough. */
static void test_how_deep(void **state)
{
	static const struct {
		const char *results;
		const char *code, *verdict;
		const char *lack; /* of A-02 */
		enum trace_state state;
	} cases[] = {
	        {LINE("020-b", "pass"), "", "", "no mark in the code, no mutant",
	                TRACE_SHALLOW},
	        {LINE("020-b", "pass"), code, "killed", "mark not executed",
	                TRACE_SHALLOW},
	        {WENT("020-b", "A-03"), code, "killed", "mark not executed",
	                TRACE_SHALLOW},
	        /* by a scenario that does not speak of it */
	        {LINE("020-b", "pass") WENT("030-c", "A-02"), code, "killed",
	                "mark not executed", TRACE_SHALLOW},
	        {WENT("020-b", "A-02"), "", "killed", "no mark in the code",
	                TRACE_SHALLOW},
	        {WENT("020-b", "A-02"), code, "", "no mutant", TRACE_SHALLOW},
	        {WENT("020-b", "A-02"), code, "survived", "no mutant killed",
	                TRACE_SHALLOW},
	        {WENT("020-b", "A-02"), code, "killed", "", TRACE_DEEP},
	        {LINE("020-b", "fail"), code, "killed", "no scenario, mark not executed",
	                TRACE_FAILING},
	};
	struct fixture fixture;
	(void)state;

	fixture_init(&fixture);
	autofree char *hash = sha256_hex(str_from("-one\n+two\n"));
	fixture.set.stories += 2; /* not the first file, which was not run */
	fixture.set.count = 2;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool mutant = cases[i].verdict[0] != '\0';
		autofree char *result =
		        xasprintf("001-x\t%.8s\t%s\t020-b\n", hash, cases[i].verdict);
		put(&fixture, "r.jsonl", cases[i].results);
		put(&fixture, "code/deep/x.c", cases[i].code);
		put(&fixture, mutant ? "mutants/001-x.patch" : "mutants/none", patch);
		put(&fixture, "mutants/results.tsv", mutant ? result : "");
		assert_true(gather(&fixture));
		assert_int_equal(fixture.problems.count, 0);
		autofree char *lack =
		        trace_lack(&fixture.trace, &fixture.trace.requirements.items[1]);
		assert_string_equal(lack, cases[i].lack);
		assert_int_equal(state_of(&fixture, 1), cases[i].state);
		forget(&fixture);
		autofree char *old =
		        xasprintf("%s/001-x.patch", fixture.places.mutants_dir);
		unlink(old);
	}
	fixture_finish(&fixture);
}

static void test_report(void **state)
{
	static const char *const parts[] = {
	        "| requirements | 4 |\n| deep | 0 |\n| shallow | 0 |\n| failing | 2 |\n| open | 2 |\n"
	        "| scenario files | 3 |\n| scenarios with variations | 4 |\n"
	        "| marks in the code | 2 |\n| mutants | 1 |\n| mutants killed | 1 |\n",
	        "## Failing\n\n- A-01 First\n- A-02 Second\n\n",
	        "## Open\n\n- A-03 Third\n- A-04 Fourth\n\n",
	        "## Doubtful\n\n- the mark of A-03 in other(), ",
	        "[010](s/010-a.yaml) (3) **failed** |  |",
	        "~1 | 681f626a Second | **failing** | [010](s/010-a.yaml) **failed**, "
	        "[020](s/020-b.yaml) |  | [take](",
	        "[001](",
	        "001-x.patch) by 020 |\n",
	        "| [010-a](s/010-a.yaml) | a \\| title | A-01, A-02 | failed ([n=2]) |\n",
	        "| [030-c](s/030-c.yaml) | a \\| title | A-03 | not run |\n",
	};
	struct fixture fixture;
	(void)state;

	fixture_init(&fixture);
	autofree char *hash = sha256_hex(str_from("-one\n+two\n"));
	autofree char *result = xasprintf("001-x\t%.8s\tkilled\t020-b[a=1]\n", hash);
	put(&fixture, "r.jsonl",
	        LINE("010-a[n=1]", "pass") LINE("010-a[n=2]", "fail")
	                WENT("020-b", "A-02"));
	put(&fixture, "code/x.c", code);
	put(&fixture, "mutants/001-x.patch", patch);
	put(&fixture, "mutants/results.tsv", result);
	assert_true(gather(&fixture));
	autofree char *text = trace_report(&fixture.trace);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strstr(text, parts[i]) == NULL) {
			print_message("missing: %s\nin: %s\n", parts[i], text);
			fail();
		}
	}
	fixture_finish(&fixture);
}

/* ---------------------------------------------------------------- stale */

static bool write_trace(struct fixture *fixture, const char *out, bool check)
{
	autofree char *summary = NULL;

	story_problems_finish(&fixture->problems);
	return story_trace(&fixture->set, &fixture->places, out, check, &summary,
	        &fixture->problems);
}

static void test_stale_files_are_noticed(void **state)
{
	struct fixture fixture;
	(void)state;

	fixture_init(&fixture);
	fixture.set.count = 0;
	autofree char *out = xasprintf("%s/T.md", fixture.files.dir);
	assert_false(write_trace(&fixture, out, true));
	assert_true(problems_have(
	        &fixture.problems, "is missing: `scenario trace` writes it"));
	assert_true(write_trace(&fixture, out, false));
	assert_true(write_trace(&fixture, out, true));
	assert_int_equal(fixture.problems.count, 0);

	FILE *more = fopen(out, "ae");
	assert_non_null(more);
	fputs("more\n", more);
	fclose(more);
	assert_false(write_trace(&fixture, out, true));
	assert_int_equal(fixture.problems.count, 1);

	put(&fixture, "T.md", "# Requirements and what shows them\n\nelse\n");
	assert_false(write_trace(&fixture, out, true));
	assert_true(strstr(fixture.problems.lines[0], "T.md:3:1: is stale") != NULL);

	put(&fixture, "T.md", "# Requirements and what shows them\n");
	assert_false(write_trace(&fixture, out, true));
	assert_true(strstr(fixture.problems.lines[0], "T.md:2:1: is stale") != NULL);
	fixture_finish(&fixture);
}

/* ---------------------------------------------------------------- links */

static void test_marks_in_unit_tests(void **state)
{
	struct fixture fixture;
	(void)state;

	fixture_init(&fixture);
	put(&fixture, "tests/test_x.c",
	        "/* proves: A-01, A-2 */\nstatic void test_one(void **state)\n"
	        "\t/* proves: A-03 */\n#include \"x(y).h\"\nvoid y(void)\n\"/* proves: A-09 */\\n\"\n/* proves: A-03~2 */");
	put(&fixture, "tests/notes.txt", "/* proves: B-01 */\nf()\n");
	assert_true(gather(&fixture));
	const struct test_mark *tests = fixture.trace.tests.items;
	assert_int_equal(fixture.trace.tests.count, 3);
	assert_string_equal(tests[0].link.id, "A-01");
	assert_string_equal(tests[0].test, "test_one");
	assert_string_equal(tests[1].link.id, "A-03");
	assert_string_equal(tests[1].test, "test_x");
	assert_string_equal(tests[2].test, "test_x");
	assert_int_equal(tests[2].link.revision, 2);
	assert_int_equal(fixture.problems.count, 1);
	assert_true(str_ends(fixture.problems.lines[0],
	        "x.c:1:18: there is no requirement \"A-2\" (did you mean \"A-02\"?)"));
	forget(&fixture);

	put(&fixture, "r.jsonl", LINE("a", "pass") "{\n");
	put(&fixture, "tests/test_x.c", "");
	assert_false(gather(&fixture));
	assert_true(problems_have(
	        &fixture.problems, "r.jsonl:2:1: this is no result of a scenario"));
	fixture_finish(&fixture);
}

static void test_marks_in_the_code(void **state)
{
	struct fixture fixture;
	(void)state;

	fixture_init(&fixture);
	put(&fixture, "code/deep/x.c", code);
	put(&fixture, "code/a.c",
	        "int a(void)\n{\n\tREQ(\"A-9\");\n\tx(REQ(\"A-8\"));\n}\n");
	put(&fixture, "code/a.h", "\tREQ(\"A-7\");\n");
	assert_true(gather(&fixture));
	assert_int_equal(fixture.trace.code.count, 2);
	assert_string_equal(fixture.trace.code.items[0].link.id, "A-02");
	assert_string_equal(fixture.trace.code.items[0].function, "take");
	assert_string_equal(fixture.trace.code.items[1].function, "other");
	assert_int_equal(fixture.problems.count, 1);
	assert_true(strstr(fixture.problems.lines[0],
	                    "a.c:3:7: there is no requirement \"A-9\"") != NULL);
	fixture_finish(&fixture);
}

static void test_mutants_that_are_wrong(void **state)
{
	static const struct {
		const char *patch, *results;
		const char *problem; /* NULL: none, and it counts as not run */
	} cases[] = {
	        {"Breaks: x\n--- a\n+++ b\n-x\n", "",
	                "001-x.patch:1:1: a mutant begins with \"Breaks: ...\" and "
	                "\"Requirement: ...\", and changes something"},
	        {"Breaks: x\nRequirement: A-01\n--- a\n+++ b\n x\n", "",
	                "001-x.patch:1:1: a mutant begins with \"Breaks: ...\" and "
	                "\"Requirement: ...\", and changes something"},
	        {patch, "002-y\t00000000\tkilled\t020-b\n",
	                "results.tsv:1:1: orphan: there is no mutant \"002-y\" any more"},
	        {patch, "001-x killed\n",
	                "results.tsv:1:1: this is no result of a mutant: 001-x killed"},
	        {patch, "001-x\t00000000\tkilled\t020-b\n", NULL},
	};
	struct fixture fixture;
	(void)state;

	fixture_init(&fixture);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put(&fixture, "mutants/001-x.patch", cases[i].patch);
		put(&fixture, "mutants/results.tsv", cases[i].results);
		assert_true(gather(&fixture));
		if (cases[i].problem != NULL) {
			problems_print(&fixture.problems);
			assert_true(problems_have(&fixture.problems, cases[i].problem));
		} else {
			assert_int_equal(fixture.problems.count, 0);
		}
		assert_int_equal(fixture.trace.mutants.items[0].state, MUTANT_NOT_RUN);
		forget(&fixture);
	}
	fixture_finish(&fixture);
}

/* One of each kind of link, to the first and to the second revision of A-02. */
static void test_a_changed_text_makes_links_outdated(void **state)
{
	static const char changed[] = "## A-02 Second\n\nThe second thing, and more.\n\n"
	                              "Revision %d (%s). Source: card.\n";
	struct story_link link = {4, 9, 1};
	struct fixture fixture;
	(void)state;

	fixture_init(&fixture);
	autofree char *hash = sha256_hex(str_from("Second The second thing, and more."));
	autofree char *unsaid = xasprintf(changed, 1, "681f626a");
	autofree char *wording = xasprintf(changed, 1, (hash[8] = '\0', hash));
	autofree char *meaning = xasprintf(changed, 2, hash);
	autofree char *out = xasprintf("%s/T.md", fixture.files.dir);
	autofree char *told = xasprintf(
	        "a.md:5:1: the text of A-02 has changed: write (%s) here if it means the same, and Revision 2 besides if not",
	        hash);
	fixture.set = (struct story_set){&fixture.stories[2], 1};
	fixture.stories[2].links = &link;
	put(&fixture, "code/x.c", "void f(void)\n{\n\tREQ(\"A-02\");\n}\n");
	put(&fixture, "tests/test_x.c", "/* proves: A-02 */\nvoid t(void)\n");
	put(&fixture, "mutants/001-x.patch",
	        "Breaks: x\nRequirement: A-02\n--- a\n+++ b\n-x\n");

	put(&fixture, "spec/a.md", unsaid);
	assert_false(write_trace(&fixture, out, false));
	assert_int_equal(fixture.problems.count, 1);
	assert_true(problems_have(&fixture.problems, told));

	put(&fixture, "spec/a.md", wording);
	assert_true(write_trace(&fixture, out, false));

	put(&fixture, "spec/a.md", meaning);
	assert_false(write_trace(&fixture, out, false));
	assert_int_equal(fixture.problems.count, 4);
	assert_true(
	        strstr(fixture.problems.lines[0],
	                "s/020-b.yaml:4:9: outdated: this is about revision 1 of A-02, which is A-02~2 now") !=
	        NULL);

	link.revision = 2;
	put(&fixture, "code/x.c", "void f(void)\n{\n\tREQ(\"A-02~2\");\n}\n");
	put(&fixture, "tests/test_x.c", "/* proves: A-02~2 */\nvoid t(void)\n");
	put(&fixture, "mutants/001-x.patch",
	        "Breaks: x\nRequirement: A-02~2\n--- a\n+++ b\n-x\n");
	assert_true(write_trace(&fixture, out, false));

	put(&fixture, "spec/a.md", wording);
	assert_false(write_trace(&fixture, out, false));
	assert_int_equal(fixture.problems.count, 4);
	fixture_finish(&fixture);
}

/* ---------------------------------------------------------------- texts */

static void test_requirements_that_are_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *problem;
	} cases[] = {
	        {"# Nothing\n", "there is no requirement in this folder"},
	        {"## A-01 x\n\ntext\n",
	                ":1:1: A-01 has no line \"Revision 1 (...). Source: ...\""},
	        {"## A-01 x\n\n## A-02 x\n\ny\n\nRevision 1 (01234567). Source: z.\n",
	                ":1:1: A-01 has no line \"Revision 1 (...). Source: ...\""},
	        {"## A-01 x\n\nRevision 1 (01234567). Source: z.\n",
	                ":3:1: A-01 has no text"},
	        {"## A-01 First\n\nThe first thing.\n\nRevision one\n",
	                ":5:1: A-01: this line is \"Revision 1 (e8b9de06). Source: ...\""},
	        {"## A-01 First\n\nThe first thing.\n\nRevision 1 (e8b9). Source: z.\n",
	                ":5:1: A-01: this line is \"Revision 1 (e8b9de06). Source: ...\""},
	        {"## A-01\n", ":1:1: a requirement's heading is its ID and its title"},
	        {"## First one\n",
	                ":1:1: a requirement's heading is its ID and its title"},
	        {"## A-01 x\n\ny\n\nRevision 1 (01234567). Source: z.\n"
	         "## A-01 x\n\ny\n\nRevision 1 (01234567). Source: z.\n",
	                ":6:1: ambiguous: the requirement A-01 is there twice"},
	};
	struct fixture fixture;
	(void)state;

	fixture_init(&fixture);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct requirements requirements;
		struct story_problems problems = {0};
		put(&fixture, "spec/a.md", cases[i].text);
		assert_false(requirements_read(
		        fixture.places.spec_dir, &requirements, &problems));
		if (!problems_have(&problems, cases[i].problem)) {
			problems_print(&problems);
			fail_msg("not there: %s", cases[i].problem);
		}
		requirements_finish(&requirements);
		story_problems_finish(&problems);
	}
	fixture_finish(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_states),
	        cmocka_unit_test(test_how_deep),
	        cmocka_unit_test(test_report),
	        cmocka_unit_test(test_stale_files_are_noticed),
	        cmocka_unit_test(test_marks_in_unit_tests),
	        cmocka_unit_test(test_marks_in_the_code),
	        cmocka_unit_test(test_mutants_that_are_wrong),
	        cmocka_unit_test(test_a_changed_text_makes_links_outdated),
	        cmocka_unit_test(test_requirements_that_are_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
