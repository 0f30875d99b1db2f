#include "scenarios/runner/secrets.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/files.h"
#include "scenarios/runner/timeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MIN_SECRET_CHARS = 8,
	MAX_FILE_BYTES = 256 * 1024 * 1024,
	MAX_ARGUMENTS_BYTES = 256 * 1024
};

struct search {
	const cJSON *secrets;
	char *found;
};

static bool may_hold_tokens(const char *name)
{
	return str_equal(name, "config.yaml") || str_equal(name, "registration.yaml") ||
	       str_starts(name, "bridge.db") || str_ends(name, ".secret");
}

/* "daemon.log:12", and the line as far as the secret. */
static char *place(const char *name, const char *data, const char *at)
{
	const char *line = data;
	int number = 1;

	for (const char *p = data; p < at; p++) {
		if (*p == '\n') {
			line = p + 1;
			number++;
		}
	}
	return xasprintf("%s:%d: %.*s<here>", name, number, (int)(at - line), line);
}

/* The place of the first secret in it, or NULL. */
static char *find_in(const char *name, const char *data, size_t n, const cJSON *secrets)
{
	const cJSON *secret;

	cJSON_ArrayForEach(secret, secrets)
	{
		if (!cJSON_IsString(secret) ||
		        strlen(secret->valuestring) < MIN_SECRET_CHARS) {
			continue;
		}
		const char *at =
		        memmem(data, n, secret->valuestring, strlen(secret->valuestring));
		if (at != NULL) {
			return place(name, data, at);
		}
	}
	return NULL;
}

static void search_file(const char *path, const char *name, void *arg)
{
	struct search *search = arg;
	size_t n = 0;

	if (search->found != NULL || may_hold_tokens(name)) {
		return;
	}
	autofree char *data = file_read(path, MAX_FILE_BYTES, &n);
	if (data != NULL) {
		search->found = find_in(name, data, n, search->secrets);
	}
}

char *secrets_find(const char *dir, const cJSON *secrets)
{
	struct search search = {.secrets = secrets};

	folder_each(dir, search_file, &search);
	return search.found;
}

static bool is_written_by_the_bridge(const struct record *record)
{
	switch (record->at) {
	case TAP_BRIDGE:
		return !record_is(record, "kind", "file");
	case TAP_MATRIX:
		return record_is(record, "by", "appservice") ||
		       record_is(record, "kind", "request");
	case TAP_SLACK:
		return record_is(record, "by", "app") ||
		       (record_is(record, "kind", "call") &&
		               !record_is(record, "call", "oauth.v2.access"));
	case TAP_RUNNER:
		break;
	}
	return false;
}

char *secrets_find_in_timeline(const struct timeline *timeline, const cJSON *secrets)
{
	for (size_t i = 0; i < timeline_count(timeline); i++) {
		const struct record *record = timeline_get(timeline, i);
		if (!is_written_by_the_bridge(record)) {
			continue;
		}
		autofree char *text = json_print(record->json);
		autofree char *name = xasprintf("record #%zu", record->seq);
		char *found = find_in(name, text, strlen(text), secrets);
		if (found != NULL) {
			return found;
		}
	}
	return NULL;
}

char *secrets_find_in_arguments(int pid, const cJSON *secrets)
{
	autofree char *path = xasprintf("/proc/%d/cmdline", pid);
	autofree char *data = xmalloc(MAX_ARGUMENTS_BYTES);
	FILE *in = fopen(path, "re"); /* no file_read(): its size is said to be 0 */

	if (in == NULL) {
		return NULL;
	}
	size_t n = fread(data, 1, MAX_ARGUMENTS_BYTES - 1, in);
	data[n] = '\0';
	fclose(in);
	return find_in("arguments", data, n, secrets);
}

/* ---------------------------------------------------------------- taking them out */

static bool is_long_enough(const cJSON *secret)
{
	return cJSON_IsString(secret) && strlen(secret->valuestring) >= MIN_SECRET_CHARS;
}

/* The secret that begins here, or NULL. */
static const char *secret_at(const char *text, const cJSON *secrets)
{
	const cJSON *secret;

	cJSON_ArrayForEach(secret, secrets)
	{
		if (is_long_enough(secret) && str_starts(text, secret->valuestring)) {
			return secret->valuestring;
		}
	}
	return NULL;
}

char *secrets_remove(const char *text, const cJSON *secrets)
{
	const cJSON *secret;
	bool any = false;
	struct buf out;

	cJSON_ArrayForEach(secret, secrets)
	{
		any = any || (is_long_enough(secret) &&
		                     strstr(text, secret->valuestring) != NULL);
	}
	if (!any) {
		return NULL;
	}
	buf_init(&out, MAX_FILE_BYTES);
	while (*text != '\0') {
		const char *found = secret_at(text, secrets);
		buf_puts(&out, found != NULL ? "<secret>" : "");
		if (found == NULL) {
			buf_add(&out, text, 1);
		}
		text += found != NULL ? strlen(found) : 1;
	}
	return buf_take(&out);
}
