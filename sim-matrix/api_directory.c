/* Aliases and the directories of rooms and users. */
#include "lib/mem.h"

#include "sim-matrix/alias_query.h"
#include "sim-matrix/api.h"
#include "sim-matrix/appservice.h"
#include "sim-matrix/auth_rules.h"
#include "sim-matrix/content.h"
#include "sim-matrix/room_summary.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PUBLIC_ROOMS_MAX = 100, USERS_DEFAULT = 10, USERS_MAX = 500 };

/* ---- aliases ---- */

static void reply_alias(struct call *call, struct room *room)
{
	cJSON *servers, *json;

	if (room == NULL) {
		call_fail(call, FAIL_ALIAS_MISSING, call_param(call, "alias"));
		return;
	}
	servers = cJSON_CreateArray();
	cJSON_AddItemToArray(servers, cJSON_CreateString(call->sim->server_name));
	json = json_set_str(json_new(), "room_id", room->room_id);
	call_reply(call, 200, json_set(json, "servers", servers));
}

void api_alias_get(struct call *call)
{
	alias_query(call, call_param(call, "alias"), reply_alias);
}

/* May this caller change the alias at all? Answered if not. */
static bool alias_is_ours(struct call *call, const char *alias)
{
	const char *colon = strchr(alias, ':');

	if (alias[0] != '#' || colon == NULL) {
		call_fail(call, FAIL_ALIAS_SYNTAX, "Room alias is not valid.");
	} else if (strcmp(colon + 1, call->sim->server_name) != 0) {
		call_fail(call, FAIL_ALIAS_FOREIGN, NULL);
	} else if (call->as != NULL && !appservice_owns_alias(call->as, alias)) {
		call_fail(call, FAIL_ALIAS_NAMESPACE, NULL);
	} else if (call->as == NULL && alias_is_reserved(call->sim, alias)) {
		call_fail(call, FAIL_ALIAS_RESERVED, NULL);
	} else {
		return true;
	}
	return false;
}

void api_alias_put(struct call *call)
{
	const char *alias = call_param(call, "alias");
	const char *room_id;
	struct room *room;

	if (!alias_is_ours(call, alias) || !call_need_str(call, "room_id", &room_id)) {
		return;
	}
	room = room_find(call->sim, room_id);
	if (map_get(call->sim->aliases, alias) != NULL) {
		call_fail(call, FAIL_ALIAS_EXISTS, alias);
	} else if (room == NULL && call->sim->profile->strict) {
		call_fail_as(call, 400, "M_UNKNOWN", "Room does not exist");
	} else if (room == NULL) {
		call_fail(call, FAIL_ROOM_UNKNOWN, room_id);
	} else if (call->sim->profile->strict && call->as == NULL &&
	           !room_is_joined(room, call->user_id)) {
		call_fail_as(call, 403, "M_FORBIDDEN",
		        "You must be in the room to create an alias for it");
	} else {
		alias_set(call->sim, alias, room, call->user_id);
		call_reply_empty(call);
	}
}

void api_alias_delete(struct call *call)
{
	const char *alias = call_param(call, "alias");
	struct room *room = map_get(call->sim->aliases, alias);
	const char *creator;

	if (!alias_is_ours(call, alias)) {
		return;
	}
	if (room == NULL) {
		call_fail(call, FAIL_ALIAS_MISSING, alias);
		return;
	}
	creator = map_get(room->aliases, alias);
	if (!str_equal(creator, call->user_id) &&
	        power_of_user(room, call->user_id) <
	                power_for_event(room, "m.room.canonical_alias", true)) {
		call_fail(call, FAIL_ALIAS_REMOVE, NULL);
		return;
	}
	map_del(call->sim->aliases, alias);
	free(map_del(room->aliases, alias));
	call_reply_empty(call);
}

void api_room_aliases(struct call *call)
{
	const struct room *room = call_room(call);
	const char *alias;
	cJSON *list;

	if (room == NULL || !room_state_visible(room, call->user_id)) {
		call_fail(call, FAIL_MEMBERS_FORBIDDEN, NULL);
		return;
	}
	list = cJSON_CreateArray();
	for (size_t i = 0; map_next(room->aliases, &i, &alias, NULL);) {
		cJSON_AddItemToArray(list, cJSON_CreateString(alias));
	}
	call_reply(call, 200, json_set(json_new(), "aliases", list));
}

/* ---- rooms ---- */

void api_directory_get(struct call *call)
{
	const struct room *room = call_room(call);

	if (room == NULL) {
		call_fail(call, FAIL_DIRECTORY_ROOM, NULL);
	} else {
		call_reply(call, 200,
		        json_set_str(json_new(), "visibility",
		                room->is_public ? "public" : "private"));
	}
}

