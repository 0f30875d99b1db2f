#include "scenarios/runner/verb_rules.h"

#include "lib/str.h"
#include "scenarios/runner/expand.h"
#include "scenarios/runner/matchers.h"
#include "scenarios/runner/sandbox.h"
#include <string.h>

enum { MAX_COUNT = 10000 };

struct rule {
	const struct tree_node *node;
	cJSON *args;
	struct story_problems *problems;
};

/* Where the field stands; the whole map if it is not there. */
static const struct story_pos *pos_of(const struct rule *rule, const char *name)
{
	const struct tree_node *item = tree_get(rule->node, name);
	return item == NULL ? &rule->node->pos : &item->key_pos;
}

static bool has(const struct rule *rule, const char *name)
{
	return tree_get(rule->node, name) != NULL;
}

static void needs(const struct rule *rule, const char *name, const char *other)
{
	if (has(rule, name) && !has(rule, other)) {
		story_problem(rule->problems, pos_of(rule, name),
		        "\"%s\" means nothing without \"%s\"", name, other);
	}
}

static void excludes(const struct rule *rule, const char *name, const char *other)
{
	if (has(rule, name) && has(rule, other)) {
		story_problem(rule->problems, pos_of(rule, name),
		        "\"%s\" and \"%s\" cannot both be said", name, other);
	}
}

/* ---------------------------------------------------------------- {i} and series */

static bool text_has_series(const char *text)
{
	const char *dots = strstr(text, "..");
	const char *open = strchr(text, '{');
	return dots != NULL && open != NULL && open < dots && strchr(dots, '}') != NULL;
}

/* Calls complain for each text below the node that `wrong` finds. */
static void check_texts(const struct rule *rule, const struct tree_node *node,
        bool (*wrong)(const char *text), const char *sentence)
{
	if (node->kind == TREE_SCALAR && wrong(node->text)) {
		story_problem(rule->problems, &node->pos, "%s", sentence);
	}
	for (size_t i = 0; i < node->count; i++) {
		check_texts(rule, node->items[i], wrong, sentence);
	}
}

static bool text_has_counter(const char *text)
{
	return strstr(text, "{i}") != NULL;
}

static void check_sim(const struct rule *rule)
{
	needs(rule, "every", "count");
	int64_t count = json_int(rule->args, "count", 1);
	if (count < 1 || count > MAX_COUNT) {
		story_problem(rule->problems, pos_of(rule, "count"),
		        "\"count\" must be from 1 to %d", MAX_COUNT);
	}
	if (!has(rule, "count")) {
		check_texts(rule, rule->node, text_has_counter,
		        "{i} counts only in a step with \"count\"");
	}
}

/* ---------------------------------------------------------------- expect and never */

static void check_matchers(const struct rule *rule)
{
	for (size_t i = 0; i < rule->node->count; i++) {
		const struct tree_node *item = rule->node->items[i];
		if (strcmp(item->key, "texts") != 0) {
			check_texts(rule, item, text_has_counter,
			        "{i} counts only in a step of slack.* or matrix.*");
			check_texts(rule, item, text_has_series,
			        "a series such as m{1..50} belongs into \"texts\"");
		}
	}
	if (rule->node->count < 2 && has(rule, "at")) {
		story_problem(rule->problems, &rule->node->pos,
		        "this matches every record; say what to look for");
	}
}

static void check_expect(const struct rule *rule)
{
	const struct tree_node *node = tree_get(rule->node, "texts");
	const cJSON *texts = json_get(rule->args, "texts");
	struct err err = ERR_INIT;

	check_matchers(rule);
	needs(rule, "order", "texts");
	excludes(rule, "texts", "text");
	excludes(rule, "texts", "count");
	excludes(rule, "each", "count");
	excludes(rule, "at_most", "count");
	if (json_int(rule->args, "count", 0) < 0) {
		story_problem(rule->problems, pos_of(rule, "count"),
		        "\"count\" cannot be negative");
	}
	if (texts == NULL || node == NULL ||
	        (cJSON_IsString(texts) && text_has_reference(texts->valuestring))) {
		return;
	}
	cJSON *all = story_texts(texts, &err);
	if (all == NULL) {
		story_problem(rule->problems, &node->pos, "%s", err.msg);
	}
	cJSON_Delete(all);
}

/* ---------------------------------------------------------------- bridge.* */

