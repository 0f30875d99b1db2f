#include "scenarios/runner/check.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "scenarios/runner/fields.h"
#include "scenarios/runner/matchers.h"
#include "scenarios/runner/verb_rules.h"
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_WITHIN_MS = 10 * 1000,
	DEFAULT_FOR_MS = 10 * 1000,
	DEFAULT_SETTLE_MS = 60 * 60 * 1000,
};

/* ---------------------------------------------------------------- steps as memory */

void step_finish(struct story_step *step)
{
	free(step->pos.file);
	free(step->verb);
	cJSON_Delete(step->args);
	free(step->req);
	free(step->save);
	free(step->note);
	*step = (struct story_step){0};
}

void step_copy(const struct story_step *from, struct story_step *to)
{
	*to = *from;
	to->pos.file = xstrdup_null(from->pos.file);
	to->verb = xstrdup_null(from->verb);
	to->args = cJSON_Duplicate(from->args, true);
	to->req = xstrdup_null(from->req);
	to->save = xstrdup_null(from->save);
	to->note = xstrdup_null(from->note);
}

/* ---------------------------------------------------------------- the verb of a step */

static bool is_modifier(const char *key)
{
	static const char *const modifiers[] = {
	        "within", "for", "req", "save", "note", NULL};
	for (const char *const *known = modifiers; *known != NULL; known++) {
		if (strcmp(*known, key) == 0) {
			return true;
		}
	}
	return false;
}

/* The one key that is a verb; a step of nothing but a note is the verb `note`. */
static const struct tree_node *find_verb(
        const struct tree_node *step, struct story_problems *problems)
{
	const struct tree_node *found = NULL;

	for (size_t i = 0; i < step->count; i++) {
		const struct tree_node *item = step->items[i];
		if (is_modifier(item->key)) {
			continue;
		}
		if (found != NULL) {
			story_problem(problems, &item->key_pos,
			        "a step has one verb; this one has \"%s\" and \"%s\"",
			        found->key, item->key);
			return NULL;
		}
		found = item;
	}
	if (found == NULL) {
		found = tree_get(step, "note");
	}
	if (found == NULL) {
		story_problem(problems, &step->pos, "this step has no verb");
	}
	return found;
}

static void offer_verb(const char *wanted, const char *prefix, const struct verb *table,
        char **best, unsigned *distance)
{
	for (const struct verb *verb = table; verb->name != NULL; verb++) {
		autofree char *full = xasprintf("%s%s", prefix, verb->name);
		unsigned far = strcmp(wanted, verb->name) == 0
		                       ? 0
		                       : str_distance(wanted, full, *distance);
		if (far < *distance) {
			*distance = far;
			str_replace(best, full);
		}
	}
}

char *verb_hint(const char *wanted)
{
	unsigned distance = 4;
	autofree char *best = NULL;

	offer_verb(wanted, "", runner_verbs, &best, &distance);
	offer_verb(wanted, "slack.", sim_slack_verbs, &best, &distance);
	offer_verb(wanted, "matrix.", sim_matrix_verbs, &best, &distance);
	return best == NULL ? xstrdup("") : xasprintf(" (did you mean \"%s\"?)", best);
}

static const struct verb *known_verb(
        const char *name, const struct story_pos *pos, struct story_problems *problems)
{
	static const char *const sleeps[] = {"sleep", "delay", "pause", "wait", NULL};
	static const char *const shells[] = {"shell", "exec", "command", "system", NULL};
	const struct verb *verb = story_verb(name);

	if (verb != NULL) {
		return verb;
	}
	for (size_t i = 0; sleeps[i] != NULL; i++) {
		if (strcmp(sleeps[i], name) == 0) {
			story_problem(problems, pos,
			        "there is no \"%s\": expect what you wait for, or move time "
			        "with clock.advance",
			        name);
			return NULL;
		}
		if (strcmp(shells[i], name) == 0) {
			story_problem(problems, pos,
			        "there is no \"%s\": a scenario runs no programs but the daemon",
			        name);
			return NULL;
		}
	}
	autofree char *hint = verb_hint(name);
	story_problem(problems, pos, "there is no verb \"%s\"%s", name, hint);
	return NULL;
}

/* ---------------------------------------------------------------- arguments */

/* `clock.advance: 2h` and `note: text`: one value for the only field there is. Otherwise
 * the map of fields; nothing at all is an empty one. Caller frees. */
static struct tree_node *argument_map(const struct verb *verb, const char *name,
        const struct tree_node *node, struct story_problems *problems)
{
	struct tree_node *map = tree_new(TREE_MAP, &node->pos);
	bool single = verb->fields[0].name != NULL && verb->fields[1].name == NULL;

	if (node->kind == TREE_SCALAR && single && !tree_is_null(node)) {
		struct tree_node *value = tree_new(TREE_SCALAR, &node->pos);
		value->text = xstrdup(node->text);
		value->quoted = node->quoted;
		tree_set_key(value, verb->fields[0].name, &node->pos);
		tree_append(map, value);
	} else if (node->kind == TREE_LIST || !tree_is_null(node)) {
		story_problem(problems, &node->pos, "%s wants a map of fields: %s: {...}",
		        name, name);
	}
	return map;
}

