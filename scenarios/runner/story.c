#include "scenarios/runner/story.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "scenarios/runner/check.h"
#include "scenarios/runner/keys.h"
#include "scenarios/runner/vary.h"
#include "scenarios/runner/world.h"
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_VIRTUAL_MS = 48 * 60 * 60 * 1000, DEFAULT_REAL_MS = 60 * 1000 };

static const char default_world[] = "one-channel";

struct loading {
	struct worlds worlds;
	struct requirements requirements;
	struct story_problems *problems;
	struct story_set *out;
};

struct file { /* being read */
	struct loading *loading;
	const char *path;
	const struct tree_node *root;
	struct scope scope;
};

/* ---------------------------------------------------------------- stories as memory */

static void texts_finish(char **texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(texts[i]);
	}
	free(texts);
}

static void story_finish(struct story *story)
{
	free(story->path);
	free(story->id);
	free(story->title);
	texts_finish(story->proves, story->proves_count);
	free(story->links);
	texts_finish(story->tags, story->tags_count);
	texts_finish(story->needs, story->needs_count);
	free(story->world);
	cJSON_Delete(story->setup);
	for (size_t i = 0; i < story->step_count; i++) {
		step_finish(&story->steps[i]);
	}
	free(story->steps);
	free(story->expect_fail);
}

void story_set_finish(struct story_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		story_finish(&set->stories[i]);
	}
	free(set->stories);
	*set = (struct story_set){0};
}

static struct story_step *add_step(struct story *story)
{
	story->steps =
	        xrealloc(story->steps, (story->step_count + 1) * sizeof(story->steps[0]));
	return &story->steps[story->step_count++];
}

static void add_text(char ***texts, size_t *count, const char *text)
{
	*texts = xrealloc(*texts, (*count + 1) * sizeof((*texts)[0]));
	(*texts)[(*count)++] = xstrdup(text);
}

/* ---------------------------------------------------------------- top-level keys */

/* The key's value with its variables replaced, or NULL if it is not there. Caller frees.
 */
static struct tree_node *expanded(struct file *file, const char *key)
{
	const struct tree_node *node = tree_get(file->root, key);
	if (node == NULL) {
		return NULL;
	}
	struct tree_node *copy = scope_expand(&file->scope, node);
	tree_set_key(copy, key, &node->key_pos);
	return copy;
}

/* The key's one text, or a copy of otherwise. Caller frees; NULL if otherwise is. */
static char *read_text(struct file *file, const char *key, const char *otherwise)
{
	struct tree_node *node = expanded(file, key);
	char *text = NULL;

	if (node == NULL) {
		return xstrdup_null(otherwise);
	}
	if (node->kind == TREE_SCALAR && node->text[0] != '\0') {
		text = xstrdup(node->text);
	} else {
		story_problem(
		        file->loading->problems, &node->pos, "\"%s\" wants a text", key);
	}
	tree_free(node);
	return text == NULL ? xstrdup_null(otherwise) : text;
}

static bool is_known_text(char *const *texts, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(texts[i], text) == 0) {
			return true;
		}
	}
	return false;
}

static void read_texts(struct file *file, const char *key, char ***texts, size_t *count)
{
	struct story_problems *problems = file->loading->problems;
	struct tree_node *list = expanded(file, key);

	if (list == NULL) {
		return;
	}
	if (list->kind != TREE_LIST || list->count == 0) {
		story_problem(problems, &list->pos, "\"%s\" wants a list", key);
	}
	for (size_t i = 0; i < list->count && list->kind == TREE_LIST; i++) {
		const struct tree_node *item = list->items[i];
		if (item->kind != TREE_SCALAR || item->text[0] == '\0') {
			story_problem(
			        problems, &item->pos, "\"%s\" lists single words", key);
		} else if (is_known_text(*texts, *count, item->text)) {
			story_problem(problems, &item->pos, "\"%s\" is there twice",
			        item->text);
		} else {
			add_text(texts, count, item->text);
		}
	}
	tree_free(list);
}

