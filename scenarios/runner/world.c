#include "scenarios/runner/world.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "scenarios/runner/fields.h"
#include "scenarios/runner/keys.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- setup */

static const char *const profiles[] = {"conduwuit", "synapse", "spec", NULL};

static const char *const databases[] = {"sqlite", "postgres", NULL};

static const struct verb_field setup_fields[] = {
        {"like", VERB_STR, false, "another world: its setup and steps come first", NULL},
        {"bridge", VERB_OBJ, false, "config: keys to change in the good configuration",
                NULL},
        {"database", VERB_STR, false,
                "sqlite or postgres; what the command line says if not said", databases},
        {"matrix", VERB_OBJ, false, "profile: the homeserver to play", NULL},
        {"slack", VERB_OBJ, false, "how the workspace begins", NULL},
        {0},
};
static const struct verb_field bridge_fields[] = {
        {"config", VERB_OBJ, false, "keys to change in the good configuration", NULL},
        {0},
};
static const struct verb_field matrix_fields[] = {
        {"profile", VERB_STR, false, "the homeserver to play", profiles},
        {0},
};

static void check_part(const struct tree_node *setup, const char *name,
        const struct verb_field *fields, struct story_problems *problems)
{
	const struct verb_field *const tables[] = {fields, NULL};
	const struct tree_node *part = tree_get(setup, name);

	if (part != NULL && part->kind == TREE_MAP) {
		cJSON_Delete(fields_read(name, tables, part, problems));
	}
}

/* Puts what `over` says over `base`, maps key by key. */
static void merge(cJSON *base, const cJSON *over)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, over)
	{
		cJSON *old = cJSON_GetObjectItemCaseSensitive(base, item->string);
		if (cJSON_IsObject(old) && cJSON_IsObject(item)) {
			merge(old, item);
		} else {
			json_set(base, item->string, cJSON_Duplicate(item, true));
		}
	}
}

static void add_need(struct world *world, const char *need)
{
	world->needs = xrealloc(
	        world->needs, (world->needs_count + 1) * sizeof(world->needs[0]));
	world->needs[world->needs_count++] = xstrdup(need);
}

static void add_step(struct world *world, const struct story_step *step)
{
	world->steps =
	        xrealloc(world->steps, (world->step_count + 1) * sizeof(world->steps[0]));
	world->steps[world->step_count++] = *step;
}

static void begin_like(struct worlds *worlds, struct world *world, const char *name,
        const struct tree_node *node)
{
	const struct world *base = worlds_get(worlds, name, &node->pos);
	if (base == NULL) {
		world->bad = true;
		return;
	}
	merge(world->setup, base->setup);
	for (size_t i = 0; i < base->needs_count; i++) {
		add_need(world, base->needs[i]);
	}
	for (size_t i = 0; i < base->step_count; i++) {
		struct story_step step;
		step_copy(&base->steps[i], &step);
		add_step(world, &step);
	}
}

static void read_setup(
        struct worlds *worlds, struct world *world, const struct tree_node *setup)
{
	const struct verb_field *const tables[] = {setup_fields, NULL};

	if (setup->kind != TREE_MAP) {
		story_problem(worlds->problems, &setup->pos, "\"setup\" wants a map");
		return;
	}
	cJSON *own = fields_read("setup", tables, setup, worlds->problems);
	check_part(setup, "bridge", bridge_fields, worlds->problems);
	check_part(setup, "matrix", matrix_fields, worlds->problems);
	const char *like = json_str(own, "like");
	if (like != NULL) {
		begin_like(worlds, world, like, tree_get(setup, "like"));
		cJSON_DeleteItemFromObjectCaseSensitive(own, "like");
	}
	merge(world->setup, own);
	cJSON_Delete(own);
}

/* ---------------------------------------------------------------- steps */

static void read_steps(
        struct worlds *worlds, struct world *world, const struct tree_node *steps)
{
	struct scope scope;

	if (steps->kind != TREE_LIST) {
		story_problem(worlds->problems, &steps->pos, "\"steps\" wants a list");
		return;
	}
	scope_init(&scope, worlds->problems);
	for (size_t i = 0; i < world->step_count; i++) {
		if (world->steps[i].save != NULL) {
			scope_save(
			        &scope, world->steps[i].save, &world->steps[i].pos, true);
		}
	}
	const struct step_rules rules = {.requirements = worlds->requirements,
	        .in_world = true,
	        .scope = &scope,
	        .problems = worlds->problems};
	for (size_t i = 0; i < steps->count; i++) {
		struct story_step step;
		struct tree_node *expanded = scope_expand(&scope, steps->items[i]);
		step_read(&rules, expanded, 0, &step);
		add_step(world, &step);
		tree_free(expanded);
	}
	scope_finish(&scope);
}

/* ---------------------------------------------------------------- the file */

static void read_name(
        struct worlds *worlds, const struct world *world, const struct tree_node *root)
{
	const struct tree_node *name = tree_get(root, "world");

