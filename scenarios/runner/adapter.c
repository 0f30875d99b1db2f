#include "scenarios/runner/adapter.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "scenarios/runner/keys.h"
#include "scenarios/runner/yaml_tree.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char ready_log[] = "Bridge started";

/* ---------------------------------------------------------------- reading */

static char *read_text(const struct tree_node *root, const char *key, bool needed,
        struct story_problems *problems)
{
	const struct tree_node *node = tree_get(root, key);

	if (node != NULL && node->kind == TREE_SCALAR && node->text[0] != '\0') {
		return xstrdup(node->text);
	}
	if (node != NULL || needed) {
		story_problem(problems, node == NULL ? &root->pos : &node->pos,
		        "an adapter's \"%s\" is a text", key);
	}
	return NULL;
}

/* NULL-terminated; NULL if the key is not there. */
static char **read_words(
        const struct tree_node *root, const char *key, struct story_problems *problems)
{
	const struct tree_node *list = tree_get(root, key);

	if (list == NULL) {
		return NULL;
	}
	char **words = xcalloc(list->count + 1, sizeof(*words));
	if (list->kind != TREE_LIST) {
		story_problem(problems, &list->pos, "an adapter's \"%s\" is a list", key);
		return words;
	}
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct tree_node *item = list->items[i];
		if (item->kind == TREE_SCALAR && item->text[0] != '\0') {
			words[count++] = xstrdup(item->text);
		} else {
			story_problem(problems, &item->pos, "\"%s\" lists words", key);
		}
	}
	return words;
}

static void check_abilities(const struct tree_node *root, struct story_problems *problems)
{
	static const char *const known[] = {"all", "command-line", "configuration",
	        "database", "faults", "log", "login-by-chat", NULL};
	const struct tree_node *list = tree_get(root, "gives");

	for (size_t i = 0; list != NULL && list->kind == TREE_LIST && i < list->count;
	        i++) {
		const struct tree_node *item = list->items[i];
		struct nearest nearest;
		bool is_known = item->text == NULL;
		nearest_init(&nearest, item->text == NULL ? "" : item->text);
		for (size_t k = 0; known[k] != NULL; k++) {
			is_known = is_known || str_equal(item->text, known[k]);
			nearest_offer(&nearest, known[k]);
		}
		if (!is_known) {
			autofree char *hint = nearest_hint(&nearest);
			story_problem(problems, &item->pos,
			        "there is no ability \"%s\"%s", item->text, hint);
		}
	}
}

/* "/x/bridges" of "/x/bridges/ours.yaml"; absolute. Caller frees. */
static char *folder_of(const char *path)
{
	char *whole = realpath(path, NULL);

	if (whole != NULL) {
		*strrchr(whole, '/') = '\0';
	}
	return whole == NULL ? xstrdup(".") : whole;
}

static bool has_word(char *const *words, const char *word)
{
	for (; words != NULL && *words != NULL; words++) {
		if (strcmp(*words, word) == 0) {
			return true;
		}
	}
	return false;
}

bool adapter_read(const char *path, struct adapter *out, struct story_problems *problems)
{
	static const char *const keys[] = {
	        "bridge", "start", "config", "ready", "worlds", "gives", "claims", NULL};
	size_t before = problems->count;
	struct tree_node *root = tree_read(path, problems);

	*out = (struct adapter){.dir = folder_of(path)};
	if (root != NULL && keys_check("an adapter", keys, root, problems)) {
		autofree char *worlds = read_text(root, "worlds", false, problems);
		out->name = read_text(root, "bridge", true, problems);
		out->start = read_words(root, "start", problems);
		out->config = read_text(root, "config", false, problems);
		out->ready = read_text(root, "ready", false, problems);
		out->gives = read_words(root, "gives", problems);
		out->gives_all = has_word(out->gives, "all");
		out->claims = read_words(root, "claims", problems);
		out->worlds_dir =
		        worlds == NULL ? NULL : xasprintf("%s/%s", out->dir, worlds);
		check_abilities(root, problems);
		if (out->start == NULL || out->start[0] == NULL) {
			story_problem(problems, &root->pos,
			        "an adapter needs \"start\": a command line");
		}
	}
	tree_free(root);
	return problems->count == before;
}

static void free_words(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++) {
		free(words[i]);
	}
	free(words);
}

void adapter_finish(struct adapter *adapter)
{
	free(adapter->name);
	free(adapter->dir);
	free_words(adapter->start);
	free(adapter->config);
	free(adapter->ready);
	free(adapter->worlds_dir);
	free_words(adapter->gives);
	free_words(adapter->claims);
	*adapter = (struct adapter){0};
}

/* ---------------------------------------------------------------- what it lacks */

static bool surrounds(const cJSON *args)
{
	static const char *const keys[] = {
	        "config", "env", "limits", "sandbox", "flags", "keep", NULL};

	for (size_t i = 0; keys[i] != NULL; i++) {
		if (cJSON_HasObjectItem(args, keys[i])) {
			return true;
		}
	}
	return false;
}

/* That it has started can be seen of any bridge. */
static bool looks_at_log(const struct story_step *step)
{
	const char *log = json_str(step->args, "log");
	const cJSON *item;

	if (!str_equal(json_str(step->args, "at"), "bridge") ||
	        str_equal(log, ready_log)) {
		return false;
	}
	cJSON_ArrayForEach(item, step->args)
	{
		if (str_equal(item->string, "log") || str_equal(item->string, "level") ||
		        str_equal(item->string, "stderr") ||
		        str_equal(item->string, "stdout") ||
		        str_starts(item->string, "fields")) {
			return true;
		}
	}
	return false;
}

/* The ability that a step takes; NULL: none. */
static const char *need_of(const struct story_step *step)
{
	if (str_equal(step->verb, "bridge.run")) {
		return "command-line";
	}
	if (str_equal(step->verb, "bridge.start") && surrounds(step->args)) {
		return "configuration";
	}
	if (str_starts(step->verb, "file.")) {
		return "configuration";
	}
	if (str_starts(step->verb, "database.")) {
		return "database";
	}
	if (str_equal(step->verb, "bridge.fault")) {
		return "faults";
	}
	return looks_at_log(step) ? "log" : NULL;
}

static char *unless_given(const struct adapter *adapter, const char *need)
{
	return need == NULL || adapter->gives_all || has_word(adapter->gives, need)
	               ? NULL
	               : xasprintf("%s has no ability \"%s\"", adapter->name, need);
}

static char *setup_lack(const struct adapter *adapter, const struct story *story)
{
	if (str_equal(story->world, "none")) {
		return unless_given(adapter, "command-line");
	}
	if (json_get(story->setup, "bridge") != NULL) {
		return unless_given(adapter, "configuration");
	}
	return json_get(story->setup, "database") != NULL
	               ? unless_given(adapter, "database")
	               : NULL;
}

char *adapter_lack(const struct adapter *adapter, const struct story *story)
{
	char *lack = setup_lack(adapter, story);

	for (size_t i = 0; lack == NULL && i < story->needs_count; i++) {
		lack = unless_given(adapter, story->needs[i]);
	}
	for (size_t i = 0; lack == NULL && i < story->step_count; i++) {
		lack = unless_given(adapter, need_of(&story->steps[i]));
	}
	for (size_t i = 0;
	        lack == NULL && adapter->claims != NULL && i < story->proves_count; i++) {
		if (!has_word(adapter->claims, story->proves[i])) {
			lack = xasprintf(
			        "%s does not claim %s", adapter->name, story->proves[i]);
		}
	}
	return lack;
}
