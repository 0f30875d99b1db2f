#include "scenarios/runner/yaml_tree.h"

#include "lib/mem.h"
#include "tests/unit/story_files.h"

static struct tree_node *parse(const char *text, struct story_problems *problems)
{
	return tree_parse("f.yaml", text, strlen(text), problems);
}

static void test_nodes_know_their_place(void **state)
{
	struct story_problems problems = {0};
	(void)state;
	struct tree_node *root =
	        parse("a: 1\nb:\n  - x\n  - {c: \"no\", d: no}\n", &problems);

	assert_non_null(root);
	assert_int_equal(root->count, 2);
	assert_string_equal(tree_get(root, "a")->text, "1");
	assert_false(tree_get(root, "a")->quoted);
	const struct tree_node *list = tree_get(root, "b");
	assert_int_equal(list->kind, TREE_LIST);
	assert_int_equal(list->key_pos.line, 2);
	assert_int_equal(list->key_pos.column, 1);
	assert_int_equal(list->items[0]->pos.line, 3);
	assert_int_equal(list->items[0]->pos.column, 5);
	const struct tree_node *map = list->items[1];
	assert_true(tree_get(map, "c")->quoted);
	assert_false(tree_get(map, "d")->quoted);
	assert_string_equal(tree_get(map, "d")->text, "no");
	assert_int_equal(tree_get(map, "d")->key_pos.column, 15);
	assert_int_equal(tree_get(map, "d")->pos.column, 18);
	assert_null(tree_get(map, "e"));
	assert_null(tree_get(list, "c"));
	tree_free(root);
	story_problems_finish(&problems);
}

static void test_null_is_plain(void **state)
{
	static const struct {
		const char *text;
		bool null;
	} cases[] = {
	        {"a: null", true},
	        {"a: ~", true},
	        {"a:", true},
	        {"a: ''", false},
	        {"a: \"null\"", false},
	        {"a: NULL", false},
	        {"a: none", false},
	        {"a: []", false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct story_problems problems = {0};
		struct tree_node *root = parse(cases[i].text, &problems);
		assert_non_null(root);
		assert_int_equal(tree_is_null(tree_get(root, "a")), cases[i].null);
		tree_free(root);
	}
}

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *problem;
	} cases[] = {
	        {"", "f.yaml:1:1: the file is empty"},
	        {"a: 1\na: 2\n", "f.yaml:2:1: the key \"a\" was there before, in line 1"},
	        {"a: &x 1\n",
	                "f.yaml:1:4: anchors, aliases and tags have no meaning here; use vars"},
	        {"a: [1, *x]\n",
	                "f.yaml:1:8: anchors, aliases and tags have no meaning here; use vars"},
	        {"a: !!str 1\n",
	                "f.yaml:1:4: anchors, aliases and tags have no meaning here; use vars"},
	        {"a: &x {b: 1}\n",
	                "f.yaml:1:4: anchors, aliases and tags have no meaning here; use vars"},
	        {"? [a, b]\n: 1\n", "f.yaml:1:3: a key must be a single word"},
	        {"&k a: 1\n", "f.yaml:1:1: a key can have neither anchor nor tag"},
	        {"\"\": 1\n", "f.yaml:1:1: a key must be a single word"},
	        {"\"a\\0b\": 1\n", "f.yaml:1:1: a key must be a single word"},
	        {"a: \"x\\0y\"\n", "f.yaml:1:4: a text cannot hold a NUL"},
	        {"a: 1\n---\nb: 2\n",
	                "f.yaml:2:1: a second document begins here; one file holds one"},
	        {"a: b: c\n",
	                "f.yaml:1:5: this is no YAML: mapping values are not allowed in this "
	                "context; a text with \": \" in it needs quotes"},
	        {"a: [1, 2\n",
	                "f.yaml:2:1: this is no YAML: did not find expected ',' or ']', while "
	                "parsing a flow sequence"},
	        {"a: \"\xff\"\n",
	                "f.yaml:1:1: this is no YAML: invalid leading UTF-8 octet"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct story_problems problems = {0};
		struct tree_node *root = parse(cases[i].text, &problems);
		assert_null(root);
		assert_int_equal(problems.count, 1);
		assert_string_equal(problems.lines[0], cases[i].problem);
		story_problems_finish(&problems);
	}
}

static char *nested(size_t depth)
{
	char *text = xcalloc(1, depth * 2 + 1);
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	return text;
}

static void test_limits(void **state)
{
	struct story_problems problems = {0};
	(void)state;

	autofree char *deepest = nested(TREE_MAX_DEPTH);
	struct tree_node *root = parse(deepest, &problems);
	assert_non_null(root);
	tree_free(root);
	autofree char *deeper = nested(TREE_MAX_DEPTH + 1);
	assert_null(parse(deeper, &problems));
	assert_true(problems_have(&problems, "this is nested too deeply"));

	autofree char *large = xcalloc(1, TREE_MAX_BYTES + 2);
	memset(large, '#', TREE_MAX_BYTES + 1);
	assert_null(parse(large, &problems));
	assert_true(problems_have(&problems, "the file is larger than 1048576 bytes"));

	large[0] = '[';
	for (size_t i = 1; i < 2 * TREE_MAX_NODES; i += 2) {
		large[i] = '1';
		large[i + 1] = ',';
	}
	large[2 * TREE_MAX_NODES + 1] = ']';
	large[2 * TREE_MAX_NODES + 2] = '\0';
	assert_null(parse(large, &problems));
	assert_true(problems_have(&problems, "the file has too many values"));
	story_problems_finish(&problems);
}

/* Whatever is cut off: a tree, or a problem that says where. */
static void test_every_prefix(void **state)
{
	static const char text[] =
	        "scenario: \"a: b\"\nvary: {why: [x, 'y']}\nsteps:\n  - slack.post: {as: alice, "
	        "text: |\n      two\n      lines\n    }\n  - settle\n  - a: &x [*x, !t {b: ~}]\n";
	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		struct story_problems problems = {0};
		struct tree_node *root = tree_parse("f.yaml", text, n, &problems);
		assert_int_equal(root == NULL, problems.count > 0);
		tree_free(root);
		story_problems_finish(&problems);
	}
}

static void test_missing_file(void **state)
{
	struct story_problems problems = {0};
	(void)state;
	assert_null(tree_read("/nonexistent/x.yaml", &problems));
	assert_string_equal(problems.lines[0],
	        "/nonexistent/x.yaml:1:1: cannot be read: No such file or directory");
	story_problems_finish(&problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_nodes_know_their_place),
	        cmocka_unit_test(test_null_is_plain),
	        cmocka_unit_test(test_what_is_refused),
	        cmocka_unit_test(test_limits),
	        cmocka_unit_test(test_every_prefix),
	        cmocka_unit_test(test_missing_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
