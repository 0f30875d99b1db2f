#include "bridge/config/reading.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/config/environment.h"
#include "bridge/exit_codes.h"

#include <string.h>

/* go.mau.fi/zeroconfig's layout. What it cannot mean here is said, not guessed; a wrong
 * writer is exit 12, as in mautrix bridges, which fail on it when they start their
 * logger. */

enum { WRITERS_MAX = 4 };

#define LEVELS "trace debug info warn error fatal"
#define WRITERS "logging.writers"

static bool level_read(struct reading *reading, const char *key, const struct node *node,
        enum log_level *out)
{
	if (node->kind == NODE_SCALAR && log_level_from_str(node->text, out)) {
		return true;
	}
	if (node->kind == NODE_SCALAR && (strcmp(node->text, "panic") == 0 ||
	                                         strcmp(node->text, "disabled") == 0)) {
		warn(reading, key, node, "read as fatal, the highest level there is");
		*out = LOG_FATAL;
		return true;
	}
	autofree char *found = node_show(node);
	complain(reading, key, node, EXIT_LOGGING, "found %s; expected one of: " LEVELS,
	        found);
	return false;
}

void logging_level_apply(struct reading *reading, const struct node *value)
{
	level_read(
	        reading, "logging.min_level", value, &reading->config->logging.min_level);
}

static const char *text_of(const struct node *writer, const char *name)
{
	const struct node *node = node_get(writer, name);
	return node_is_null(node) || node->kind != NODE_SCALAR ? NULL : node->text;
}

static void warn_unused(struct reading *reading, const struct node *writer)
{
	static const char *const used[] = {
	        "type", "format", "filename", "min_level", NULL};
	static const char *const rotation[] = {
	        "max_size", "max_age", "max_backups", "local_time", "compress", NULL};
	bool rotates = false;

	for (size_t i = 0; i < writer->count; i++) {
		const char *name = writer->keys[i]->text;
		bool is_known = false;
		for (size_t j = 0; used[j] != NULL; j++) {
			is_known |= strcmp(name, used[j]) == 0;
		}
		for (size_t j = 0; rotation[j] != NULL; j++) {
			rotates |= strcmp(name, rotation[j]) == 0;
			is_known |= strcmp(name, rotation[j]) == 0;
		}
		if (!is_known) {
			warn(reading, WRITERS, writer->keys[i],
			        "%s: accepted, but not used", name);
		}
	}
	if (rotates) {
		warn(reading, WRITERS, writer,
		        "max_size and the like are not used: the file is not rotated; use logrotate "
		        "with copytruncate");
	}
}

static void check_writer(struct reading *reading, const struct node *writer,
        const struct config_writer *found)
{
	bool is_file = found->type != NULL && strcmp(found->type, "file") == 0;

	if (!is_file && !str_equal(found->type, "stdout") &&
	        !str_equal(found->type, "stderr")) {
		complain(reading, WRITERS, writer, EXIT_LOGGING,
		        "type: found %s; expected one of: stdout stderr file",
		        found->type == NULL ? "nothing" : found->type);
	}
	if (!str_equal(found->format, "json") && !str_equal(found->format, "pretty") &&
	        !str_equal(found->format, "pretty-colored")) {
		complain(reading, WRITERS, writer, EXIT_LOGGING,
		        "format: found %s; expected one of: json pretty pretty-colored",
		        found->format);
	}
	if (is_file && (found->filename == NULL || found->filename[0] == '\0')) {
		complain(reading, WRITERS, writer, EXIT_LOGGING,
		        "filename: found nothing; expected the path of the file to write");
	}
}

static void read_writer(struct reading *reading, const struct node *writer)
{
	struct config *config = reading->config;

	if (writer->kind != NODE_MAP) {
		autofree char *shown = node_show(writer);
		complain(reading, WRITERS, writer, EXIT_CONFIG_UNREADABLE,
		        "found %s; expected keys such as type: stdout", shown);
		return;
	}
	const char *format = text_of(writer, "format");
	struct config_writer found = {
	        .type = xstrdup_null(text_of(writer, "type")),
	        .format = xstrdup(format == NULL ? "json" : format),
	        .filename = xstrdup_null(text_of(writer, "filename")),
	        .min_level = config->logging.min_level,
	};
	if (found.filename != NULL && strstr(found.filename, "${") != NULL) {
		autofree char *path = environment_path(reading, WRITERS, found.filename);
		str_replace(&found.filename, path != NULL ? path : found.filename);
	}
	const struct node *level = node_get(writer, "min_level");
	enum log_level own = LOG_TRACE;
	if (!node_is_null(level) && level_read(reading, WRITERS, level, &own)) {
		found.min_level = own > found.min_level ? own : found.min_level;
	}
	check_writer(reading, writer, &found);
	warn_unused(reading, writer);
	config->logging.writers = xrealloc(config->logging.writers,
	        (config->logging.writer_count + 1) * sizeof(*config->logging.writers));
	config->logging.writers[config->logging.writer_count++] = found;
}

void logging_writers_apply(struct reading *reading, const struct node *value)
{
	if (value->count > WRITERS_MAX) {
		complain(reading, WRITERS, value, EXIT_LOGGING,
		        "found %zu writers; expected at most %d", value->count,
		        WRITERS_MAX);
		return;
	}
	for (size_t i = 0; i < value->count; i++) {
		read_writer(reading, value->items[i]);
	}
}
