/* timeline: every fact of a run, in order: what the simulators report, the daemon's log
 * and its ends, what the runner did. The one input of all judging.
 *
 * As text it is the same in every run of the same story: ports and folders, which differ,
 * are written by name. */
#ifndef RUNNER_TIMELINE_H
#define RUNNER_TIMELINE_H

#include "lib/json.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum tap { TAP_SLACK, TAP_MATRIX, TAP_BRIDGE, TAP_RUNNER };
const char *tap_to_str(enum tap tap);
bool tap_from_str(const char *text, enum tap *out);

struct record {
	size_t seq; /* from 1 */
	int64_t us; /* since the start of the story */
	int step;   /* number of the step being played; 0: the world's */
	enum tap at;
	bool beat;     /* a ping or a pong: no sign of work */
	bool expected; /* a step named it */
	cJSON *json;   /* as reported, with seq, us, at and step */
	char *line;    /* as written: keys sorted, names instead of ports and folders */
};

struct timeline;

struct timeline *timeline_create(void);
void timeline_destroy(struct timeline **timeline);

/* From here on `text` is written as `name`. */
void timeline_rename(struct timeline *timeline, const char *text, const char *name);

/* fields is copied. Borrowed until the timeline is destroyed. */
struct record *timeline_add(struct timeline *timeline, enum tap at, int64_t us, int step,
        const cJSON *fields);

size_t timeline_count(const struct timeline *timeline);
/* index from 0: the record's seq is one more. */
struct record *timeline_get(const struct timeline *timeline, size_t index);

bool timeline_write(const struct timeline *timeline, FILE *out);
/* SHA-256 of what is written, in hex. Caller frees. */
char *timeline_sha(const struct timeline *timeline);

/* One line for people: "  412 +0.540 slack   ack acked=9f31 conn=1". Caller frees. */
char *record_to_str(const struct record *record);
/* What a record says it is: json_str(record->json, key), "" if absent. */
const char *record_str(const struct record *record, const char *key);
bool record_is(const struct record *record, const char *key, const char *value);

/* "0:00:01.842". Caller frees. */
char *virtual_to_str(int64_t us);

#endif
