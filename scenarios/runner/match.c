#include "scenarios/runner/match.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FIELDS = 64, MAX_TEXT_BYTES = 1024 * 1024 };

enum field_kind { FIELD_EQUAL, FIELD_REGEX, FIELD_ABSENT };

struct field {
	char *path;
	enum field_kind kind;
	char *text; /* the value or the expression; "" for absence */
	regex_t regex;
};

struct match {
	struct field fields[MAX_FIELDS];
	unsigned count;
};

static bool is_of_the_verb(const char *key, const cJSON *value)
{
	static const char *const keys[] = {
	        "at", "texts", "order", "each", "count", "at_most", "while"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i], key) == 0) {
			return true;
		}
	}
	return strcmp(key, "acked") == 0 && cJSON_IsString(value) &&
	       strcmp(value->valuestring, "all") == 0;
}

/* Values compare as texts, so that 200 and "200" are the same: log fields are all texts.
 */
static char *value_to_text(const cJSON *value)
{
	return cJSON_IsString(value) ? xstrdup(value->valuestring)
	                             : json_print_sorted(value);
}

static bool is_regex(const char *text)
{
	size_t n = strlen(text);
	return n > 2 && text[0] == '/' && text[n - 1] == '/';
}

static bool compile(struct field *field, struct err *err)
{
	size_t n = strlen(field->text);
	autofree char *expression = xstrndup(field->text + 1, n - 2);
	int rc = regcomp(&field->regex, expression, REG_EXTENDED | REG_NOSUB);

	if (rc != 0) {
		char why[120];
		regerror(rc, &field->regex, why, sizeof(why));
		return err_set(err, ERR_PERMANENT, rc, "%s: %s", field->text, why);
	}
	field->kind = FIELD_REGEX;
	return true;
}

static bool add_field(
        struct match *match, const char *path, const cJSON *value, struct err *err)
{
	if (match->count == MAX_FIELDS) {
		return err_set(
		        err, ERR_PERMANENT, 0, "more than %d matchers", MAX_FIELDS);
	}
	struct field *field = &match->fields[match->count++];
	*field = (struct field){.path = xstrdup(path)};
	if (cJSON_IsNull(value)) {
		field->kind = FIELD_ABSENT;
		field->text = xstrdup("");
		return true;
	}
	field->kind = FIELD_EQUAL;
	field->text = value_to_text(value);
	return !is_regex(field->text) || compile(field, err);
}

static bool add_map(
        struct match *match, const char *prefix, const cJSON *map, struct err *err)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, map)
	{
		if (prefix == NULL && is_of_the_verb(item->string, item)) {
			continue;
		}
		autofree char *path = prefix == NULL
		                              ? xstrdup(item->string)
		                              : xasprintf("%s.%s", prefix, item->string);
		bool ok = cJSON_IsObject(item) ? add_map(match, path, item, err)
		                               : add_field(match, path, item, err);
		if (!ok) {
			return false;
		}
	}
	return true;
}

struct match *match_create(const cJSON *args, struct err *err)
{
	struct match *match = xcalloc(1, sizeof(*match));

	if (!add_map(match, NULL, args, err)) {
		match_destroy(&match);
	}
	return match;
}

void match_destroy(struct match **match)
{
	if (*match == NULL) {
		return;
	}
	for (unsigned i = 0; i < (*match)->count; i++) {
		struct field *field = &(*match)->fields[i];
		if (field->kind == FIELD_REGEX) {
			regfree(&field->regex);
		}
		free(field->path);
		free(field->text);
	}
	free(*match);
	*match = NULL;
}

static bool field_holds(const struct field *field, const cJSON *record)
{
	const cJSON *value = json_get(record, field->path);

	if (value == NULL || cJSON_IsNull(value)) {
		return field->kind == FIELD_ABSENT;
	}
	if (field->kind == FIELD_ABSENT) {
		return false;
	}
	autofree char *text = value_to_text(value);
	if (field->kind == FIELD_REGEX) {
		return regexec(&field->regex, text, 0, NULL, 0) == 0;
	}
	return strcmp(text, field->text) == 0;
}

unsigned match_score(const struct match *match, const cJSON *record)
{
	unsigned score = 0;

	for (unsigned i = 0; i < match->count; i++) {
		score += field_holds(&match->fields[i], record) ? 1 : 0;
	}
	return score;
}

bool match_all(const struct match *match, const cJSON *record)
{
	for (unsigned i = 0; i < match->count; i++) {
		if (!field_holds(&match->fields[i], record)) {
			return false;
		}
	}
	return true;
}

unsigned match_count(const struct match *match)
{
	return match->count;
}

bool match_names(const struct match *match, const char *field)
{
	size_t n = strlen(field);

	for (unsigned i = 0; i < match->count; i++) {
		const char *path = match->fields[i].path;
		if (strncmp(path, field, n) == 0 && (path[n] == '\0' || path[n] == '.')) {
			return true;
		}
	}
	return false;
}

void match_also(struct match *match, const char *field, const char *value)
{
	cJSON *text = cJSON_CreateString(value);

	add_field(match, field, text, NULL);
	cJSON_Delete(text);
}

char *match_to_str(const struct match *match)
{
	struct buf out;

	buf_init(&out, MAX_TEXT_BYTES);
	for (unsigned i = 0; i < match->count; i++) {
		const struct field *field = &match->fields[i];
		buf_printf(&out, "%s%s %s", i == 0 ? "" : ", ", field->path,
		        field->kind == FIELD_ABSENT ? "absent" : field->text);
	}
	char *text = xstrdup(buf_cstr(&out));
	buf_finish(&out);
	return text;
}

enum { FAR = 40, ABSENT = 100 };

static unsigned field_distance(const struct field *field, const cJSON *record)
{
	const cJSON *value = json_get(record, field->path);

	if (field_holds(field, record)) {
		return 0;
	}
	if (value == NULL || field->kind != FIELD_EQUAL) {
		return value == NULL ? ABSENT : FAR;
	}
	autofree char *text = value_to_text(value);
	return 1 + str_distance(text, field->text, FAR);
}

unsigned match_distance(const struct match *match, const cJSON *record)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < match->count; i++) {
		sum += field_distance(&match->fields[i], record);
	}
	return sum;
}

char *match_difference(const struct match *match, const cJSON *record)
{
	struct buf out;

	buf_init(&out, MAX_TEXT_BYTES);
	for (unsigned i = 0; i < match->count; i++) {
		const struct field *field = &match->fields[i];
		const cJSON *value = json_get(record, field->path);
		if (field_holds(field, record)) {
			continue;
		}
		buf_puts(&out, out.len > 0 ? ", " : "");
		if (value == NULL) {
			buf_printf(&out, "%s is absent", field->path);
		} else {
			autofree char *text = value_to_text(value);
			buf_printf(&out, "%s is %s", field->path, text);
		}
	}
	char *text = out.len > 0 ? buf_take(&out) : NULL;
	buf_finish(&out);
	return text;
}
