#include "scenarios/runner/yaml_tree.h"

#include "lib/mem.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct reader {
	yaml_parser_t parser;
	const char *file;
	struct story_problems *problems;
	size_t nodes;
};

const char *tree_kind_to_str(enum tree_kind kind)
{
	static const char *const names[] = {"a single value", "a map", "a list"};
	return names[kind];
}

struct tree_node *tree_new(enum tree_kind kind, const struct story_pos *pos)
{
	struct tree_node *node = xcalloc(1, sizeof(*node));
	node->kind = kind;
	node->pos = *pos;
	node->key_pos = *pos;
	return node;
}

void tree_free(struct tree_node *node)
{
	if (node == NULL) {
		return;
	}
	for (size_t i = 0; i < node->count; i++) {
		tree_free(node->items[i]);
	}
	free(node->items);
	free(node->text);
	free(node->key);
	free(node);
}

void tree_append(struct tree_node *parent, struct tree_node *item)
{
	parent->items =
	        xrealloc(parent->items, (parent->count + 1) * sizeof(struct tree_node *));
	parent->items[parent->count++] = item;
}

void tree_set_key(struct tree_node *item, const char *key, const struct story_pos *pos)
{
	str_replace(&item->key, key);
	item->key_pos = *pos;
}

const struct tree_node *tree_get(const struct tree_node *map, const char *key)
{
	if (map == NULL || map->kind != TREE_MAP) {
		return NULL;
	}
	for (size_t i = 0; i < map->count; i++) {
		if (strcmp(map->items[i]->key, key) == 0) {
			return map->items[i];
		}
	}
	return NULL;
}

bool tree_is_null(const struct tree_node *node)
{
	return node->kind == TREE_SCALAR && !node->quoted &&
	       (node->text[0] == '\0' || strcmp(node->text, "~") == 0 ||
	               strcmp(node->text, "null") == 0);
}

/* ---------------------------------------------------------------- events to nodes */

static struct story_pos position(const struct reader *reader, const yaml_mark_t *mark)
{
	return (struct story_pos){(char *)(uintptr_t)reader->file, (int)mark->line + 1,
	        (int)mark->column + 1};
}

static void complain(struct reader *reader, const yaml_mark_t *mark, const char *sentence)
{
	struct story_pos pos = position(reader, mark);
	story_problem(reader->problems, &pos, "%s", sentence);
}

static bool next_event(struct reader *reader, yaml_event_t *event)
{
	if (yaml_parser_parse(&reader->parser, event)) {
		return true;
	}
	struct story_pos pos = position(reader, &reader->parser.problem_mark);
	const char *problem = reader->parser.problem;
	const char *context = reader->parser.context;
	bool colon = problem != NULL &&
	             strstr(problem, "mapping values are not allowed") != NULL;
	story_problem(reader->problems, &pos, "this is no YAML: %s%s%s%s",
	        problem == NULL ? "unreadable" : problem, context == NULL ? "" : ", ",
	        context == NULL ? "" : context,
	        colon ? "; a text with \": \" in it needs quotes" : "");
	return false;
}

static struct tree_node *read_node(struct reader *reader, yaml_event_t *event, int depth);

/* Reads the event after a key, or the next list item; the event is this function's. */
static struct tree_node *read_next(struct reader *reader, int depth)
{
	yaml_event_t event;
	if (!next_event(reader, &event)) {
		return NULL;
	}
	struct tree_node *node = read_node(reader, &event, depth);
	yaml_event_delete(&event);
	return node;
}

static bool check_key(
        struct reader *reader, const struct tree_node *map, const yaml_event_t *event)
{
	if (event->type != YAML_SCALAR_EVENT) {
		complain(reader, &event->start_mark, "a key must be a single word");
		return false;
	}
	const char *key = (const char *)event->data.scalar.value;
	if (event->data.scalar.anchor != NULL || event->data.scalar.tag != NULL) {
		complain(reader, &event->start_mark,
		        "a key can have neither anchor nor tag");
		return false;
	}
	if (strlen(key) != event->data.scalar.length || key[0] == '\0') {
		complain(reader, &event->start_mark, "a key must be a single word");
		return false;
	}
	const struct tree_node *before = tree_get(map, key);
	if (before != NULL) {
		struct story_pos pos = position(reader, &event->start_mark);
		story_problem(reader->problems, &pos,
		        "the key \"%s\" was there before, in line %d", key,
		        before->key_pos.line);
		return false;
	}
	return true;
}

static bool read_map(struct reader *reader, struct tree_node *map, int depth)
{
	for (;;) {
		yaml_event_t event;
		if (!next_event(reader, &event)) {
			return false;
		}
		if (event.type == YAML_MAPPING_END_EVENT) {
			yaml_event_delete(&event);
			return true;
		}
		struct tree_node *value = NULL;
		if (check_key(reader, map, &event)) {
			value = read_next(reader, depth);
		}
		if (value != NULL) {
			struct story_pos pos = position(reader, &event.start_mark);
			tree_set_key(value, (const char *)event.data.scalar.value, &pos);
			tree_append(map, value);
		}
		yaml_event_delete(&event);
		if (value == NULL) {
			return false;
		}
	}
}

