/* yaml_read: a YAML or JSON text into a tree that remembers where everything stood.
 *
 * Bounded in bytes, nodes, depth and aliases. A key twice in one mapping, tags other than
 * those of YAML's core types, merge keys and further documents are problems, not guesses.
 */
#ifndef BRIDGE_CONFIG_YAML_READ_H
#define BRIDGE_CONFIG_YAML_READ_H

#include "lib/str.h"

#include "bridge/config/problems.h"

enum {
	YAML_MAX_BYTES = 1024 * 1024,
	YAML_MAX_NODES = 20000, /* copies made by aliases included */
	YAML_MAX_DEPTH = 32,
};

enum node_kind { NODE_SCALAR, NODE_MAP, NODE_LIST };
enum node_style { STYLE_PLAIN, STYLE_SINGLE, STYLE_DOUBLE, STYLE_BLOCK };

struct node {
	enum node_kind kind;
	int line, column;      /* from 1; columns count characters */
	size_t start, end;     /* bytes of the text it was read from, for editing it */
	enum node_style style; /* scalars */
	bool plain; /* a scalar for which null, true and 5 have their meaning: not quoted
	             */
	bool flow;  /* {} or [], not by indentation */
	char *text; /* scalars */
	struct node **keys;  /* maps: scalars, in the order of the file */
	struct node **items; /* lists; maps: the values */
	size_t count;
};

/* The root, which may be an empty scalar if the text holds nothing. NULL if there was a
 * problem; at least one is then in *problems, with status 10. Free with node_free. */
struct node *config_yaml_read(
        const char *file, struct str text, struct config_problems *problems);
void node_free(struct node *node); /* may be NULL */

/* The value, or NULL if map is NULL, is no map, or has no such key. */
const struct node *node_get(const struct node *map, const char *key);
/* The same along keys joined by dots. */
const struct node *node_find(const struct node *root, const char *path);

bool node_is_null(const struct node *node); /* NULL, or plain and empty, ~ or null */
bool node_to_bool(const struct node *node, bool *out);
/* Whole decimal numbers that are not quoted. */
bool node_to_long(const struct node *node, long *out);
bool node_equal(const struct node *a, const struct node *b);

/* What stands there, for a message: "text", a list, nothing ... Caller frees. */
char *node_show(const struct node *node);

#endif
