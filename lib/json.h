/* json: reading and writing JSON over cJSON, with limits for what comes from outside.
 *
 * Numbers are doubles, as in cJSON: whole numbers are exact up to 2^53. Paths are object
 * keys joined by dots ("event.user"). */
#ifndef LIB_JSON_H
#define LIB_JSON_H

#include "lib/err.h"
#include "lib/str.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	JSON_MAX_BYTES = 16 * 1024 * 1024,
	JSON_MAX_DEPTH = 64,
};

/* The whole text must be one JSON value of at most JSON_MAX_BYTES and JSON_MAX_DEPTH, in
 * valid UTF-8. NULL and *err (permanent, with the offset) otherwise. Caller
 * cJSON_Delete()s. */
cJSON *json_parse(struct str text, struct err *err);

/* The same, but an escape that is half of a pair (\ud800 without the other half) stands
 * for U+FFFD: some servers cut texts in the middle of a character. */
cJSON *json_parse_mended(struct str text, struct err *err);

struct buf;
/* Text as a JSON string, quotes and all. */
void json_print_text(struct buf *out, struct str text);
/* Compact text. Caller frees. */
char *json_print(const cJSON *value);
/* Keys sorted, compact: equal values give equal text. Caller frees. */
char *json_print_sorted(const cJSON *value);

/* Getters never fail loudly: absent, or of another type, gives NULL or the default.
 * obj may be NULL. Returned text is borrowed from obj. */
const cJSON *json_get(const cJSON *obj, const char *path);
const char *json_str(const cJSON *obj, const char *path);
const char *json_str_or(const cJSON *obj, const char *path, const char *otherwise);
int64_t json_int(const cJSON *obj, const char *path, int64_t otherwise);
bool json_bool(const cJSON *obj, const char *path, bool otherwise);
const cJSON *json_arr(const cJSON *obj, const char *path);
const cJSON *json_obj(const cJSON *obj, const char *path);

/* As json_str, but absence is an error (permanent) that names the path. */
bool json_need_str(const cJSON *obj, const char *path, const char **out, struct err *err);

/* Setters return the object, for chaining; a NULL text sets nothing. Names are one key,
 * not a path; an existing key is replaced. */
cJSON *json_new(void);
cJSON *json_set_str(cJSON *obj, const char *name, const char *text);
cJSON *json_set_int(cJSON *obj, const char *name, int64_t number);
cJSON *json_set_bool(cJSON *obj, const char *name, bool value);
cJSON *json_set(cJSON *obj, const char *name, cJSON *value); /* takes value */
/* Another object as a member, not copied: it must outlive obj. NULL sets nothing. */
cJSON *json_lend(cJSON *obj, const char *name, const cJSON *object);

/* Deletes *value at the end of its scope. */
#define autojson __attribute__((cleanup(json_autodelete)))
void json_autodelete(cJSON **value);

#endif
