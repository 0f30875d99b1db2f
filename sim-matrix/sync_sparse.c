/* /sync in the shape that Synapse gives it. */
#include "sim-matrix/content.h"
#include "sim-matrix/filter.h"
#include "sim-matrix/push_rules.h"
#include "sim-matrix/sync.h"

static bool is_empty(const cJSON *item)
{
	const cJSON *events = content_get(item, "events");

	return events != NULL ? events->child == NULL : item->child == NULL;
}

static void drop_if_empty(cJSON *json, const char *key)
{
	const cJSON *item = content_get(json, key);

	if (item != NULL && is_empty(item)) {
		cJSON_DeleteItemFromObjectCaseSensitive(json, key);
	}
}

static void sparse_rooms(const struct sync_query *query, cJSON *rooms)
{
	bool lazy =
	        filter_is_lazy(content_obj(content_obj(query->filter, "room"), "state"));
	cJSON *room;

	cJSON_ArrayForEach(room, cJSON_GetObjectItemCaseSensitive(rooms, "join"))
	{
		/* Heroes and counts are for those who load members lazily. */
		cJSON *summary = cJSON_GetObjectItemCaseSensitive(room, "summary");
		const struct room *known = room_find(query->sim, room->string);
		if (!lazy || summary == NULL) {
			json_set(room, "summary", json_new());
		} else if (known != NULL &&
		           room_state(known, "m.room.name", "") != NULL) {
			cJSON_DeleteItemFromObjectCaseSensitive(summary, "m.heroes");
		}
	}
	drop_if_empty(rooms, "join");
	drop_if_empty(rooms, "invite");
	drop_if_empty(rooms, "leave");
	drop_if_empty(rooms, "knock");
}

/* A first sync tells the push rules, whether or not they were ever changed. */
static void add_push_rules(const struct sync_query *query, cJSON *json)
{
	const cJSON *filter = content_obj(query->filter, "account_data");
	const cJSON *known = account_data_get(query->user, NULL, "m.push_rules");
	cJSON *events = cJSON_GetObjectItemCaseSensitive(
	        cJSON_GetObjectItemCaseSensitive(json, "account_data"), "events");
	cJSON *event;

	if ((query->since != 0 && !query->full_state) || known != NULL ||
	        events == NULL || !filter_allows(filter, "m.push_rules", NULL)) {
		return;
	}
	event = json_set_str(json_new(), "type", "m.push_rules");
	json_set(event, "content",
	        json_set(json_new(), "global", push_rules_of(query->user)));
	cJSON_AddItemToArray(events, event);
}

void sync_make_sparse(const struct sync_query *query, cJSON *json)
{
	cJSON *lists = cJSON_GetObjectItemCaseSensitive(json, "device_lists");
	cJSON *counts =
	        cJSON_GetObjectItemCaseSensitive(json, "device_one_time_keys_count");

	add_push_rules(query, json);
	sparse_rooms(query, cJSON_GetObjectItemCaseSensitive(json, "rooms"));
	drop_if_empty(json, "rooms");
	drop_if_empty(json, "account_data");
	drop_if_empty(json, "to_device");
	drop_if_empty(json, "presence");
	if (lists != NULL) {
		drop_if_empty(lists, "changed");
		drop_if_empty(lists, "left");
		drop_if_empty(json, "device_lists");
	}
	if (query->device != NULL && content_get(counts, "signed_curve25519") == NULL) {
		json_set_int(counts, "signed_curve25519", 0);
	}
	if (content_get(json, "device_unused_fallback_key_types") == NULL) {
		json_set(json, "device_unused_fallback_key_types", cJSON_CreateArray());
	}
}
