#include "bridge/config/config.h"

#include "lib/buf.h"
#include "lib/mark.h"
#include "lib/mem.h"

#include "bridge/config/environment.h"
#include "bridge/config/file.h"
#include "bridge/config/reading.h"
#include "bridge/exit_codes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Goes through the file twice: present names first, so that they win over older ones.
 * by_older_name: already below a section with an older name. */
static void walk(struct reading *reading, const struct node *map, const char *section,
        bool by_older_name);

void complain(struct reading *reading, const char *key, const struct node *at, int status,
        const char *fmt, ...)
{
	va_list args;
	struct place place = {reading->file, 0, 0};

	at = at == NULL ? reading_node(reading, key) : at;
	if (at != NULL) {
		place.line = at->line;
		place.column = at->column;
	}
	if (at != NULL && environment_name(reading, at) != NULL) {
		place.file = environment_name(reading, at);
	}
	va_start(args, fmt);
	autofree char *text = xvasprintf(fmt, args);
	va_end(args);
	problem_add(reading->problems, place, key, status, "%s", text);
}

const struct node *reading_node(const struct reading *reading, const char *path)
{
	size_t index = keys_find(path);
	return index < keys_count() ? reading->nodes[index] : NULL;
}

static void walk_unknown(
        struct reading *reading, const char *path, const struct node *key)
{
	const char *nearest = keys_nearest(path);

	if (nearest != NULL) {
		warn(reading, path, key, "unknown key, ignored; did you mean %s?",
		        nearest);
	} else {
		warn(reading, path, key, "unknown key, ignored");
	}
}

static void walk_known(struct reading *reading, size_t index, const struct node *key,
        const struct node *value, bool by_older_name)
{
	const char *path = keys_at(index)->path;
	bool is_section = keys_at(index)->type == KEY_SECTION;

	if (is_section && value->kind == NODE_MAP) {
		walk(reading, value, path, by_older_name);
	} else if (by_older_name != reading->older) {
		return;
	} else if (!is_section && reading->nodes[index] != NULL) {
		warn(reading, path, key,
		        "set twice, by its present and an older name; line %d counts",
		        reading->nodes[index]->line);
	} else if (!is_section) {
		reading->nodes[index] = value;
	} else if (!node_is_null(value)) {
		autofree char *found = node_show(value);
		complain(reading, path, value, EXIT_CONFIG_UNREADABLE,
		        "found %s; expected the keys of this section, indented below it",
		        found);
	}
}

static void walk_pair(struct reading *reading, const char *path, const struct node *key,
        const struct node *value, bool by_older_name)
{
	size_t index = keys_find(path);
	const char *now = keys_renamed(path);

	if (index < keys_count()) {
		walk_known(reading, index, key, value, by_older_name);
	} else if (!reading->older) {
		return;
	} else if (now != NULL && now[0] == '\0') {
		warn(reading, path, key, "a key of an older layout, without effect now");
	} else if (now != NULL) {
		warn(reading, path, key, "an older name, read as %s; please rename it",
		        now);
		walk_known(reading, keys_find(now), key, value, true);
	} else if (keys_renamed_under(path) && value->kind == NODE_MAP) {
		walk(reading, value, path, by_older_name);
	} else {
		walk_unknown(reading, path, key);
	}
}

static void walk(struct reading *reading, const struct node *map, const char *section,
        bool by_older_name)
{
	for (size_t i = 0; i < map->count; i++) {
		const struct node *key = map->keys[i];
		autofree char *path = section[0] == '\0'
		                              ? xstrdup(key->text)
		                              : xasprintf("%s.%s", section, key->text);
		walk_pair(reading, path, key, map->items[i], by_older_name);
	}
}

static bool is_duration(const struct node *node)
{
	const char *p = node->text;

	if (node->kind != NODE_SCALAR) {
		return false;
	}
	if (strcmp(p, "0") == 0) {
		return true;
	}
	do {
		size_t digits = strspn(p, "0123456789.");
		if (digits == 0) {
			return false;
		}
		p += digits;
		size_t unit = strspn(p, "numsh\xC2\xB5");
		if (unit == 0) {
			return false;
		}
		p += unit;
	} while (*p != '\0');
	return true;
}

