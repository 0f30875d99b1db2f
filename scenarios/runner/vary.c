#include "scenarios/runner/vary.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_ID_BYTES = 1024, MAX_LABEL = 60 };

static bool axis_is_right(const struct tree_node *axis, struct story_problems *problems)
{
	if (axis->kind != TREE_LIST || axis->count == 0) {
		story_problem(problems, &axis->pos,
		        "\"%s\" wants a list of values to vary over", axis->key);
		return false;
	}
	return true;
}

size_t vary_count(const struct tree_node *vary, struct story_problems *problems)
{
	size_t count = 1;

	if (vary == NULL) {
		return 1;
	}
	if (vary->kind != TREE_MAP || vary->count == 0) {
		story_problem(problems, &vary->pos,
		        "\"vary\" wants a map: a name, and its list of values");
		return 0;
	}
	for (size_t i = 0; i < vary->count; i++) {
		if (!axis_is_right(vary->items[i], problems)) {
			return 0;
		}
		count *= vary->items[i]->count;
		if (count > VARY_MAX) {
			story_problem(problems, &vary->pos,
			        "this makes more than %d variations", (int)VARY_MAX);
			return 0;
		}
	}
	return count;
}

/* What stands for a value in the variation's ID: the value itself, or of a map its
 * `name`, or else its first single value. */
static const char *label_source(const struct tree_node *value)
{
	const struct tree_node *name = tree_get(value, "name");

	if (value->kind == TREE_SCALAR) {
		return value->text;
	}
	if (name != NULL && name->kind == TREE_SCALAR) {
		return name->text;
	}
	for (size_t i = 0; i < value->count; i++) {
		if (value->items[i]->kind == TREE_SCALAR) {
			return value->items[i]->text;
		}
	}
	return "";
}

/* IDs become names of folders. Caller frees. */
static char *label_of(const struct tree_node *value)
{
	const char *source = label_source(value);
	char *label = xstrndup(source, strnlen(source, MAX_LABEL));

	for (char *c = label; *c != '\0'; c++) {
		if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-",
		            *c) == NULL) {
			*c = '_';
		}
	}
	return label;
}

/* Two values of one axis with the same label, or none, are told apart by their number. */
static bool label_is_unique(const struct tree_node *axis, const char *label)
{
	size_t same = 0;

	for (size_t i = 0; i < axis->count; i++) {
		autofree char *other = label_of(axis->items[i]);
		same += strcmp(other, label) == 0;
	}
	return same < 2 && label[0] != '\0';
}

char *vary_select(const struct tree_node *vary, size_t index, struct scope *scope)
{
	size_t below = 1;
	struct buf id;

	if (vary == NULL) {
		return xstrdup("");
	}
	for (size_t i = 0; i < vary->count; i++) {
		below *= vary->items[i]->count;
	}
	buf_init(&id, MAX_ID_BYTES);
	for (size_t i = 0; i < vary->count; i++) {
		const struct tree_node *axis = vary->items[i];
		below /= axis->count;
		size_t at = index / below % axis->count;
		const struct tree_node *value = axis->items[at];
		autofree char *label = label_of(value);

		scope_set(scope, axis->key, &axis->key_pos, scope_expand(scope, value));
		buf_printf(&id, "%s%s=%s", i == 0 ? "[" : ",", axis->key, label);
		if (!label_is_unique(axis, label)) {
			buf_printf(&id, "~%zu", at + 1);
		}
	}
	buf_puts(&id, "]");
	char *text = buf_take(&id);
	return text == NULL ? xasprintf("[%zu]", index + 1) : text;
}