static void check_kill_on(const struct rule *rule, const struct tree_node *on)
{
	static const char *const sims[] = {"slack", "matrix", NULL};
	static const struct verb_field fields[] = {
	        {"at", VERB_STR, true, "whose record it is", sims},
	        {0},
	};
	const struct rule inner = {on, NULL, rule->problems};

	json_set(rule->args, "on", matchers_read("on", fields, on, rule->problems));
	check_matchers(&inner);
}

static void check_kill(const struct rule *rule)
{
	const struct tree_node *on = tree_get(rule->node, "on");
	const char *when = json_str_or(rule->args, "when", "");

	excludes(rule, "at", "on");
	if (has(rule, "when") && !has(rule, "at") && on == NULL) {
		story_problem(rule->problems, pos_of(rule, "when"),
		        "\"when\" means nothing without \"at\" or \"on\"");
	}
	if (on != NULL && strcmp(when, "before") == 0) {
		story_problem(rule->problems, pos_of(rule, "when"),
		        "for a record say before_answer or after");
	}
	if (on == NULL && strcmp(when, "before_answer") == 0) {
		story_problem(rule->problems, pos_of(rule, "when"),
		        "a durable call has no answer: say before or after");
	}
	if (on != NULL && on->kind == TREE_MAP) {
		check_kill_on(rule, on);
	}
}

static bool is_one_of(const char *const *names, const char *text)
{
	for (; *names != NULL; names++) {
		if (strcmp(*names, text) == 0) {
			return true;
		}
	}
	return false;
}

static void check_around(const struct rule *rule)
{
	const struct tree_node *limits = tree_get(rule->node, "limits");
	const struct tree_node *sandbox = tree_get(rule->node, "sandbox");

	for (size_t i = 0; limits != NULL && i < limits->count; i++) {
		if (!is_one_of(limit_names, limits->items[i]->key)) {
			story_problem(rule->problems, &limits->items[i]->key_pos,
			        "there is no limit \"%s\"", limits->items[i]->key);
		}
	}
	for (size_t i = 0; sandbox != NULL && i < sandbox->count; i++) {
		const char *word = sandbox->items[i]->text;
		if (word != NULL && !text_has_reference(word) &&
		        !is_one_of(sandbox_words, word)) {
			story_problem(rule->problems, &sandbox->items[i]->pos,
			        "\"sandbox\" does not know \"%s\"", word);
		}
	}
}

static void check_start(const struct rule *rule)
{
	excludes(rule, "keep", "config");
	check_around(rule);
}

static void check_run(const struct rule *rule)
{
	static const char *const words[] = {"none", "good", "example", NULL};
	const cJSON *config = json_get(rule->args, "config");

	excludes(rule, "raw_config", "config");
	excludes(rule, "raw_config", "set");
	excludes(rule, "keep", "config");
	excludes(rule, "keep", "raw_config");
	excludes(rule, "keep", "registration");
	check_around(rule);
	if (config == NULL || cJSON_IsObject(config)) {
		return;
	}
	const char *text = cJSON_IsString(config) ? config->valuestring : "";
	for (size_t i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], text) == 0) {
			return;
		}
	}
	story_problem(rule->problems, pos_of(rule, "config"),
	        "\"config\" is none, good, example or a map of keys");
}

/* ---------------------------------------------------------------- */

void verb_rules_check(const char *verb, const struct tree_node *node, cJSON *args,
        struct story_problems *problems)
{
	static const struct {
		const char *verb;
		void (*check)(const struct rule *rule);
	} rules[] = {
	        {"expect", check_expect},
	        {"never", check_matchers},
	        {"bridge.kill", check_kill},
	        {"bridge.run", check_run},
	        {"bridge.start", check_start},
	};
	const struct rule rule = {node, args, problems};

	if (str_starts(verb, "slack.") || str_starts(verb, "matrix.")) {
		check_sim(&rule);
		return;
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (strcmp(rules[i].verb, verb) == 0) {
			rules[i].check(&rule);
		}
	}
}

bool verb_takes_span(const char *verb, const char *key)
{
	if (strcmp(key, "for") == 0) {
		return strcmp(verb, "never") == 0 || strcmp(verb, "settle") == 0;
	}
	return strcmp(verb, "expect") == 0 || strcmp(verb, "settle") == 0 ||
	       str_starts(verb, "bridge.");
}

bool verb_can_save(const char *verb)
{
	return strcmp(verb, "expect") == 0 || str_starts(verb, "slack.") ||
	       str_starts(verb, "matrix.");
}
