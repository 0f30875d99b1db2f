#include "sim-matrix/members.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"
#include "sim-matrix/events.h"

#include <stdlib.h>
#include <string.h>

cJSON *member_content(
        const struct sim_matrix *sim, const char *user_id, const char *membership)
{
	const struct user *user = user_find(sim, user_id);
	cJSON *content = json_new();

	if (user != NULL) {
		json_set_str(content, "avatar_url", user->avatar_url);
		json_set_str(content, "displayname", user->displayname);
	}
	json_set_str(content, "membership", membership);
	return content;
}

/* Takes content. */
static bool send_member(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *target, cJSON *content, struct fail *fail)
{
	struct proposal proposal = {
	        .type = "m.room.member",
	        .sender = actor.user_id,
	        .state_key = target,
	        .content = content,
	        .by_as = actor.by_as,
	};
	bool sent = event_send(sim, room, &proposal, NULL, fail);

	cJSON_Delete(content);
	return sent;
}

/* ---- joining ---- */

static bool guests_may_join(const struct room *room)
{
	const struct event *access = room_state(room, "m.room.guest_access", "");

	return access != NULL &&
	       str_equal(content_str(access->content, "guest_access"), "can_join");
}

static bool in_an_allowed_room(
        const struct sim_matrix *sim, const cJSON *allow, const char *user_id)
{
	const cJSON *rule;

	cJSON_ArrayForEach(rule, allow)
	{
		const struct room *other = room_find(sim, content_str(rule, "room_id"));
		if (str_equal(content_str(rule, "type"), "m.room_membership") &&
		        other != NULL && room_is_joined(other, user_id)) {
			return true;
		}
	}
	return false;
}

/* For a restricted room: a local member who may invite and so vouches for the join. */
static const char *voucher(
        const struct sim_matrix *sim, const struct room *room, const char *user_id)
{
	const struct event *rules = room_state(room, "m.room.join_rules", "");
	const char *member_id;

	if (rules == NULL || str_equal(room_membership(room, user_id), "invite") ||
	        !in_an_allowed_room(sim, content_get(rules->content, "allow"), user_id)) {
		return NULL;
	}
	for (size_t i = 0; map_next(room->members, &i, &member_id, NULL);) {
		if (room_is_joined(room, member_id) && user_is_local(sim, member_id) &&
		        power_of_user(room, member_id) >=
		                power_for_action(room, "invite")) {
			return member_id;
		}
	}
	return NULL;
}

bool members_join(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *reason, struct fail *fail)
{
	const struct user *user = user_find(sim, actor.user_id);
	cJSON *content;

	if (user != NULL && user->made_by != NULL && !actor.by_as &&
	        sim->profile->as_users_look_deactivated && !guests_may_join(room)) {
		return fail_set(fail, FAIL_GUEST_JOIN, NULL);
	}
	if (room_is_joined(room, actor.user_id)) {
		return true;
	}
	if (str_equal(room_membership(room, actor.user_id), "ban")) {
		return fail_set(fail, FAIL_BANNED, NULL);
	}
	content = member_content(sim, actor.user_id, "join");
	json_set_str(content, "reason", reason);
	json_set_str(content, "join_authorised_via_users_server",
	        voucher(sim, room, actor.user_id));
	return send_member(sim, room, actor, actor.user_id, content, fail);
}

/* ---- inviting ---- */

static bool is_ignored_by(const struct user *who, const char *whom)
{
	const cJSON *data =
	        who != NULL ? account_data_get(who, NULL, "m.ignored_user_list") : NULL;

	return content_get(content_obj(data, "ignored_users"), whom) != NULL;
}

bool members_invite(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *user_id, const char *reason, bool is_direct, struct fail *fail)
{
	cJSON *content;

	if (is_ignored_by(user_find(sim, actor.user_id), user_id)) {
		return true; /* silently */
	}
	if (str_equal(room_membership(room, user_id), "ban")) {
		return fail_set(fail, FAIL_INVITE_BANNED, NULL);
	}
	if (is_ignored_by(user_find(sim, user_id), actor.user_id)) {
		return true;
	}
	if (!user_is_local(sim, user_id)) {
		return fail_set(fail, FAIL_INVITE_REMOTE, NULL);
	}
	if (!room_is_joined(room, actor.user_id)) {
		return fail_set(fail, FAIL_INVITER_NOT_JOINED, NULL);
	}
	if (room_is_joined(room, user_id)) {
		return fail_set(fail, FAIL_INVITE_JOINED, user_id);
	}
	content = member_content(sim, user_id, "invite");
	if (is_direct || !sim->profile->strict) {
		json_set_bool(content, "is_direct", is_direct);
	}
	json_set_str(content, "reason", reason);
	return send_member(sim, room, actor, user_id, content, fail);
}

