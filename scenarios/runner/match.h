/* match: does a record look as an expectation says?
 *
 * A field must be equal ("hello", 3, true), contain an expression ("/hel+o/", POSIX
 * extended), or be absent (null). A map stands for the fields inside the record's field
 * of that name. */
#ifndef RUNNER_MATCH_H
#define RUNNER_MATCH_H

#include "lib/err.h"
#include "lib/json.h"
#include <stdbool.h>

struct match;

/* The matchers among the arguments of an expect or a never: all but those of the verb
 * itself (at, texts, order, each, count, while). NULL and *err for a bad expression. */
struct match *match_create(const cJSON *args, struct err *err);
void match_destroy(struct match **match);

bool match_all(const struct match *match, const cJSON *record);
/* How far a record is from matching; 0: it does. A field that is not there weighs more
 * than one that says something else, and that more the less alike the two are. */
unsigned match_distance(const struct match *match, const cJSON *record);
/* How many fields hold, and of how many. */
unsigned match_score(const struct match *match, const cJSON *record);
unsigned match_count(const struct match *match);
/* Whether a field is among the matchers. */
bool match_names(const struct match *match, const char *field);
/* Adds the matcher field = value. */
void match_also(struct match *match, const char *field, const char *value);

/* "event message, in general, text /hel+o/". Caller frees. */
char *match_to_str(const struct match *match);
/* The fields that do not hold: "text is hullo, by is absent". NULL if all hold. Caller
 * frees. */
char *match_difference(const struct match *match, const cJSON *record);

#endif
