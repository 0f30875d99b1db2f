/* fields: the arguments of a verb, from YAML to the JSON that the verb's table asks for.
 *
 * A scalar takes the type of its field. Where a field takes anything, plain whole
 * numbers, true, false and null mean what they say, and all else is a text. Texts that
 * hold a reference for the engine pass every type. Tables of fields come as a list that
 * ends with NULL. */
#ifndef RUNNER_FIELDS_H
#define RUNNER_FIELDS_H

#include "scenarios/runner/yaml_tree.h"

/* Always an object, however many problems were added. Caller deletes. */
cJSON *fields_read(const char *verb, const struct verb_field *const *tables,
        const struct tree_node *map, struct story_problems *problems);

/* The parts of that, for verbs whose fields are not all in a table. */
const struct verb_field *field_find(
        const struct verb_field *const *tables, const char *name);
/* NULL, and a problem, if it is of the wrong type. */
cJSON *field_read(const struct verb_field *field, const struct tree_node *node,
        struct story_problems *problems);
void field_complain_unknown(const char *verb, const struct verb_field *const *tables,
        const struct tree_node *item, struct story_problems *problems);
void fields_check_required(const char *verb, const struct verb_field *table,
        const struct tree_node *map, struct story_problems *problems);

/* As a field that takes anything. Caller deletes. */
cJSON *value_read_any(const struct tree_node *node);

#endif
