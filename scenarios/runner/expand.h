/* expand: the names a scenario may use as ${name}, and their values put in.
 *
 * Three kinds of names: those of `vary` and `vars` (replaced when the file is read),
 * those the engine knows, and those of `save` (both left for the engine). A text that is
 * one reference and nothing else becomes the named value, whatever it is; elsewhere the
 * value must be a single one. */
#ifndef RUNNER_EXPAND_H
#define RUNNER_EXPAND_H

#include "scenarios/runner/yaml_tree.h"

enum scope_kind { SCOPE_VAR, SCOPE_SAVE };

struct scope_name {
	char *name;
	enum scope_kind kind;
	struct story_pos pos;
	struct tree_node *value; /* of a SCOPE_VAR; owned */
	bool used;
};

struct scope {
	struct scope_name *names;
	size_t count;
	struct story_problems *problems; /* borrowed */
};

void scope_init(struct scope *scope, struct story_problems *problems);
void scope_finish(struct scope *scope);

/* Makes or changes a variable; takes value. False (a problem added) if the name cannot
 * be. */
bool scope_set(struct scope *scope, const char *name, const struct story_pos *pos,
        struct tree_node *value);
/* A step saves under this name. `used`: nobody need use it. */
bool scope_save(
        struct scope *scope, const char *name, const struct story_pos *pos, bool used);
/* Ends one variation: problems for saves nobody used, then forgets the saves. */
void scope_drop_saves(struct scope *scope);
/* Problems for variables that no variation used. */
void scope_check_used(const struct scope *scope);

/* A copy with every reference replaced. Never NULL: what cannot be replaced is a problem
 * and stays as it is. */
struct tree_node *scope_expand(struct scope *scope, const struct tree_node *node);

/* True if the text refers to something the engine has still to put in. */
bool text_has_reference(const char *text);
/* What a step can save and a variable be called: [A-Za-z_][A-Za-z0-9_-]*. */
bool name_is_valid(const char *name);

#endif
