/* Rooms: making them, and who is in them. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/events.h"
#include "sim-matrix/room_make.h"

#include <stdlib.h>
#include <string.h>

bool room_state_visible(const struct room *room, const char *user_id)
{
	const struct event *event = room_state(room, "m.room.history_visibility", "");
	const char *visibility =
	        event != NULL ? content_str(event->content, "history_visibility") : NULL;

	if (room_is_joined(room, user_id) || str_equal(visibility, "world_readable")) {
		return true;
	}
	return str_equal(visibility, "invited") &&
	       str_equal(room_membership(room, user_id), "invite");
}

void api_create_room(struct call *call)
{
	struct room *room = NULL;
	struct fail fail;
	bool made = room_make(
	        call->sim, call_actor(call), call->as, call->body, NULL, &room, &fail);

	if (room != NULL) {
		str_replace(&call->room_id, room->room_id);
	}
	if (made) {
		call_reply(call, 200, json_set_str(json_new(), "room_id", room->room_id));
	} else {
		call_fail_with(call, &fail);
	}
}

/* ---- members ---- */

void api_joined_rooms(struct call *call)
{
	cJSON *list = cJSON_CreateArray();
	const char *room_id;
	void *value;

	/* From the rooms, so that an unregistered puppet's are found too. */
	for (size_t i = 0; map_next(call->sim->rooms, &i, &room_id, &value);) {
		if (room_is_joined(value, call->user_id)) {
			cJSON_AddItemToArray(list, cJSON_CreateString(room_id));
		}
	}
	call_reply(call, 200, json_set(json_new(), "joined_rooms", list));
}

/* The room, if its state is visible to the caller; else NULL and answered. */
static struct room *visible_room(struct call *call, enum fail_id otherwise)
{
	struct room *room = call_room(call);

	if (room == NULL || !room_state_visible(room, call->user_id)) {
		call_fail(call, otherwise, NULL);
		return NULL;
	}
	return room;
}

static void set_null_if_absent(cJSON *json, const char *key)
{
	if (content_get(json, key) == NULL) {
		json_set(json, key, cJSON_CreateNull());
	}
}

static cJSON *joined_member(
        struct call *call, const struct room *room, const char *user_id)
{
	const struct event *event = map_get(room->members, user_id);
	const struct user *user = user_find(call->sim, user_id);
	cJSON *json = json_new();

	if (call->sim->profile->members_by_event) {
		json_set_str(
		        json, "avatar_url", content_str(event->content, "avatar_url"));
		json_set_str(
		        json, "display_name", content_str(event->content, "displayname"));
	} else if (user != NULL) {
		json_set_str(json, "avatar_url", user->avatar_url);
		json_set_str(json, "display_name", user->displayname);
	}
	if (call->sim->profile->strict) {
		set_null_if_absent(json, "avatar_url");
		set_null_if_absent(json, "display_name");
	}
	return json;
}

void api_joined_members(struct call *call)
{
	const struct room *room = visible_room(call, FAIL_MEMBERS_FORBIDDEN);
	cJSON *joined;
	const char *user_id;

	if (room == NULL) {
		return;
	}
	joined = json_new();
	for (size_t i = 0; map_next(room->members, &i, &user_id, NULL);) {
		if (room_is_joined(room, user_id)) {
			json_set(joined, user_id, joined_member(call, room, user_id));
		}
	}
	call_reply(call, 200, json_set(json_new(), "joined", joined));
}

void api_members(struct call *call)
{
	const struct room *room = visible_room(call, FAIL_MEMBERS_FORBIDDEN);
	autofree char *wanted = call_query(call, "membership");
	autofree char *unwanted = call_query(call, "not_membership");
	cJSON *chunk;
	void *value;

	if (room == NULL) {
		return;
	}
	chunk = cJSON_CreateArray();
	for (size_t i = 0; map_next(room->members, &i, NULL, &value);) {
		const struct event *event = value;
		const char *now = content_str(event->content, "membership");
		if ((wanted == NULL || str_equal(now, wanted)) &&
		        (unwanted == NULL || !str_equal(now, unwanted))) {
			cJSON_AddItemToArray(
			        chunk, event_to_json(event, EVENT_STATE, call->user_id));
		}
	}
	call_reply(call, 200, json_set(json_new(), "chunk", chunk));
}

/* ---- upgrade ---- */

void api_room_upgrade(struct call *call)
{
	struct room *old = call_known_room(call);
	const char *wanted, *version;
	struct room *made;
	struct fail fail;

	if (old == NULL || !call_need_str(call, "new_version", &wanted)) {
		return;
	}
	version = room_version_known(wanted);
	if (version == NULL) {
		call_fail(call, FAIL_ROOM_VERSION, NULL);
		return;
	}
	made = room_upgrade(call->sim, call_actor(call), old, version, &fail);
	if (made == NULL) {
		call_fail_with(call, &fail);
		return;
	}
	call_reply(
	        call, 200, json_set_str(json_new(), "replacement_room", made->room_id));
}
