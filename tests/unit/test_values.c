/* What the engine puts into steps, and the configuration it writes for the daemon. */
#include "scenarios/runner/values.h"

#include "lib/mem.h"

#include "scenarios/runner/setup.h"
#include "scenarios/runner/yaml_out.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static cJSON *parse(const char *text)
{
	cJSON *value = json_parse(str_from(text), NULL);

	assert_non_null(value);
	return value;
}

static void references_become_values(void **state)
{
	static const struct {
		const char *args, *becomes; /* NULL: an error */
	} cases[] = {
	        {"{\"a\":\"x\"}", "{\"a\":\"x\"}"},
	        {"{\"a\":\"${first.ts}\"}", "{\"a\":\"1.5\"}"},
	        {"{\"a\":\"<${first.ts}>\"}", "{\"a\":\"<1.5>\"}"},
	        {"{\"a\":\"${first.ts}${n}\"}", "{\"a\":\"1.57\"}"},
	        {"{\"a\":\"${n}\"}", "{\"a\":7}"},
	        {"{\"a\":\"n=${n}\"}", "{\"a\":\"n=7\"}"},
	        {"{\"a\":\"${first}\"}", "{\"a\":{\"ts\":\"1.5\"}}"},
	        {"{\"a\":[\"${n}\",{\"b\":\"${slack.url}\"}],\"c\":true}",
	                "{\"a\":[7,{\"b\":\"http://x\"}],\"c\":true}"},
	        {"{\"a\":\"$ {n} $\"}", "{\"a\":\"$ {n} $\"}"},
	        {"{\"a\":\"${unknown}\"}", NULL},
	        {"{\"a\":\"x ${first.nothing}\"}", NULL},
	        {"{\"a\":\"x ${n\"}", NULL},
	};
	struct values *values = values_create();

	(void)state;
	values_set(values, "first", parse("{\"ts\":\"1.5\"}"));
	values_set(values, "n", parse("7"));
	values_set_str(values, "slack.url", "http://x");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct err err = ERR_INIT;
		autojson cJSON *args = parse(cases[i].args);
		autojson cJSON *result = values_put_in(values, args, &err);
		if (cases[i].becomes == NULL) {
			assert_null(result);
			assert_int_equal(err.kind, ERR_PERMANENT);
			continue;
		}
		autofree char *text = json_print_sorted(result);
		assert_string_equal(text, cases[i].becomes);
	}
	values_destroy(&values);
}

static void numbers_are_counted_in(void **state)
{
	autojson cJSON *args =
	        parse("{\"text\":\"m{i} of {i}\",\"n\":3,\"list\":[\"{i}\"]}");
	autojson cJSON *result = values_count_in(args, 12);
	autofree char *text = json_print_sorted(result);

	(void)state;
	assert_string_equal(text, "{\"list\":[\"12\"],\"n\":3,\"text\":\"m12 of 12\"}");
}

static void a_tree_becomes_yaml(void **state)
{
	autojson cJSON *tree = parse(
	        "{\"plain\":\"word\",\"word\":\"no\",\"url\":\"http://x: y\","
	        "\"empty\":\"\",\"number\":3,\"nothing\":null,\"list\":[1,\"a\"],\"map\":{}}");
	struct buf out;

	(void)state;
	tree_set_str(tree, "a.b.c", "@x");
	tree_set_int(tree, "a.b.d", 4);
	autojson cJSON *changes = parse("{\"a.b.d\":5,\"plain\":\"other\"}");
	tree_change(tree, changes);
	buf_init(&out, 4096);
	yaml_put(&out, tree);
	assert_string_equal(buf_cstr(&out), "word: \"no\"\n"
	                                    "url: \"http://x: y\"\n"
	                                    "empty: \"\"\n"
	                                    "number: 3\n"
	                                    "nothing: null\n"
	                                    "list: [1,\"a\"]\n"
	                                    "map: {}\n"
	                                    "a:\n"
	                                    "    b:\n"
	                                    "        c: \"@x\"\n"
	                                    "        d: 5\n"
	                                    "plain: other\n");
	buf_finish(&out);
}

/* Two runs of one seed differ in their folder and port alone. */
static void a_setup_comes_from_the_seed(void **state)
{
	struct setup setups[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		const struct setup_parts parts = {
		        .seed = i < 2 ? 5 : 6,
		        .slack_url = "http://127.0.0.1:1",
		        .matrix_url = "http://127.0.0.1:2",
		        .server_name = "sim.test",
		        .database_type = "sqlite3-fk-wal",
		        .database_uri = "file:x.db",
		};
		assert_true(setup_create(&setups[i], NULL));
		setup_fill(&setups[i], &parts);
		assert_true(setup_write_config(&setups[i], NULL, NULL));
		assert_int_equal(access(setups[i].config_path, R_OK), 0);
	}
	assert_string_equal(setups[0].as_token, setups[1].as_token);
	assert_string_not_equal(setups[0].as_token, setups[2].as_token);
	assert_string_not_equal(setups[0].as_token + 3, setups[0].hs_token + 3);
	assert_int_not_equal(setups[0].port, setups[1].port);
	assert_non_null(strstr(setups[0].registration, setups[0].hs_token));
	autofree char *dir = xstrdup(setups[0].dir);
	for (int i = 0; i < 3; i++) {
		setup_finish(&setups[i]);
	}
	assert_int_not_equal(access(dir, F_OK), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(references_become_values),
	        cmocka_unit_test(numbers_are_counted_in),
	        cmocka_unit_test(a_tree_becomes_yaml),
	        cmocka_unit_test(a_setup_comes_from_the_seed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
