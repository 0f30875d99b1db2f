#include "bridge/config/yaml_read.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

void node_free(struct node *node)
{
	if (node == NULL) {
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		node_free(node->items[i]);
		if (node->keys != NULL) {
			node_free(node->keys[i]);
		}
	}
	free(node->items);
	free(node->keys);
	free(node->text);
	free(node);
}

const struct node *node_get(const struct node *map, const char *key)
{
	if (map == NULL || map->kind != NODE_MAP) {
		return NULL;
	}
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->keys[i]->text, key) == 0) {
			return map->items[i];
		}
	}
	return NULL;
}

const struct node *node_find(const struct node *root, const char *path)
{
	while (root != NULL) {
		const char *dot = strchr(path, '.');
		if (dot == NULL) {
			return node_get(root, path);
		}
		autofree char *key = xstrndup(path, (size_t)(dot - path));
		root = node_get(root, key);
		path = dot + 1;
	}
	return NULL;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcmp(text, *words) == 0) {
			return true;
		}
	}
	return false;
}

bool node_is_null(const struct node *node)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};

	return node == NULL ||
	       (node->kind == NODE_SCALAR && node->plain && is_one_of(node->text, words));
}

/* The words of YAML 1.1, which Go's reader takes where a boolean is wanted. */
bool node_to_bool(const struct node *node, bool *out)
{
	static const char *const yes[] = {"true", "True", "TRUE", "yes", "Yes", "YES",
	        "on", "On", "ON", "y", "Y", NULL};
	static const char *const no[] = {"false", "False", "FALSE", "no", "No", "NO",
	        "off", "Off", "OFF", "n", "N", NULL};

	if (node->kind != NODE_SCALAR || !node->plain) {
		return false;
	}
	bool is_yes = is_one_of(node->text, yes);
	if (!is_yes && !is_one_of(node->text, no)) {
		return false;
	}
	*out = is_yes;
	return true;
}

bool node_to_long(const struct node *node, long *out)
{
	int64_t number;

	if (node->kind != NODE_SCALAR || !node->plain ||
	        !str_to_int64(str_from(node->text), INT32_MIN, INT64_MAX, &number)) {
		return false;
	}
	const char *digits = node->text + (node->text[0] == '-');
	if (digits[0] == '0' && digits[1] != '\0') {
		return false; /* octal to one reader, decimal to another */
	}
	*out = (long)number;
	return true;
}

bool node_equal(const struct node *a, const struct node *b)
{
	if (a->kind != b->kind || a->count != b->count) {
		return false;
	}
	if (a->kind == NODE_SCALAR) {
		return node_is_null(a) == node_is_null(b) &&
		       strcmp(a->text, b->text) == 0;
	}
	for (size_t i = 0; i < a->count; i++) {
		const struct node *other =
		        a->kind == NODE_MAP ? node_get(b, a->keys[i]->text) : b->items[i];
		if (other == NULL || !node_equal(a->items[i], other)) {
			return false;
		}
	}
	return true;
}

char *node_show(const struct node *node)
{
	enum { SHOWN_BYTES = 60 };

	if (node_is_null(node)) {
		return xstrdup("nothing");
	}
	switch (node->kind) {
	case NODE_MAP:
		return xstrdup("a mapping");
	case NODE_LIST:
		return xstrdup("a list");
	case NODE_SCALAR:
		break;
	}
	size_t n = strlen(node->text);
	if (n <= SHOWN_BYTES) {
		return xasprintf("\"%s\"", node->text);
	}
	n = SHOWN_BYTES;
	while (n > 0 && ((unsigned char)node->text[n] & 0xC0) == 0x80) {
		n--; /* not in the middle of a character */
	}
	return xasprintf("\"%.*s...\"", (int)n, node->text);
}
