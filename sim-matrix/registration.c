#include "sim-matrix/registration.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { RULES_MAX = 100, YAML_MAX_BYTES = 256 * 1024 };

struct reader {
	yaml_document_t doc;
	char *why;
	size_t why_room;
};

static bool complain(struct reader *r, const char *fmt, ...)
        __attribute__((format(printf, 2, 3)));

static bool complain(struct reader *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->why, r->why_room, fmt, args);
	va_end(args);
	return false;
}

static const char *scalar_text(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* The value under a key, or NULL. */
static yaml_node_t *field(struct reader *r, const yaml_node_t *map, const char *name)
{
	const yaml_node_pair_t *pair = map->data.mapping.pairs.start;

	for (; pair < map->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(&r->doc, pair->key);
		if (key->type == YAML_SCALAR_NODE &&
		        strcmp(scalar_text(key), name) == 0) {
			return yaml_document_get_node(&r->doc, pair->value);
		}
	}
	return NULL;
}

enum plain_kind { PLAIN_TEXT, PLAIN_NULL, PLAIN_BOOL, PLAIN_NUMBER };

static enum plain_kind plain_kind_of(const yaml_node_t *node)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
	static const char *const bools[] = {
	        "true", "True", "TRUE", "false", "False", "FALSE"};
	const char *text = scalar_text(node);
	char *end;

	if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
		return PLAIN_TEXT;
	}
	for (size_t i = 0; i < sizeof(nulls) / sizeof(nulls[0]); i++) {
		if (strcmp(text, nulls[i]) == 0) {
			return PLAIN_NULL;
		}
	}
	for (size_t i = 0; i < sizeof(bools) / sizeof(bools[0]); i++) {
		if (strcmp(text, bools[i]) == 0) {
			return PLAIN_BOOL;
		}
	}
	if (strspn(text, "0123456789+-.eE") == strlen(text)) {
		strtod(text, &end);
		return *end == '\0' ? PLAIN_NUMBER : PLAIN_TEXT;
	}
	return PLAIN_TEXT;
}

static bool wrong_type(
        struct reader *r, const yaml_node_t *node, const char *name, const char *expected)
{
	static const char *const kinds[] = {"string", "unit value", "boolean", "integer"};
	const char *what = "map";

	if (node->type == YAML_SEQUENCE_NODE) {
		what = "sequence";
	} else if (node->type == YAML_SCALAR_NODE) {
		what = kinds[plain_kind_of(node)];
	}
	return complain(r, "%s: invalid type: %s, expected %s at line %zu column %zu",
	        name, what, expected, node->start_mark.line + 1,
	        node->start_mark.column + 1);
}

static bool read_text(struct reader *r, const yaml_node_t *map, const char *name,
        bool required, char **out)
{
	const yaml_node_t *node = field(r, map, name);

	if (node == NULL) {
		return !required || complain(r, "missing field `%s`", name);
	}
	if (node->type != YAML_SCALAR_NODE) {
		return wrong_type(r, node, name, "a string");
	}
	if (!required && plain_kind_of(node) == PLAIN_NULL) {
		return true;
	}
	if (plain_kind_of(node) != PLAIN_TEXT) {
		return wrong_type(r, node, name, "a string");
	}
	*out = xstrdup(scalar_text(node));
	return true;
}

static bool read_bool(
        struct reader *r, const yaml_node_t *map, const char *name, bool *set, bool *out)
{
	const yaml_node_t *node = field(r, map, name);

	*set = false;
	if (node == NULL ||
	        (node->type == YAML_SCALAR_NODE && plain_kind_of(node) == PLAIN_NULL)) {
		return true;
	}
	if (node->type != YAML_SCALAR_NODE || plain_kind_of(node) != PLAIN_BOOL) {
		return wrong_type(r, node, name, "a boolean");
	}
	*set = true;
	*out = scalar_text(node)[0] == 't' || scalar_text(node)[0] == 'T';
	return true;
}

static bool read_rule(struct reader *r, const yaml_node_t *node, const char *kind,
        struct registration_rule *rule)
{
	bool set;

	if (node->type != YAML_MAPPING_NODE) {
		return wrong_type(r, node, kind, "struct Namespace");
	}
	if (!read_bool(r, node, "exclusive", &set, &rule->exclusive)) {
		return false;
	}
	if (!set) {
		return complain(r, "namespaces.%s: missing field `exclusive`", kind);
	}
	return read_text(r, node, "regex", true, &rule->regex);
}

