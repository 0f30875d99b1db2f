#include "scenarios/runner/timeline.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAMES = 16, MAX_LINE_BYTES = 4 * 1024 * 1024, MAX_SHOWN_BYTES = 60 };

struct timeline {
	struct record **records;
	size_t count, room;
	struct {
		char *text, *name;
	} names[MAX_NAMES];
	size_t name_count;
};

static const char *const tap_names[] = {"slack", "matrix", "bridge", "runner"};

const char *tap_to_str(enum tap tap)
{
	return tap_names[tap];
}

bool tap_from_str(const char *text, enum tap *out)
{
	for (size_t i = 0; i < sizeof(tap_names) / sizeof(tap_names[0]); i++) {
		if (strcmp(tap_names[i], text) == 0) {
			*out = (enum tap)i;
			return true;
		}
	}
	return false;
}

struct timeline *timeline_create(void)
{
	return xcalloc(1, sizeof(struct timeline));
}

void timeline_destroy(struct timeline **timeline)
{
	if (*timeline == NULL) {
		return;
	}
	for (size_t i = 0; i < (*timeline)->count; i++) {
		cJSON_Delete((*timeline)->records[i]->json);
		free((*timeline)->records[i]->line);
		free((*timeline)->records[i]);
	}
	for (size_t i = 0; i < (*timeline)->name_count; i++) {
		free((*timeline)->names[i].text);
		free((*timeline)->names[i].name);
	}
	free((*timeline)->records);
	free(*timeline);
	*timeline = NULL;
}

/* ---------------------------------------------------------------- writing */

void timeline_rename(struct timeline *timeline, const char *text, const char *name)
{
	if (timeline->name_count < MAX_NAMES) {
		timeline->names[timeline->name_count].text = xstrdup(text);
		timeline->names[timeline->name_count].name = xstrdup(name);
		timeline->name_count++;
	}
}

/* Takes line, returns it with every `text` written as `name`. */
static char *rename_in(char *line, const char *text, const char *name)
{
	struct buf out;
	const char *rest = line;
	const char *found = strstr(rest, text);

	if (found == NULL) {
		return line;
	}
	buf_init(&out, MAX_LINE_BYTES);
	for (; found != NULL; found = strstr(rest, text)) {
		buf_add(&out, rest, (size_t)(found - rest));
		buf_puts(&out, name);
		rest = found + strlen(text);
	}
	buf_puts(&out, rest);
	char *renamed = buf_take(&out);
	buf_finish(&out);
	if (renamed == NULL) {
		return line;
	}
	free(line);
	return renamed;
}

static char *make_line(const struct timeline *timeline, const cJSON *json)
{
	char *line = json_print_sorted(json);

	for (size_t i = 0; i < timeline->name_count; i++) {
		line = rename_in(line, timeline->names[i].text, timeline->names[i].name);
	}
	return line;
}

struct record *timeline_add(
        struct timeline *timeline, enum tap at, int64_t us, int step, const cJSON *fields)
{
	struct record *record = xcalloc(1, sizeof(*record));

	if (timeline->count == timeline->room) {
		timeline->room = timeline->room == 0 ? 256 : timeline->room * 2;
		timeline->records = xrealloc(
		        timeline->records, timeline->room * sizeof(struct record *));
	}
	timeline->records[timeline->count++] = record;
	record->seq = timeline->count;
	record->us = us;
	record->step = step;
	record->at = at;
	record->beat = json_bool(fields, "beat", false);
	record->json = cJSON_Duplicate(fields, true);
	json_set_int(record->json, "seq", (int64_t)record->seq);
	json_set_int(record->json, "us", us);
	json_set_int(record->json, "step", step);
	json_set_str(record->json, "at", tap_to_str(at));
	record->line = make_line(timeline, record->json);
	return record;
}

size_t timeline_count(const struct timeline *timeline)
{
	return timeline->count;
}

struct record *timeline_get(const struct timeline *timeline, size_t index)
{
	return timeline->records[index];
}

