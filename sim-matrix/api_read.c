/* Reading the timeline: one event, pages, surroundings, relations. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/events.h"
#include "sim-matrix/filter.h"

#include <stdlib.h>
#include <string.h>

enum {
	MESSAGES_DEFAULT = 10,
	MESSAGES_MAX = 100,
	RELATIONS_DEFAULT = 30,
	RELATIONS_MAX = 100,
};

/* ---- who may see what ---- */

/* The membership when the event came, from the room's own history. */
static bool was_there(const struct event *event, const char *user_id, bool invited_counts)
{
	const struct room *room = event->room;

	for (size_t i = event->place + 1; i > 0; i--) {
		const struct event *at = room->events[i - 1];
		if (at->state_key != NULL && strcmp(at->type, "m.room.member") == 0 &&
		        strcmp(at->state_key, user_id) == 0) {
			const char *membership = content_str(at->content, "membership");
			return str_equal(membership, "join") ||
			       (invited_counts && str_equal(membership, "invite"));
		}
	}
	return false;
}

bool event_visible(const struct event *event, const char *user_id)
{
	const struct event *rule =
	        room_state(event->room, "m.room.history_visibility", "");
	const char *visibility =
	        rule != NULL ? content_str(rule->content, "history_visibility") : NULL;

	if (str_equal(visibility, "world_readable")) {
		return true;
	}
	if (event->room->sim->profile->strict &&
	        strcmp(event->type, "m.room.create") == 0) {
		return room_is_joined(event->room, user_id);
	}
	if (str_equal(visibility, "joined") || str_equal(visibility, "invited")) {
		return was_there(event, user_id, visibility[0] == 'i');
	}
	return room_is_joined(event->room, user_id);
}

/* ---- one event ---- */

/* The event of {event} in the room of {room}, if visible; else NULL and answered. */
static struct event *asked_event(struct call *call)
{
	struct event *event = event_find(call->sim, call_param(call, "event"));

	if (event == NULL ||
	        strcmp(event->room->room_id, call_param(call, "room")) != 0) {
		if (call->sim->profile->strict && call->route->run == api_relations) {
			call_fail_as(call, 404, "M_UNKNOWN", "Unknown parent event.");
			return NULL;
		}
		call_fail(call, FAIL_EVENT_MISSING, call_param(call, "event"));
		return NULL;
	}
	if (!event_visible(event, call->user_id) && call->sim->profile->strict &&
	        call->route->run != api_event_get) {
		call_fail_as(call, 403, "M_FORBIDDEN",
		        "You don't have permission to access that event.");
		return NULL;
	}
	if (!event_visible(event, call->user_id)) {
		call_fail(call, FAIL_EVENT_FORBIDDEN, NULL);
		return NULL;
	}
	return event;
}

void api_event_get(struct call *call)
{
	const struct event *event = asked_event(call);
	cJSON *json;

	if (event != NULL) {
		json = event_to_json(event, EVENT_FULL, call->user_id);
		event_add_age(call->sim, event, json);
		call_reply(call, 200, json);
	}
}

/* ---- pages ---- */

struct page {
	struct call *call;
	const struct room *room;
	bool forward;
	uint64_t from, to; /* places in the stream; to 0: no end */
	int64_t limit;
	cJSON *filter; /* may be NULL */
	cJSON *chunk;
	uint64_t last; /* place of the last event given; 0: none */
};

static int64_t limit_of(const struct call *call, int64_t otherwise, int64_t max)
{
	int64_t limit = call_query_int(call, "limit", otherwise);

	return limit < 0 ? otherwise : (limit > max ? max : limit);
}

/* False when the page is full or its end is reached. */
static bool page_take(struct page *page, const struct event *event)
{
	if (cJSON_GetArraySize(page->chunk) >= page->limit ||
	        (page->to != 0 && event->count == page->to)) {
		return false;
	}
	if (filter_allows_event(page->filter, event) &&
	        event_visible(event, page->call->user_id)) {
		cJSON_AddItemToArray(page->chunk,
		        event_to_json(event, EVENT_FULL, page->call->user_id));
		page->last = event->count;
	}
	return true;
}

static void page_fill(struct page *page)
{
	const struct room *room = page->room;

	if (page->forward) {
		for (size_t i = 0; i < room->event_count; i++) {
			if (room->events[i]->count > page->from &&
			        !page_take(page, room->events[i])) {
				return;
			}
		}
		return;
	}
	for (size_t i = room->event_count; i > 0; i--) {
		if (room->events[i - 1]->count < page->from &&
		        !page_take(page, room->events[i - 1])) {
			return;
		}
	}
}

static uint64_t token_of(const struct call *call, const char *name, uint64_t otherwise)
{
	int64_t value = call_query_int(call, name, -1);

	return value >= 0 ? (uint64_t)value : otherwise;
}