static bool read_list(struct reader *reader, struct tree_node *list, int depth)
{
	for (;;) {
		yaml_event_t event;
		if (!next_event(reader, &event)) {
			return false;
		}
		if (event.type == YAML_SEQUENCE_END_EVENT) {
			yaml_event_delete(&event);
			return true;
		}
		struct tree_node *item = read_node(reader, &event, depth);
		yaml_event_delete(&event);
		if (item == NULL) {
			return false;
		}
		tree_append(list, item);
	}
}

static struct tree_node *read_scalar(struct reader *reader, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;

	if (strlen(text) != event->data.scalar.length) {
		complain(reader, &event->start_mark, "a text cannot hold a NUL");
		return NULL;
	}
	struct story_pos pos = position(reader, &event->start_mark);
	struct tree_node *node = tree_new(TREE_SCALAR, &pos);
	node->text = xstrdup(text);
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return node;
}

static struct tree_node *read_collection(
        struct reader *reader, const yaml_event_t *event, int depth)
{
	bool is_map = event->type == YAML_MAPPING_START_EVENT;
	struct story_pos pos = position(reader, &event->start_mark);
	struct tree_node *node = tree_new(is_map ? TREE_MAP : TREE_LIST, &pos);

	bool ok = is_map ? read_map(reader, node, depth + 1)
	                 : read_list(reader, node, depth + 1);
	if (!ok) {
		tree_free(node);
		return NULL;
	}
	return node;
}

static bool has_anchor_or_tag(const yaml_event_t *event)
{
	if (event->type == YAML_SCALAR_EVENT) {
		return event->data.scalar.anchor != NULL ||
		       event->data.scalar.tag != NULL;
	}
	if (event->type == YAML_MAPPING_START_EVENT) {
		return event->data.mapping_start.anchor != NULL ||
		       event->data.mapping_start.tag != NULL;
	}
	if (event->type == YAML_SEQUENCE_START_EVENT) {
		return event->data.sequence_start.anchor != NULL ||
		       event->data.sequence_start.tag != NULL;
	}
	return false;
}

static struct tree_node *read_node(struct reader *reader, yaml_event_t *event, int depth)
{
	if (depth > TREE_MAX_DEPTH || ++reader->nodes > TREE_MAX_NODES) {
		complain(reader, &event->start_mark,
		        depth > TREE_MAX_DEPTH ? "this is nested too deeply"
		                               : "the file has too many values");
		return NULL;
	}
	if (event->type == YAML_ALIAS_EVENT || has_anchor_or_tag(event)) {
		complain(reader, &event->start_mark,
		        "anchors, aliases and tags have no meaning here; use vars");
		return NULL;
	}
	if (event->type == YAML_SCALAR_EVENT) {
		return read_scalar(reader, event);
	}
	return read_collection(reader, event, depth);
}

/* ---------------------------------------------------------------- the document */

static bool expect_event(
        struct reader *reader, yaml_event_type_t type, const char *otherwise)
{
	yaml_event_t event;
	if (!next_event(reader, &event)) {
		return false;
	}
	bool ok = event.type == type;
	if (!ok) {
		complain(reader, &event.start_mark, otherwise);
	}
	yaml_event_delete(&event);
	return ok;
}

static struct tree_node *read_document(struct reader *reader)
{
	if (!expect_event(reader, YAML_STREAM_START_EVENT, "the file is unreadable") ||
	        !expect_event(reader, YAML_DOCUMENT_START_EVENT, "the file is empty")) {
		return NULL;
	}
	struct tree_node *root = read_next(reader, 1);
	if (root != NULL &&
	        (!expect_event(
	                 reader, YAML_DOCUMENT_END_EVENT, "the document does not end") ||
	                !expect_event(reader, YAML_STREAM_END_EVENT,
	                        "a second document begins here; one file holds one"))) {
		tree_free(root);
		return NULL;
	}
	return root;
}

struct tree_node *tree_parse(
        const char *file, const char *text, size_t n, struct story_problems *problems)
{
	struct reader reader = {.file = file, .problems = problems};
	struct story_pos start = {(char *)(uintptr_t)file, 1, 1};

	if (n > TREE_MAX_BYTES) {
		story_problem(problems, &start, "the file is larger than %d bytes",
		        (int)TREE_MAX_BYTES);
		return NULL;
	}
	if (!yaml_parser_initialize(&reader.parser)) {
		story_problem(problems, &start, "the YAML reader does not start");
		return NULL;
	}
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, n);
	struct tree_node *root = read_document(&reader);
	yaml_parser_delete(&reader.parser);
	return root;
}

struct tree_node *tree_read(const char *file, struct story_problems *problems)
{
	struct story_pos start = {(char *)(uintptr_t)file, 1, 1};
	FILE *in = fopen(file, "re");
	if (in == NULL) {
		story_problem(problems, &start, "cannot be read: %s", strerror(errno));
		return NULL;
	}
	autofree char *text = xmalloc(TREE_MAX_BYTES + 1);
	size_t n = fread(text, 1, TREE_MAX_BYTES + 1, in);
	bool failed = ferror(in) != 0;
	fclose(in);
	if (failed) {
		story_problem(problems, &start, "cannot be read to its end");
		return NULL;
	}
	return tree_parse(file, text, n, problems);
}
