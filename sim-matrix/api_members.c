/* Joining, inviting and going, as requests. */
#include "lib/mem.h"

#include "sim-matrix/alias_query.h"
#include "sim-matrix/api.h"

#include <stdlib.h>
#include <string.h>

struct actor call_actor(const struct call *call)
{
	return (struct actor){call->user_id, call->as != NULL};
}

struct room *call_known_room(struct call *call)
{
	struct room *room = call_room(call);

	if (room == NULL) {
		bool says_so = call->sim->profile->errors == ERRORS_CONDUWUIT;
		call_fail(call, says_so ? FAIL_ROOM_UNKNOWN : FAIL_NOT_IN_ROOM,
		        says_so ? call_param(call, "room") : call->user_id);
	}
	return room;
}

/* {} or the failure. */
static void reply_done(struct call *call, bool done, const struct fail *fail)
{
	if (done) {
		call_reply_empty(call);
	} else {
		call_fail_with(call, fail);
	}
}

/* ---- joining ---- */

static void join_room(struct call *call, const char *room_id)
{
	struct room *room = room_find(call->sim, room_id);
	const char *colon = strchr(room_id, ':');
	struct fail fail;

	str_replace(&call->room_id, room_id);
	if (room == NULL) {
		bool ours =
		        colon != NULL && strcmp(colon + 1, call->sim->server_name) == 0;
		call_fail(call, ours ? FAIL_ROOM_UNKNOWN : FAIL_ROOM_NO_SERVER, room_id);
		return;
	}
	if (!members_join(call->sim, room, call_actor(call),
	            json_str(call->body, "reason"), &fail)) {
		call_fail_with(call, &fail);
		return;
	}
	call_reply(call, 200, json_set_str(json_new(), "room_id", room->room_id));
}

void api_join_by_id(struct call *call)
{
	join_room(call, call_param(call, "room"));
}

static void handle_alias(struct call *call, struct room *room)
{
	if (room == NULL) {
		call_fail(call, FAIL_ALIAS_MISSING, call_param(call, "id"));
	} else {
		join_room(call, room->room_id);
	}
}

void api_join(struct call *call)
{
	const char *id = call_param(call, "id");

	if (id[0] == '!') {
		join_room(call, id);
	} else if (id[0] == '#' && strchr(id, ':') != NULL) {
		alias_query(call, id, handle_alias);
	} else {
		call_fail(call, FAIL_INVALID_PARAM, "Room ID or alias is not valid");
	}
}

void api_knock(struct call *call)
{
	const char *id = call_param(call, "id");
	struct room *room =
	        id[0] == '#' ? map_get(call->sim->aliases, id) : room_find(call->sim, id);
	struct fail fail;

	if (room == NULL) {
		call_fail(call, id[0] == '#' ? FAIL_ALIAS_MISSING : FAIL_ROOM_NO_SERVER,
		        id);
		return;
	}
	str_replace(&call->room_id, room->room_id);
	if (members_knock(call->sim, room, call_actor(call),
	            json_str(call->body, "reason"), &fail)) {
		call_reply(call, 200, json_set_str(json_new(), "room_id", room->room_id));
	} else {
		call_fail_with(call, &fail);
	}
}

/* ---- others ---- */

typedef bool member_act_fn(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *user_id, const char *reason, struct fail *fail);

static void act_on_other(struct call *call, member_act_fn *act)
{
	struct room *room = call_room(call);
	const char *user_id;
	struct fail fail;

	if (!call_need_str(call, "user_id", &user_id)) {
		return;
	}
	if (!user_id_valid(user_id)) {
		if (call->sim->profile->strict) {
			call_fail_as(call, 400, "M_INVALID_PARAM",
			        "Expected UserID string to start with '@'");
			return;
		}
		call_fail(call, FAIL_BAD_JSON, "user_id is no user ID");
		return;
	}
	if (room == NULL) {
		/* invite finds nobody joined; kick finds no member event and says so
		 * politely */
		if (act == members_kick && !call->sim->profile->strict) {
			call_reply_empty(call);
		} else {
			call_fail(call, FAIL_INVITER_NOT_JOINED, NULL);
		}
		return;
	}
	reply_done(call,
	        act(call->sim, room, call_actor(call), user_id,
	                json_str(call->body, "reason"), &fail),
	        &fail);
}

static bool invite_plainly(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *user_id, const char *reason, struct fail *fail)
{
	return members_invite(sim, room, actor, user_id, reason, false, fail);
}

void api_invite(struct call *call)
{
	act_on_other(call, invite_plainly);
}

void api_kick(struct call *call)
{
	act_on_other(call, members_kick);
}

void api_ban(struct call *call)
{
	act_on_other(call, members_ban);
}

void api_unban(struct call *call)
{
	act_on_other(call, members_unban);
}

/* ---- oneself ---- */

void api_leave(struct call *call)
{
	struct room *room = call_room(call);
	struct fail fail;

	if (call->sim->profile->strict &&
	        (room == NULL || room_membership(room, call->user_id) == NULL)) {
		call_fail_as(call, room == NULL ? 404 : 403,
		        room == NULL ? "M_UNKNOWN" : "M_FORBIDDEN", "Not a known room");
		return;
	}
	if (room == NULL) {
		call_reply_empty(call); /* marked as left, for what it is worth */
		return;
	}
	reply_done(call,
	        members_leave(call->sim, room, call_actor(call),
	                json_str(call->body, "reason"), &fail),
	        &fail);
}

void api_forget(struct call *call)
{
	const struct room *room = call_room(call);
	const char *now = room != NULL ? room_membership(room, call->user_id) : NULL;

	if (now == NULL && call->sim->profile->strict) {
		call_reply_empty(call);
	} else if (now == NULL) {
		call_fail(call, FAIL_FORGET_NEVER, NULL);
	} else if (strcmp(now, "leave") != 0 && strcmp(now, "ban") != 0) {
		call_fail(call, FAIL_FORGET_IN_ROOM, NULL);
	} else {
		if (call->user != NULL) {
			map_del(call->user->rooms, room->room_id);
		}
		call_reply_empty(call);
	}
}
