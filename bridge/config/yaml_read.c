#include "bridge/config/yaml_read.h"

#include "lib/buf.h"
#include "lib/map.h"
#include "lib/mem.h"

#include "bridge/exit_codes.h"

#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	yaml_event_t event; /* the current one */
	bool has_event;
	const char *file;
	struct str text;
	struct config_problems *problems;
	struct map *anchors; /* name to node, borrowed from the tree */
	size_t nodes;
	const char *path[YAML_MAX_DEPTH]; /* keys on the way down, borrowed */
	size_t depth;
	bool failed;
	size_t mark_char, mark_byte; /* the last mark turned into a byte offset */
};

/* Reads the value that begins with the current event, and leaves its last one current. */
static struct node *read_value(struct reader *reader);

static struct place place_of(const struct reader *reader, yaml_mark_t mark)
{
	return (struct place){reader->file, (int)mark.line + 1, (int)mark.column + 1};
}

__attribute__((format(printf, 3, 4))) static void fail(
        struct reader *reader, yaml_mark_t mark, const char *fmt, ...)
{
	struct buf key;
	va_list args;

	buf_init(&key, 4096);
	for (size_t i = 0; i < reader->depth; i++) {
		if (reader->path[i] != NULL) {
			buf_printf(&key, "%s%s", key.len > 0 ? "." : "", reader->path[i]);
		}
	}
	va_start(args, fmt);
	autofree char *text = xvasprintf(fmt, args);
	va_end(args);
	problem_add(reader->problems, place_of(reader, mark), buf_cstr(&key),
	        EXIT_CONFIG_UNREADABLE, "%s", text);
	buf_finish(&key);
	reader->failed = true;
}

/* libyaml says what it missed; a person wants to know what to look at. */
static void fail_syntax(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	yaml_mark_t mark = parser->problem_mark;
	const char *what = parser->problem == NULL ? "out of memory" : parser->problem;

	if (parser->error == YAML_READER_ERROR) {
		mark = (yaml_mark_t){0};
		for (size_t i = 0; i < parser->problem_offset && i < reader->text.n;
		        i++) {
			mark.column++;
			if (reader->text.p[i] == '\n') {
				mark.line++;
				mark.column = 0;
			}
		}
	}
	const char *hint = "";
	if (strstr(what, "cannot start any token") != NULL) {
		hint = " (a tab instead of spaces, or text that needs quotes?)";
	} else if (strstr(what, "mapping values are not allowed") != NULL) {
		hint = " (wrong indentation above, or text with a colon that needs quotes?)";
	}
	size_t depth = reader->depth;
	reader->depth = 0; /* the keys on the way say nothing about it */
	fail(reader, mark, "no valid YAML: %s%s%s%s", what,
	        parser->context == NULL ? "" : ", ",
	        parser->context == NULL ? "" : parser->context, hint);
	reader->depth = depth;
}

static bool next(struct reader *reader)
{
	if (reader->has_event) {
		yaml_event_delete(&reader->event);
		reader->has_event = false;
	}
	if (reader->failed) {
		return false;
	}
	if (yaml_parser_parse(&reader->parser, &reader->event) == 0) {
		fail_syntax(reader);
		return false;
	}
	reader->has_event = true;
	return true;
}

