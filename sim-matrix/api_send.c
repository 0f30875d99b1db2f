/* Sending: messages, redactions, and to devices. */
#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/events.h"
#include "sim-matrix/txns.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

enum { INBOX_MAX = 1000 };

static void reply_event(struct call *call, const char *event_id)
{
	call_reply(call, 200, json_set_str(json_new(), "event_id", event_id));
}

/* True and answered if this request was answered before. */
static bool answered_before(struct call *call)
{
	const char *event_id = txns_find(call);

	if (event_id == NULL) {
		return false;
	}
	call->replayed = true;
	if (event_id[0] == '\0') {
		call_fail(call, FAIL_TXN_ELSEWHERE, NULL);
	} else {
		reply_event(call, event_id);
	}
	return true;
}

void api_send(struct call *call)
{
	struct room *room = call_room(call);
	struct proposal proposal = {
	        .type = call_param(call, "type"),
	        .sender = call->user_id,
	        .content = call->body,
	        .ts_ms = call_timestamp(call),
	        .txn_id = call_param(call, "txn"),
	        .by_as = call->as != NULL,
	};
	struct event *event = NULL;
	struct fail fail;

	if (answered_before(call)) {
		return;
	}
	room = room != NULL ? room : call_known_room(call);
	if (room == NULL) {
		return;
	}
	if (!call->canonical) {
		call_fail(call, FAIL_NOT_CANONICAL, NULL);
		return;
	}
	if (!event_send(call->sim, room, &proposal, &event, &fail)) {
		call_fail_with(call, &fail);
		return;
	}
	txns_keep(call, event->event_id);
	reply_event(call, event->event_id);
}

void api_redact(struct call *call)
{
	bool remembers = call->sim->profile->redact_has_txn;
	struct room *room;
	autojson cJSON *content = json_new();
	struct proposal proposal = {
	        .type = "m.room.redaction",
	        .sender = call->user_id,
	        .content = content,
	        .redacts = call_param(call, "event"),
	        .txn_id = remembers ? call_param(call, "txn") : NULL,
	        .by_as = call->as != NULL,
	};
	struct event *event = NULL;
	struct fail fail;

	if (remembers && answered_before(call)) {
		return;
	}
	room = call_known_room(call);
	if (room == NULL) {
		return;
	}
	json_set_str(content, "reason", json_str(call->body, "reason"));
	json_set_str(content, "redacts", call_param(call, "event"));
	if (!event_send(call->sim, room, &proposal, &event, &fail)) {
		call_fail_with(call, &fail);
		return;
	}
	if (remembers) {
		txns_keep(call, event->event_id);
	}
	reply_event(call, event->event_id);
}

/* ---- to devices ---- */

static void put_to_device(struct call *call, struct device *device, const cJSON *content)
{
	struct to_device *message = xcalloc(1, sizeof(*message));

	if (device->inbox_count == INBOX_MAX) {
		to_device_drop(
		        device, container_of(device->inbox.next, struct to_device, link));
	}
	message->count = ++call->sim->count;
	message->event = json_new();
	json_set(message->event, "content", content_copy(content));
	json_set_str(message->event, "sender", call->user_id);
	json_set_str(message->event, "type", call_param(call, "type"));
	list_add_tail(&device->inbox, &message->link);
	device->inbox_count++;
	timer_start(&call->sim->sync_timer, 0);
}

static void put_to_user(struct call *call, const cJSON *devices)
{
	const struct user *user = user_find(call->sim, devices->string);
	const char *device_id;
	const cJSON *content;
	void *device;

	cJSON_ArrayForEach(content, devices)
	{
		for (size_t i = 0; user != NULL &&
		                   map_next(user->devices, &i, &device_id, &device);) {
			if (strcmp(content->string, "*") == 0 ||
			        strcmp(content->string, device_id) == 0) {
				put_to_device(call, device, content);
			}
		}
	}
}

void api_send_to_device(struct call *call)
{
	const cJSON *devices;

	if (txns_find(call) != NULL) {
		call->replayed = true; /* delivers nothing, whatever the first one was */
		call_reply_empty(call);
		return;
	}
	cJSON_ArrayForEach(devices, json_obj(call->body, "messages"))
	{
		put_to_user(call, devices);
	}
	txns_keep(call, "");
	call_reply_empty(call);
}
