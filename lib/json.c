#include "lib/json.h"

#include "lib/mem.h"
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- reading */

/* cJSON recurses once per level; a scan first keeps hostile depth away from the stack. */
static bool depth_is_fine(struct str text, size_t *at)
{
	unsigned depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (in_string) {
			if (c == '\\') {
				i++;
			} else if (c == '"') {
				in_string = false;
			}
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_MAX_DEPTH) {
				*at = i;
				return false;
			}
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return true;
}

static bool is_json_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

cJSON *json_parse(struct str text, struct err *err)
{
	size_t at = 0;
	const char *end = NULL;

	if (text.n > JSON_MAX_BYTES) {
		err_set(err, ERR_PERMANENT, 0,
		        "JSON of %zu bytes is over the limit of %d", text.n,
		        JSON_MAX_BYTES);
		return NULL;
	}
	if (!str_is_utf8(text)) {
		err_set(err, ERR_PERMANENT, 0, "JSON text is not valid UTF-8");
		return NULL;
	}
	if (!depth_is_fine(text, &at)) {
		err_set(err, ERR_PERMANENT, 0,
		        "JSON nests deeper than %d levels at byte %zu", JSON_MAX_DEPTH,
		        at);
		return NULL;
	}
	/* cJSON takes a NUL inside the text for its end. */
	if (text.n == 0 || memchr(text.p, '\0', text.n) != NULL) {
		err_set(err, ERR_PERMANENT, 0, "JSON text is empty or holds a NUL");
		return NULL;
	}
	cJSON *value = cJSON_ParseWithLengthOpts(text.p, text.n, &end, false);
	if (value != NULL) {
		at = (size_t)(end - text.p);
		while (at < text.n && is_json_space(text.p[at])) {
			at++;
		}
		if (at == text.n) {
			return value;
		}
		cJSON_Delete(value);
	} else if (end != NULL) {
		at = (size_t)(end - text.p);
	}
	err_set(err, ERR_PERMANENT, 0, "not valid JSON at byte %zu", at);
	return NULL;
}

/* The code of an escape \uXXXX at i, -1 if there is none. */
static long escape_at(struct str text, size_t i)
{
	char hex[5] = "";

	if (i + 6 > text.n || text.p[i] != '\\' || text.p[i + 1] != 'u') {
		return -1;
	}
	memcpy(hex, text.p + i + 2, 4);
	if (strspn(hex, "0123456789abcdefABCDEF") != 4) {
		return -1;
	}
	return strtol(hex, NULL, 16);
}

static bool is_first_half(long code)
{
	return code >= 0xD800 && code <= 0xDBFF;
}

static bool is_second_half(long code)
{
	return code >= 0xDC00 && code <= 0xDFFF;
}

cJSON *json_parse_mended(struct str text, struct err *err)
{
	cJSON *value = json_parse(text, err);
	bool mended = false;

	if (value != NULL || text.n > JSON_MAX_BYTES) {
		return value;
	}
	autofree char *copy = xstrndup(text.p, text.n);
	for (size_t i = 0; i + 1 < text.n; i++) {
		long code = escape_at(text, i);
		if (is_first_half(code) && is_second_half(escape_at(text, i + 6))) {
			i += 11;
		} else if (is_first_half(code) || is_second_half(code)) {
			memcpy(copy + i + 2, "fffd", 4);
			mended = true;
			i += 5;
		} else if (text.p[i] == '\\') {
			i++;
		}
	}
	return mended ? json_parse((struct str){copy, text.n}, err) : NULL;
}

/* cJSON's own look-up wants the key by itself, and looks at all of each name. */
static const cJSON *member(const cJSON *obj, const char *key, size_t n)
{
	const cJSON *child;

	if (!cJSON_IsObject(obj)) {
		return NULL;
	}
	cJSON_ArrayForEach(child, obj)
	{
		if (child->string[0] == key[0] && strncmp(child->string, key, n) == 0 &&
		        child->string[n] == '\0') {
			return child;
		}
	}
	return NULL;
}

const cJSON *json_get(const cJSON *obj, const char *path)
{
	const cJSON *at = obj;

	while (at != NULL && *path != '\0') {
		size_t n = strcspn(path, ".");
		at = n == 0 ? NULL : member(at, path, n);
		path += path[n] == '.' ? n + 1 : n;
	}
	return at;
}