static bool has_type(const struct config_key *key, const struct node *node)
{
	bool truth;
	long number;

	switch (key->type) {
	case KEY_SECTION:
	case KEY_MAP:
		return node->kind == NODE_MAP;
	case KEY_LIST:
		return node->kind == NODE_LIST;
	case KEY_TEXT:
		return node->kind == NODE_SCALAR;
	case KEY_BOOL:
		return node_to_bool(node, &truth);
	case KEY_INT:
		return node_to_long(node, &number);
	case KEY_DURATION:
		return is_duration(node);
	}
	return false;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t n = strlen(text);

	for (const char *p = choices; n > 0 && *p != '\0';) {
		size_t word = strcspn(p, " ");
		if (word == n && strncmp(p, text, n) == 0) {
			return true;
		}
		p += word + strspn(p + word, " ");
	}
	return false;
}

/* Complains if the value is of the wrong type (exit 10), out of range or no choice (exit
 * 11); of a key that is not used that is worth a warning only. Returns whether the value
 * can be taken. */
static bool check_value(
        struct reading *reading, const struct config_key *key, const struct node *node)
{
	bool lands = key_lands(key);
	autofree char *found = key->flags & KEY_SECRET ? xstrdup("a value (not shown)")
	                                               : node_show(node);
	int invalid = lands ? EXIT_CONFIG_INVALID : PROBLEM_WARNING;
	long number;

	if (!has_type(key, node)) {
		complain(reading, key->path, node,
		        lands ? EXIT_CONFIG_UNREADABLE : PROBLEM_WARNING,
		        "found %s; expected %s%s", found, key_type_to_str(key->type),
		        node->kind == NODE_SCALAR && !node->plain &&
		                        key->type != KEY_LIST && key->type != KEY_MAP
		                ? ", without quotes"
		                : "");
		return false;
	}
	if (key->choices != NULL && !is_choice(key->choices, node->text)) {
		complain(reading, key->path, node, invalid,
		        "found %s; expected one of: %s", found, key->choices);
		return false;
	}
	if (key->min != key->max && node_to_long(node, &number) &&
	        (number < key->min || number > key->max)) {
		complain(reading, key->path, node, invalid,
		        "found %s; expected %ld to %ld", found, key->min, key->max);
		return false;
	}
	return true;
}

static bool is_default(const struct config_key *key, const struct node *value,
        const struct node *otherwise)
{
	bool a, b;

	if (key->type == KEY_BOOL && node_to_bool(value, &a) &&
	        node_to_bool(otherwise, &b)) {
		return a == b;
	}
	if (value->kind == NODE_SCALAR && value->text[0] == '\0' &&
	        node_is_null(otherwise)) {
		return true;
	}
	return node_equal(value, otherwise);
}

static void warn_unused(
        struct reading *reading, const struct config_key *key, const struct node *value)
{
	REQ("CRASH-03"); /* encryption that is asked for, among them */
	if (key->note != NULL) {
		warn(reading, key->path, value, "accepted, but not used: %s", key->note);
	} else {
		warn(reading, key->path, value, "accepted, but not used by this version");
	}
}

static void apply_path(
        struct reading *reading, const struct config_key *key, char **field)
{
	if (*field != NULL && strstr(*field, "${") != NULL) {
		autofree char *path = environment_path(reading, key->path, *field);
		if (path != NULL) {
			str_replace(field, path);
		}
	}
}

static void apply(
        struct reading *reading, const struct config_key *key, const struct node *value)
{
	char *field = (char *)reading->config + key->field - 1;

	if (key->apply != NULL) {
		key->apply(reading, value);
	} else if (key->field == 0) {
		return;
	} else if (key->type == KEY_TEXT) {
		str_replace(
		        (char **)(void *)field, node_is_null(value) ? NULL : value->text);
		if (key->flags & KEY_PATH) {
			apply_path(reading, key, (char **)(void *)field);
		}
	} else if (key->type == KEY_BOOL) {
		node_to_bool(value, (bool *)(void *)field);
	} else if (key->type == KEY_INT) {
		node_to_long(value, (long *)(void *)field);
	}
}

static void apply_all(struct reading *reading)
{
	for (size_t i = 0; i < keys_count(); i++) {
		const struct config_key *key = keys_at(i);
		if (key->type == KEY_SECTION) {
			continue;
		}
		const struct node *otherwise = node_find(reading->defaults, key->path);
		const struct node *value = reading->nodes[i];
		assert(otherwise != NULL);
		if (node_is_null(value)) { /* as if the line were not there */
			apply(reading, key, otherwise);
			continue;
		}
		if (!check_value(reading, key, value)) {
			apply(reading, key, otherwise);
			continue;
		}
		REQ("CONF-03");
		apply(reading, key, value);
		if (!key_is_used(key) && !(key->flags & KEY_GENERATED) &&
		        !is_default(key, value, otherwise)) {
			warn_unused(reading, key, value);
		}
	}
}

