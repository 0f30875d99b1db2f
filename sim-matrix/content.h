/* content: reading event content by exact key. Matrix keys hold dots ("m.relates_to"),
 * which lib/json takes for paths. NULL objects give NULL. */
#ifndef SIM_MATRIX_CONTENT_H
#define SIM_MATRIX_CONTENT_H

#include "lib/json.h"

const cJSON *content_get(const cJSON *obj, const char *key);
const char *content_str(const cJSON *obj, const char *key);
const cJSON *content_obj(const cJSON *obj, const char *key);

/* m.relates_to of an event's content, and its parts; NULL if absent. */
const char *relation_type(const cJSON *content);   /* rel_type */
const char *relation_target(const cJSON *content); /* event_id */
const char *relation_key(const cJSON *content);    /* key, of annotations */
const char *relation_reply(const cJSON *content);  /* m.in_reply_to */

/* A copy; never NULL. */
cJSON *content_copy(const cJSON *value);
/* An object or array that shares the children of `value`; deleting it leaves them alone.
 */
cJSON *content_share(const cJSON *value);

#endif
