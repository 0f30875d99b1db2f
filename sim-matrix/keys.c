#include "sim-matrix/keys.h"

#include "sim-matrix/content.h"

#include <string.h>

void keys_changed(struct sim_matrix *sim, struct user *user)
{
	user->keys_count = ++sim->count;
	timer_start(&sim->sync_timer, 0);
}

void device_keys_finish(struct device *device)
{
	cJSON_Delete(device->keys);
	cJSON_Delete(device->one_time_keys);
	cJSON_Delete(device->fallback_keys);
}

cJSON *keys_one_time_counts(const struct device *device)
{
	cJSON *counts = json_new();
	const cJSON *key;

	cJSON_ArrayForEach(key, device->one_time_keys)
	{
		char algorithm[64] = "";
		size_t length = strcspn(key->string, ":");
		if (length < sizeof(algorithm)) {
			memcpy(algorithm, key->string, length);
			json_set_int(
			        counts, algorithm, json_int(counts, algorithm, 0) + 1);
		}
	}
	return counts;
}

cJSON *keys_unused_fallbacks(const struct device *device)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *key;

	cJSON_ArrayForEach(key, device->fallback_keys)
	{
		if (!cJSON_IsTrue(content_get(key, "used"))) {
			cJSON_AddItemToArray(list, cJSON_CreateString(key->string));
		}
	}
	return list;
}

/* ---- who hears of whom ---- */

static bool share_room(const struct sim_matrix *sim, const struct user *a, const char *b)
{
	const char *room_id;

	for (size_t i = 0; map_next(a->rooms, &i, &room_id, NULL);) {
		const struct room *room = room_find(sim, room_id);
		if (room_is_joined(room, a->user_id) && room_is_joined(room, b)) {
			return true;
		}
	}
	return false;
}

static bool is_within(uint64_t count, uint64_t since, uint64_t to)
{
	return count > since && count <= to;
}

static void add_unique(cJSON *set, const char *user_id)
{
	json_set_bool(set, user_id, true);
}

/* Members of one room that came to share it with the viewer, or ceased to. */
static void room_changes(const struct room *room, const struct user *viewer,
        uint64_t since, uint64_t to, cJSON *changed, cJSON *left)
{
	const struct event *own = map_get(room->members, viewer->user_id);
	bool own_moved = own != NULL && is_within(own->count, since, to);
	bool inside = room_is_joined(room, viewer->user_id);
	const char *user_id;
	void *value;

	if (room_state(room, "m.room.encryption", "") == NULL) {
		return;
	}
	for (size_t i = 0; map_next(room->members, &i, &user_id, &value);) {
		const struct event *member = value;
		if (strcmp(user_id, viewer->user_id) == 0 ||
		        (!own_moved && !is_within(member->count, since, to))) {
			continue;
		}
		if (inside && room_is_joined(room, user_id)) {
			add_unique(changed, user_id);
		} else if (!share_room(room->sim, viewer, user_id)) {
			add_unique(left, user_id);
		}
	}
}

/* The names of an object's members as an array. Takes set. */
static cJSON *names_of(cJSON *set)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *item;

	cJSON_ArrayForEach(item, set)
	{
		cJSON_AddItemToArray(list, cJSON_CreateString(item->string));
	}
	cJSON_Delete(set);
	return list;
}

cJSON *keys_device_lists(const struct sim_matrix *sim, const struct user *viewer,
        uint64_t since, uint64_t to)
{
	cJSON *changed = json_new();
	cJSON *left = json_new();
	const char *room_id;
	void *value;
	cJSON *json;

	for (size_t i = 0; since != 0 && map_next(sim->users, &i, NULL, &value);) {
		const struct user *user = value;
		if (is_within(user->keys_count, since, to) &&
		        (user == viewer || share_room(sim, viewer, user->user_id))) {
			add_unique(changed, user->user_id);
		}
	}
	for (size_t i = 0; since != 0 && map_next(viewer->rooms, &i, &room_id, NULL);) {
		room_changes(room_find(sim, room_id), viewer, since, to, changed, left);
	}
	json = json_set(json_new(), "changed", names_of(changed));
	return json_set(json, "left", names_of(left));
}
