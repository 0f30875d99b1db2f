/* yaml_out: a tree as YAML text: the daemon's configuration file. */
#ifndef RUNNER_YAML_OUT_H
#define RUNNER_YAML_OUT_H

#include "lib/buf.h"
#include "lib/json.h"

/* Appends a map: keys and texts are double-quoted where they are not plain words. */
void yaml_put(struct buf *out, const cJSON *map);

/* Sets the value at a dotted path, making maps on the way; takes value. */
void tree_set(cJSON *tree, const char *path, cJSON *value);
/* The same for text and number. */
void tree_set_str(cJSON *tree, const char *path, const char *text);
void tree_set_int(cJSON *tree, const char *path, int64_t number);
/* Each member of changes is a dotted path and its value; NULL changes nothing. */
void tree_change(cJSON *tree, const cJSON *changes);

#endif
