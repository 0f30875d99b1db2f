/* reading: one configuration being read, as the parts that check it see it. */
#ifndef BRIDGE_CONFIG_READING_H
#define BRIDGE_CONFIG_READING_H

#include "bridge/config/keys.h"
#include "bridge/config/problems.h"
#include "bridge/config/yaml_read.h"

struct reading {
	const char *file;
	struct config_problems *problems;
	struct config *config;
	struct node *root, *defaults;
	const struct node **nodes; /* per key of the table: in the file, or NULL */
	struct env_value *env;     /* environment.h */
	bool older;                /* the second walk through the file, for older names */
};

/* Reads and checks a text. The config is filled from it and the defaults as far as that
 * goes, whatever the problems: every text is set, but for those whose default is null.
 * NULL only if the text is no YAML. */
struct config *reading_run(
        const char *file, struct str text, struct config_problems *problems);

/* Do two texts set the same keys to the same values, by whatever names? */
bool reading_is_same(struct str a, struct str b);

/* Where the key stands in the file; NULL if it does not. */
const struct node *reading_node(const struct reading *reading, const char *path);

/* A problem with a key. at: NULL for where the key itself stands. */
void complain(struct reading *reading, const char *key, const struct node *at, int status,
        const char *fmt, ...) __attribute__((format(printf, 5, 6)));
#define warn(reading, key, at, ...)                                                      \
	complain(reading, key, at, PROBLEM_WARNING, __VA_ARGS__)

/* Lists and maps of the key table. */
void permissions_apply(struct reading *reading, const struct node *value);
void logging_level_apply(struct reading *reading, const struct node *value);
void logging_writers_apply(struct reading *reading, const struct node *value);
void portal_filter_apply(struct reading *reading, const struct node *value);
void portal_filter_free(struct config *config);
void declared_logins_apply(struct reading *reading, const struct node *value);
/* What follows from other keys: once all are read. */
void declared_logins_check(struct reading *reading);
void declared_logins_free(struct config *config);

/* Everything that is no matter of types: placeholders, forms, ranges. */
void config_validate(struct reading *reading);

/* The example without comments, hidden keys included: the defaults. */
char *config_defaults_text(void);

#endif
