#include "lib/verb.h"

#include "lib/mem.h"
#include <stdlib.h>
#include <string.h>

const struct verb *verb_find(const struct verb *table, const char *name)
{
	for (const struct verb *verb = table; verb->name != NULL; verb++) {
		if (strcmp(verb->name, name) == 0) {
			return verb;
		}
	}
	return NULL;
}

static const struct verb_field *find_field(const struct verb *verb, const char *name)
{
	for (const struct verb_field *field = verb->fields; field->name != NULL;
	        field++) {
		if (strcmp(field->name, name) == 0) {
			return field;
		}
	}
	return NULL;
}

static const char *nearest_field(const struct verb *verb, const char *name)
{
	const char *best = NULL;
	unsigned best_distance = 4;

	for (const struct verb_field *field = verb->fields; field->name != NULL;
	        field++) {
		unsigned distance = str_distance(name, field->name, 4);
		if (distance < best_distance) {
			best_distance = distance;
			best = field->name;
		}
	}
	return best;
}

/* ---------------------------------------------------------------- durations */

static const struct {
	const char *suffix;
	int64_t ms;
} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000},
        {"", 1000}};

bool duration_parse(const char *text, int64_t *out_ms)
{
	const int64_t longest_ms = INT64_C(3650) * 86400000;
	size_t digits = strspn(text, "0123456789");
	int64_t number;

	if (!str_to_int64((struct str){text, digits}, 0, longest_ms, &number)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text + digits, units[i].suffix) == 0) {
			if (number > longest_ms / units[i].ms) {
				return false;
			}
			*out_ms = number * units[i].ms;
			return true;
		}
	}
	return false;
}

static bool duration_of(const cJSON *value, int64_t *out_ms)
{
	if (cJSON_IsString(value)) {
		return duration_parse(value->valuestring, out_ms);
	}
	if (cJSON_IsNumber(value) && value->valuedouble >= 0 &&
	        value->valuedouble <= 315360000.0) {
		*out_ms = (int64_t)(value->valuedouble * 1000);
		return true;
	}
	return false;
}

/* ---------------------------------------------------------------- checking */

static const char *const type_names[] = {
        "a text",
        "a whole number",
        "true or false",
        "a duration such as 20ms, 10s, 5m or 1h",
        "a map",
        "a list",
        "anything",
};

static bool is_whole_number(const cJSON *value)
{
	const double limit = 9007199254740992.0; /* 2^53, as json_int() */

	return cJSON_IsNumber(value) && value->valuedouble >= -limit &&
	       value->valuedouble <= limit &&
	       value->valuedouble == (double)(int64_t)value->valuedouble;
}

static bool has_type(const cJSON *value, enum verb_type type)
{
	int64_t ignored;

	switch (type) {
	case VERB_STR:
		return cJSON_IsString(value);
	case VERB_INT:
		return is_whole_number(value);
	case VERB_BOOL:
		return cJSON_IsBool(value);
	case VERB_DURATION:
		return duration_of(value, &ignored);
	case VERB_OBJ:
		return cJSON_IsObject(value);
	case VERB_ARR:
		return cJSON_IsArray(value);
	case VERB_ANY:
		return true;
	}
	return false;
}

static bool is_allowed(const struct verb_field *field, const cJSON *value)
{
	if (field->values == NULL || !cJSON_IsString(value)) {
		return true;
	}
	for (const char *const *allowed = field->values; *allowed != NULL; allowed++) {
		if (strcmp(*allowed, value->valuestring) == 0) {
			return true;
		}
	}
	return false;
}

static bool check_field(const struct verb *verb, const cJSON *value, struct err *err)
{
	const struct verb_field *field = find_field(verb, value->string);

	if (field == NULL) {
		const char *nearest = nearest_field(verb, value->string);
		return err_set(err, ERR_PERMANENT, 0, "%s has no field \"%.40s\"%s%s%s",
		        verb->name, value->string,
		        nearest == NULL ? "" : "; did you mean \"",
		        nearest == NULL ? "" : nearest, nearest == NULL ? "" : "\"?");
	}
	if (!has_type(value, field->type)) {
		return err_set(err, ERR_PERMANENT, 0, "%s: \"%s\" must be %s", verb->name,
		        field->name, type_names[field->type]);
	}
	if (!is_allowed(field, value)) {
		return err_set(err, ERR_PERMANENT, 0, "%s: \"%s\" cannot be \"%.40s\"",
		        verb->name, field->name, value->valuestring);
	}
	return true;
}

