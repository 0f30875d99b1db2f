/* rooms, their members and their state */
#include "bridge/matrix/client.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/matrix/call.h"

#include <string.h>

/* These may wait for other servers. */
enum { SLOW_MS = 180000 };

#define JOINED_MEMBERS "/_matrix/client/v3/rooms/{}/joined_members"

struct matrix_call *matrix_create_room(struct matrix *matrix, const char *as,
        const cJSON *body, matrix_text_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "createRoom", MATRIX_ONCE,
	        "POST", "/_matrix/client/v3/createRoom", NULL);

	matrix_call_as(call, as);
	matrix_call_json(call, body);
	call->deadline_ms = SLOW_MS;
	call->path = "room_id";
	matrix_call_start(
	        call, matrix_report_text, (union matrix_done){.text = done}, arg);
	return call;
}

struct matrix_call *matrix_join(struct matrix *matrix, const char *as,
        const char *room_id, matrix_ok_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "join", MATRIX_REPEATABLE,
	        "POST", "/_matrix/client/v3/join/{}", MATRIX_PARTS(room_id));

	matrix_call_as(call, as);
	matrix_call_json(call, NULL);
	call->deadline_ms = SLOW_MS;
	matrix_call_start(call, matrix_report_ok, (union matrix_done){.ok = done}, arg);
	return call;
}

struct matrix_call *matrix_leave(struct matrix *matrix, const char *as,
        const char *room_id, const char *reason, matrix_ok_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "leave", MATRIX_REPEATABLE,
	        "POST", "/_matrix/client/v3/rooms/{}/leave", MATRIX_PARTS(room_id));
	autojson cJSON *body = json_set_str(json_new(), "reason", reason);

	matrix_call_as(call, as);
	matrix_call_json(call, body);
	call->deadline_ms = SLOW_MS;
	matrix_call_start(call, matrix_report_ok, (union matrix_done){.ok = done}, arg);
	return call;
}

struct matrix_call *matrix_kick(struct matrix *matrix, const char *room_id,
        const char *user_id, const char *reason, matrix_ok_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "kick", MATRIX_REPEATABLE,
	        "POST", "/_matrix/client/v3/rooms/{}/kick", MATRIX_PARTS(room_id));
	autojson cJSON *body = json_set_str(json_new(), "user_id", user_id);

	json_set_str(body, "reason", reason);
	matrix_call_as(call, NULL);
	matrix_call_json(call, body);
	matrix_call_start(call, matrix_report_ok, (union matrix_done){.ok = done}, arg);
	return call;
}

/* ---------------------------------------------------------------- invite */

/* Synapse says so, in one of two ways. */
static bool says_is_there(const struct err *err)
{
	return strstr(err->msg, "is already in the room") != NULL ||
	       strstr(err->msg, "is already joined to room") != NULL;
}

/* The second answer: what the first one's refusal came to. */
static void judge_refusal(
        const struct matrix_call *call, const cJSON *answer, struct err *err)
{
	const cJSON *joined = json_obj(answer, "joined");

	if (err->kind == ERR_NONE && joined == NULL) {
		matrix_unusable(call->effect, call->what, "joined", err);
	} else if (err->kind == ERR_PERMANENT ||
	           (err->kind == ERR_NONE && cJSON_GetObjectItemCaseSensitive(
	                                             joined, call->user_id) == NULL)) {
		*err = call->refusal;
	}
}

/* conduwuit refuses to invite a joined user as it refuses any forbidden event, so the
 * members must be looked at. */
static bool look_for_member(
        struct matrix_call *call, const cJSON *answer, struct err *err)
{
	if (call->refusal.kind != ERR_NONE) {
		judge_refusal(call, answer, err);
		return false;
	}
	if (strcmp(err->name, "M_FORBIDDEN") != 0) {
		return false;
	}
	if (says_is_there(err)) {
		*err = (struct err)ERR_INIT;
		return false;
	}
	call->refusal = *err;
	matrix_call_restart(call, MATRIX_READS, "GET", JOINED_MEMBERS,
	        MATRIX_PARTS(call->room_id), call->as);
	return true;
}

struct matrix_call *matrix_invite(struct matrix *matrix, const char *as,
        const char *room_id, const char *user_id, matrix_ok_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "invite", MATRIX_ONCE,
	        "POST", "/_matrix/client/v3/rooms/{}/invite", MATRIX_PARTS(room_id));
	autojson cJSON *body = json_set_str(json_new(), "user_id", user_id);

	matrix_call_as(call, as);
	matrix_call_json(call, body);
	call->as = xstrdup_null(as);
	call->room_id = xstrdup(room_id);
	call->user_id = xstrdup(user_id);
	call->again = look_for_member;
	matrix_call_start(call, matrix_report_ok, (union matrix_done){.ok = done}, arg);
	return call;
}

/* ---------------------------------------------------------------- reading */

struct matrix_call *matrix_joined_rooms(
        struct matrix *matrix, const char *as, matrix_json_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "joined_rooms",
	        MATRIX_READS, "GET", "/_matrix/client/v3/joined_rooms", NULL);

	matrix_call_as(call, as);
	call->path = "joined_rooms";
	call->is_right = cJSON_IsArray;
	matrix_call_start(
	        call, matrix_report_json, (union matrix_done){.json = done}, arg);
	return call;
}

struct matrix_call *matrix_joined_members(struct matrix *matrix, const char *as,
        const char *room_id, matrix_json_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "joined_members",
	        MATRIX_READS, "GET", JOINED_MEMBERS, MATRIX_PARTS(room_id));

	matrix_call_as(call, as);
	call->path = "joined";
	call->is_right = cJSON_IsObject;
	matrix_call_start(
	        call, matrix_report_json, (union matrix_done){.json = done}, arg);
	return call;
}

struct matrix_call *matrix_get_state(struct matrix *matrix, const char *as,
        const char *room_id, const char *type, const char *key, matrix_json_fn *done,
        void *arg)
{
	const char *pattern = key[0] == '\0' ? "/_matrix/client/v3/rooms/{}/state/{}"
	                                     : "/_matrix/client/v3/rooms/{}/state/{}/{}";
	struct matrix_call *call = matrix_call_create(matrix, "get state", MATRIX_READS,
	        "GET", pattern, MATRIX_PARTS(room_id, type, key));

	matrix_call_as(call, as);
	call->forgiven = "M_NOT_FOUND";
	matrix_call_start(
	        call, matrix_report_json, (union matrix_done){.json = done}, arg);
	return call;
}

struct matrix_call *matrix_put_state(struct matrix *matrix, const char *as,
        const char *room_id, const char *type, const char *key, const cJSON *content,
        matrix_text_fn *done, void *arg)
{
	const char *pattern = key[0] == '\0' ? "/_matrix/client/v3/rooms/{}/state/{}"
	                                     : "/_matrix/client/v3/rooms/{}/state/{}/{}";
	struct matrix_call *call = matrix_call_create(matrix, "put state",
	        MATRIX_REPEATABLE, "PUT", pattern, MATRIX_PARTS(room_id, type, key));

	matrix_call_as(call, as);
	matrix_call_json(call, content);
	call->path = "event_id";
	matrix_call_start(
	        call, matrix_report_text, (union matrix_done){.text = done}, arg);
	return call;
}
