#include "sim-matrix/room_summary.h"

#include "sim-matrix/content.h"

#include <string.h>

const char *room_state_text(const struct room *room, const char *type, const char *key)
{
	const struct event *event = room_state(room, type, "");

	return event != NULL ? content_str(event->content, key) : NULL;
}

cJSON *room_summary(const struct room *room)
{
	cJSON *json = json_new();

	json_set_str(json, "room_id", room->room_id);
	json_set_str(json, "name", room_state_text(room, "m.room.name", "name"));
	json_set_str(json, "topic", room_state_text(room, "m.room.topic", "topic"));
	json_set_str(json, "avatar_url", room_state_text(room, "m.room.avatar", "url"));
	json_set_str(json, "canonical_alias",
	        room_state_text(room, "m.room.canonical_alias", "alias"));
	json_set_str(json, "join_rule",
	        room_state_text(room, "m.room.join_rules", "join_rule"));
	json_set_str(json, "room_type", room_state_text(room, "m.room.create", "type"));
	json_set_int(json, "num_joined_members", (int64_t)room->joined);
	json_set_bool(json, "guest_can_join",
	        str_equal(room_state_text(room, "m.room.guest_access", "guest_access"),
	                "can_join"));
	json_set_bool(json, "world_readable",
	        str_equal(room_state_text(room, "m.room.history_visibility",
	                          "history_visibility"),
	                "world_readable"));
	return json;
}

bool room_summary_visible(const struct room *room, const char *user_id)
{
	const char *membership = room_membership(room, user_id);
	const char *rule = room_state_text(room, "m.room.join_rules", "join_rule");

	return str_equal(membership, "join") || str_equal(membership, "invite") ||
	       str_equal(rule, "public") || str_equal(rule, "knock") ||
	       str_equal(rule, "knock_restricted") ||
	       str_equal(room_state_text(
	                         room, "m.room.history_visibility", "history_visibility"),
	               "world_readable");
}
