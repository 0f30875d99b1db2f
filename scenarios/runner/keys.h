/* keys: the top of a file: which keys it may have. */
#ifndef RUNNER_KEYS_H
#define RUNNER_KEYS_H

#include "scenarios/runner/yaml_tree.h"

/* Problems for keys beside those listed (ends with NULL). False if root is no map at all.
 */
bool keys_check(const char *what, const char *const *keys, const struct tree_node *root,
        struct story_problems *problems);

#endif