/* ---- going ---- */

/* The member event of now with another membership. Caller deletes. */
static cJSON *changed_content(const struct sim_matrix *sim, const struct room *room,
        const char *user_id, const char *membership, const char *reason)
{
	static const char *const dropped[] = {"join_authorised_via_users_server",
	        "third_party_invite", "is_direct", "reason"};
	const struct event *now = map_get(room->members, user_id);
	cJSON *content = now != NULL && !sim->profile->strict ? content_copy(now->content)
	                                                      : json_new();

	for (size_t i = 0; i < sizeof(dropped) / sizeof(dropped[0]); i++) {
		cJSON_DeleteItemFromObjectCaseSensitive(content, dropped[i]);
	}
	json_set_str(content, "membership", membership);
	json_set_str(content, "reason", reason);
	return content;
}

bool members_leave(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *reason, struct fail *fail)
{
	if (room_membership(room, actor.user_id) == NULL) {
		return true;
	}
	return send_member(sim, room, actor, actor.user_id,
	        changed_content(sim, room, actor.user_id, "leave", reason), fail);
}

bool members_kick(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *user_id, const char *reason, struct fail *fail)
{
	const char *now = room_membership(room, user_id);

	if (now == NULL) {
		return !sim->profile->strict ||
		       fail_set(fail, FAIL_KICK_ABSENT,
		               "leave"); /* conduwuit says nothing */
	}
	if (strcmp(now, "leave") == 0 || strcmp(now, "ban") == 0) {
		return fail_set(fail, FAIL_KICK_ABSENT, now);
	}
	return send_member(sim, room, actor, user_id,
	        changed_content(sim, room, user_id, "leave", reason), fail);
}

bool members_ban(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *user_id, const char *reason, struct fail *fail)
{
	cJSON *content;

	if (strcmp(actor.user_id, user_id) == 0) {
		return fail_set(fail, FAIL_BAN_SELF, NULL);
	}
	content = changed_content(sim, room, user_id, "ban", reason);
	cJSON_DeleteItemFromObjectCaseSensitive(content, "displayname");
	cJSON_DeleteItemFromObjectCaseSensitive(content, "avatar_url");
	return send_member(sim, room, actor, user_id, content, fail);
}

bool members_unban(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *user_id, const char *reason, struct fail *fail)
{
	const char *now = room_membership(room, user_id);

	if (!str_equal(now, "ban")) {
		return fail_set(fail, FAIL_UNBAN, now != NULL ? now : "leave");
	}
	return send_member(sim, room, actor, user_id,
	        changed_content(sim, room, user_id, "leave", reason), fail);
}

bool members_knock(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *reason, struct fail *fail)
{
	cJSON *content = member_content(sim, actor.user_id, "knock");

	json_set_str(content, "reason", reason);
	return send_member(sim, room, actor, actor.user_id, content, fail);
}

/* ---- profiles ---- */

static void tell_rooms(struct sim_matrix *sim, struct user *user, bool by_as)
{
	struct actor actor = {user->user_id, by_as};
	struct fail fail;
	const char *room_id;

	for (size_t i = 0; map_next(user->rooms, &i, &room_id, NULL);) {
		struct room *room = room_find(sim, room_id);
		if (room_is_joined(room, user->user_id)) {
			/* A room that refuses keeps the old name. */
			send_member(sim, room, actor, user->user_id,
			        member_content(sim, user->user_id, "join"), &fail);
		}
	}
}

void profile_set_displayname(
        struct sim_matrix *sim, struct user *user, const char *name, bool by_as)
{
	if (!str_equal(user->displayname, name)) {
		str_replace(&user->displayname, name);
		tell_rooms(sim, user, by_as);
	}
}

void profile_set_avatar(
        struct sim_matrix *sim, struct user *user, const char *url, bool by_as)
{
	if (!str_equal(user->avatar_url, url)) {
		str_replace(&user->avatar_url, url);
		tell_rooms(sim, user, by_as);
	}
}
