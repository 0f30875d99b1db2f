#include "scenarios/runner/secrets.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/runner/files.h"

#include <stdlib.h>
#include <string.h>

enum { MIN_SECRET_CHARS = 8, MAX_FILE_BYTES = 256 * 1024 * 1024 };

struct search {
	const cJSON *secrets;
	char *found;
};

static bool may_hold_tokens(const char *name)
{
	return str_equal(name, "config.yaml") || str_equal(name, "registration.yaml") ||
	       str_starts(name, "bridge.db");
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

static void search_file(const char *path, const char *name, void *arg)
{
	struct search *search = arg;
	size_t n = 0;
	const cJSON *secret;

	if (search->found != NULL || may_hold_tokens(name)) {
		return;
	}
	autofree char *data = file_read(path, MAX_FILE_BYTES, &n);
	cJSON_ArrayForEach(secret, search->secrets)
	{
		if (data == NULL || !cJSON_IsString(secret) ||
		        strlen(secret->valuestring) < MIN_SECRET_CHARS) {
			continue;
		}
		const char *at =
		        memmem(data, n, secret->valuestring, strlen(secret->valuestring));
		if (at != NULL) {
			search->found = place(name, data, at);
			return;
		}
	}
}

char *secrets_find(const char *dir, const cJSON *secrets)
{
	struct search search = {.secrets = secrets};

	folder_each(dir, search_file, &search);
	return search.found;
}
