/* yaml_tree: a YAML file as a tree of nodes that know where they stand.
 *
 * A strict subset: one document, no anchors, aliases, tags or complex keys, no key twice.
 * Scalars stay texts: the field they fill decides whether they are numbers, so `no` and
 * `off` never turn into booleans. */
#ifndef RUNNER_YAML_TREE_H
#define RUNNER_YAML_TREE_H

#include "scenarios/runner/problems.h"
#include <stdbool.h>
#include <stddef.h>

enum {
	TREE_MAX_BYTES = 1024 * 1024,
	TREE_MAX_DEPTH = 32,
	TREE_MAX_NODES = 50000,
};

enum tree_kind { TREE_SCALAR, TREE_MAP, TREE_LIST };

struct tree_node {
	enum tree_kind kind;
	struct story_pos pos; /* file is borrowed: the name given to tree_read */
	char *text;           /* of a scalar */
	bool quoted;          /* a scalar in quotes or a block: always a text */
	char *key;            /* when inside a map */
	struct story_pos key_pos;
	struct tree_node **items; /* of a map or list, in the file's order */
	size_t count;
};

/* NULL if there was any problem; it has been added. `file` must outlive the tree. */
struct tree_node *tree_read(const char *file, struct story_problems *problems);
/* The same from memory; `file` is the name for messages. */
struct tree_node *tree_parse(
        const char *file, const char *text, size_t n, struct story_problems *problems);
void tree_free(struct tree_node *node); /* NULL is fine */

const struct tree_node *tree_get(const struct tree_node *map, const char *key);
/* A plain null, ~ or nothing at all. */
bool tree_is_null(const struct tree_node *node);
const char *tree_kind_to_str(enum tree_kind kind); /* "a map" */

struct tree_node *tree_new(enum tree_kind kind, const struct story_pos *pos);
/* Puts item (taken) at the end of a map or list. */
void tree_append(struct tree_node *parent, struct tree_node *item);
void tree_set_key(struct tree_node *item, const char *key, const struct story_pos *pos);

#endif