	if (name == NULL || name->kind != TREE_SCALAR ||
	        strcmp(name->text, world->name) != 0) {
		story_problem(worlds->problems, name == NULL ? &root->pos : &name->pos,
		        "this file must say \"world: %s\", as it is called", world->name);
	}
}

static void read_needs(
        struct worlds *worlds, struct world *world, const struct tree_node *list)
{
	for (size_t i = 0; list != NULL && i < list->count; i++) {
		const struct tree_node *item = list->items[i];
		if (item->kind == TREE_SCALAR && list->kind == TREE_LIST) {
			add_need(world, item->text);
		} else {
			story_problem(worlds->problems, &item->pos,
			        "\"needs\" lists single words");
		}
	}
}

static void read_world(struct worlds *worlds, struct world *world)
{
	static const char *const keys[] = {"world", "setup", "needs", "steps", NULL};
	size_t before = worlds->problems->count;
	struct tree_node *root = tree_read(world->path, worlds->problems);

	if (root != NULL && keys_check("a world", keys, root, worlds->problems)) {
		const struct tree_node *setup = tree_get(root, "setup");
		const struct tree_node *steps = tree_get(root, "steps");
		read_name(worlds, world, root);
		read_needs(worlds, world, tree_get(root, "needs"));
		if (setup != NULL) {
			read_setup(worlds, world, setup);
		}
		if (steps != NULL) {
			read_steps(worlds, world, steps);
		}
	}
	tree_free(root);
	world->bad = world->bad || worlds->problems->count > before;
}

/* The nearest file name in the folder, as a hint. Caller frees. */
static char *world_hint(const char *dir, const char *name)
{
	DIR *folder = opendir(dir);
	autofree char *best = NULL;
	unsigned distance = 4;

	if (folder == NULL) {
		return xstrdup("");
	}
	for (struct dirent *entry = readdir(folder); entry != NULL;
	        entry = readdir(folder)) {
		if (!str_ends(entry->d_name, ".yaml")) {
			continue;
		}
		autofree char *other =
		        xstrndup(entry->d_name, strlen(entry->d_name) - strlen(".yaml"));
		unsigned far = str_distance(name, other, distance);
		bool first = best == NULL || strcmp(other, best) < 0;
		if (far < distance || (far == distance && far < 4 && first)) {
			distance = far;
			str_replace(&best, other);
		}
	}
	closedir(folder);
	return best == NULL ? xstrdup("") : xasprintf(" (did you mean \"%s\"?)", best);
}

static struct world *add_world(struct worlds *worlds, const char *name, char *path)
{
	struct world *world = xcalloc(1, sizeof(*world));

	world->name = xstrdup(name);
	world->path = path;
	world->setup = json_new();
	worlds->items =
	        xrealloc(worlds->items, (worlds->count + 1) * sizeof(struct world *));
	worlds->items[worlds->count++] = world;
	return world;
}

static struct world *known_world(const struct worlds *worlds, const char *name)
{
	for (size_t i = 0; i < worlds->count; i++) {
		if (strcmp(worlds->items[i]->name, name) == 0) {
			return worlds->items[i];
		}
	}
	return NULL;
}

/* Caller frees. */
static char *path_of(const struct worlds *worlds, const char *name)
{
	char *own = worlds->own_dir == NULL
	                    ? NULL
	                    : xasprintf("%s/%s.yaml", worlds->own_dir, name);

	if (own != NULL && access(own, R_OK) == 0) {
		return own;
	}
	free(own);
	return xasprintf("%s/%s.yaml", worlds->dir, name);
}

const struct world *worlds_get(
        struct worlds *worlds, const char *name, const struct story_pos *asked_at)
{
	struct world *world = known_world(worlds, name);

	if (world == NULL && strcmp(name, "none") == 0) {
		return add_world(worlds, name, xstrdup("none"));
	}
	if (world == NULL) {
		char *path = path_of(worlds, name);
		if (strchr(name, '/') != NULL || access(path, R_OK) != 0) {
			autofree char *hint = world_hint(worlds->dir, name);
			story_problem(worlds->problems, asked_at,
			        "there is no world \"%s\"%s", name, hint);
			free(path);
			return NULL;
		}
		world = add_world(worlds, name, path);
		world->reading = true;
		read_world(worlds, world);
		world->reading = false;
	}
	if (world->reading) {
		story_problem(worlds->problems, asked_at,
		        "the world \"%s\" is like itself", name);
		return NULL;
	}
	return world->bad ? NULL : world;
}

void worlds_finish(struct worlds *worlds)
{
	for (size_t i = 0; i < worlds->count; i++) {
		struct world *world = worlds->items[i];
		for (size_t s = 0; s < world->step_count; s++) {
			step_finish(&world->steps[s]);
		}
		free(world->steps);
		cJSON_Delete(world->setup);
		for (size_t n = 0; n < world->needs_count; n++) {
			free(world->needs[n]);
		}
		free(world->needs);
		free(world->name);
		free(world->path);
		free(world);
	}
	free(worlds->items);
	worlds->items = NULL;
	worlds->count = 0;
}
