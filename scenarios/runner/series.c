#include "scenarios/runner/story.h"

#include "lib/mem.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_SERIES = 10000 };

/* Splits "m{1..50}" into what is before, the numbers, and what is behind (borrowed). */
static bool series_split(const char *text, size_t *before, int64_t *first, int64_t *last,
        const char **behind)
{
	const char *open = strchr(text, '{');
	const char *dots = open == NULL ? NULL : strstr(open, "..");
	const char *close = dots == NULL ? NULL : strchr(dots, '}');

	if (close == NULL || strchr(close, '{') != NULL) {
		return false;
	}
	struct str from = {open + 1, (size_t)(dots - open - 1)};
	struct str to = {dots + 2, (size_t)(close - dots - 2)};
	*before = (size_t)(open - text);
	*behind = close + 1;
	return str_to_int64(from, 0, INT32_MAX, first) &&
	       str_to_int64(to, 0, INT32_MAX, last);
}

static cJSON *series_expand(const char *text, struct err *err)
{
	size_t before = 0;
	int64_t first = 0, last = 0;
	const char *behind = "";

	if (!series_split(text, &before, &first, &last, &behind)) {
		err_set(err, ERR_PERMANENT, 0, "a series of texts looks like m{1..50}");
		return NULL;
	}
	if (last < first || last - first >= MAX_SERIES) {
		err_set(err, ERR_PERMANENT, 0, "a series has from 1 to %d texts",
		        MAX_SERIES);
		return NULL;
	}
	cJSON *texts = cJSON_CreateArray();
	for (int64_t i = first; i <= last; i++) {
		autofree char *one =
		        xasprintf("%.*s%lld%s", (int)before, text, (long long)i, behind);
		cJSON_AddItemToArray(texts, cJSON_CreateString(one));
	}
	return texts;
}

static cJSON *list_copy(const cJSON *list, struct err *err)
{
	cJSON *texts = cJSON_CreateArray();
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		autofree char *number = NULL;
		if (cJSON_IsNumber(item)) {
			number = xasprintf("%lld", (long long)item->valuedouble);
		} else if (!cJSON_IsString(item)) {
			err_set(err, ERR_PERMANENT, 0,
			        "a list of texts holds texts only");
			cJSON_Delete(texts);
			return NULL;
		}
		cJSON_AddItemToArray(texts,
		        cJSON_CreateString(number == NULL ? item->valuestring : number));
	}
	if (cJSON_GetArraySize(texts) == 0) {
		err_set(err, ERR_PERMANENT, 0, "an empty list of texts asks for nothing");
		cJSON_Delete(texts);
		return NULL;
	}
	return texts;
}

cJSON *story_texts(const cJSON *texts, struct err *err)
{
	if (cJSON_IsString(texts)) {
		return series_expand(texts->valuestring, err);
	}
	if (cJSON_IsArray(texts)) {
		return list_copy(texts, err);
	}
	err_set(err, ERR_PERMANENT, 0, "texts are a series such as m{1..50}, or a list");
	return NULL;
}