static bool read_rules(struct reader *r, const yaml_node_t *map, const char *kind,
        struct registration_rules *rules)
{
	const yaml_node_t *list = field(r, map, kind);
	const yaml_node_item_t *item;

	if (list == NULL ||
	        (list->type == YAML_SCALAR_NODE && plain_kind_of(list) == PLAIN_NULL)) {
		return true;
	}
	if (list->type != YAML_SEQUENCE_NODE) {
		return wrong_type(r, list, kind, "a sequence");
	}
	item = list->data.sequence.items.start;
	rules->items = xcalloc(RULES_MAX, sizeof(rules->items[0]));
	for (; item < list->data.sequence.items.top; item++) {
		if (rules->count == RULES_MAX) {
			return complain(r, "namespaces.%s: more than %d entries", kind,
			        RULES_MAX);
		}
		if (!read_rule(r, yaml_document_get_node(&r->doc, *item), kind,
		            &rules->items[rules->count++])) {
			return false;
		}
	}
	return true;
}

static bool read_namespaces(
        struct reader *r, const yaml_node_t *root, struct registration *out)
{
	const yaml_node_t *spaces = field(r, root, "namespaces");

	if (spaces == NULL) {
		return complain(r, "missing field `namespaces`");
	}
	if (spaces->type != YAML_MAPPING_NODE) {
		return wrong_type(r, spaces, "namespaces", "struct Namespaces");
	}
	return read_rules(r, spaces, "users", &out->users) &&
	       read_rules(r, spaces, "aliases", &out->aliases) &&
	       read_rules(r, spaces, "rooms", &out->rooms);
}

static bool read_protocols(
        struct reader *r, const yaml_node_t *root, struct registration *out)
{
	const yaml_node_t *list = field(r, root, "protocols");
	const yaml_node_item_t *item;

	if (list == NULL || list->type == YAML_SCALAR_NODE) {
		return true;
	}
	if (list->type != YAML_SEQUENCE_NODE) {
		return wrong_type(r, list, "protocols", "a sequence");
	}
	item = list->data.sequence.items.start;
	out->protocols = xcalloc(RULES_MAX, sizeof(out->protocols[0]));
	for (; item < list->data.sequence.items.top && out->protocol_count < RULES_MAX;
	        item++) {
		const yaml_node_t *node = yaml_document_get_node(&r->doc, *item);
		if (node->type != YAML_SCALAR_NODE) {
			return wrong_type(r, node, "protocols", "a string");
		}
		out->protocols[out->protocol_count++] = xstrdup(scalar_text(node));
	}
	return true;
}

static bool read_flags(
        struct reader *r, const yaml_node_t *root, struct registration *out)
{
	bool set = false;

	if (!read_bool(r, root, "rate_limited", &out->rate_limited_set,
	            &out->rate_limited) ||
	        !read_bool(r, root, "receive_ephemeral", &set, &out->receive_ephemeral)) {
		return false;
	}
	if (!set && !read_bool(r, root, "de.sorunome.msc2409.push_ephemeral", &set,
	                    &out->receive_ephemeral)) {
		return false;
	}
	return read_bool(r, root, "io.element.msc4190", &set, &out->device_management);
}

static bool read_all(struct reader *r, struct registration *out)
{
	const yaml_node_t *root = yaml_document_get_root_node(&r->doc);

	if (root == NULL) {
		return complain(r, "EOF while parsing a value");
	}
	if (root->type != YAML_MAPPING_NODE) {
		return complain(r, "invalid type: expected struct Registration");
	}
	return read_text(r, root, "id", true, &out->id) &&
	       read_text(r, root, "url", false, &out->url) &&
	       read_text(r, root, "as_token", true, &out->as_token) &&
	       read_text(r, root, "hs_token", true, &out->hs_token) &&
	       read_text(r, root, "sender_localpart", true, &out->sender_localpart) &&
	       read_namespaces(r, root, out) && read_flags(r, root, out) &&
	       read_protocols(r, root, out);
}

bool registration_parse(
        struct str yaml, struct registration *out, char *why, size_t why_room)
{
	struct reader r = {.why = why, .why_room = why_room};
	yaml_parser_t parser;
	bool good;

