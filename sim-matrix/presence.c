#include "sim-matrix/presence.h"

#include "sim-matrix/content.h"

#include <string.h>

void presence_set(struct sim_matrix *sim, struct user *user, const char *presence,
        const char *status_msg)
{
	cJSON *json = json_set_str(json_new(), "presence", presence);

	json_set_str(json, "status_msg", status_msg);
	if (user->presence != NULL && cJSON_Compare(user->presence, json, true)) {
		cJSON_Delete(json);
		return;
	}
	cJSON_Delete(user->presence);
	user->presence = json;
	user->presence_count = ++sim->count;
	timer_start(&sim->sync_timer, 0);
}

static bool sees(
        const struct sim_matrix *sim, const struct user *viewer, const struct user *user)
{
	const char *room_id;

	for (size_t i = 0; map_next(viewer->rooms, &i, &room_id, NULL);) {
		const struct room *room = room_find(sim, room_id);
		if (room_is_joined(room, viewer->user_id) &&
		        room_is_joined(room, user->user_id)) {
			return true;
		}
	}
	return viewer == user;
}

cJSON *presence_since(
        const struct sim_matrix *sim, const struct user *viewer, uint64_t since)
{
	cJSON *list = cJSON_CreateArray();
	void *value;

	for (size_t i = 0; map_next(sim->users, &i, NULL, &value);) {
		const struct user *user = value;
		cJSON *event, *content;
		if (user->presence_count <= since || !sees(sim, viewer, user)) {
			continue;
		}
		content = content_copy(user->presence);
		json_set_bool(content, "currently_active",
		        str_equal(content_str(content, "presence"), "online"));
		event = json_set_str(json_new(), "type", "m.presence");
		json_set_str(event, "sender", user->user_id);
		cJSON_AddItemToArray(list, json_set(event, "content", content));
	}
	return list;
}
