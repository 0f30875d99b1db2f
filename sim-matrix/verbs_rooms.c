#include "sim-matrix/verbs.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"
#include "sim-matrix/people.h"
#include "sim-matrix/room_make.h"

#include <stdlib.h>
#include <string.h>

static struct actor actor_of(const struct user *user)
{
	return (struct actor){user->user_id, false};
}

/* ---- making rooms ---- */

static bool label_is_free(struct sim_matrix *sim, const char *label, struct err *err)
{
	void *value;

	for (size_t i = 0; label != NULL && map_next(sim->rooms, &i, NULL, &value);) {
		const struct room *room = value;
		if (str_equal(room->label, label)) {
			return err_set(err, ERR_PERMANENT, 0,
			        "there is a room %s already", label);
		}
	}
	return true;
}

/* Takes body. */
static bool make_room(struct sim_matrix *sim, const struct user *user, const char *label,
        cJSON *body, cJSON **result, struct err *err)
{
	struct room *room = NULL;
	struct fail fail;
	bool made = label_is_free(sim, label, err);

	if (made && !room_make(sim, actor_of(user), NULL, body, label, &room, &fail)) {
		made = verb_refused(sim, &fail, err);
	}
	cJSON_Delete(body);
	if (made) {
		*result = json_set_str(json_new(), "room_id", room->room_id);
	}
	return made;
}

static cJSON *full_ids(const struct sim_matrix *sim, const cJSON *names)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *name;

	cJSON_ArrayForEach(name, names)
	{
		if (cJSON_IsString(name)) {
			autofree char *user_id = people_user_id(sim, name->valuestring);
			cJSON_AddItemToArray(list, cJSON_CreateString(user_id));
		}
	}
	return list;
}

static cJSON *encryption_state(void)
{
	cJSON *content = json_set_str(json_new(), "algorithm", "m.megolm.v1.aes-sha2");
	cJSON *event = json_set_str(json_new(), "type", "m.room.encryption");
	cJSON *list = cJSON_CreateArray();

	cJSON_AddItemToArray(list, json_set(event, "content", content));
	return list;
}

bool verb_create_room(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	bool is_public = json_bool(args, "public", false);
	struct user *user;
	cJSON *body;

	if (!verb_actor(sim, args, &user, err)) {
		return false;
	}
	body = json_new();
	json_set_str(body, "name", json_str(args, "name"));
	json_set_str(body, "topic", json_str(args, "topic"));
	json_set_str(body, "room_alias_name", json_str(args, "alias"));
	json_set_str(body, "visibility", is_public ? "public" : "private");
	json_set_bool(body, "is_direct", json_bool(args, "direct", false));
	json_set(body, "invite", full_ids(sim, json_arr(args, "invite")));
	json_set_str(body, "room_version", json_str(args, "version"));
	if (json_bool(args, "space", false)) {
		json_set(body, "creation_content",
		        json_set_str(json_new(), "type", "m.space"));
	}
	if (json_bool(args, "encrypted", false)) {
		json_set(body, "initial_state", encryption_state());
	}
	return make_room(sim, user, json_str(args, "room"), body, result, err);
}

/* Clients remember whom a direct chat is with. */
static void remember_direct(
        struct sim_matrix *sim, struct user *user, const char *with, const char *room_id)
{
	const cJSON *old = account_data_get(user, NULL, "m.direct");
	cJSON *content = old != NULL ? content_copy(old) : json_new();
	cJSON *rooms = cJSON_GetObjectItemCaseSensitive(content, with);

	if (!cJSON_IsArray(rooms)) {
		rooms = cJSON_CreateArray();
		json_set(content, with, rooms);
	}
	cJSON_AddItemToArray(rooms, cJSON_CreateString(room_id));
	account_data_set(sim, user, NULL, "m.direct", content);
}

bool verb_dm(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	autofree char *with = people_user_id(sim, json_str(args, "with"));
	struct user *user;
	cJSON *body, *invite;

	if (!verb_actor(sim, args, &user, err)) {
		return false;
	}
	invite = cJSON_CreateArray();
	cJSON_AddItemToArray(invite, cJSON_CreateString(with));
	body = json_set_bool(json_new(), "is_direct", true);
	json_set_str(body, "preset", "trusted_private_chat");
	json_set(body, "invite", invite);
	if (!make_room(sim, user, json_str(args, "room"), body, result, err)) {
		return false;
	}
	remember_direct(sim, user, with, json_str(*result, "room_id"));
	return true;
}

/* ---- members ---- */

static bool join(struct sim_matrix *sim, struct room *room, const cJSON *args,
        const struct user *user, struct fail *fail)
{
	return members_join(sim, room, actor_of(user), json_str(args, "reason"), fail);
}

static bool leave(struct sim_matrix *sim, struct room *room, const cJSON *args,
        const struct user *user, struct fail *fail)
{
	return members_leave(sim, room, actor_of(user), json_str(args, "reason"), fail);
}