const char *json_str(const cJSON *obj, const char *path)
{
	const cJSON *value = json_get(obj, path);
	return cJSON_IsString(value) ? value->valuestring : NULL;
}

const char *json_str_or(const cJSON *obj, const char *path, const char *otherwise)
{
	const char *text = json_str(obj, path);
	return text == NULL ? otherwise : text;
}

int64_t json_int(const cJSON *obj, const char *path, int64_t otherwise)
{
	const double limit =
	        9007199254740992.0; /* 2^53: whole numbers are exact up to here */
	const cJSON *value = json_get(obj, path);

	if (!cJSON_IsNumber(value) || !(value->valuedouble >= -limit) ||
	        !(value->valuedouble <= limit)) {
		return otherwise;
	}
	return (int64_t)value->valuedouble;
}

bool json_bool(const cJSON *obj, const char *path, bool otherwise)
{
	const cJSON *value = json_get(obj, path);
	return cJSON_IsBool(value) ? cJSON_IsTrue(value) : otherwise;
}

const cJSON *json_arr(const cJSON *obj, const char *path)
{
	const cJSON *value = json_get(obj, path);
	return cJSON_IsArray(value) ? value : NULL;
}

const cJSON *json_obj(const cJSON *obj, const char *path)
{
	const cJSON *value = json_get(obj, path);
	return cJSON_IsObject(value) ? value : NULL;
}

bool json_need_str(const cJSON *obj, const char *path, const char **out, struct err *err)
{
	const char *text = json_str(obj, path);
	if (text == NULL) {
		return err_set(err, ERR_PERMANENT, 0, "%s is missing or no text", path);
	}
	*out = text;
	return true;
}

/* ---------------------------------------------------------------- writing */

cJSON *json_new(void)
{
	cJSON *obj = cJSON_CreateObject();
	if (obj == NULL) {
		abort(); /* out of memory, as in mem.h */
	}
	return obj;
}

cJSON *json_set(cJSON *obj, const char *name, cJSON *value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(obj, name);
	if (value == NULL || !cJSON_AddItemToObject(obj, name, value)) {
		abort();
	}
	return obj;
}

cJSON *json_set_str(cJSON *obj, const char *name, const char *text)
{
	return text == NULL ? obj : json_set(obj, name, cJSON_CreateString(text));
}

cJSON *json_set_int(cJSON *obj, const char *name, int64_t number)
{
	return json_set(obj, name, cJSON_CreateNumber((double)number));
}

cJSON *json_set_bool(cJSON *obj, const char *name, bool value)
{
	return json_set(obj, name, cJSON_CreateBool(value));
}

static int by_key(const void *a, const void *b)
{
	const cJSON *const *x = a;
	const cJSON *const *y = b;
	return strcmp((*x)->string, (*y)->string);
}

static void sort_keys(cJSON *value)
{
	cJSON *child;
	size_t count = 0;

	cJSON_ArrayForEach(child, value)
	{
		sort_keys(child);
		count++;
	}
	if (!cJSON_IsObject(value) || count < 2) {
		return;
	}
	cJSON **items = xcalloc(count, sizeof(items[0]));
	for (size_t i = 0; i < count; i++) {
		items[i] = cJSON_DetachItemViaPointer(value, value->child);
	}
	qsort(items, count, sizeof(items[0]), by_key);
	for (size_t i = 0; i < count; i++) {
		cJSON_AddItemToArray(value, items[i]); /* keeps the key it has */
	}
	free(items);
}

char *json_print_sorted(const cJSON *value)
{
	autojson cJSON *copy = cJSON_Duplicate(value, true);
	if (copy == NULL) {
		abort();
	}
	sort_keys(copy);
	return json_print(copy);
}

cJSON *json_lend(cJSON *obj, const char *name, const cJSON *object)
{
	if (object == NULL) {
		return obj;
	}
	cJSON *reference = object->child == NULL
	                           ? json_new()
	                           : cJSON_CreateObjectReference(object->child);
	if (reference == NULL) {
		abort(); /* out of memory, as in mem.h */
	}
	return json_set(obj, name, reference);
}

void json_autodelete(cJSON **value)
{
	cJSON_Delete(*value);
	*value = NULL;
}
