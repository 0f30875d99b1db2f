#include "bridge/config/environment.h"

#include "lib/buf.h"
#include "lib/mark.h"
#include "lib/mem.h"

#include "bridge/config/file.h"
#include "bridge/exit_codes.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_VALUE_BYTES = 64 * 1024 };

struct env_value {
	struct env_value *next;
	struct node *node;
	char *name;
};

/* ---------------------------------------------------------------- paths */

static bool is_folder_name(const char *name, size_t n)
{
	static const char *const known[] = {"CREDENTIALS_DIRECTORY", "STATE_DIRECTORY",
	        "LOGS_DIRECTORY", "CONFIGURATION_DIRECTORY", "RUNTIME_DIRECTORY",
	        "CACHE_DIRECTORY"};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strlen(known[i]) == n && strncmp(known[i], name, n) == 0) {
			return true;
		}
	}
	return false;
}

/* What is wrong with the first ${...} of the path, or NULL. */
static const char *put_folder(struct buf *out, const char *reference, size_t n)
{
	if (!is_folder_name(reference, n)) {
		return "is not known here; known are ${CREDENTIALS_DIRECTORY} and the other "
		       "folders of systemd";
	}
	autofree char *name = xstrndup(reference, n);
	const char *value = getenv(name);
	if (value == NULL || value[0] == '\0') {
		return "is not set; systemd sets it for a service with LoadCredential=, "
		       "StateDirectory= or the like";
	}
	buf_add(out, value, strcspn(value, ":"));
	return NULL;
}

char *environment_path(struct reading *reading, const char *key, const char *path)
{
	struct buf out;
	const char *fault = NULL;

	buf_init(&out, MAX_VALUE_BYTES);
	while (*path != '\0' && fault == NULL) {
		const char *open = strstr(path, "${");
		const char *close = open == NULL ? NULL : strchr(open, '}');
		if (close == NULL) {
			buf_puts(&out, path);
			break;
		}
		buf_add(&out, path, (size_t)(open - path));
		fault = put_folder(&out, open + 2, (size_t)(close - open) - 2);
		if (fault != NULL) {
			complain(reading, key, NULL, EXIT_CONFIG_INVALID,
			        "the folder %.*s %s", (int)(close - open) + 1, open,
			        fault);
		}
		path = close + 1;
	}
	char *result = fault == NULL ? xstrdup(buf_cstr(&out)) : NULL;
	buf_finish(&out);
	return result;
}

/* ---------------------------------------------------------------- variables */

const char *environment_name(const struct reading *reading, const struct node *value)
{
	for (const struct env_value *it = reading->env; it != NULL; it = it->next) {
		if (it->node == value) {
			return it->name;
		}
	}
	return NULL;
}

static struct node *make_scalar(const char *text, bool plain)
{
	struct node *node = xcalloc(1, sizeof(*node));

	node->kind = NODE_SCALAR;
	node->style = plain ? STYLE_PLAIN : STYLE_DOUBLE;
	node->plain = plain;
	node->text = xstrdup(text);
	return node;
}

static struct node *make_node(
        struct reading *reading, const struct config_key *key, const char *text)
{
	if (key->type == KEY_LIST || key->type == KEY_MAP) {
		struct node *node =
		        config_yaml_read(key->path, str_from(text), reading->problems);
		return node != NULL ? node : make_scalar("", true);
	}
	return make_scalar(text, key->type != KEY_TEXT);
}

/* "APPSERVICE__AS_TOKEN" -> "appservice.as_token" */
static char *key_of(const char *name)
{
	bool has_dots = strchr(name, '.') != NULL;
	char *path = xstrdup(name), *to = path;

	for (const char *from = name; *from != '\0';) {
		if (!has_dots && strncmp(from, "__", 2) == 0) {
			*to++ = '.';
			from += 2;
		} else {
			*to++ = (char)tolower((unsigned char)*from++);
		}
	}
	*to = '\0';
	return path;
}

char *environment_file_value(struct reading *reading, const char *key, const char *path)
{
	struct config_problems problems = {0};
	struct buf text;
	char *result = NULL;

	buf_init(&text, MAX_VALUE_BYTES);
	autofree char *expanded = environment_path(reading, key, path);
	if (expanded == NULL) {
		buf_finish(&text);
		return NULL;
	}
	if (config_file_read(expanded, &text, &problems)) {
		struct str value = buf_str(&text);
		while (value.n > 0 && isspace((unsigned char)value.p[value.n - 1])) {
			value.n--;
		}
		result = xstrndup(value.p, value.n);
	} else {
		complain(reading, key, NULL, EXIT_CONFIG_UNREADABLE,
		        "its file %s cannot be read: %s", expanded, strerror(errno));
	}
	config_problems_finish(&problems);
	buf_finish(&text);
	return result;
}

static void complain_unknown(struct reading *reading, const char *name, const char *path)
{
	const char *nearest = keys_nearest(path);

	problem_add(reading->problems, (struct place){name, 0, 0}, path,
	        EXIT_CONFIG_UNREADABLE, "no key has this name%s%s%s",
	        nearest == NULL ? "" : "; did you mean ", nearest == NULL ? "" : nearest,
	        nearest == NULL ? "" : "?");
}

/* The index of the key a variable means, by its present or an older name. */
static size_t find_key(struct reading *reading, const char *name, const char *path)
{
	const char *now = keys_renamed(path);
	size_t index = keys_find(now != NULL && now[0] != '\0' ? now : path);

	if (index >= keys_count() || keys_at(index)->type == KEY_SECTION) {
		complain_unknown(reading, name, path);
		return keys_count();
	}
	return index;
}

static void take_variable(
        struct reading *reading, const char *variable, size_t prefix_len)
{
	const char *equals = strchr(variable, '=');
	autofree char *name = xstrndup(variable, (size_t)(equals - variable));
	autofree char *path = key_of(name + prefix_len);
	bool is_file = str_ends(path, "_file") && keys_find(path) >= keys_count();

	if (is_file) {
		path[strlen(path) - strlen("_file")] = '\0';
	}
	REQ("CONF-05");
	size_t index = find_key(reading, name, path);
	if (index >= keys_count()) {
		return;
	}
	const struct config_key *key = keys_at(index);
	struct env_value *value = xcalloc(1, sizeof(*value));
	autofree char *text =
	        is_file ? environment_file_value(reading, key->path, equals + 1)
	                : xstrdup(equals + 1);
	value->node = make_node(reading, key, text == NULL ? "" : text);
	value->name = xstrdup(name);
	value->next = reading->env;
	reading->env = value;
	reading->nodes[index] = value->node;
}

void environment_read(struct reading *reading)
{
	const struct node *prefix = reading_node(reading, "env_config_prefix");

	if (node_is_null(prefix) || prefix->kind != NODE_SCALAR ||
	        prefix->text[0] == '\0') {
		return;
	}
	size_t n = strlen(prefix->text);
	for (char **variable = environ; *variable != NULL; variable++) {
		const char *equals = strchr(*variable, '=');
		if (equals != NULL && (size_t)(equals - *variable) > n &&
		        strncmp(*variable, prefix->text, n) == 0) {
			take_variable(reading, *variable, n);
		}
	}
}

void environment_free(struct reading *reading)
{
	while (reading->env != NULL) {
		struct env_value *value = reading->env;
		reading->env = value->next;
		node_free(value->node);
		free(value->name);
		free(value);
	}
}