static cJSON *read_args(const struct verb *verb, const char *name,
        const struct tree_node *node, struct story_problems *problems)
{
	const bool matches = strcmp(name, "expect") == 0 || strcmp(name, "never") == 0;
	const bool sim = str_starts(name, "slack.") || str_starts(name, "matrix.");
	const struct verb_field *const tables[] = {
	        verb->fields, sim ? story_sim_fields : NULL, NULL};
	struct tree_node *made = NULL;

	if (node->kind != TREE_MAP) {
		made = argument_map(verb, name, node, problems);
		node = made;
	}
	cJSON *args = matches ? matchers_read(name, verb->fields, node, problems)
	                      : fields_read(name, tables, node, problems);
	verb_rules_check(name, node, args, problems);
	tree_free(made);
	return args;
}

/* ---------------------------------------------------------------- what stands beside */

/* NULL if it is not there or is not one text. */
static const char *modifier_text(
        const struct step_rules *rules, const struct tree_node *step, const char *key)
{
	const struct tree_node *value = tree_get(step, key);

	if (value == NULL) {
		return NULL;
	}
	if (value->kind != TREE_SCALAR || value->text[0] == '\0') {
		story_problem(
		        rules->problems, &value->pos, "\"%s\" wants a single value", key);
		return NULL;
	}
	return value->text;
}

/* A deadline or span: beside the verb, or for settle among its fields. */
static int64_t read_span(const struct step_rules *rules, const struct tree_node *step,
        const struct story_step *out, const char *key, int64_t otherwise)
{
	const char *beside = modifier_text(rules, step, key);
	const char *inside =
	        strcmp(out->verb, "settle") == 0 ? json_str(out->args, key) : NULL;
	int64_t ms = otherwise;

	if (beside == NULL && inside == NULL) {
		return otherwise;
	}
	const struct tree_node *node = tree_get(step, key);
	const struct story_pos *pos = node == NULL ? &step->pos : &node->pos;
	if (beside != NULL && inside != NULL) {
		story_problem(rules->problems, pos, "\"%s\" is said twice", key);
	} else if (beside != NULL && !verb_takes_span(out->verb, key)) {
		story_problem(rules->problems, pos, "\"%s\" means nothing beside %s", key,
		        out->verb);
	} else if (!duration_parse(beside == NULL ? inside : beside, &ms)) {
		story_problem(rules->problems, pos,
		        "\"%s\" wants a duration such as 20ms, 10s, 5m or 1h", key);
	}
	return ms;
}

static void read_req(const struct step_rules *rules, const struct tree_node *step,
        struct story_step *out)
{
	const char *id = modifier_text(rules, step, "req");
	if (id == NULL) {
		return;
	}
	const struct story_pos *pos = &tree_get(step, "req")->pos;
	out->req = xstrdup(id);
	if (rules->in_world) {
		story_problem(rules->problems, pos,
		        "a world shows no requirement; a scenario does");
		return;
	}
	if (!requirements_check(rules->requirements, id, pos, NULL, rules->problems)) {
		return;
	}
	for (size_t i = 0; i < rules->proves_count; i++) {
		if (strcmp(rules->proves[i], id) == 0) {
			return;
		}
	}
	story_problem(rules->problems, pos, "%s is not in the scenario's proves", id);
}

static void read_save(const struct step_rules *rules, const struct tree_node *step,
        struct story_step *out)
{
	const char *name = modifier_text(rules, step, "save");
	if (name == NULL) {
		return;
	}
	const struct story_pos *pos = &tree_get(step, "save")->pos;
	if (!verb_can_save(out->verb)) {
		story_problem(
		        rules->problems, pos, "%s has no result to save", out->verb);
		return;
	}
	if (scope_save(rules->scope, name, pos, rules->in_world)) {
		out->save = xstrdup(name);
	}
}

static void read_modifiers(const struct step_rules *rules, const struct tree_node *step,
        struct story_step *out)
{
	bool settle = strcmp(out->verb, "settle") == 0;

	out->within_ms = read_span(rules, step, out, "within",
	        settle ? DEFAULT_SETTLE_MS : DEFAULT_WITHIN_MS);
	out->for_ms = read_span(rules, step, out, "for", settle ? 0 : DEFAULT_FOR_MS);
	read_req(rules, step, out);
	read_save(rules, step, out);
	if (strcmp(out->verb, "note") != 0) {
		out->note = xstrdup_null(modifier_text(rules, step, "note"));
	}
}

/* `- settle` is `- settle: {}`. Caller frees. */
static struct tree_node *wrap_word(const struct tree_node *word)
{
	struct tree_node *step = tree_new(TREE_MAP, &word->pos);
	struct tree_node *none = tree_new(TREE_MAP, &word->pos);

	tree_set_key(none, word->text, &word->pos);
	tree_append(step, none);
	return step;
}

static void read_map(const struct step_rules *rules, const struct tree_node *step,
        struct story_step *out)
{
	const struct tree_node *found = find_verb(step, rules->problems);
	if (found == NULL) {
		return;
	}
	const struct verb *verb =
	        known_verb(found->key, &found->key_pos, rules->problems);
	if (verb == NULL) {
		return;
	}
	out->verb = xstrdup(found->key);
	out->args = read_args(verb, found->key, found, rules->problems);
	read_modifiers(rules, step, out);
}

void step_read(const struct step_rules *rules, const struct tree_node *node, int number,
        struct story_step *out)
{
	*out = (struct story_step){.pos = node->pos, .number = number};
	out->pos.file = xstrdup(node->pos.file);
	if (node->kind == TREE_MAP) {
		read_map(rules, node, out);
	} else if (node->kind == TREE_SCALAR && node->text[0] != '\0') {
		struct tree_node *step = wrap_word(node);
		read_map(rules, step, out);
		tree_free(step);
	} else {
		story_problem(
		        rules->problems, &node->pos, "a step is a map with one verb");
	}
}
