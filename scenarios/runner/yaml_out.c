#include "scenarios/runner/yaml_out.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- text */

static bool is_plain_word(const char *text)
{
	static const char letters[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	static const char *const meanings[] = {"true", "false", "null", "yes", "no", "on",
	        "off", "y", "n", "True", "False", "Null", "Yes", "No", "On", "Off", "Y",
	        "N"};

	if (text[0] == '\0' || text[strspn(text, letters)] != '\0') {
		return false;
	}
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (strcmp(text, meanings[i]) == 0) {
			return false;
		}
	}
	return true;
}

/* A JSON text is a YAML text in double quotes. */
static void put_text(struct buf *out, const char *text)
{
	if (is_plain_word(text)) {
		buf_puts(out, text);
		return;
	}
	cJSON *value = cJSON_CreateString(text);
	autofree char *quoted = json_print(value);
	buf_puts(out, quoted);
	cJSON_Delete(value);
}

static void put_indent(struct buf *out, int depth)
{
	for (int i = 0; i < depth; i++) {
		buf_puts(out, "    ");
	}
}

static void put_map(struct buf *out, const cJSON *map, int depth)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, map)
	{
		put_indent(out, depth);
		put_text(out, item->string);
		buf_puts(out, ":");
		if (cJSON_IsObject(item) && item->child != NULL) {
			buf_puts(out, "\n");
			put_map(out, item, depth + 1);
			continue;
		}
		buf_puts(out, " ");
		if (cJSON_IsString(item)) {
			put_text(out, item->valuestring);
		} else {
			autofree char *flow =
			        json_print(item); /* lists and numbers: JSON is YAML */
			buf_puts(out, flow);
		}
		buf_puts(out, "\n");
	}
}

void yaml_put(struct buf *out, const cJSON *map)
{
	put_map(out, map, 0);
}

/* ---------------------------------------------------------------- dotted paths */

void tree_set(cJSON *tree, const char *path, cJSON *value)
{
	const char *dot = strchr(path, '.');

	if (dot == NULL) {
		json_set(tree, path, value);
		return;
	}
	autofree char *key = xstrndup(path, (size_t)(dot - path));
	cJSON *below = cJSON_GetObjectItemCaseSensitive(tree, key);
	if (!cJSON_IsObject(below)) {
		json_set(tree, key, json_new());
		below = cJSON_GetObjectItemCaseSensitive(tree, key);
	}
	tree_set(below, dot + 1, value);
}

void tree_set_str(cJSON *tree, const char *path, const char *text)
{
	tree_set(tree, path, cJSON_CreateString(text));
}

void tree_set_int(cJSON *tree, const char *path, int64_t number)
{
	tree_set(tree, path, cJSON_CreateNumber((double)number));
}

void tree_change(cJSON *tree, const cJSON *changes)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, changes)
	{
		tree_set(tree, item->string, cJSON_Duplicate(item, true));
	}
}
