#include "scenarios/runner/matchers.h"

#include "lib/mem.h"
#include "scenarios/runner/expand.h"
#include "scenarios/runner/fields.h"
#include <regex.h>
#include <stdlib.h>
#include <string.h>

static void check_regex(const struct tree_node *node, struct story_problems *problems)
{
	size_t n = strlen(node->text);
	if (n < 2 || node->text[0] != '/' || node->text[n - 1] != '/' ||
	        text_has_reference(node->text)) {
		return;
	}
	if (n == 2) {
		story_problem(
		        problems, &node->pos, "the expression // matches everything");
		return;
	}
	regex_t regex;
	autofree char *expression = xstrndup(node->text + 1, n - 2);
	int rc = regcomp(&regex, expression, REG_EXTENDED | REG_NOSUB);
	if (rc != 0) {
		char why[128];
		regerror(rc, &regex, why, sizeof(why));
		story_problem(problems, &node->pos, "the expression %s is malformed: %s",
		        node->text, why);
		return;
	}
	regfree(&regex);
}

/* One matcher's value; NULL, and a problem, if it cannot be one. */
static cJSON *read_matcher(const struct tree_node *node, struct story_problems *problems)
{
	if (node->kind != TREE_SCALAR) {
		story_problem(problems, &node->pos,
		        "\"%s\" wants a single value to compare with, not %s", node->key,
		        tree_kind_to_str(node->kind));
		return NULL;
	}
	if (node->text[0] == '\0' && !node->quoted) {
		story_problem(problems, &node->pos,
		        "\"%s\" has no value: write null to demand that it is absent",
		        node->key);
		return NULL;
	}
	check_regex(node, problems);
	return value_read_any(node);
}

static cJSON *read_matcher_map(
        const struct tree_node *map, struct story_problems *problems)
{
	if (map->kind != TREE_MAP) {
		story_problem(problems, &map->pos,
		        "\"%s\" wants a map of fields to compare with", map->key);
		return NULL;
	}
	cJSON *out = json_new();
	for (size_t i = 0; i < map->count; i++) {
		cJSON *value = read_matcher(map->items[i], problems);
		if (value != NULL) {
			json_set(out, map->items[i]->key, value);
		}
	}
	return out;
}

/* A field of the tap's records, or "args.name" inside one that is a map. */
static cJSON *read_tap_field(const char *verb, const struct verb_field *const *tables,
        const struct tree_node *item, struct story_problems *problems)
{
	const char *dot = strchr(item->key, '.');
	autofree char *root = dot == NULL
	                              ? xstrdup(item->key)
	                              : xstrndup(item->key, (size_t)(dot - item->key));
	const struct verb_field *field = field_find(tables, root);

	if (field == NULL || (dot != NULL && field->type != VERB_OBJ)) {
		field_complain_unknown(verb, tables, item, problems);
		return NULL;
	}
	if (field->type == VERB_OBJ && dot == NULL) {
		return read_matcher_map(item, problems);
	}
	return read_matcher(item, problems);
}

cJSON *matchers_read(const char *verb, const struct verb_field *table,
        const struct tree_node *map, struct story_problems *problems)
{
	const struct verb_field *const own[] = {table, NULL};
	const struct tree_node *at = tree_get(map, "at");
	const struct verb_field *tap = NULL;

	if (at != NULL && at->kind == TREE_SCALAR) {
		tap = story_tap_fields(at->text);
	}
	const struct verb_field *const all[] = {tap, table, NULL};
	cJSON *out = json_new();
	for (size_t i = 0; i < map->count; i++) {
		const struct tree_node *item = map->items[i];
		const struct verb_field *field = field_find(own, item->key);
		cJSON *value = NULL;
		if (field != NULL) {
			value = field_read(field, item, problems);
		} else if (tap != NULL) {
			value = read_tap_field(verb, all, item, problems);
		}
		if (value != NULL) {
			json_set(out, item->key, value);
		}
	}
	fields_check_required(verb, table, map, problems);
	return out;
}
