#include "bridge/config/config.h"

#include "lib/json.h"
#include "lib/mem.h"

#include "bridge/config/reading.h"

#include <stdlib.h>
#include <string.h>

/* JSON Schema draft 7, which editors and checkers all know. null is always allowed: it
 * stands for the default. Older names are not in it, so that an editor marks them. */

static cJSON *strings(const char *words)
{
	cJSON *list = cJSON_CreateArray();

	while (*words != '\0') {
		size_t n = strcspn(words, " ");
		autofree char *word = xstrndup(words, n);
		cJSON_AddItemToArray(list, cJSON_CreateString(word));
		words += n + strspn(words + n, " ");
	}
	return list;
}

static cJSON *or_null(const char *type)
{
	cJSON *list = strings(type);

	cJSON_AddItemToArray(list, cJSON_CreateString("null"));
	return list;
}

static cJSON *node_to_json(const struct node *node)
{
	cJSON *list;
	bool truth;
	long number;

	switch (node->kind) {
	case NODE_MAP:
		list = json_new();
		for (size_t i = 0; i < node->count; i++) {
			json_set(list, node->keys[i]->text, node_to_json(node->items[i]));
		}
		return list;
	case NODE_LIST:
		list = cJSON_CreateArray();
		for (size_t i = 0; i < node->count; i++) {
			cJSON_AddItemToArray(list, node_to_json(node->items[i]));
		}
		return list;
	case NODE_SCALAR:
		break;
	}
	if (node_is_null(node)) {
		return cJSON_CreateNull();
	}
	if (node_to_bool(node, &truth)) {
		return cJSON_CreateBool(truth);
	}
	if (node_to_long(node, &number)) {
		return cJSON_CreateNumber((double)number);
	}
	return cJSON_CreateString(node->text);
}

static void describe_permissions(cJSON *schema)
{
	cJSON *level = json_new();
	cJSON *forms = cJSON_AddArrayToObject(level, "anyOf");
	cJSON *name = json_new(), *number = json_new(), *rights = json_new(),
	      *values = json_new();
	cJSON *value;

	json_set(name, "enum", strings("block relay commands user admin"));
	json_set_str(number, "type", "integer");
	json_set_str(rights, "type", "object");
	cJSON_AddItemToArray(forms, name);
	cJSON_AddItemToArray(forms, number);
	cJSON_AddItemToArray(forms, rights);
	json_set(rights, "properties", values);
	json_set_bool(rights, "additionalProperties", false);
	static const char *const names[] = {"send_events", "commands", "login",
	        "double_puppet", "admin", "manage_relay"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		value = json_new();
		json_set(values, names[i], json_set_str(value, "type", "boolean"));
	}
	value = json_new();
	json_set(values, "max_logins", json_set_str(value, "type", "integer"));
	json_set(schema, "additionalProperties", level);
}

static void describe_writers(cJSON *schema)
{
	cJSON *writer = json_new(), *type = json_new(), *format = json_new(),
	      *level = json_new();
	cJSON *filename = json_new(), *values = json_new();

	json_set_str(writer, "type", "object");
	json_set(type, "enum", strings("stdout stderr file"));
	json_set(format, "enum", strings("json pretty pretty-colored"));
	json_set(level, "enum",
	        strings("trace debug info warn error fatal panic disabled"));
	json_set(values, "type", type);
	json_set(values, "format", format);
	json_set(values, "min_level", level);
	json_set(values, "filename", json_set_str(filename, "type", "string"));
	json_set(writer, "properties", values);
	json_set(writer, "required", strings("type"));
	json_set(schema, "items", writer);
	json_set_int(schema, "maxItems", 4);
}

static void describe_logins(cJSON *schema)
{
	static const char *const names[] = {"owner", "bot_token", "bot_token_file",
	        "app_token", "app_token_file", "refresh_token", "refresh_token_file",
	        "user_token", "user_token_file", "cookie", "cookie_file"};
	cJSON *login = json_set_str(json_new(), "type", "object"), *values = json_new();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cJSON *value = json_new();
		json_set(values, names[i], json_set_str(value, "type", "string"));
	}
	json_set(login, "properties", values);
	json_set(login, "required", strings("owner"));
	json_set(schema, "items", login);
	json_set_int(schema, "maxItems", 100);
}

