/* matchers: the arguments of expect and never: the table's own fields, and beside them
 * fields of the records of one tap, each with what it must be.
 *
 * A single value must be equal, "/re/" must be found (POSIX ERE), null demands absence.
 */
#ifndef RUNNER_MATCHERS_H
#define RUNNER_MATCHERS_H

#include "scenarios/runner/yaml_tree.h"

/* Always an object, however many problems were added. Caller deletes. */
cJSON *matchers_read(const char *verb, const struct verb_field *table,
        const struct tree_node *map, struct story_problems *problems);

#endif