void api_directory_put(struct call *call)
{
	struct room *room = call_room(call);
	const char *visibility = json_str_or(call->body, "visibility", "public");

	if (room == NULL && call->sim->profile->strict) {
		call_fail_as(call, 400, "M_UNKNOWN", "Unknown room");
		return;
	}
	if (room == NULL) {
		call_fail(call, FAIL_DIRECTORY_ROOM, NULL);
		return;
	}
	if (call->sim->profile->strict && !room_is_joined(room, call->user_id)) {
		call_fail_as(call, 403, "M_FORBIDDEN",
		        "You must be in the room to change its listing");
		return;
	}
	if (!room_is_joined(room, call->user_id) ||
	        power_of_user(room, call->user_id) <
	                power_for_event(room, "m.room.canonical_alias", true)) {
		call_fail(call, FAIL_DIRECTORY_PUBLISH, NULL);
		return;
	}
	room->is_public = strcmp(visibility, "public") == 0;
	call_reply_empty(call);
}

static bool room_has_text(const struct room *room, const char *term)
{
	const char *texts[] = {room_state_text(room, "m.room.name", "name"),
	        room_state_text(room, "m.room.topic", "topic"),
	        room_state_text(room, "m.room.canonical_alias", "alias")};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (texts[i] != NULL && strcasestr(texts[i], term) != NULL) {
			return true;
		}
	}
	return false;
}

void api_public_rooms(struct call *call)
{
	const char *term = json_str(call->body, "filter.generic_search_term");
	int64_t limit = json_int(call->body, "limit", call_query_int(call, "limit", 0));
	cJSON *chunk, *json;
	int64_t total = 0;
	void *value;

	if (call->as == NULL && call->user_id == NULL) {
		call_fail(call, FAIL_MISSING_TOKEN, NULL);
		return;
	}
	limit = limit <= 0 || limit > PUBLIC_ROOMS_MAX ? PUBLIC_ROOMS_MAX : limit;
	chunk = cJSON_CreateArray();
	for (size_t i = 0; map_next(call->sim->rooms, &i, NULL, &value);) {
		const struct room *room = value;
		bool fits = term == NULL || room_has_text(room, term);
		total += room->is_public && !fits && call->sim->profile->strict ? 1 : 0;
		if (room->is_public && fits) {
			total++;
			if (total <= limit) {
				cJSON_AddItemToArray(chunk, room_summary(room));
			}
		}
	}
	json = json_set(json_new(), "chunk", chunk);
	call_reply(call, 200, json_set_int(json, "total_room_count_estimate", total));
}

/* ---- users ---- */

static bool share_a_room(
        const struct sim_matrix *sim, const char *a, const struct user *b)
{
	const char *room_id;

	for (size_t i = 0; map_next(b->rooms, &i, &room_id, NULL);) {
		const struct room *room = room_find(sim, room_id);
		bool is_public =
		        str_equal(room_state_text(room, "m.room.join_rules", "join_rule"),
		                "public");
		if (room_is_joined(room, b->user_id) &&
		        (is_public || room_is_joined(room, a))) {
			return true;
		}
	}
	return false;
}

void api_user_directory(struct call *call)
{
	const char *term = json_str_or(call->body, "search_term", "");
	int64_t limit = json_int(call->body, "limit", USERS_DEFAULT);
	cJSON *results = cJSON_CreateArray();
	bool limited = false;
	cJSON *json;
	void *value;

	limit = limit < 0 || limit > USERS_MAX ? USERS_MAX : limit;
	for (size_t i = 0; map_next(call->sim->users, &i, NULL, &value) && !limited;) {
		const struct user *user = value;
		bool named = strcasestr(user->user_id, term) != NULL ||
		             (user->displayname != NULL &&
		                     strcasestr(user->displayname, term) != NULL);
		if (!named || !share_a_room(call->sim, call->user_id, user)) {
			continue;
		}
		limited = cJSON_GetArraySize(results) >= limit;
		if (!limited) {
			json = json_set_str(json_new(), "user_id", user->user_id);
			json_set_str(json, "display_name", user->displayname);
			json_set_str(json, "avatar_url", user->avatar_url);
			if (call->sim->profile->strict && user->avatar_url == NULL) {
				json_set(json, "avatar_url", cJSON_CreateNull());
			}
			cJSON_AddItemToArray(results, json);
		}
	}
	json = json_set(json_new(), "results", results);
	call_reply(call, 200, json_set_bool(json, "limited", limited));
}
