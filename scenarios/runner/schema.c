#include "scenarios/runner/story.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-matrix/sim_matrix.h"
#include "sim-slack/sim_slack.h"
#include <stdlib.h>
#include <string.h>

/* The schema speaks of a file as an editor's YAML reader sees it, where a text may look
 * like a number, and where any value may be a reference; so it is wider than
 * verb_schema(), which speaks of arguments as they are run. */

static cJSON *typed(const char *type)
{
	return json_set_str(json_new(), "type", type);
}

static cJSON *defined(const char *name)
{
	autofree char *path = xasprintf("#/definitions/%s", name);
	return json_set_str(json_new(), "$ref", path);
}

static cJSON *list_of(cJSON *items)
{
	return json_set(typed("array"), "items", items);
}

static cJSON *any_of(cJSON *a, cJSON *b)
{
	cJSON *all = cJSON_CreateArray();
	cJSON_AddItemToArray(all, a);
	cJSON_AddItemToArray(all, b);
	return json_set(json_new(), "anyOf", all);
}

static cJSON *described(cJSON *schema, const char *doc)
{
	return json_set_str(schema, "description", doc);
}

/* ---------------------------------------------------------------- fields */

static cJSON *allowed_values(const char *const *values)
{
	int count = 0;
	while (values[count] != NULL) {
		count++;
	}
	return json_set(json_new(), "enum", cJSON_CreateStringArray(values, count));
}

static cJSON *field_type(const struct verb_field *field)
{
	switch (field->type) {
	case VERB_STR:
		return field->values == NULL ? defined("text")
		                             : any_of(allowed_values(field->values),
		                                       defined("reference"));
	case VERB_INT:
		return any_of(typed("integer"), defined("reference"));
	case VERB_BOOL:
		return any_of(typed("boolean"), defined("reference"));
	case VERB_DURATION:
		return defined("duration");
	case VERB_OBJ:
		return any_of(typed("object"), defined("reference"));
	case VERB_ARR:
		return any_of(typed("array"), defined("reference"));
	case VERB_ANY:
		break;
	}
	return json_new();
}

/* draft-07 ignores what stands beside a $ref, so the description goes around it. */
static cJSON *field_schema(const struct verb_field *field)
{
	cJSON *type = field_type(field);
	if (json_get(type, "$ref") == NULL) {
		return described(type, field->doc);
	}
	cJSON *all = cJSON_CreateArray();
	cJSON_AddItemToArray(all, type);
	return described(json_set(json_new(), "allOf", all), field->doc);
}

/* Fields that are there already stay as they are. */
static void add_fields(
        cJSON *properties, cJSON *required, const struct verb_field *fields)
{
	for (const struct verb_field *field = fields; field->name != NULL; field++) {
		if (cJSON_HasObjectItem(properties, field->name)) {
			continue;
		}
		json_set(properties, field->name, field_schema(field));
		if (field->required && required != NULL) {
			cJSON_AddItemToArray(required, cJSON_CreateString(field->name));
		}
	}
}

/* ---------------------------------------------------------------- verbs */

static bool is_watching(const char *name)
{
	return strcmp(name, "expect") == 0 || strcmp(name, "never") == 0;
}

static cJSON *matcher_schema(cJSON *properties)
{
	static const char *const names[] = {"slack", "matrix", "bridge"};
	cJSON *inside = json_new();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		add_fields(properties, NULL, story_tap_fields(names[i]));
	}
	return json_set(inside, "^(args|fields)[.]", json_new());
}

static cJSON *verb_to_schema(const char *name, const struct verb *verb, bool sim)
{
	cJSON *schema = described(typed("object"), verb->doc);
	cJSON *properties = json_new();
	cJSON *required = cJSON_CreateArray();
	bool single = verb->fields[0].name != NULL && verb->fields[1].name == NULL;

	add_fields(properties, required, verb->fields);
	if (sim) {
		add_fields(properties, required, story_sim_fields);
	}
	cJSON *patterns = is_watching(name) ? matcher_schema(properties) : json_new();
	json_set(patterns, "^[$][{]", json_new()); /* a name that a variable stands for */
	json_set(schema, "patternProperties", patterns);
	json_set(schema, "properties", properties);
	bool bare = cJSON_GetArraySize(required) == 0;
	if (bare) {
		cJSON_Delete(required);
	} else {
		json_set(schema, "required", required);
	}
	json_set_bool(schema, "additionalProperties", false);
	if (single) {
		return described(
		        any_of(schema, field_schema(&verb->fields[0])), verb->doc);
	}
	return bare ? described(any_of(schema, typed("null")), verb->doc) : schema;
}

static bool needs_nothing(const struct verb *verb)
{
	for (const struct verb_field *field = verb->fields; field->name != NULL;
	        field++) {
		if (field->required) {
			return false;
		}
	}
	return true;
}

