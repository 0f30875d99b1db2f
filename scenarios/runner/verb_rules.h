/* verb_rules: what a table of fields cannot say about the runner's verbs. */
#ifndef RUNNER_VERB_RULES_H
#define RUNNER_VERB_RULES_H

#include "scenarios/runner/yaml_tree.h"
#include "sim-matrix/sim_matrix.h"
#include "sim-slack/sim_slack.h"

/* Which fields go together, {i} and {1..50} where they mean something, and so on. `node`
 * is the map that args were read from; args of kill's `on` are replaced by checked
 * matchers. */
void verb_rules_check(const char *verb, const struct tree_node *node, cJSON *args,
        struct story_problems *problems);

/* Whether `within` or `for` may stand beside the verb. */
bool verb_takes_span(const char *verb, const char *key);
bool verb_can_save(const char *verb);

#endif