static void read_root(struct reading *reading)
{
	if (reading->root->kind == NODE_MAP) {
		walk(reading, reading->root, "", false);
		reading->older = true;
		walk(reading, reading->root, "", false);
	} else if (!node_is_null(reading->root)) {
		complain(reading, "", reading->root, EXIT_CONFIG_UNREADABLE,
		        "no configuration: expected sections such as homeserver: with their keys");
	}
}

struct config *reading_run(
        const char *file, struct str text, struct config_problems *problems)
{
	struct reading reading = {.file = file, .problems = problems};

	reading.root = config_yaml_read(file, text, problems);
	if (reading.root == NULL) {
		return NULL;
	}
	autofree char *defaults = config_defaults_text();
	reading.defaults = config_yaml_read("defaults", str_from(defaults), problems);
	assert(reading.defaults != NULL);
	reading.config = xcalloc(1, sizeof(*reading.config));
	reading.nodes = xcalloc(keys_count(), sizeof(*reading.nodes));
	read_root(&reading);
	environment_read(&reading);
	apply_all(&reading);
	config_validate(&reading);
	problems_sort(problems);
	environment_free(&reading);
	free(reading.nodes);
	node_free(reading.defaults);
	node_free(reading.root);
	return reading.config;
}

/* Only what the two files themselves say; neither defaults nor the environment. */
bool reading_is_same(struct str a, struct str b)
{
	const struct str texts[2] = {a, b};
	struct config_problems problems = {0};
	struct reading readings[2] = {{0}, {0}};
	bool is_same = true;

	for (int i = 0; i < 2; i++) {
		readings[i].file = "";
		readings[i].problems = &problems;
		readings[i].root = config_yaml_read("", texts[i], &problems);
		readings[i].nodes = xcalloc(keys_count(), sizeof(*readings[i].nodes));
		if (readings[i].root != NULL) {
			read_root(&readings[i]);
		}
		is_same = is_same && readings[i].root != NULL;
	}
	for (size_t i = 0; is_same && i < keys_count(); i++) {
		const struct node *one = readings[0].nodes[i],
		                  *other = readings[1].nodes[i];
		is_same = (one == NULL) == (other == NULL) &&
		          (one == NULL || node_equal(one, other));
	}
	for (int i = 0; i < 2; i++) {
		free(readings[i].nodes);
		node_free(readings[i].root);
	}
	config_problems_finish(&problems);
	return is_same;
}

struct config *config_load_text(const char *path, struct str text,
        struct config_problems *problems, struct err *err)
{
	struct config *config = reading_run(path, text, problems);

	if (!problems_to_err(problems, err)) {
		config_free(&config);
	}
	return config;
}

struct config *config_load(
        const char *path, struct config_problems *problems, struct err *err)
{
	struct config *config = NULL;
	struct buf text;

	buf_init(&text, YAML_MAX_BYTES + 1);
	if (config_file_read(path, &text, problems)) {
		config = config_load_text(path, buf_str(&text), problems, err);
	} else {
		problems_to_err(problems, err);
	}
	buf_finish(&text);
	return config;
}

void config_adopt(struct config *config, struct config **fresh)
{
	const struct config old = *config;

	config->bridge.permissions = (*fresh)->bridge.permissions;
	config->bridge.permission_count = (*fresh)->bridge.permission_count;
	config->logging = (*fresh)->logging;
	(*fresh)->bridge.permissions = old.bridge.permissions;
	(*fresh)->bridge.permission_count = old.bridge.permission_count;
	(*fresh)->logging = old.logging;
	config_free(fresh);
}

void config_free(struct config **config)
{
	struct config *old = *config;

	if (old == NULL) {
		return;
	}
	for (size_t i = 0; i < keys_count(); i++) {
		const struct config_key *key = keys_at(i);
		if (key->type == KEY_TEXT && key->field != 0) {
			free(*(char **)(void *)((char *)old + key->field - 1));
		}
	}
	for (size_t i = 0; i < old->bridge.permission_count; i++) {
		free(old->bridge.permissions[i].who);
	}
	free(old->bridge.permissions);
	for (size_t i = 0; i < old->logging.writer_count; i++) {
		free(old->logging.writers[i].type);
		free(old->logging.writers[i].format);
		free(old->logging.writers[i].filename);
	}
	free(old->logging.writers);
	declared_logins_free(old);
	portal_filter_free(old);
	free(old);
	*config = NULL;
}