static void read_proves(struct file *file, struct story *story)
{
	const struct tree_node *list = tree_get(file->root, "proves");
	const struct requirements *known = &file->loading->requirements;

	read_texts(file, "proves", &story->proves, &story->proves_count);
	story->links = xcalloc(story->proves_count + 1, sizeof(story->links[0]));
	for (size_t i = 0; i < story->proves_count && known->count > 0; i++) {
		const struct story_pos *pos =
		        i < list->count ? &list->items[i]->pos : &list->pos;
		struct requirement_link link;
		if (requirements_check(known, story->proves[i], pos, &link,
		            file->loading->problems)) {
			free(story->proves[i]);
			story->proves[i] = link.id;
			story->links[i] = (struct story_link){
			        pos->line, pos->column, link.revision};
		}
	}
}

static void read_limit(struct file *file, struct story *story)
{
	static const char *const keys[] = {"virtual", "real", NULL};
	struct story_problems *problems = file->loading->problems;
	struct tree_node *map = expanded(file, "limit");

	story->limit = (struct story_limit){DEFAULT_VIRTUAL_MS, DEFAULT_REAL_MS};
	if (map == NULL) {
		return;
	}
	if (keys_check("limit", keys, map, problems)) {
		int64_t *const values[] = {
		        &story->limit.virtual_ms, &story->limit.real_ms};
		for (size_t i = 0; i < 2; i++) {
			const struct tree_node *node = tree_get(map, keys[i]);
			if (node != NULL &&
			        (node->kind != TREE_SCALAR ||
			                !duration_parse(node->text, values[i]) ||
			                *values[i] == 0)) {
				story_problem(problems, &node->pos,
				        "\"%s\" wants a duration such as 15m or 48h",
				        keys[i]);
			}
		}
	}
	tree_free(map);
}

static void read_world(struct file *file, struct story *story)
{
	const struct tree_node *node = tree_get(file->root, "world");
	const struct story_pos *pos = node == NULL ? &file->root->pos : &node->pos;

	story->world = read_text(file, "world", default_world);
	const struct world *world = worlds_get(&file->loading->worlds, story->world, pos);
	for (size_t i = 0; world != NULL && i < world->needs_count; i++) {
		if (!is_known_text(story->needs, story->needs_count, world->needs[i])) {
			add_text(&story->needs, &story->needs_count, world->needs[i]);
		}
	}
	story->setup = world == NULL ? json_new() : cJSON_Duplicate(world->setup, true);
	for (size_t i = 0; world != NULL && i < world->step_count; i++) {
		step_copy(&world->steps[i], add_step(story));
		if (world->steps[i].save != NULL) {
			scope_save(&file->scope, world->steps[i].save,
			        &world->steps[i].pos, true);
		}
	}
	story->world_steps = story->step_count;
}

/* ---------------------------------------------------------------- steps */

static bool is_watching(const struct story_step *step)
{
	return str_equal(step->verb, "expect") || str_equal(step->verb, "never");
}

static void read_steps(
        struct file *file, struct story *story, const struct tree_node *steps)
{
	struct story_problems *problems = file->loading->problems;
	const struct step_rules rules = {.requirements = &file->loading->requirements,
	        .proves = story->proves,
	        .proves_count = story->proves_count,
	        .scope = &file->scope,
	        .problems = problems};
	bool watches = false;

	for (size_t i = 0; i < steps->count; i++) {
		struct tree_node *node = scope_expand(&file->scope, steps->items[i]);
		struct story_step *step = add_step(story);
		step_read(&rules, node, (int)i + 1, step);
		/* what is no verb at all has been complained about */
		watches = watches || is_watching(step) || step->verb == NULL;
		tree_free(node);
	}
	if (!watches) {
		story_problem(problems, &steps->pos,
		        "with neither expect nor never this shows nothing");
	}
}

/* ---------------------------------------------------------------- variations */

/* "010-text" of "scenarios/010-text.yaml". Caller frees. */
static char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;
	size_t n = strlen(base);

	return xstrndup(base, str_ends(base, ".yaml") ? n - strlen(".yaml") : n);
}

/* Variables may refer to the axes and to variables before them. */
static void set_vars(struct file *file)
{
	const struct tree_node *vars = tree_get(file->root, "vars");
	if (vars == NULL) {
		return;
	}
	if (vars->kind != TREE_MAP) {
		story_problem(file->loading->problems, &vars->pos,
		        "\"vars\" wants a map of names and values");
		return;
	}
	for (size_t i = 0; i < vars->count; i++) {
		const struct tree_node *value = vars->items[i];
		scope_set(&file->scope, value->key, &value->key_pos,
		        scope_expand(&file->scope, value));
	}
}

