#include "scenarios/runner/values.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include "scenarios/runner/yaml_out.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_TEXT_BYTES = 16 * 1024 * 1024 };

struct values {
	cJSON *tree;
};

struct values *values_create(void)
{
	struct values *values = xcalloc(1, sizeof(*values));

	values->tree = json_new();
	return values;
}

void values_destroy(struct values **values)
{
	if (*values == NULL) {
		return;
	}
	cJSON_Delete((*values)->tree);
	free(*values);
	*values = NULL;
}

void values_set(struct values *values, const char *name, cJSON *value)
{
	tree_set(values->tree, name, value != NULL ? value : cJSON_CreateNull());
}

void values_set_str(struct values *values, const char *name, const char *text)
{
	values_set(values, name, cJSON_CreateString(text != NULL ? text : ""));
}

/* ---------------------------------------------------------------- putting in */

/* How one text becomes a value. NULL and *err if it cannot. */
typedef cJSON *text_fn(const void *context, const char *text, struct err *err);

/* A copy of the tree with each text replaced. */
static cJSON *replace_texts(
        const cJSON *tree, text_fn *fn, const void *context, struct err *err)
{
	if (cJSON_IsString(tree)) {
		return fn(context, tree->valuestring, err);
	}
	if (!cJSON_IsObject(tree) && !cJSON_IsArray(tree)) {
		return cJSON_Duplicate(tree, true);
	}
	cJSON *copy = cJSON_IsObject(tree) ? cJSON_CreateObject() : cJSON_CreateArray();
	const cJSON *item;
	cJSON_ArrayForEach(item, tree)
	{
		cJSON *value = replace_texts(item, fn, context, err);
		if (value == NULL) {
			cJSON_Delete(copy);
			return NULL;
		}
		if (cJSON_IsObject(tree)) {
			cJSON_AddItemToObject(copy, item->string, value);
		} else {
			cJSON_AddItemToArray(copy, value);
		}
	}
	return copy;
}

static const cJSON *look_up(
        const struct values *values, const char *name, size_t n, struct err *err)
{
	autofree char *path = xstrndup(name, n);
	const cJSON *value = json_get(values->tree, path);

	if (value == NULL) {
		err_set(err, ERR_PERMANENT, 0, "nothing is known as ${%s}", path);
	}
	return value;
}

static void put_value(struct buf *out, const cJSON *value)
{
	if (cJSON_IsString(value)) {
		buf_puts(out, value->valuestring);
		return;
	}
	autofree char *text = json_print_sorted(value);
	buf_puts(out, text);
}

static cJSON *put_in_text(const void *context, const char *text, struct err *err)
{
	const struct values *values = context;
	const char *open = strstr(text, "${");
	struct buf out;

	if (open == text && strchr(text, '}') == text + strlen(text) - 1) {
		const cJSON *value = look_up(values, text + 2, strlen(text) - 3, err);
		return value == NULL ? NULL : cJSON_Duplicate(value, true);
	}
	buf_init(&out, MAX_TEXT_BYTES);
	for (; open != NULL; open = strstr(text, "${")) {
		const char *close = strchr(open, '}');
		const cJSON *value = NULL;
		if (close == NULL) {
			err_set(err, ERR_PERMANENT, 0, "a reference has no end: %s",
			        open);
		} else {
			value = look_up(
			        values, open + 2, (size_t)(close - open) - 2, err);
		}
		if (value == NULL) {
			buf_finish(&out);
			return NULL;
		}
		buf_add(&out, text, (size_t)(open - text));
		put_value(&out, value);
		text = close + 1;
	}
	buf_puts(&out, text);
	cJSON *result = cJSON_CreateString(buf_cstr(&out));
	buf_finish(&out);
	return result;
}

cJSON *values_put_in(const struct values *values, const cJSON *args, struct err *err)
{
	return replace_texts(args, put_in_text, values, err);
}

static cJSON *count_in_text(const void *context, const char *text, struct err *err)
{
	const int64_t *i = context;
	const char *found = strstr(text, "{i}");
	struct buf out;

	(void)err;
	buf_init(&out, MAX_TEXT_BYTES);
	for (; found != NULL; found = strstr(text, "{i}")) {
		buf_add(&out, text, (size_t)(found - text));
		buf_printf(&out, "%lld", (long long)*i);
		text = found + 3;
	}
	buf_puts(&out, text);
	cJSON *result = cJSON_CreateString(buf_cstr(&out));
	buf_finish(&out);
	return result;
}

cJSON *values_count_in(const cJSON *args, int64_t i)
{
	return replace_texts(args, count_in_text, &i, NULL);
}
