/* world: the fixtures that scenarios begin in: what is configured, and the first steps.
 */
#ifndef RUNNER_WORLD_H
#define RUNNER_WORLD_H

#include "scenarios/runner/check.h"

struct world {
	char *name;
	char *path;
	cJSON *setup;
	struct story_step *steps; /* those of the world it is like come first */
	size_t step_count;
	char **needs; /* abilities of the bridge, with those of the world it is like */
	size_t needs_count;
	bool bad;     /* problems have been added: no story can use it */
	bool reading; /* to notice a world that is like itself */
};

struct worlds {
	const char *dir;     /* borrowed */
	const char *own_dir; /* looked into first; NULL: none; borrowed */
	const struct requirements *requirements; /* borrowed */
	struct story_problems *problems;         /* borrowed */
	struct world **items;                    /* those asked for so far */
	size_t count;
};

void worlds_finish(struct worlds *worlds);

/* Reads it the first time. NULL (a problem added) if it cannot be used; owned by worlds.
 * The world "none" is empty and has no file. */
const struct world *worlds_get(
        struct worlds *worlds, const char *name, const struct story_pos *asked_at);

#endif
