#include "sim-matrix/canonical.h"
#include "sim-matrix/pattern.h"

#include "tests/unit/sim_matrix_fixture.h"

static const struct {
	const char *source;
	bool anchored;
	const char *text;
	bool matches;
} matching[] = {
        {"@slack_.*:dom", false, "@slack_a:dom", true},
        {"@slack_.*:dom", false, "x@slack_a:dom", true}, /* unanchored, as Rust's */
        {"@slack_.*:dom", true, "x@slack_a:dom", false}, /* Python's re.match */
        {"@slack_.*:dom", true, "@slack_a:domain", true},
        {"^@slack_.*:dom$", false, "@slack_a:domain", false},
        {"^@slack_\\d+:dom$", false, "@slack_12:dom", true},
        {"^@slack_\\d+:dom$", false, "@slack_x:dom", false},
        {"^@s\\w+:d\\S$", false, "@sl_9:do", true},
        {"^@s\\D:d$", false, "@s1:d", false},
        {"^@[\\w\\-.]+:a\\.b$", false, "@a-b.c_d:a.b", true},
        {"^@[\\w\\-.]+:a\\.b$", false, "@a/b:a.b", false},
        {"^@[^:]+:d$", false, "@ab:d", true},
        {"^@[^:]+:d$", false, "@a:b:d", false},
        {"^@[a\\]b]$", false, "@]", true},
        {"^@[-a]$", false, "@-", true},
        {"^@[\\^]$", false, "@^", true},
        {"^@[\\^]$", false, "@a", false},
        {"^(?:@a|@b):d$", false, "@b:d", true},
        {"^(?P<who>@a):d$", false, "@a:d", true},
        {"(?i)^@ABC:d$", false, "@abc:d", true},
        {"^@ABC:d$", false, "@abc:d", false},
        {"^@a.*?:d$", false, "@abc:d", true},
        {"^@a{2}:d$", false, "@aa:d", true},
        {"\\A@a:d\\z", false, "@a:d", true},
        {"^\\@a\\/b$", false, "@a/b", true},
        {"", false, "anything", true},
        {"@.*", false, "@x:y", true},
        {"a|b", true, "cb", false},
};

static void test_matching(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(matching) / sizeof(matching[0]); i++) {
		char why[200] = "";
		struct pattern *pattern = pattern_create(
		        matching[i].source, matching[i].anchored, why, sizeof(why));
		if (pattern == NULL) {
			fail_msg("%s: %s", matching[i].source, why);
		}
		if (pattern_matches(pattern, matching[i].text) != matching[i].matches) {
			fail_msg("%s on %s", matching[i].source, matching[i].text);
		}
		pattern_destroy(&pattern);
	}
}

static void test_refused(void **state)
{
	static const char *const bad[] = {"(", "[a", "[\\", "\\", "a\\", "(?=x)", "(?!x)",
	        "(?<=x)", "(a)\\1", "\\b", "\\p{L}", "*a(", "[[:x", "(?P<name", "(?s)a",
	        "[b-a]"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char why[200] = "";
		struct pattern *pattern = pattern_create(bad[i], false, why, sizeof(why));
		if (pattern != NULL) {
			fail_msg("%s was taken", bad[i]);
		}
		assert_true(why[0] != '\0');
	}
}

/* No prefix of a pattern may do more than be refused. */
static void test_truncated(void **state)
{
	static const char whole[] =
	        "(?i)^(?:@[^\\w\\-\\]:]+?|(?P<n>\\@\\d{2,3})):a\\.b[[:alpha:]-]$";

	(void)state;
	for (size_t n = 0; n < sizeof(whole); n++) {
		autofree char *part = xstrndup(whole, n);
		char why[200];
		struct pattern *pattern =
		        pattern_create(part, n % 2 == 0, why, sizeof(why));
		pattern_destroy(&pattern);
	}
}

static void test_long_pattern_is_refused(void **state)
{
	char why[200];
	char *source = xmalloc(100001);
	struct pattern *pattern;

	(void)state;
	memset(source, 'a', 100000);
	source[100000] = '\0';
	pattern = pattern_create(source, false, why, sizeof(why));
	assert_null(pattern);
	free(source);
}

static void test_canonical_numbers(void **state)
{
	static const struct {
		const char *json;
		bool good;
	} rows[] = {
	        {"{}", true},
	        {"{\"a\":1,\"b\":[-5,0]}", true},
	        {"{\"a\":1.0}", false},
	        {"{\"a\":1e3}", false},
	        {"{\"a\":-0}", false},
	        {"{\"a\":9007199254740991}", true},
	        {"{\"a\":9007199254740992}", false},
	        {"{\"a\":-9007199254740992}", false},
	        {"{\"a\":99999999999999999999999}", false},
	        {"{\"a\":\"1.5\",\"1.5\":\"x\\\"1.5\"}", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (canonical_numbers(str_from(rows[i].json)) != rows[i].good) {
			fail_msg("%s", rows[i].json);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_matching),
	        cmocka_unit_test(test_refused),
	        cmocka_unit_test(test_truncated),
	        cmocka_unit_test(test_long_pattern_is_refused),
	        cmocka_unit_test(test_canonical_numbers),
	};

	return cmocka_run_group_tests_name("sim_matrix_pattern", tests, NULL, NULL);
}
