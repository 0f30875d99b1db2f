#include "scenarios/runner/fields.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "scenarios/runner/expand.h"
#include <stdlib.h>
#include <string.h>

static const int64_t max_exact = INT64_C(1) << 53;

/* 12 and -3, but not 007 or +1, which are rather names than numbers. */
static bool is_whole_number(const char *text, int64_t *out)
{
	const char *digits = text[0] == '-' ? text + 1 : text;

	if (digits[0] == '0' && digits[1] != '\0') {
		return false;
	}
	return str_to_int64(str_from(text), -max_exact, max_exact, out);
}

cJSON *value_read_any(const struct tree_node *node)
{
	int64_t number;

	if (node->kind == TREE_SCALAR) {
		if (tree_is_null(node)) {
			return cJSON_CreateNull();
		}
		bool is_true = strcmp(node->text, "true") == 0;
		if (!node->quoted && (is_true || strcmp(node->text, "false") == 0)) {
			return cJSON_CreateBool(is_true);
		}
		if (!node->quoted && is_whole_number(node->text, &number)) {
			return cJSON_CreateNumber((double)number);
		}
		return cJSON_CreateString(node->text);
	}
	cJSON *value = node->kind == TREE_MAP ? json_new() : cJSON_CreateArray();
	for (size_t i = 0; i < node->count; i++) {
		cJSON *item = value_read_any(node->items[i]);
		if (node->kind == TREE_MAP) {
			json_set(value, node->items[i]->key, item);
		} else {
			cJSON_AddItemToArray(value, item);
		}
	}
	return value;
}

/* ---------------------------------------------------------------- typed values */

static cJSON *wrong(const struct verb_field *field, const struct tree_node *node,
        const char *wanted, struct story_problems *problems)
{
	if (node->kind == TREE_SCALAR && !tree_is_null(node)) {
		story_problem(problems, &node->pos, "\"%s\" wants %s, not \"%s\"",
		        field->name, wanted, node->text);
	} else {
		story_problem(problems, &node->pos, "\"%s\" wants %s, not %s",
		        field->name, wanted,
		        tree_is_null(node) ? "nothing" : tree_kind_to_str(node->kind));
	}
	return NULL;
}

static cJSON *read_text(const struct verb_field *field, const struct tree_node *node,
        struct story_problems *problems)
{
	if (field->values == NULL || text_has_reference(node->text)) {
		return cJSON_CreateString(node->text);
	}
	struct nearest nearest;
	nearest_init(&nearest, node->text);
	for (const char *const *allowed = field->values; *allowed != NULL; allowed++) {
		if (strcmp(*allowed, node->text) == 0) {
			return cJSON_CreateString(node->text);
		}
		nearest_offer(&nearest, *allowed);
	}
	autofree char *hint = nearest_hint(&nearest);
	story_problem(problems, &node->pos, "\"%s\" cannot be \"%s\"%s", field->name,
	        node->text, hint);
	return NULL;
}

/* A scalar that is not null. */
static cJSON *read_scalar(const struct verb_field *field, const struct tree_node *node,
        struct story_problems *problems)
{
	int64_t number;

	if (field->type == VERB_STR || text_has_reference(node->text)) {
		return read_text(field, node, problems);
	}
	if (field->type == VERB_INT) {
		if (!is_whole_number(node->text, &number)) {
			return wrong(field, node, "a whole number", problems);
		}
		return cJSON_CreateNumber((double)number);
	}
	if (field->type == VERB_BOOL) {
		bool is_true = strcmp(node->text, "true") == 0;
		if (!is_true && strcmp(node->text, "false") != 0) {
			return wrong(field, node, "true or false", problems);
		}
		return cJSON_CreateBool(is_true);
	}
	if (!duration_parse(node->text, &number)) {
		return wrong(
		        field, node, "a duration such as 20ms, 10s, 5m or 1h", problems);
	}
	return cJSON_CreateString(node->text);
}

cJSON *field_read(const struct verb_field *field, const struct tree_node *node,
        struct story_problems *problems)
{
	bool whole_reference =
	        node->kind == TREE_SCALAR && text_has_reference(node->text);

	switch (field->type) {
	case VERB_STR:
	case VERB_INT:
	case VERB_BOOL:
	case VERB_DURATION:
		if (node->kind != TREE_SCALAR || tree_is_null(node)) {
			return wrong(field, node, "a single value", problems);
		}
		return read_scalar(field, node, problems);
	case VERB_OBJ:
		if (node->kind != TREE_MAP && !whole_reference) {
			return wrong(field, node, "a map", problems);
		}
		break;
	case VERB_ARR:
		if (node->kind != TREE_LIST && !whole_reference) {
			return wrong(field, node, "a list", problems);
		}
		break;
	case VERB_ANY:
		break;
	}
	return value_read_any(node);
}

/* ---------------------------------------------------------------- tables */

const struct verb_field *field_find(
        const struct verb_field *const *tables, const char *name)
{
	for (; *tables != NULL; tables++) {
		for (const struct verb_field *field = *tables; field->name != NULL;
		        field++) {
			if (strcmp(field->name, name) == 0) {
				return field;
			}
		}
	}
	return NULL;
}

void field_complain_unknown(const char *verb, const struct verb_field *const *tables,
        const struct tree_node *item, struct story_problems *problems)
{
	struct nearest nearest;
	nearest_init(&nearest, item->key);
	for (; *tables != NULL; tables++) {
		for (const struct verb_field *field = *tables; field->name != NULL;
		        field++) {
			nearest_offer(&nearest, field->name);
		}
	}
	autofree char *hint = nearest_hint(&nearest);
	story_problem(problems, &item->key_pos, "%s has no field \"%s\"%s", verb,
	        item->key, hint);
}

void fields_check_required(const char *verb, const struct verb_field *table,
        const struct tree_node *map, struct story_problems *problems)
{
	for (const struct verb_field *field = table; field->name != NULL; field++) {
		if (field->required && tree_get(map, field->name) == NULL) {
			story_problem(problems, &map->pos,
			        "%s needs the field \"%s\": %s", verb, field->name,
			        field->doc);
		}
	}
}

static void add_value(cJSON *out, const char *name, cJSON *value)
{
	if (value != NULL) {
		json_set(out, name, value);
	}
}

cJSON *fields_read(const char *verb, const struct verb_field *const *tables,
        const struct tree_node *map, struct story_problems *problems)
{
	cJSON *out = json_new();

	for (size_t i = 0; i < map->count; i++) {
		const struct tree_node *item = map->items[i];
		const struct verb_field *field = field_find(tables, item->key);
		if (field == NULL) {
			field_complain_unknown(verb, tables, item, problems);
			continue;
		}
		add_value(out, item->key, field_read(field, item, problems));
	}
	for (; *tables != NULL; tables++) {
		fields_check_required(verb, *tables, map, problems);
	}
	return out;
}
