/* config_help: configurations for tests: a good one, and the same with one key changed.
 */
#ifndef TESTS_CONFIG_HELP_H
#define TESTS_CONFIG_HELP_H

#include "lib/buf.h"
#include "lib/str.h"

#include "bridge/config/config.h"

#include <stdio.h>
#include <string.h>

#define GOOD_CONFIG                                                                      \
	"homeserver:\n"                                                                  \
	"    address: http://localhost:8008\n"                                           \
	"    domain: example.org\n"                                                      \
	"database:\n"                                                                    \
	"    type: sqlite3-fk-wal\n"                                                     \
	"    uri: bridge.db\n"                                                           \
	"appservice:\n"                                                                  \
	"    as_token: secret-as\n"                                                      \
	"    hs_token: secret-hs\n"                                                      \
	"bridge:\n"                                                                      \
	"    permissions: {example.org: user}\n"

/* GOOD_CONFIG with "section.key" set to value, as YAML flow text; NULL drops the line.
 * Caller frees. */
static inline char *config_with(const char *path, const char *value)
{
	static const struct {
		const char *section, *key, *value;
	} good[] = {
	        {"homeserver", "address", "http://localhost:8008"},
	        {"homeserver", "domain", "example.org"},
	        {"database", "type", "sqlite3-fk-wal"},
	        {"database", "uri", "bridge.db"},
	        {"appservice", "as_token", "secret-as"},
	        {"appservice", "hs_token", "secret-hs"},
	        {"bridge", "permissions", "{example.org: user}"},
	};
	const char *dot = strchr(path, '.');
	const char *section = "";
	bool is_set = false;
	struct buf text;

	buf_init(&text, 65536);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (strcmp(section, good[i].section) != 0) {
			section = good[i].section;
			buf_printf(&text, "%s:\n", section);
			size_t n = strlen(section);
			if (dot != NULL && strncmp(path, section, n) == 0 &&
			        path + n == dot) {
				is_set = true;
				if (value != NULL) {
					buf_printf(&text, "    %s: %s\n", dot + 1, value);
				}
			}
		}
		if (dot == NULL || strncmp(path, section, (size_t)(dot - path)) != 0 ||
		        strcmp(dot + 1, good[i].key) != 0) {
			buf_printf(&text, "    %s: %s\n", good[i].key, good[i].value);
		}
	}
	if (!is_set && value != NULL) {
		if (dot == NULL) {
			buf_printf(&text, "%s: %s\n", path, value);
		} else {
			buf_printf(&text, "%.*s:\n    %s: %s\n", (int)(dot - path), path,
			        dot + 1, value);
		}
	}
	return buf_take(&text);
}

struct loaded {
	struct config *config;
	struct config_problems problems;
	struct err err;
};

static inline struct loaded load(const char *text)
{
	struct loaded loaded = {.problems = {0}, .err = ERR_INIT};

	loaded.config = config_load_text(
	        "config.yaml", str_from(text), &loaded.problems, &loaded.err);
	return loaded;
}

static inline void unload(struct loaded *loaded)
{
	config_free(&loaded->config);
	config_problems_finish(&loaded->problems);
}

static inline char *written(const struct config_problems *problems)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	config_problems_write(problems, out);
	fclose(out);
	return text;
}

/* The first problem of that key, or NULL. */
static inline const struct config_problem *problem_of(
        const struct config_problems *problems, const char *key)
{
	for (size_t i = 0; i < problems->count; i++) {
		if (strcmp(problems->items[i].key, key) == 0) {
			return &problems->items[i];
		}
	}
	return NULL;
}

#endif
