/* catalogue: where the scenarios are: every .yaml below scenarios/, in folders by area.
 */
#ifndef RUNNER_CATALOGUE_H
#define RUNNER_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>

struct catalogue {
	char **paths; /* by the name of the file, whichever folder it is in */
	size_t count;
};

/* Looks into `dir` and the folders below it, but not into "worlds" and "bridges", which
 * hold no scenarios. A folder that cannot be read holds none. Finish it. */
void catalogue_read(const char *dir, struct catalogue *out);
void catalogue_finish(struct catalogue *catalogue);

/* Whether a scenario of this path is meant by the name of a folder: "files",
 * "scenarios/files" or "scenarios/files/" for "scenarios/files/300-pictures.yaml". */
bool catalogue_is_below(const char *path, const char *folder);

#endif
