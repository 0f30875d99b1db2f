/* Typing and read receipts. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/appservice.h"
#include "sim-matrix/events.h"

#include <stdlib.h>
#include <string.h>

enum { TYPING_MIN_MS = 15000, TYPING_MAX_MS = 45000 };

/* ---- typing ---- */

static cJSON *typing_edu(const struct sim_matrix *sim, const struct room *room)
{
	cJSON *users = cJSON_CreateArray();
	cJSON *edu = json_new();
	const char *user_id;
	void *until;

	for (size_t i = 0; map_next(room->typing, &i, &user_id, &until);) {
		if (*(const int64_t *)until > loop_now_ms(sim->loop)) {
			cJSON_AddItemToArray(users, cJSON_CreateString(user_id));
		}
	}
	json_set_str(edu, "type", "m.typing");
	json_set_str(edu, "room_id", room->room_id);
	json_set(edu, "content", json_set(json_new(), "user_ids", users));
	return edu;
}

void api_typing(struct call *call)
{
	struct room *room = call_room(call);
	bool typing = json_bool(call->body, "typing", false);
	int64_t span = json_int(call->body, "timeout", TYPING_MIN_MS);
	int64_t *until;

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
	if (typing) {
		until = xmalloc(sizeof(*until));
		*until = loop_now_ms(call->sim->loop) + span;
		free(map_set(room->typing, call->user_id, until));
	} else {
		free(map_del(room->typing, call->user_id));
	}
	room->typing_count = ++call->sim->count;
	timer_start(&call->sim->sync_timer, 0);
	appservices_offer_edu(call->sim, room, typing_edu(call->sim, room));
	call_reply_empty(call);
}

/* ---- receipts ---- */

static cJSON *receipt_edu(
        const struct room *room, const char *user_id, const struct receipt *receipt)
{
	cJSON *entry = json_set_int(json_new(), "ts", receipt->ts_ms);
	cJSON *read =
	        json_set(json_new(), "m.read", json_set(json_new(), user_id, entry));
	cJSON *edu = json_new();

	json_set_str(edu, "type", "m.receipt");
	json_set_str(edu, "room_id", room->room_id);
	json_set(edu, "content", json_set(json_new(), receipt->event_id, read));
	return edu;
}

static void put_receipt(struct call *call, struct room *room, const char *event_id)
{
	struct receipt *receipt = map_get(room->receipts, call->user_id);

	if (receipt == NULL) {
		receipt = xcalloc(1, sizeof(*receipt));
		map_set(room->receipts, call->user_id, receipt);
	}
	str_replace(&receipt->event_id, event_id);
	receipt->ts_ms = loop_wall_ms(call->sim->loop);
	receipt->count = ++call->sim->count;
	timer_start(&call->sim->sync_timer, 0);
	appservices_offer_edu(call->sim, room, receipt_edu(room, call->user_id, receipt));
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
	struct room *room = call_known_room(call);

	if (room == NULL) {
		return;
	}
	if (strcmp(type, "m.read") == 0) {
		put_receipt(call, room, event_id);
	} else if (strcmp(type, "m.fully_read") == 0) {
		put_fully_read(call, room, event_id);
	} else if (strcmp(type, "m.read.private") != 0) {
		call_fail(call, FAIL_RECEIPT_TYPE, type);
		return;
	} else if (event_find(call->sim, event_id) == NULL) {
		call_fail(call, FAIL_RECEIPT_EVENT, NULL);
		return;
	}
	call_reply_empty(call);
}

void api_read_markers(struct call *call)
{
	struct room *room = call_known_room(call);
	const cJSON *fully = cJSON_GetObjectItemCaseSensitive(call->body, "m.fully_read");
	const cJSON *public = cJSON_GetObjectItemCaseSensitive(call->body, "m.read");
	const cJSON *private =
	        cJSON_GetObjectItemCaseSensitive(call->body, "m.read.private");

	if (room == NULL) {
		return;
	}
	if (cJSON_IsString(fully)) {
		put_fully_read(call, room, fully->valuestring);
	}
	if (cJSON_IsString(public)) {
		put_receipt(call, room, public->valuestring);
	}
	if (cJSON_IsString(private) &&
	        event_find(call->sim, private->valuestring) == NULL) {
		call_fail(call, FAIL_RECEIPT_EVENT, NULL);
		return;
	}
	call_reply_empty(call);
}
