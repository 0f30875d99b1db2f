#include "sim-matrix/content.h"

#include <stdlib.h>

const cJSON *content_get(const cJSON *obj, const char *key)
{
	return cJSON_IsObject(obj) ? cJSON_GetObjectItemCaseSensitive(obj, key) : NULL;
}

const char *content_str(const cJSON *obj, const char *key)
{
	const cJSON *value = content_get(obj, key);

	return cJSON_IsString(value) ? value->valuestring : NULL;
}

const cJSON *content_obj(const cJSON *obj, const char *key)
{
	const cJSON *value = content_get(obj, key);

	return cJSON_IsObject(value) ? value : NULL;
}

static const cJSON *relates_to(const cJSON *content)
{
	return content_obj(content, "m.relates_to");
}

const char *relation_type(const cJSON *content)
{
	return content_str(relates_to(content), "rel_type");
}

const char *relation_target(const cJSON *content)
{
	return content_str(relates_to(content), "event_id");
}

const char *relation_key(const cJSON *content)
{
	return content_str(relates_to(content), "key");
}

const char *relation_reply(const cJSON *content)
{
	return content_str(content_obj(relates_to(content), "m.in_reply_to"), "event_id");
}

cJSON *content_copy(const cJSON *value)
{
	cJSON *copy = cJSON_Duplicate(value, true);

	if (copy == NULL) {
		abort();
	}
	return copy;
}

cJSON *content_share(const cJSON *value)
{
	cJSON *shared = cJSON_IsArray(value) ? cJSON_CreateArrayReference(value->child)
	                                     : cJSON_CreateObjectReference(value->child);

	if (shared == NULL) {
		abort();
	}
	return shared;
}