/* A byte order mark is no character of the text. */
static size_t bom_bytes(struct str text)
{
	return text.n >= 3 && memcmp(text.p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

static bool is_inside_character(struct str text, size_t at)
{
	return at < text.n && ((unsigned char)text.p[at] & 0xC0) == 0x80;
}

/* libyaml's marks count characters. Each is near the one before, so walk from there. */
static size_t byte_offset(struct reader *reader, size_t characters)
{
	struct str text = reader->text;
	size_t at = reader->mark_byte;

	if (reader->mark_char == 0) {
		at = bom_bytes(text);
	}
	while (reader->mark_char < characters && at < text.n) {
		do {
			at++;
		} while (is_inside_character(text, at));
		reader->mark_char++;
	}
	while (reader->mark_char > characters) {
		do {
			at--;
		} while (is_inside_character(text, at));
		reader->mark_char--;
	}
	reader->mark_byte = at;
	return at;
}

static struct node *node_new(struct reader *reader, enum node_kind kind)
{
	yaml_mark_t mark = reader->event.start_mark;

	if (++reader->nodes > YAML_MAX_NODES) {
		fail(reader, mark, "more than %d values", YAML_MAX_NODES);
		return NULL;
	}
	struct node *node = xcalloc(1, sizeof(*node));
	node->kind = kind;
	node->line = (int)mark.line + 1;
	node->column = (int)mark.column + 1;
	node->start = byte_offset(reader, mark.index);
	node->end = byte_offset(reader, reader->event.end_mark.index);
	return node;
}

static void node_push(struct node *node, struct node *key, struct node *item)
{
	if (node->kind == NODE_MAP) {
		node->keys =
		        xrealloc(node->keys, (node->count + 1) * sizeof(struct node *));
		node->keys[node->count] = key;
	}
	node->items = xrealloc(node->items, (node->count + 1) * sizeof(struct node *));
	node->items[node->count++] = item;
}

/* A deep copy, so that the tree stays a tree; it counts against the limits like the
 * original. */
static struct node *copy(struct reader *reader, const struct node *from, size_t depth)
{
	if (depth > YAML_MAX_DEPTH) {
		fail(reader, reader->event.start_mark, "nested deeper than %d",
		        YAML_MAX_DEPTH);
		return NULL;
	}
	struct node *node = node_new(reader, from->kind);
	if (node == NULL) {
		return NULL;
	}
	node->style = from->style;
	node->plain = from->plain;
	node->flow = from->flow;
	node->text = xstrdup_null(from->text);
	for (size_t i = 0; i < from->count && !reader->failed; i++) {
		struct node *key = NULL;
		if (from->kind == NODE_MAP) {
			key = copy(reader, from->keys[i], depth + 1);
			if (key == NULL) {
				break;
			}
		}
		struct node *item = copy(reader, from->items[i], depth + 1);
		if (item == NULL) {
			node_free(key);
			break;
		}
		node_push(node, key, item);
	}
	return node;
}

static struct node *read_alias(struct reader *reader)
{
	const char *name = (const char *)reader->event.data.alias.anchor;
	const struct node *target = map_get(reader->anchors, name);

	if (target == NULL) {
		fail(reader, reader->event.start_mark, "*%s stands for nothing above",
		        name);
		return NULL;
	}
	return copy(reader, target, reader->depth);
}

static bool has_core_tag(struct reader *reader, const yaml_char_t *tag, const char *core)
{
	if (tag == NULL || strcmp((const char *)tag, core) == 0 ||
	        strcmp((const char *)tag, "!") == 0) {
		return true;
	}
	fail(reader, reader->event.start_mark,
	        "the tag %s is not known here; leave it out", (const char *)tag);
	return false;
}

static enum node_style style_of(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		return STYLE_SINGLE;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return STYLE_DOUBLE;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		return STYLE_BLOCK;
	case YAML_ANY_SCALAR_STYLE:
	case YAML_PLAIN_SCALAR_STYLE:
		break;
	}
	return STYLE_PLAIN;
}

static struct node *read_scalar(struct reader *reader)
{
	const char *value = (const char *)reader->event.data.scalar.value;
	size_t length = reader->event.data.scalar.length;

	if (!has_core_tag(reader, reader->event.data.scalar.tag, YAML_STR_TAG)) {
		return NULL;
	}
	if (memchr(value, '\0', length) != NULL) {
		fail(reader, reader->event.start_mark,
		        "a NUL character cannot stand here");
		return NULL;
	}
	struct node *node = node_new(reader, NODE_SCALAR);
	if (node == NULL) {
		return NULL;
	}
	node->text = xstrndup(value, length);
	node->style = style_of(reader->event.data.scalar.style);
	node->plain = node->style == STYLE_PLAIN && reader->event.data.scalar.tag == NULL;
	return node;
}

static void read_items(struct reader *reader, struct node *list)
{
	while (next(reader) && reader->event.type != YAML_SEQUENCE_END_EVENT) {
		struct node *item = read_value(reader);
		if (item == NULL) {
			return;
		}
		node_push(list, NULL, item);
	}
}

/* One key: a scalar, new in this mapping. */
static struct node *read_key(struct reader *reader, struct map *seen)
{
	yaml_mark_t mark = reader->event.start_mark;
	struct node *key = read_value(reader);

	if (key == NULL) {
		return NULL;
	}
	if (key->kind != NODE_SCALAR) {
		fail(reader, mark, "a key must be text");
	} else if (key->plain && strcmp(key->text, "<<") == 0) {
		fail(reader, mark,
		        "merge keys (<<) are not known here; write the values out");
	} else if (map_get(seen, key->text) != NULL) {
		reader->path[reader->depth - 1] = key->text;
		fail(reader, mark, "the key stands twice; it is also in line %d",
		        ((const struct node *)map_get(seen, key->text))->line);
	} else {
		map_set(seen, key->text, key);
		return key;
	}
	node_free(key);
	return NULL;
}

static void read_pairs(struct reader *reader, struct node *map)
{
	struct map *seen = map_create();

	while (next(reader) && reader->event.type != YAML_MAPPING_END_EVENT) {
		struct node *key = read_key(reader, seen);
		if (key == NULL || !next(reader)) {
			node_free(key);
			break;
		}
		reader->path[reader->depth - 1] = key->text;
		struct node *value = read_value(reader);
		reader->path[reader->depth - 1] = NULL;
		if (value == NULL) {
			node_free(key);
			break;
		}
		node_push(map, key, value);
	}
	map_destroy(&seen, NULL);
}

static struct node *read_collection(struct reader *reader)
{
	bool is_map = reader->event.type == YAML_MAPPING_START_EVENT;

	if (!has_core_tag(reader,
	            is_map ? reader->event.data.mapping_start.tag
	                   : reader->event.data.sequence_start.tag,
	            is_map ? YAML_MAP_TAG : YAML_SEQ_TAG)) {
		return NULL;
	}
	if (reader->depth == YAML_MAX_DEPTH) {
		fail(reader, reader->event.start_mark, "nested deeper than %d",
		        YAML_MAX_DEPTH);
		return NULL;
	}
	struct node *node = node_new(reader, is_map ? NODE_MAP : NODE_LIST);
	if (node == NULL) {
		return NULL;
	}
	node->flow =
	        is_map ? reader->event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE
	               : reader->event.data.sequence_start.style ==
	                         YAML_FLOW_SEQUENCE_STYLE;
	reader->path[reader->depth++] = NULL;
	if (is_map) {
		read_pairs(reader, node);
	} else {
		read_items(reader, node);
	}
	reader->depth--;
	if (reader->failed) {
		node_free(node);
		return NULL;
	}
	node->end = byte_offset(reader, reader->event.end_mark.index);
	return node;
}

static const char *anchor_of(const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return (const char *)event->data.scalar.anchor;
	case YAML_MAPPING_START_EVENT:
		return (const char *)event->data.mapping_start.anchor;
	case YAML_SEQUENCE_START_EVENT:
		return (const char *)event->data.sequence_start.anchor;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
	case YAML_ALIAS_EVENT:
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		break;
	}
	return NULL;
}