static void read_variation(struct file *file, const char *suffix)
{
	struct story_set *out = file->loading->out;
	const struct tree_node *steps = tree_get(file->root, "steps");
	autofree char *base = base_name(file->path);

	out->stories = xrealloc(out->stories, (out->count + 1) * sizeof(out->stories[0]));
	struct story *story = &out->stories[out->count++];
	*story = (struct story){
	        .path = xstrdup(file->path), .id = xasprintf("%s%s", base, suffix)};
	set_vars(file);
	story->title = read_text(file, "scenario", "");
	read_proves(file, story);
	read_texts(file, "tags", &story->tags, &story->tags_count);
	read_texts(file, "needs", &story->needs, &story->needs_count);
	read_limit(file, story);
	story->expect_fail = read_text(file, "expect_fail", NULL);
	read_world(file, story);
	if (steps != NULL && steps->kind == TREE_LIST && steps->count > 0) {
		read_steps(file, story, steps);
	}
	scope_drop_saves(&file->scope);
}

static bool check_top(const struct file *file)
{
	static const char *const keys[] = {"scenario", "proves", "world", "vary", "vars",
	        "limit", "tags", "needs", "expect_fail", "steps", NULL};
	static const char *const required[] = {"scenario", "proves", "steps", NULL};
	struct story_problems *problems = file->loading->problems;

	if (!keys_check("a scenario", keys, file->root, problems)) {
		return false;
	}
	for (size_t i = 0; required[i] != NULL; i++) {
		if (tree_get(file->root, required[i]) == NULL) {
			story_problem(problems, &file->root->pos,
			        "a scenario needs the key \"%s\"", required[i]);
		}
	}
	const struct tree_node *steps = tree_get(file->root, "steps");
	if (steps != NULL && (steps->kind != TREE_LIST || steps->count == 0)) {
		story_problem(problems, &steps->pos, "\"steps\" wants a list of steps");
	}
	return true;
}

static void read_file(struct loading *loading, const char *path)
{
	struct tree_node *root = tree_read(path, loading->problems);
	struct file file = {.loading = loading, .path = path, .root = root};

	if (root == NULL) {
		return;
	}
	scope_init(&file.scope, loading->problems);
	if (check_top(&file)) {
		const struct tree_node *vary = tree_get(root, "vary");
		size_t count = vary_count(vary, loading->problems);
		for (size_t i = 0; i < count; i++) {
			autofree char *suffix = vary_select(vary, i, &file.scope);
			read_variation(&file, suffix);
		}
		scope_check_used(&file.scope);
	}
	scope_finish(&file.scope);
	tree_free(root);
}

/* ---------------------------------------------------------------- all files */

static void check_ids(const struct loading *loading)
{
	const struct story_set *set = loading->out;

	for (size_t i = 0; i < set->count; i++) {
		for (size_t other = 0; other < i; other++) {
			const struct story_pos pos = {set->stories[i].path, 1, 1};
			if (strcmp(set->stories[i].id, set->stories[other].id) == 0) {
				story_problem(loading->problems, &pos,
				        "%s is called like %s", set->stories[i].id,
				        set->stories[other].path);
			}
		}
	}
}

bool story_load(const char *const *paths, const char *worlds_dir, const char *own_worlds,
        struct story_set *out, struct story_problems *problems)
{
	struct loading loading = {.problems = problems, .out = out};
	size_t before = problems->count;

	*out = (struct story_set){0};
	requirements_read(STORY_SPEC, &loading.requirements, problems);
	loading.worlds = (struct worlds){.dir = worlds_dir,
	        .own_dir = own_worlds,
	        .requirements = &loading.requirements,
	        .problems = problems};
	for (; *paths != NULL; paths++) {
		read_file(&loading, *paths);
	}
	check_ids(&loading);
	worlds_finish(&loading.worlds);
	requirements_finish(&loading.requirements);
	if (problems->count > before) {
		story_set_finish(out);
		return false;
	}
	return true;
}
