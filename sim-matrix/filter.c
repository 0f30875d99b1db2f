#include "sim-matrix/filter.h"

#include "sim-matrix/content.h"

#include <fnmatch.h>
#include <string.h>

/* wildcard: * stands for anything. */
static bool lists(const cJSON *list, const char *text, bool wildcard)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (cJSON_IsString(item) && text != NULL &&
		        (strcmp(item->valuestring, text) == 0 ||
		                (wildcard && strchr(item->valuestring, '*') != NULL &&
		                        fnmatch(item->valuestring, text, 0) == 0))) {
			return true;
		}
	}
	return false;
}

static bool within(const cJSON *filter, const char *in, const char *out, const char *text,
        bool wildcard)
{
	const cJSON *only = content_get(filter, in);

	return (!cJSON_IsArray(only) || lists(only, text, wildcard)) &&
	       !lists(content_get(filter, out), text, wildcard);
}

bool filter_allows(const cJSON *filter, const char *type, const char *sender)
{
	return within(filter, "types", "not_types", type, true) &&
	       (sender == NULL ||
	               within(filter, "senders", "not_senders", sender, false));
}

bool filter_allows_event(const cJSON *filter, const struct event *event)
{
	const cJSON *wants_url = content_get(filter, "contains_url");
	bool has_url = content_str(event->content, "url") != NULL;

	return filter_allows(filter, event->type, event->sender) &&
	       filter_allows_room(filter, event->room->room_id) &&
	       (!cJSON_IsBool(wants_url) || cJSON_IsTrue(wants_url) == has_url);
}

bool filter_allows_room(const cJSON *filter, const char *room_id)
{
	return within(filter, "rooms", "not_rooms", room_id, false);
}

int64_t filter_limit(const cJSON *filter, int64_t otherwise, int64_t max)
{
	int64_t limit = json_int(filter, "limit", otherwise);

	return limit < 1 ? 1 : (limit > max ? max : limit);
}

bool filter_is_lazy(const cJSON *filter)
{
	return cJSON_IsTrue(content_get(filter, "lazy_load_members")) != 0;
}

cJSON *filter_of(const struct user *user, const char *parameter)
{
	const cJSON *kept;

	if (parameter == NULL) {
		return NULL;
	}
	if (parameter[0] == '{') {
		return json_parse(str_from(parameter), NULL);
	}
	kept = user != NULL ? map_get(user->filters, parameter) : NULL;
	return kept != NULL ? content_copy(kept) : NULL;
}