	memset(out, 0, sizeof(*out));
	if (yaml.n > YAML_MAX_BYTES || !str_is_utf8(yaml) ||
	        !yaml_parser_initialize(&parser)) {
		return complain(&r, "the text is too long or no UTF-8");
	}
	/* The library asserts that there is a text, be it empty. */
	yaml_parser_set_input_string(
	        &parser, (const unsigned char *)(yaml.p != NULL ? yaml.p : ""), yaml.n);
	if (!yaml_parser_load(&parser, &r.doc)) {
		complain(&r, "%s at line %zu column %zu",
		        parser.problem != NULL ? parser.problem : "bad YAML",
		        parser.problem_mark.line + 1, parser.problem_mark.column + 1);
		yaml_parser_delete(&parser);
		return false;
	}
	good = read_all(&r, out);
	yaml_document_delete(&r.doc);
	yaml_parser_delete(&parser);
	if (!good) {
		registration_finish(out);
	}
	return good;
}

static void rules_finish(struct registration_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		free(rules->items[i].regex);
	}
	free(rules->items);
}

void registration_finish(struct registration *reg)
{
	for (size_t i = 0; i < reg->protocol_count; i++) {
		free(reg->protocols[i]);
	}
	free(reg->protocols);
	rules_finish(&reg->users);
	rules_finish(&reg->aliases);
	rules_finish(&reg->rooms);
	free(reg->id);
	free(reg->url);
	free(reg->as_token);
	free(reg->hs_token);
	free(reg->sender_localpart);
	memset(reg, 0, sizeof(*reg));
}

/* ---- writing ---- */

/* Quoted where YAML would read something else. */
static void put_text(struct buf *out, const char *text)
{
	bool plain = text[0] != '\0' &&
	             strpbrk(text, ":#'\"\n\\[]{}&*!|>%@`,?") == NULL &&
	             strspn(text, "0123456789+-.eE") != strlen(text) &&
	             strcmp(text, "null") != 0 && strcmp(text, "true") != 0 &&
	             strcmp(text, "false") != 0;

	if (plain) {
		buf_puts(out, text);
		return;
	}
	buf_puts(out, "'");
	for (const char *p = text; *p != '\0'; p++) {
		buf_add(out, *p == '\'' ? "''" : p, *p == '\'' ? 2 : 1);
	}
	buf_puts(out, "'");
}

static void put_field(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "%s: ", name);
	if (text == NULL) {
		buf_puts(out, "null");
	} else {
		put_text(out, text);
	}
	buf_puts(out, "\n");
}

static void put_rules(
        struct buf *out, const char *kind, const struct registration_rules *rules)
{
	buf_printf(out, "  %s:%s\n", kind, rules->count == 0 ? " []" : "");
	for (size_t i = 0; i < rules->count; i++) {
		buf_printf(out, "  - exclusive: %s\n    regex: ",
		        rules->items[i].exclusive ? "true" : "false");
		put_text(out, rules->items[i].regex);
		buf_puts(out, "\n");
	}
}

char *registration_to_yaml(const struct registration *reg)
{
	struct buf out;

	buf_init(&out, YAML_MAX_BYTES * 2);
	put_field(&out, "id", reg->id);
	put_field(&out, "url", reg->url);
	put_field(&out, "as_token", reg->as_token);
	put_field(&out, "hs_token", reg->hs_token);
	put_field(&out, "sender_localpart", reg->sender_localpart);
	buf_puts(&out, "namespaces:\n");
	put_rules(&out, "users", &reg->users);
	put_rules(&out, "aliases", &reg->aliases);
	put_rules(&out, "rooms", &reg->rooms);
	buf_printf(&out, "rate_limited: %s\n",
	        !reg->rate_limited_set ? "null" : (reg->rate_limited ? "true" : "false"));
	buf_printf(&out, "protocols:%s\n", reg->protocol_count == 0 ? " null" : "");
	for (size_t i = 0; i < reg->protocol_count; i++) {
		buf_printf(&out, "- %s\n", reg->protocols[i]);
	}
	buf_printf(&out, "receive_ephemeral: %s\n",
	        reg->receive_ephemeral ? "true" : "false");
	return buf_take(&out);
}