static struct node *read_value(struct reader *reader)
{
	if (reader->event.type == YAML_ALIAS_EVENT) {
		return read_alias(reader);
	}
	autofree char *anchor = xstrdup_null(anchor_of(&reader->event));
	struct node *node = reader->event.type == YAML_SCALAR_EVENT
	                            ? read_scalar(reader)
	                            : read_collection(reader);
	if (node != NULL && anchor != NULL) {
		map_set(reader->anchors, anchor, node);
	}
	return node;
}

/* The one document of the stream; an empty stream gives an empty scalar. */
static struct node *read_document(struct reader *reader)
{
	if (!next(reader) || !next(reader)) {
		return NULL;
	}
	if (reader->event.type == YAML_STREAM_END_EVENT) {
		struct node *nothing = node_new(reader, NODE_SCALAR);
		if (nothing != NULL) {
			nothing->text = xstrdup("");
			nothing->plain = true;
		}
		return nothing;
	}
	if (!next(reader)) {
		return NULL;
	}
	struct node *root = read_value(reader);
	if (root == NULL || !next(reader) || !next(reader)) {
		node_free(root);
		return NULL;
	}
	if (reader->event.type != YAML_STREAM_END_EVENT) {
		fail(reader, reader->event.start_mark,
		        "a second document; only one is expected");
		node_free(root);
		return NULL;
	}
	return root;
}

static bool check_text(
        const char *file, struct str text, struct config_problems *problems)
{
	struct place place = {file, 0, 0};

	if (text.n > YAML_MAX_BYTES) {
		problem_add(problems, place, "", EXIT_CONFIG_UNREADABLE,
		        "longer than %d bytes", YAML_MAX_BYTES);
		return false;
	}
	if (!str_is_utf8(text)) {
		problem_add(problems, place, "", EXIT_CONFIG_UNREADABLE,
		        "no valid UTF-8; save the file with that encoding");
		return false;
	}
	return true;
}

struct node *config_yaml_read(
        const char *file, struct str text, struct config_problems *problems)
{
	if (!check_text(file, text, problems)) {
		return NULL;
	}
	struct reader reader = {.file = file,
	        .text = text,
	        .problems = problems,
	        .anchors = map_create()};
	struct node *root = NULL;
	if (yaml_parser_initialize(&reader.parser) == 0) {
		abort(); /* out of memory, as everywhere */
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	size_t skip = bom_bytes(text);
	yaml_parser_set_input_string(&reader.parser,
	        (const unsigned char *)(text.p == NULL ? "" : text.p + skip),
	        text.n - skip);
	root = read_document(&reader);
	if (reader.has_event) {
		yaml_event_delete(&reader.event);
	}
	yaml_parser_delete(&reader.parser);
	map_destroy(&reader.anchors, NULL);
	return root;
}