static bool invite_other(struct sim_matrix *sim, struct room *room, const cJSON *args,
        const struct user *user, struct fail *fail)
{
	autofree char *whom = people_user_id(sim, json_str(args, "user"));

	return members_invite(
	        sim, room, actor_of(user), whom, json_str(args, "reason"), false, fail);
}

static bool kick(struct sim_matrix *sim, struct room *room, const cJSON *args,
        const struct user *user, struct fail *fail)
{
	autofree char *whom = people_user_id(sim, json_str(args, "user"));

	return members_kick(
	        sim, room, actor_of(user), whom, json_str(args, "reason"), fail);
}

static bool ban(struct sim_matrix *sim, struct room *room, const cJSON *args,
        const struct user *user, struct fail *fail)
{
	autofree char *whom = people_user_id(sim, json_str(args, "user"));

	return members_ban(
	        sim, room, actor_of(user), whom, json_str(args, "reason"), fail);
}

static bool unban(struct sim_matrix *sim, struct room *room, const cJSON *args,
        const struct user *user, struct fail *fail)
{
	autofree char *whom = people_user_id(sim, json_str(args, "user"));

	return members_unban(
	        sim, room, actor_of(user), whom, json_str(args, "reason"), fail);
}

static bool knock(struct sim_matrix *sim, struct room *room, const cJSON *args,
        const struct user *user, struct fail *fail)
{
	return members_knock(sim, room, actor_of(user), json_str(args, "reason"), fail);
}

typedef bool act_fn(struct sim_matrix *sim, struct room *room, const cJSON *args,
        const struct user *user, struct fail *fail);

static bool act(struct sim_matrix *sim, const cJSON *args, act_fn *fn, struct err *err)
{
	struct user *user;
	struct room *room;
	struct fail fail;

	if (!verb_actor(sim, args, &user, err) ||
	        !verb_room(sim, args, user, &room, err)) {
		return false;
	}
	return fn(sim, room, args, user, &fail) || verb_refused(sim, &fail, err);
}

bool verb_join(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)result;
	return act(sim, args, join, err);
}

bool verb_leave(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)result;
	return act(sim, args, leave, err);
}

bool verb_invite(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)result;
	return act(sim, args, invite_other, err);
}

bool verb_kick(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)result;
	return act(sim, args, kick, err);
}

bool verb_ban(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)result;
	return act(sim, args, ban, err);
}

bool verb_unban(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)result;
	return act(sim, args, unban, err);
}

bool verb_knock(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)result;
	return act(sim, args, knock, err);
}

bool verb_accept(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	struct room *only = NULL;
	struct user *user;
	struct fail fail;
	cJSON *joined;
	const char *room_id;

	if (!verb_actor(sim, args, &user, err) ||
	        (json_str(args, "room") != NULL &&
	                !verb_room(sim, args, user, &only, err))) {
		return false;
	}
	joined = cJSON_CreateArray();
	for (size_t i = 0; map_next(user->rooms, &i, &room_id, NULL);) {
		struct room *room = room_find(sim, room_id);
		if ((only == NULL || only == room) &&
		        str_equal(room_membership(room, user->user_id), "invite") &&
		        members_join(sim, room, actor_of(user), NULL, &fail)) {
			cJSON_AddItemToArray(joined, cJSON_CreateString(room_id));
		}
	}
	if (only != NULL && cJSON_GetArraySize(joined) == 0) {
		cJSON_Delete(joined);
		return err_set(err, ERR_PERMANENT, 0, "%s has no invite to %s",
		        user->localpart, room_short_name(only));
	}
	*result = json_set(json_new(), "joined", joined);
	return true;
}

/* ---- state ---- */

bool verb_set_state(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	struct user *user;
	struct room *room;
	struct event *event;

	if (!verb_actor(sim, args, &user, err) ||
	        !verb_room(sim, args, user, &room, err) ||
	        !verb_send(sim, room, user, json_str(args, "type"),
	                json_str_or(args, "key", ""),
	                content_copy(json_obj(args, "content")), &event, err)) {
		return false;
	}
	*result = json_set_str(json_new(), "event_id", event->event_id);
	return true;
}

bool verb_power(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	autofree char *whom = people_user_id(sim, json_str(args, "user"));
	const struct event *levels;
	cJSON *content, *users;
	struct user *user;
	struct room *room;

	(void)result;
	if (!verb_actor(sim, args, &user, err) ||
	        !verb_room(sim, args, user, &room, err)) {
		return false;
	}
	levels = room_state(room, "m.room.power_levels", "");
	content = levels != NULL ? content_copy(levels->content) : json_new();
	users = cJSON_GetObjectItemCaseSensitive(content, "users");
	if (!cJSON_IsObject(users)) {
		users = json_new();
		json_set(content, "users", users);
	}
	json_set_int(users, whom, json_int(args, "level", 0));
	return verb_send(sim, room, user, "m.room.power_levels", "", content, NULL, err);
}
