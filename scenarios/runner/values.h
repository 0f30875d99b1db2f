/* values: what stories name as ${...} at run time: what the engine knows, what steps
 * saved. */
#ifndef RUNNER_VALUES_H
#define RUNNER_VALUES_H

#include "lib/err.h"
#include "lib/json.h"

struct values;

struct values *values_create(void);
void values_destroy(struct values **values);

/* name may be dotted ("slack.url"); takes value (NULL: a null). */
void values_set(struct values *values, const char *name, cJSON *value);
void values_set_str(struct values *values, const char *name, const char *text);

/* A copy with every reference replaced: a text that is one reference and nothing else
 * becomes the value itself. NULL and *err for an unknown one. Caller deletes. */
cJSON *values_put_in(const struct values *values, const cJSON *args, struct err *err);
/* A copy with {i} replaced by the number in all texts. Caller deletes. */
cJSON *values_count_in(const cJSON *args, int64_t i);

#endif
