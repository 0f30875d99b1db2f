#include "scenarios/runner/result.h"

#include "lib/mem.h"

#include <string.h>

static void put_texts(cJSON *json, const char *key, char *const *texts, size_t count)
{
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < count; i++) {
		cJSON_AddItemToArray(list, cJSON_CreateString(texts[i]));
	}
	json_set(json, key, list);
}

static void take_texts(const cJSON *json, const char *key, char ***texts, size_t *count)
{
	const cJSON *list = json_arr(json, key), *item;

	*texts = xcalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(char *));
	cJSON_ArrayForEach(item, list)
	{
		if (cJSON_IsString(item)) {
			(*texts)[(*count)++] = xstrdup(item->valuestring);
		}
	}
}

cJSON *result_to_json(const struct story *story, const struct engine_result *result)
{
	cJSON *json = json_set_str(json_new(), "story", story->id);

	json_set_str(json, "path", story->path);
	json_set_str(json, "title", story->title);
	json_set_str(json, "verdict", verdict_to_str(result->verdict));
	json_set_str(json, "failure", result->failure);
	json_set_int(json, "virtual_ms", result->virtual_ms);
	json_set_int(json, "real_ms", result->real_ms);
	json_set_int(json, "durable_calls", result->durable_calls);
	json_set_str(json, "timeline", result->timeline_sha);
	put_texts(json, "requirements", result->requirements, result->requirement_count);
	put_texts(json, "marks", result->marks, result->mark_count);
	return json;
}

static bool verdict_from_str(const char *text, enum verdict *out)
{
	for (int verdict = VERDICT_PASS; verdict <= VERDICT_SKIP; verdict++) {
		if (strcmp(verdict_to_str((enum verdict)verdict), text) == 0) {
			*out = (enum verdict)verdict;
			return true;
		}
	}
	return false;
}

bool result_from_json(const cJSON *json, struct engine_result *out)
{
	*out = (struct engine_result){0};
	if (!verdict_from_str(json_str_or(json, "verdict", ""), &out->verdict)) {
		return false;
	}
	out->failure = xstrdup_null(json_str(json, "failure"));
	out->virtual_ms = json_int(json, "virtual_ms", 0);
	out->real_ms = json_int(json, "real_ms", 0);
	out->durable_calls = (long)json_int(json, "durable_calls", 0);
	out->timeline_sha = xstrdup_null(json_str(json, "timeline"));
	take_texts(json, "requirements", &out->requirements, &out->requirement_count);
	take_texts(json, "marks", &out->marks, &out->mark_count);
	return true;
}
