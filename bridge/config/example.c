#include "bridge/config/config.h"

#include "lib/mem.h"

#include "bridge/config/reading.h"

#include <stdlib.h>
#include <string.h>

enum { INDENT = 4 };

static int depth_of(const char *path)
{
	int depth = 0;

	for (; *path != '\0'; path++) {
		depth += *path == '.';
	}
	return depth;
}

static void write_lines(FILE *out, const char *lines, int indent, const char *prefix)
{
	while (*lines != '\0') {
		size_t n = strcspn(lines, "\n");
		fprintf(out, "%*s%s%.*s\n", indent, "", prefix, (int)n, lines);
		lines += n + (lines[n] == '\n');
	}
}

/* Is a section around the key wholly unused? Then saying so there is enough. */
static bool is_told_above(const struct config_key *key)
{
	autofree char *path = xstrdup(key->path);
	char *dot;

	while ((dot = strrchr(path, '.')) != NULL) {
		*dot = '\0';
		if (!key_is_used(keys_at(keys_find(path)))) {
			return true;
		}
	}
	return false;
}

static void write_doc(FILE *out, const struct config_key *key, int indent)
{
	if (key->doc != NULL) {
		write_lines(out, key->doc, indent, "# ");
	}
	if (!key_is_used(key) && !is_told_above(key)) {
		write_lines(out,
		        key->type == KEY_SECTION
		                ? "Accepted for compatibility; nothing here is used by this version."
		                : "Accepted for compatibility; not used by this version.",
		        indent, "# ");
	}
}

static void write_key(FILE *out, const struct config_key *key, bool with_comments)
{
	int indent = depth_of(key->path) * INDENT;

	if (with_comments) {
		if (key->flags & KEY_BLANK || (indent == 0 && key != keys_at(0))) {
			fputc('\n', out);
		}
		write_doc(out, key, indent);
	}
	fprintf(out, "%*s%s:", indent, "", key_name(key));
	if (key->type == KEY_SECTION) {
		fputc('\n', out);
	} else if (key->value[0] == '\n') {
		fputc('\n', out);
		write_lines(out, key->value + 1, indent + INDENT, "");
	} else {
		fprintf(out, " %s\n", key->value);
	}
}

static void write_keys(FILE *out, bool with_comments, bool with_hidden)
{
	for (size_t i = 0; i < keys_count(); i++) {
		const struct config_key *key = keys_at(i);
		if (with_hidden || !(key->flags & KEY_HIDDEN)) {
			write_key(out, key, with_comments);
		}
	}
}

void config_write_example(FILE *out)
{
	fputs("# Configuration of matrix-slack-bridge. Keys that are left out have the values shown\n"
	      "# here, except for those that must be set. Every key: docs/configuration.md\n\n",
	        out);
	write_keys(out, true, false);
}

char *config_defaults_text(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL) {
		abort(); /* out of memory, as everywhere */
	}
	write_keys(out, false, true);
	if (fclose(out) != 0) {
		abort();
	}
	return text;
}