bool verb_check(const struct verb *verb, const cJSON *args, struct err *err)
{
	const cJSON *value;

	cJSON_ArrayForEach(value, args)
	{
		if (!check_field(verb, value, err)) {
			return false;
		}
	}
	for (const struct verb_field *field = verb->fields; field->name != NULL;
	        field++) {
		if (field->required && !cJSON_HasObjectItem(args, field->name)) {
			return err_set(err, ERR_PERMANENT, 0,
			        "%s needs the field \"%s\": %s", verb->name, field->name,
			        field->doc);
		}
	}
	return true;
}

static void convert_durations(const struct verb *verb, cJSON *args)
{
	for (const struct verb_field *field = verb->fields; field->name != NULL;
	        field++) {
		const cJSON *value = cJSON_GetObjectItemCaseSensitive(args, field->name);
		int64_t ms;
		if (value != NULL && field->type == VERB_DURATION &&
		        duration_of(value, &ms)) {
			json_set_int(args, field->name, ms);
		}
	}
}

bool verb_run(const struct verb *table, const char *name, void *sim, const cJSON *args,
        cJSON **result, struct err *err)
{
	const struct verb *verb = verb_find(table, name);
	if (verb == NULL) {
		return err_set(err, ERR_PERMANENT, 0, "there is no verb \"%.40s\"", name);
	}
	autojson cJSON *own = args == NULL ? json_new() : cJSON_Duplicate(args, true);
	if (!cJSON_IsObject(own)) {
		return err_set(err, ERR_PERMANENT, 0, "%s takes a map of fields", name);
	}
	if (!verb_check(verb, own, err)) {
		return false;
	}
	convert_durations(verb, own);
	return verb->run(sim, own, result, err);
}

/* ---------------------------------------------------------------- schema */

static cJSON *type_schema(enum verb_type type)
{
	cJSON *schema = json_new();

	switch (type) {
	case VERB_STR:
		return json_set_str(schema, "type", "string");
	case VERB_INT:
		return json_set_str(schema, "type", "integer");
	case VERB_BOOL:
		return json_set_str(schema, "type", "boolean");
	case VERB_DURATION:
		json_set(schema, "type",
		        cJSON_CreateStringArray((const char *[]){"string", "number"}, 2));
		return json_set_str(schema, "pattern", "^[0-9]+(ms|s|m|h|d)?$");
	case VERB_OBJ:
		return json_set_str(schema, "type", "object");
	case VERB_ARR:
		return json_set_str(schema, "type", "array");
	case VERB_ANY:
		break;
	}
	return schema;
}

cJSON *verb_schema(const struct verb *verb)
{
	cJSON *schema = json_new();
	cJSON *properties = json_new();
	cJSON *required = cJSON_CreateArray();

	for (const struct verb_field *field = verb->fields; field->name != NULL;
	        field++) {
		cJSON *one = type_schema(field->type);
		json_set_str(one, "description", field->doc);
		if (field->values != NULL) {
			int count = 0;
			while (field->values[count] != NULL) {
				count++;
			}
			json_set(one, "enum",
			        cJSON_CreateStringArray(field->values, count));
		}
		json_set(properties, field->name, one);
		if (field->required) {
			cJSON_AddItemToArray(required, cJSON_CreateString(field->name));
		}
	}
	json_set_str(schema, "type", "object");
	json_set_str(schema, "description", verb->doc);
	json_set(schema, "properties", properties);
	if (cJSON_GetArraySize(required) > 0) {
		json_set(schema, "required", required);
	} else {
		cJSON_Delete(required);
	}
	return json_set_bool(schema, "additionalProperties", false);
}
