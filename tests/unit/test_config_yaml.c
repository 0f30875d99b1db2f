/* The YAML reader: places, limits, and what it refuses. */
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/config/yaml_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct node *read_text(const char *text, struct config_problems *problems)
{
	*problems = (struct config_problems){0};
	return config_yaml_read("f", str_from(text), problems);
}

static struct node *read_good(const char *text)
{
	struct config_problems problems;
	struct node *root = read_text(text, &problems);

	if (root == NULL) {
		fail_msg("%s: %s", text, problems.items[0].text);
	}
	assert_int_equal(problems.count, 0);
	return root;
}

static void test_values_and_their_places(void **state)
{
	(void)state;
	static const char text[] = "# comment\n"
	                           "a:\n"
	                           "  b: one\n"
	                           "  \xC3\xA4\xC3\xB6: 'two'  # umlauts\n"
	                           "  c: [x, \"y\"]\n"
	                           "d: {e: 5, f: ~}\n";
	static const struct {
		const char *path, *text, *source;
		int line, column;
	} expected[] = {
	        {"a.b", "one", "one", 3, 6},
	        {"a.\xC3\xA4\xC3\xB6", "two", "'two'", 4, 7},
	        {"d.e", "5", "5", 6, 8},
	        {"d.f", "~", "~", 6, 14},
	};
	struct node *root = read_good(text);

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const struct node *node = node_find(root, expected[i].path);
		assert_non_null(node);
		assert_string_equal(node->text, expected[i].text);
		assert_int_equal(node->line, expected[i].line);
		assert_int_equal(node->column, expected[i].column);
		assert_int_equal(node->end - node->start, strlen(expected[i].source));
		assert_memory_equal(
		        text + node->start, expected[i].source, node->end - node->start);
	}
	const struct node *list = node_find(root, "a.c");
	assert_int_equal(list->kind, NODE_LIST);
	assert_int_equal(list->count, 2);
	assert_true(list->flow);
	assert_true(list->items[0]->plain);
	assert_false(list->items[1]->plain);
	assert_false(node_find(root, "a")->flow);
	assert_true(node_is_null(node_find(root, "d.f")));
	assert_null(node_find(root, "a.b.c"));
	assert_null(node_find(root, "x"));
	assert_null(node_get(NULL, "x"));
	node_free(root);
}

static void test_a_byte_order_mark_counts_in_offsets(void **state)
{
	(void)state;
	static const char text[] = "\xEF\xBB\xBF"
	                           "a: bc\n";
	struct node *root = read_good(text);
	const struct node *node = node_get(root, "a");

	assert_memory_equal(text + node->start, "bc", 2);
	node_free(root);
}

static void test_kinds_of_scalars(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int truth; /* -1: none */
		bool is_null, is_number;
		long number;
	} cases[] = {
	        {"true", 1, false, false, 0},
	        {"On", 1, false, false, 0},
	        {"no", 0, false, false, 0},
	        {"'true'", -1, false, false, 0},
	        {"!!str true", -1, false, false, 0},
	        {"tRue", -1, false, false, 0},
	        {"", -1, true, false, 0},
	        {"~", -1, true, false, 0},
	        {"Null", -1, true, false, 0},
	        {"''", -1, false, false, 0},
	        {"'null'", -1, false, false, 0},
	        {"0", -1, false, true, 0},
	        {"-17", -1, false, true, -17},
	        {"29335", -1, false, true, 29335},
	        {"'5'", -1, false, false, 0},
	        {"007", -1, false, false, 0},
	        {"-0", -1, false, true, 0},
	        {"0x10", -1, false, false, 0},
	        {"5.0", -1, false, false, 0},
	        {"99999999999999999999", -1, false, false, 0},
	        {"|\n   5\n", -1, false, false, 0},
	        {"[5]", -1, false, false, 0},
	        {"{a: b}", -1, false, false, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *text = xasprintf("k: %s", cases[i].text);
		struct node *root = read_good(text);
		const struct node *node = node_get(root, "k");
		bool truth = false;
		long number = 0;
		assert_int_equal(node_to_bool(node, &truth), cases[i].truth >= 0);
		assert_int_equal(truth, cases[i].truth == 1);
		assert_int_equal(node_is_null(node), cases[i].is_null);
		assert_int_equal(node_to_long(node, &number), cases[i].is_number);
		assert_int_equal(number, cases[i].number);
		node_free(root);
	}
}

static void test_anchors_are_copied(void **state)
{
	(void)state;
	struct node *root = read_good("a: &x {b: [1, 2]}\nc: *x\nd: *x\n");

	assert_true(node_equal(node_get(root, "a"), node_get(root, "c")));
	assert_true(node_equal(node_get(root, "c"), node_get(root, "d")));
	assert_int_equal(node_get(root, "c")->line, 2);
	node_free(root);
}

static void test_json_is_yaml(void **state)
{
	(void)state;
	struct node *root = read_good("{\"a\": {\"b\": [true, null, -1, \"x\\u0041\"]}}");
	const struct node *list = node_find(root, "a.b");

	assert_int_equal(list->count, 4);
	assert_string_equal(list->items[3]->text, "xA");
	node_free(root);
}

static void test_an_empty_text_is_nothing(void **state)
{
	(void)state;
	static const char *const texts[] = {"", "\n", "# only a comment\n", "---\n", "~"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct node *root = read_good(texts[i]);
		assert_true(node_is_null(root));
		node_free(root);
	}
}