static void add_verbs(
        cJSON *properties, cJSON *bare, const char *prefix, const struct verb *table)
{
	for (const struct verb *verb = table; verb->name != NULL; verb++) {
		autofree char *name = xasprintf("%s%s", prefix, verb->name);
		json_set(properties, name, verb_to_schema(name, verb, prefix[0] != '\0'));
		if (needs_nothing(verb)) {
			cJSON_AddItemToArray(bare, cJSON_CreateString(name));
		}
	}
}

static cJSON *step_schema(void)
{
	cJSON *properties = json_new();
	cJSON *bare = cJSON_CreateArray();

	add_verbs(properties, bare, "", runner_verbs);
	add_verbs(properties, bare, "slack.", sim_slack_verbs);
	add_verbs(properties, bare, "matrix.", sim_matrix_verbs);
	json_set(properties, "within",
	        described(any_of(defined("duration"), typed("null")),
	                "virtual time until this must have come true; 10s if not said"));
	json_set(properties, "for",
	        described(any_of(defined("duration"), typed("null")),
	                "virtual time for which this must stay true; 10s if not said"));
	json_set(properties, "req",
	        described(typed("string"), "the requirement this shows"));
	json_set(properties, "save",
	        described(
	                typed("string"), "keeps the record or result as ${name.field}"));
	cJSON *step = described(typed("object"), "one verb, and what stands beside it");
	json_set(step, "properties", properties);
	json_set_int(step, "minProperties", 1);
	json_set_bool(step, "additionalProperties", false);
	return any_of(json_set(json_new(), "enum", bare), step);
}

/* ---------------------------------------------------------------- the file */

static cJSON *definitions(void)
{
	cJSON *all = json_new();
	cJSON *reference = typed("string");
	cJSON *duration = typed("string");
	cJSON *text = json_new();

	json_set_str(reference, "pattern", "[$][{]");
	json_set(all, "reference",
	        described(
	                reference, "a value of vary, vars, save or the runner: ${name}"));
	json_set_str(duration, "pattern", "^[0-9]+(ms|s|m|h|d)?$|[$][{]");
	json_set(all, "duration",
	        described(any_of(duration, typed("integer")),
	                "20ms, 10s, 5m, 1h, 2d, or a number of seconds"));
	json_set(text, "type",
	        cJSON_CreateStringArray(
	                (const char *[]){"string", "number", "boolean"}, 3));
	json_set(all, "text", text);
	return json_set(all, "step", step_schema());
}

static cJSON *limit_schema(void)
{
	cJSON *properties = json_new();

	json_set(properties, "virtual", defined("duration"));
	json_set(properties, "real", defined("duration"));
	cJSON *limit = json_set(typed("object"), "properties", properties);
	json_set_bool(limit, "additionalProperties", false);
	return described(
	        limit, "ends a run that takes longer: 48h of virtual, 60s of real time");
}

static cJSON *top_schema(void)
{
	cJSON *top = json_new();
	cJSON *axis = json_set_int(typed("array"), "minItems", 1);
	cJSON *vary = json_set(typed("object"), "additionalProperties", axis);

	json_set(top, "scenario",
	        described(typed("string"), "what is shown, in a sentence"));
	json_set(top, "proves",
	        described(json_set_int(list_of(typed("string")), "minItems", 1),
	                "requirements, from scenarios/spec/"));
	json_set(top, "world",
	        described(typed("string"),
	                "a file of scenarios/worlds, or none; one-channel if not said"));
	json_set(top, "vary",
	        described(
	                vary, "names and lists of values: one run for each combination"));
	json_set(top, "vars",
	        described(typed("object"), "names and values, for use as ${name}"));
	json_set(top, "limit", limit_schema());
	json_set(top, "tags",
	        described(list_of(typed("string")), "for choosing what to run"));
	json_set(top, "needs",
	        described(list_of(typed("string")),
	                "abilities of the bridge that it takes, such as login-by-chat"));
	json_set(top, "expect_fail",
	        described(typed("string"), "why this is known to fail, for now"));
	json_set(top, "steps", json_set_int(list_of(defined("step")), "minItems", 1));
	return top;
}

cJSON *story_schema(void)
{
	static const char *const required[] = {"scenario", "proves", "steps"};
	cJSON *schema = json_new();

	json_set_str(schema, "$schema", "http://json-schema.org/draft-07/schema#");
	json_set_str(schema, "title", "A scenario");
	json_set_str(schema, "description",
	        "Generated by `scenario schema` from the tables of verbs; the language is "
	        "described in scenarios/README.md.");
	json_set_str(schema, "type", "object");
	json_set(schema, "required", cJSON_CreateStringArray(required, 3));
	json_set_bool(schema, "additionalProperties", false);
	json_set(schema, "properties", top_schema());
	return json_set(schema, "definitions", definitions());
}

char *story_schema_text(void)
{
	autojson cJSON *schema = story_schema();
	char *text = cJSON_Print(schema);
	char *lines = xasprintf("%s\n", text == NULL ? "" : text);

	cJSON_free(text);
	return lines;
}