static void set_token(cJSON *json, const char *name, uint64_t count)
{
	autofree char *text = xasprintf("%llu", (unsigned long long)count);

	json_set_str(json, name, text);
}

void api_messages(struct call *call)
{
	autofree char *dir = call_query(call, "dir");
	autofree char *filter = call_query(call, "filter");
	struct page page = {.call = call, .room = call_room(call)};
	cJSON *json;

	if (page.room == NULL ||
	        (call->sim->profile->errors == ERRORS_SYNAPSE &&
	                room_membership(page.room, call->user_id) == NULL)) {
		call_fail(call, FAIL_MESSAGES_ROOM, NULL);
		return;
	}
	/* Synapse goes forward if nobody says where; conduwuit wants to be told. */
	page.forward = str_equal(dir, "f") || (dir == NULL && call->sim->profile->strict);
	page.from = token_of(call, "from", page.forward ? 0 : call->sim->count + 1);
	page.to = token_of(call, "to", 0);
	page.limit = limit_of(call, MESSAGES_DEFAULT, MESSAGES_MAX);
	page.filter = filter_of(NULL, filter);
	page.chunk = cJSON_CreateArray();
	page_fill(&page);
	cJSON_Delete(page.filter);
	json = json_set(json_new(), "chunk", page.chunk);
	set_token(json, "start", page.from);
	if (page.last != 0) {
		set_token(json, "end", page.last);
	}
	if (!call->sim->profile->strict) {
		json_set(json, "state", cJSON_CreateArray());
	}
	call_reply(call, 200, json);
}

void api_context(struct call *call)
{
	const struct event *event = asked_event(call);
	struct page before = {.call = call}, after = {.call = call};
	cJSON *json, *state;
	void *value;

	if (event == NULL) {
		return;
	}
	before.room = after.room = event->room;
	before.from = after.from = event->count;
	before.limit = after.limit = limit_of(call, MESSAGES_DEFAULT, MESSAGES_MAX) / 2;
	after.forward = true;
	before.chunk = cJSON_CreateArray();
	after.chunk = cJSON_CreateArray();
	page_fill(&before);
	page_fill(&after);
	state = cJSON_CreateArray();
	for (size_t i = 0; map_next(event->room->state, &i, NULL, &value);) {
		cJSON_AddItemToArray(
		        state, event_to_json(value, EVENT_STATE, call->user_id));
	}
	json = json_set(
	        json_new(), "event", event_to_json(event, EVENT_FULL, call->user_id));
	json_set(json, "events_before", before.chunk);
	json_set(json, "events_after", after.chunk);
	set_token(json, "start", before.last != 0 ? before.last : event->count);
	set_token(json, "end", after.last != 0 ? after.last : event->count);
	json_set(json, "state", state);
	call_reply(call, 200, json);
}

/* ---- relations ---- */

static bool relates(struct call *call, const struct event *event)
{
	const char *rel = call_param(call, "rel");
	const char *type = call_param(call, "type");
	const char *target = relation_target(event->content);

	if (rel[0] == '\0' && target == NULL && !call->sim->profile->strict) {
		target = relation_reply(event->content);
	}
	return str_equal(target, call_param(call, "event")) &&
	       (rel[0] == '\0' || str_equal(relation_type(event->content), rel)) &&
	       (type[0] == '\0' || strcmp(event->type, type) == 0) &&
	       event_visible(event, call->user_id);
}

void api_relations(struct call *call)
{
	const struct event *target = asked_event(call);
	int64_t limit = limit_of(call, RELATIONS_DEFAULT, RELATIONS_MAX);
	autofree char *dir = call_query(call, "dir");
	bool forward = str_equal(dir, "f");
	uint64_t from = token_of(call, "from", forward ? 0 : call->sim->count + 1);
	const struct room *room;
	const struct event *last = NULL;
	bool more = false;
	cJSON *chunk, *json;

	if (target == NULL) {
		return;
	}
	room = target->room;
	chunk = cJSON_CreateArray();
	for (size_t i = 0; i < room->event_count && !more; i++) {
		const struct event *event =
		        room->events[forward ? i : room->event_count - 1 - i];
		if ((forward ? event->count <= from : event->count >= from) ||
		        !relates(call, event)) {
			continue;
		}
		more = cJSON_GetArraySize(chunk) >= limit;
		if (!more) {
			cJSON_AddItemToArray(
			        chunk, event_to_json(event, EVENT_FULL, call->user_id));
			last = event;
		}
	}
	json = json_set(json_new(), "chunk", chunk);
	if (more && last != NULL) {
		set_token(json, "next_batch", last->count);
	}
	call_reply(call, 200, json);
}