static void describe_type(cJSON *schema, const struct config_key *key)
{
	switch (key->type) {
	case KEY_SECTION:
		break;
	case KEY_TEXT:
		json_set(schema, "type", or_null("string"));
		break;
	case KEY_BOOL:
		json_set(schema, "type", or_null("boolean"));
		break;
	case KEY_INT:
		json_set(schema, "type", or_null("integer"));
		break;
	case KEY_DURATION:
		json_set(schema, "type", or_null("string integer"));
		break;
	case KEY_LIST:
		json_set(schema, "type", or_null("array"));
		break;
	case KEY_MAP:
		json_set(schema, "type", or_null("object"));
		break;
	}
	if (key->min != key->max) {
		json_set_int(schema, "minimum", key->min);
		json_set_int(schema, "maximum", key->max);
	}
	if (key->choices != NULL) {
		cJSON *choices = strings(key->choices);
		cJSON_AddItemToArray(choices, cJSON_CreateNull());
		json_set(schema, "enum", choices);
	}
	if (strcmp(key->path, "bridge.permissions") == 0) {
		describe_permissions(schema);
	} else if (strcmp(key->path, "logging.writers") == 0) {
		describe_writers(schema);
	} else if (strcmp(key->path, "network.logins") == 0) {
		describe_logins(schema);
	}
}

static cJSON *describe_key(const struct config_key *key, const struct node *defaults)
{
	cJSON *schema = json_new();
	const char *doc = key->doc == NULL ? "" : key->doc;

	if (key_is_used(key)) {
		json_set_str(schema, "description", doc);
	} else {
		autofree char *text = xasprintf("Not used by this version. %s", doc);
		json_set_str(schema, "description", text);
	}
	describe_type(schema, key);
	if (!(key->flags & KEY_REQUIRED)) {
		json_set(schema, "default", node_to_json(node_find(defaults, key->path)));
	}
	return schema;
}

static bool holds_required(const struct config_key *section)
{
	for (size_t i = 0; i < keys_count(); i++) {
		const struct config_key *key = keys_at(i);
		if (key->flags & KEY_REQUIRED && key_is_under(key->path, section->path)) {
			return true;
		}
	}
	return false;
}

/* All keys directly in the section; path NULL: the whole file. */
static void describe_section(cJSON *schema, const char *path, const struct node *defaults)
{
	cJSON *properties = json_new(), *required = cJSON_CreateArray();
	size_t below = path == NULL ? 0 : strlen(path) + 1;

	for (size_t i = 0; i < keys_count(); i++) {
		const struct config_key *key = keys_at(i);
		if ((path != NULL && !key_is_under(key->path, path)) ||
		        strchr(key->path + below, '.') != NULL) {
			continue;
		}
		cJSON *inner;
		if (key->type == KEY_SECTION) {
			inner = json_new();
			json_set_str(inner, "description", key->doc);
			describe_section(inner, key->path, defaults);
		} else {
			inner = describe_key(key, defaults);
		}
		json_set(properties, key_name(key), inner);
		if (key->flags & KEY_REQUIRED ||
		        (key->type == KEY_SECTION && holds_required(key))) {
			cJSON_AddItemToArray(required, cJSON_CreateString(key_name(key)));
		}
	}
	bool must_hold = cJSON_GetArraySize(required) > 0;
	json_set(schema, "type",
	        must_hold ? cJSON_CreateString("object") : or_null("object"));
	json_set(schema, "properties", properties);
	json_set_bool(schema, "additionalProperties", false);
	if (must_hold) {
		json_set(schema, "required", required);
	} else {
		cJSON_Delete(required);
	}
}

void config_write_schema(FILE *out)
{
	autojson cJSON *schema = json_new();
	autofree char *text = config_defaults_text();
	struct config_problems problems = {0};
	struct node *defaults = config_yaml_read("defaults", str_from(text), &problems);

	json_set_str(schema, "$schema", "http://json-schema.org/draft-07/schema#");
	json_set_str(schema, "title", "Configuration of matrix-slack-bridge");
	describe_section(schema, NULL, defaults);
	char *printed = cJSON_Print(schema);
	fprintf(out, "%s\n", printed);
	cJSON_free(printed);
	node_free(defaults);
	config_problems_finish(&problems);
}