static void test_what_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int line, column;
		const char *key, *says;
	} cases[] = {
	        {"a: b: c\n", 1, 5, "", "mapping values are not allowed"},
	        {"a:\n\tb: c\n", 2, 1, "", "tab"},
	        {"a: 'b\n", 2, 1, "", "no valid YAML"},
	        {"a: [1, 2\n", 2, 1, "", "no valid YAML"},
	        {"a: 1\na: 2\n", 2, 1, "a", "twice; it is also in line 1"},
	        {"x:\n  y:\n    a: 1\n    'a': 2\n", 4, 5, "x.y.a", "twice"},
	        {"a: *nothing\n", 1, 4, "a", "stands for nothing"},
	        {"a: &x [*x]\n", 1, 8, "a", "stands for nothing"},
	        {"a: &x {b: 1}\nc:\n  <<: *x\n", 3, 3, "c", "merge keys"},
	        {"[a]: b\n", 1, 1, "", "must be text"},
	        {"a: !!binary aGk=\n", 1, 4, "a", "tag"},
	        {"a: !secret x\n", 1, 4, "a", "tag"},
	        {"a: 1\n---\nb: 2\n", 2, 1, "", "second document"},
	        {"a: \"x\\0y\"\n", 1, 4, "a", "NUL"},
	        {"a: \x01\n", 1, 4, "", "control characters"},
	        {"a: \xFF\n", 0, 0, "", "UTF-8"},
	        {"%YAML 9.9\n---\na: 1\n", 1, 1, "", "no valid YAML"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_problems problems;
		struct node *root = read_text(cases[i].text, &problems);
		assert_null(root);
		assert_int_equal(problems.count, 1);
		const struct config_problem *problem = &problems.items[0];
		if (problem->line != cases[i].line ||
		        problem->column != cases[i].column ||
		        strcmp(problem->key, cases[i].key) != 0 ||
		        strstr(problem->text, cases[i].says) == NULL ||
		        problem->exit_status != 10) {
			fail_msg("%s\n%d:%d: %s: %s", cases[i].text, problem->line,
			        problem->column, problem->key, problem->text);
		}
		config_problems_finish(&problems);
	}
}

static void refuse(struct buf *text, const char *says)
{
	struct config_problems problems = {0};

	assert_false(text->failed);
	assert_null(config_yaml_read("f", buf_str(text), &problems));
	assert_int_equal(problems.count, 1);
	assert_non_null(strstr(problems.items[0].text, says));
	config_problems_finish(&problems);
	buf_finish(text);
}

static void test_limits(void **state)
{
	(void)state;
	struct buf text;

	buf_init(&text, 4 * YAML_MAX_BYTES);
	for (int i = 0; i < YAML_MAX_DEPTH + 1; i++) {
		buf_puts(&text, "[");
	}
	refuse(&text, "nested deeper");
	for (int i = 0; i < 100000; i++) {
		buf_puts(&text, "[");
	}
	refuse(&text, "nested deeper");
	for (int i = 0; i <= YAML_MAX_NODES; i++) {
		buf_puts(&text, "- x\n");
	}
	refuse(&text, "more than");
	while (text.len <= YAML_MAX_BYTES) {
		buf_puts(&text, "# long\n");
	}
	refuse(&text, "longer than");
	/* a billion laughs */
	buf_puts(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 10; i++) {
		buf_printf(&text, "a%d: &a%d [", i, i);
		for (int j = 0; j < 9; j++) {
			buf_printf(&text, "*a%d,", i - 1);
		}
		buf_puts(&text, "]\n");
	}
	refuse(&text, "more than");
	/* depth by way of aliases */
	buf_puts(&text, "a0: &a0 [x]\n");
	for (int i = 1; i < 50; i++) {
		buf_printf(&text, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	}
	refuse(&text, "nested deeper");
}

/* Every prefix of a text is read or refused, never anything else. */
static void test_every_prefix(void **state)
{
	(void)state;
	static const char text[] =
	        "# c\na: &x {b: [1, 'two', \"th\\u0072ee\"], \xC3\xA4: ~}\n"
	        "c: *x\nd: |\n  block\n  text\ne: >-\n  folded\n\n  more\n"
	        "f: !!str 5\n? g\n: h\n'i j': [k, {l: m}]\n--- \n";

	for (size_t n = 0; n < sizeof(text); n++) {
		struct config_problems problems = {0};
		char *copy = xstrndup(text, n);
		struct node *root =
		        config_yaml_read("f", (struct str){copy, n}, &problems);
		assert_true((root == NULL) == (problems.count > 0));
		node_free(root);
		config_problems_finish(&problems);
		free(copy);
	}
}

static void test_show(void **state)
{
	(void)state;
	static const struct {
		const char *text, *shown;
	} cases[] = {
	        {"x", "\"x\""},
	        {"", "nothing"},
	        {"''", "\"\""},
	        {"[]", "a list"},
	        {"{}", "a mapping"},
	        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	                "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\""},
	        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\xC3\xA4"
	         "aaaaa",
	                "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *text = xasprintf("k: %s", cases[i].text);
		struct node *root = read_good(text);
		autofree char *shown = node_show(node_get(root, "k"));
		assert_string_equal(shown, cases[i].shown);
		node_free(root);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_values_and_their_places),
	        cmocka_unit_test(test_a_byte_order_mark_counts_in_offsets),
	        cmocka_unit_test(test_kinds_of_scalars),
	        cmocka_unit_test(test_anchors_are_copied),
	        cmocka_unit_test(test_json_is_yaml),
	        cmocka_unit_test(test_an_empty_text_is_nothing),
	        cmocka_unit_test(test_what_is_refused),
	        cmocka_unit_test(test_limits),
	        cmocka_unit_test(test_every_prefix),
	        cmocka_unit_test(test_show),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
