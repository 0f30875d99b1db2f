/* proves: HARN-02 */
#include "scenarios/runner/story.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-matrix/sim_matrix.h"
#include "sim-slack/sim_slack.h"
#include "tests/unit/story_files.h"

static const cJSON *step_properties(const cJSON *schema)
{
	const cJSON *forms = json_get(schema, "definitions.step.anyOf");
	return json_get(cJSON_GetArrayItem(forms, 1), "properties");
}

static void check_table(
        const cJSON *properties, const char *prefix, const struct verb *table)
{
	for (const struct verb *verb = table; verb->name != NULL; verb++) {
		autofree char *name = xasprintf("%s%s", prefix, verb->name);
		assert_ptr_equal(story_verb(name), verb);
		assert_true(cJSON_HasObjectItem(properties, name));
	}
}

static void test_every_verb_is_in_it(void **state)
{
	(void)state;
	autojson cJSON *schema = story_schema();
	const cJSON *properties = step_properties(schema);

	assert_non_null(properties);
	check_table(properties, "", runner_verbs);
	check_table(properties, "slack.", sim_slack_verbs);
	check_table(properties, "matrix.", sim_matrix_verbs);
}

static void check_references(const cJSON *schema, const cJSON *node)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, node)
	{
		if (item->string != NULL && strcmp(item->string, "$ref") == 0) {
			assert_true(str_starts(item->valuestring, "#/definitions/"));
			const char *name = item->valuestring + strlen("#/definitions/");
			assert_non_null(json_get(json_get(schema, "definitions"), name));
		}
		check_references(schema, item);
	}
}

static void test_references_lead_somewhere(void **state)
{
	(void)state;
	autojson cJSON *schema = story_schema();
	check_references(schema, schema);
}

/* The committed file is what the tables say today: `scenario schema` prints it. */
static void test_the_committed_file_is_fresh(void **state)
{
	(void)state;
	autofree char *wanted = story_schema_text();
	size_t n = strlen(wanted);
	autofree char *found = xcalloc(1, n + 2);
	FILE *in = fopen("scenarios/schema.json", "re");

	assert_non_null(in);
	assert_int_equal(fread(found, 1, n + 1, in), n);
	fclose(in);
	assert_true(strcmp(found, wanted) == 0);
}

static void test_the_manual_names_everything(void **state)
{
	char *text = NULL;
	size_t n = 0;
	(void)state;
	FILE *out = open_memstream(&text, &n);

	assert_non_null(out);
	story_write_manual(out);
	fclose(out);
	for (const struct verb *verb = runner_verbs; verb->name != NULL; verb++) {
		assert_non_null(strstr(text, verb->name));
		assert_non_null(strstr(text, verb->doc));
	}
	for (const struct story_variable *known = story_variables; known->name != NULL;
	        known++) {
		assert_non_null(strstr(text, known->name));
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_verb_is_in_it),
	        cmocka_unit_test(test_references_lead_somewhere),
	        cmocka_unit_test(test_the_committed_file_is_fresh),
	        cmocka_unit_test(test_the_manual_names_everything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
