/* verb: what can be said to a simulator, as a table.
 *
 * One table per simulator drives its HTTP control interface, the scenario language, the
 * JSON Schema and the manual; so none of them can drift from the others. */
#ifndef LIB_VERB_H
#define LIB_VERB_H

#include "lib/err.h"
#include "lib/json.h"
#include <stdbool.h>
#include <stddef.h>

enum verb_type {
	VERB_STR,
	VERB_INT,
	VERB_BOOL,
	VERB_DURATION, /* "20ms", "10s", "5m", "1h", "2d" or a number of seconds; given to
	                  run() in ms */
	VERB_OBJ,
	VERB_ARR,
	VERB_ANY,
};

struct verb_field {
	const char *name; /* NULL ends the table */
	enum verb_type type;
	bool required;
	const char *doc;           /* one line */
	const char *const *values; /* the allowed texts, NULL-terminated; NULL: any */
};

struct verb {
	const char *name; /* "post"; NULL ends the table */
	const char *doc;  /* one line */
	const struct verb_field *fields;
	/* args have been checked against fields, durations turned into ms. *result, the
	 * caller's, may be left NULL. Outside effects may follow later, on the clock. */
	bool (*run)(void *sim, const cJSON *args, cJSON **result, struct err *err);
};

const struct verb *verb_find(const struct verb *table, const char *name);
/* Checks args (unknown, missing, wrong type; with the nearest known name). */
bool verb_check(const struct verb *verb, const cJSON *args, struct err *err);
/* Checks, converts and runs. args may be NULL for none. */
bool verb_run(const struct verb *table, const char *name, void *sim, const cJSON *args,
        cJSON **result, struct err *err);
/* {"type":"object","properties":...} for one verb's arguments. Caller deletes. */
cJSON *verb_schema(const struct verb *verb);

/* "10s" -> 10000; a plain number is seconds. */
bool duration_parse(const char *text, int64_t *out_ms);

/* One fact a simulator reports about itself, for the timeline and for expectations: an
 * object whose "kind" says what it is; the other keys are each kind's own. Borrowed for
 * the call. */
typedef void tap_fn(const cJSON *record, void *arg);

#endif
