/* Typing and read receipts. */
#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/ephemeral.h"
#include "sim-matrix/events.h"

#include <string.h>

enum { TYPING_MIN_MS = 15000, TYPING_MAX_MS = 45000 };

/* ---- typing ---- */

void api_typing(struct call *call)
{
	struct room *room = call_room(call);
	bool typing = json_bool(call->body, "typing", false);
	int64_t span = json_int(call->body, "timeout", TYPING_MIN_MS);

	if (strcmp(call_param(call, "user"), call->user_id) != 0 && call->as == NULL) {
		call_fail(call, FAIL_TYPING_OTHER, NULL);
		return;
	}
	if (room == NULL || !room_is_joined(room, call->user_id)) {
		call_fail(call, FAIL_TYPING_ABSENT, NULL);
		return;
	}
	span = span < TYPING_MIN_MS ? TYPING_MIN_MS : span;
	span = span > TYPING_MAX_MS ? TYPING_MAX_MS : span;
	typing_set(call->sim, room, call->user_id, typing ? span : 0);
	call_reply_empty(call);
}

/* ---- receipts ---- */

/* False and answered if the thread is none. */
static bool put_receipt(struct call *call, struct room *room, const char *event_id,
        const char *thread_id, bool is_private)
{
	if (is_private && event_find(call->sim, event_id) == NULL) {
		call_fail(call, FAIL_RECEIPT_EVENT, NULL);
		return false;
	}
	receipt_set(call->sim, room, call->user_id, event_id,
	        call->sim->profile->receipt_threads ? thread_id : NULL, is_private);
	return true;
}

static void put_fully_read(
        struct call *call, const struct room *room, const char *event_id)
{
	if (call->user != NULL) {
		account_data_set(call->sim, call->user, room->room_id, "m.fully_read",
		        json_set_str(json_new(), "event_id", event_id));
	}
}

void api_receipt(struct call *call)
{
	const char *type = call_param(call, "type");
	const char *event_id = call_param(call, "event");
	const cJSON *thread = content_get(call->body, "thread_id");
	bool is_private = strcmp(type, "m.read.private") == 0;
	struct room *room = call_known_room(call);

	if (room == NULL) {
		return;
	}
	if (call->sim->profile->strict && !room_is_joined(room, call->user_id)) {
		call_fail_as(call, 403, "M_FORBIDDEN",
		        "You don't have permission to access that event.");
		return;
	}
	if (thread != NULL &&
	        (!cJSON_IsString(thread) || thread->valuestring[0] == '\0' ||
	                strcmp(type, "m.fully_read") == 0)) {
		call_fail(call, FAIL_RECEIPT_THREAD, NULL);
		return;
	}
	if (strcmp(type, "m.fully_read") == 0) {
		put_fully_read(call, room, event_id);
	} else if (!is_private && strcmp(type, "m.read") != 0) {
		call_fail(call, FAIL_RECEIPT_TYPE, type);
		return;
	} else if (!put_receipt(call, room, event_id,
	                   thread != NULL ? thread->valuestring : NULL, is_private)) {
		return;
	}
	call_reply_empty(call);
}

void api_read_markers(struct call *call)
{
	const char *fully = content_str(call->body, "m.fully_read");
	const char *public = content_str(call->body, "m.read");
	const char *private = content_str(call->body, "m.read.private");
	struct room *room = call_known_room(call);

	if (room == NULL) {
		return;
	}
	if (fully != NULL) {
		put_fully_read(call, room, fully);
	}
	if (public != NULL && !put_receipt(call, room, public, NULL, false)) {
		return;
	}
	if (private != NULL && !put_receipt(call, room, private, NULL, true)) {
		return;
	}
	call_reply_empty(call);
}