bool timeline_write(const struct timeline *timeline, FILE *out)
{
	for (size_t i = 0; i < timeline->count; i++) {
		fputs(timeline->records[i]->line, out);
		fputc('\n', out);
	}
	return fflush(out) == 0 && ferror(out) == 0;
}

char *timeline_sha(const struct timeline *timeline)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	EVP_DigestInit_ex(context, EVP_sha256(), NULL);
	for (size_t i = 0; i < timeline->count; i++) {
		const char *line = timeline->records[i]->line;
		EVP_DigestUpdate(context, line, strlen(line));
		EVP_DigestUpdate(context, "\n", 1);
	}
	EVP_DigestFinal_ex(context, digest, &n);
	EVP_MD_CTX_free(context);
	return hex_encode(digest, n);
}

/* ---------------------------------------------------------------- for people */

const char *record_str(const struct record *record, const char *key)
{
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(record->json, key);
	return cJSON_IsString(value) ? value->valuestring : "";
}

bool record_is(const struct record *record, const char *key, const char *value)
{
	return strcmp(record_str(record, key), value) == 0;
}

char *virtual_to_str(int64_t us)
{
	int64_t ms = us / 1000;

	return xasprintf("%lld:%02d:%02d.%03d", (long long)(ms / 3600000),
	        (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
}

/* What a person looks for first ... */
static const char *const first_keys[] = {
        "text", "in", "from", "user", "status", "errcode", "answered", "level", NULL};
/* ... and what is said already, or by another word. */
static const char *const left_out[] = {
        "seq", "us", "at", "step", "kind", "beat", "html", NULL};

static bool is_among(const char *const *keys, const char *key)
{
	for (size_t i = 0; keys[i] != NULL; i++) {
		if (strcmp(keys[i], key) == 0) {
			return true;
		}
	}
	return false;
}

static bool has(const struct record *record, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(record->json, key) != NULL;
}

static bool is_said_already(const struct record *record, const char *key)
{
	/* "call": "chat.postMessage" of kind "call" is said right behind the kind. */
	return is_among(left_out, key) || is_among(first_keys, key) ||
	       record_is(record, "kind", key) ||
	       (strcmp(key, "room") == 0 && has(record, "in")) ||
	       (strcmp(key, "channel") == 0 && has(record, "in")) ||
	       (strcmp(key, "type") == 0 && has(record, "event"));
}

static void add_value(struct buf *out, const char *key, const cJSON *value)
{
	autofree char *text = cJSON_IsString(value) ? xstrdup(value->valuestring)
	                                            : json_print_sorted(value);
	size_t n = strcspn(text, "\n");

	buf_printf(out, " %s=%.*s%s", key,
	        (int)(n < MAX_SHOWN_BYTES ? n : MAX_SHOWN_BYTES), text,
	        n < MAX_SHOWN_BYTES && text[n] == '\0' ? "" : "...");
}

char *record_to_str(const struct record *record)
{
	struct buf out;
	const char *kind = record_str(record, "kind");
	const cJSON *item;

	buf_init(&out, MAX_LINE_BYTES);
	buf_printf(&out, "%5zu +%.3f %-6s %s", record->seq, (double)record->us / 1e6,
	        tap_to_str(record->at), kind);
	const cJSON *what = cJSON_GetObjectItemCaseSensitive(record->json, kind);
	if (cJSON_IsString(what)) {
		buf_printf(&out, " %s", what->valuestring);
	} else if (what != NULL) {
		add_value(&out, kind, what);
	}
	for (size_t i = 0; first_keys[i] != NULL; i++) {
		const cJSON *value =
		        cJSON_GetObjectItemCaseSensitive(record->json, first_keys[i]);
		if (value != NULL && !record_is(record, "kind", first_keys[i])) {
			add_value(&out, first_keys[i], value);
		}
	}
	cJSON_ArrayForEach(item, record->json)
	{
		if (!is_said_already(record, item->string)) {
			add_value(&out, item->string, item);
		}
	}
	char *text = buf_take(&out);
	buf_finish(&out);
	return text;
}
