#include "scenarios/runner/requirements.h"

#include "lib/mem.h"
#include "scenarios/runner/yaml_tree.h"
#include <stdlib.h>
#include <string.h>

const struct requirement *requirements_find(
        const struct requirements *requirements, const char *id)
{
	for (size_t i = 0; i < requirements->count; i++) {
		if (strcmp(requirements->items[i].id, id) == 0) {
			return &requirements->items[i];
		}
	}
	return NULL;
}

bool requirements_check(const struct requirements *requirements, const char *id,
        const struct story_pos *pos, struct story_problems *problems)
{
	if (requirements_find(requirements, id) != NULL) {
		return true;
	}
	struct nearest nearest;
	nearest_init(&nearest, id);
	for (size_t i = 0; i < requirements->count; i++) {
		nearest_offer(&nearest, requirements->items[i].id);
	}
	autofree char *hint = nearest_hint(&nearest);
	story_problem(problems, pos, "there is no requirement \"%s\"%s", id, hint);
	return false;
}

static const char *text_of(
        const struct tree_node *entry, const char *key, struct story_problems *problems)
{
	const struct tree_node *value = tree_get(entry, key);
	if (value == NULL || value->kind != TREE_SCALAR || value->text[0] == '\0') {
		story_problem(problems, &entry->pos, "this requirement has no %s", key);
		return NULL;
	}
	return value->text;
}

static bool read_entry(const struct tree_node *entry, struct requirements *out,
        struct story_problems *problems)
{
	const char *id = text_of(entry, "id", problems);
	const char *title = text_of(entry, "title", problems);
	const char *text = text_of(entry, "text", problems);

	if (id == NULL || title == NULL || text == NULL) {
		return false;
	}
	if (requirements_find(out, id) != NULL) {
		story_problem(
		        problems, &entry->pos, "the requirement %s is there twice", id);
		return false;
	}
	out->items = xrealloc(out->items, (out->count + 1) * sizeof(out->items[0]));
	out->items[out->count++] =
	        (struct requirement){xstrdup(id), xstrdup(title), xstrdup(text)};
	return true;
}

bool requirements_read(
        const char *path, struct requirements *out, struct story_problems *problems)
{
	*out = (struct requirements){0};
	struct tree_node *root = tree_read(path, problems);
	if (root == NULL) {
		return false;
	}
	bool ok = root->kind == TREE_LIST;
	if (!ok) {
		story_problem(problems, &root->pos, "the requirements must be a list");
	}
	for (size_t i = 0; ok && i < root->count; i++) {
		ok = read_entry(root->items[i], out, problems);
	}
	tree_free(root);
	return ok;
}

void requirements_finish(struct requirements *requirements)
{
	for (size_t i = 0; i < requirements->count; i++) {
		free(requirements->items[i].id);
		free(requirements->items[i].title);
		free(requirements->items[i].text);
	}
	free(requirements->items);
	*requirements = (struct requirements){0};
}
