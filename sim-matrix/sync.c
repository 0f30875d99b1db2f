#include "sim-matrix/sync.h"

#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/ephemeral.h"
#include "sim-matrix/events.h"

#include <stdlib.h>
#include <string.h>

enum { TIMELINE_MAX = 10, HEROES_MAX = 5 };

struct room_sync { /* one room in one answer */
	const struct sim_matrix *sim;
	const struct sync_query *query;
	const struct room *room;
	bool is_new;        /* to this client: it needs the whole state */
	size_t first;       /* index of the first timeline event */
	bool limited;       /* older news was left out */
	bool members_moved; /* the timeline holds a member event */
};

static void set_token(cJSON *json, const char *name, uint64_t count)
{
	autofree char *text = xasprintf("%llu", (unsigned long long)count);

	json_set_str(json, name, text);
}

static cJSON *events_of(cJSON *list)
{
	return json_set(json_new(), "events", list);
}

/* ---- joined rooms: timeline and state ---- */

/* The user's member event as it stood at `since`; NULL: none then. */
static const struct event *member_at(
        const struct room *room, const char *user_id, uint64_t since)
{
	const struct event *event = map_get(room->members, user_id);

	while (event != NULL && event->count > since) {
		event = event->replaces;
	}
	return event;
}

static void find_timeline(struct room_sync *rs)
{
	const struct room *room = rs->room;
	size_t count = 0;

	rs->first = room->event_count;
	for (size_t i = room->event_count; i > 0; i--) {
		const struct event *event = room->events[i - 1];
		if (!rs->is_new && event->count <= rs->query->since) {
			return;
		}
		if (count == TIMELINE_MAX) {
			rs->limited = true;
			return;
		}
		if (event_visible(event, rs->query->user->user_id)) {
			count++;
		}
		rs->first = i - 1;
	}
}

static cJSON *timeline_to_json(struct room_sync *rs)
{
	const char *user_id = rs->query->user->user_id;
	const struct room *room = rs->room;
	cJSON *list = cJSON_CreateArray();
	cJSON *json;

	for (size_t i = rs->first; i < room->event_count; i++) {
		const struct event *event = room->events[i];
		if (event_visible(event, user_id)) {
			cJSON_AddItemToArray(
			        list, event_to_json(event, EVENT_SYNC, user_id));
			rs->members_moved |= strcmp(event->type, "m.room.member") == 0;
		}
	}
	json = events_of(list);
	json_set_bool(json, "limited", rs->limited);
	set_token(json, "prev_batch",
	        rs->first < room->event_count ? room->events[rs->first]->count
	                                      : rs->query->since);
	return json;
}

/* State as it stood before the timeline: all of it for a new room, else what the gap
 * changed. */
static cJSON *state_to_json(const struct room_sync *rs)
{
	const struct room *room = rs->room;
	uint64_t start = rs->first < room->event_count ? room->events[rs->first]->count
	                                               : UINT64_MAX;
	bool all = rs->is_new || rs->query->full_state;
	cJSON *list = cJSON_CreateArray();
	void *value;

	for (size_t i = 0; map_next(room->state, &i, NULL, &value);) {
		const struct event *event = value;
		while (event != NULL && event->count >= start) {
			event = event->replaces;
		}
		if (event != NULL && (all || event->count > rs->query->since)) {
			cJSON_AddItemToArray(list, event_to_json(event, EVENT_SYNC_STATE,
			                                   rs->query->user->user_id));
		}
	}
	return events_of(list);
}

/* ---- joined rooms: the rest ---- */

static cJSON *summary_of(const struct room_sync *rs)
{
	cJSON *json = json_new();
	cJSON *heroes = cJSON_CreateArray();
	int64_t invited = 0;
	const char *user_id;

	for (size_t i = 0; map_next(rs->room->members, &i, &user_id, NULL);) {
		const char *now = room_membership(rs->room, user_id);
		bool is_invited = str_equal(now, "invite");
		invited += is_invited ? 1 : 0;
		if ((is_invited || str_equal(now, "join")) &&
		        strcmp(user_id, rs->query->user->user_id) != 0 &&
		        cJSON_GetArraySize(heroes) < HEROES_MAX) {
			cJSON_AddItemToArray(heroes, cJSON_CreateString(user_id));
		}
	}
	json_set(json, "m.heroes", heroes);
	json_set_int(json, "m.joined_member_count", (int64_t)rs->room->joined);
	json_set_int(json, "m.invited_member_count", invited);
	return json;
}

static void add_typing(const struct room_sync *rs, cJSON *list)
{
	cJSON *edu;

	if (rs->room->typing_count <= rs->query->since) {
		return;
	}
	edu = json_set_str(json_new(), "type", "m.typing");
	json_set(edu, "content", typing_content(rs->sim, rs->room));
	cJSON_AddItemToArray(list, edu);
}

/* content[event ID]["m.read"][user ID] = {ts} */
static void add_receipt(cJSON *content, const struct receipt *receipt)
{
	const char *kind = receipt->is_private ? "m.read.private" : "m.read";
	cJSON *of_event = cJSON_GetObjectItemCaseSensitive(content, receipt->event_id);
	cJSON *read;

	if (of_event == NULL) {
		of_event = json_new();
		json_set(content, receipt->event_id, of_event);
	}
	read = cJSON_GetObjectItemCaseSensitive(of_event, kind);
	if (read == NULL) {
		read = json_new();
		json_set(of_event, kind, read);
	}
	json_set(read, receipt->user_id, receipt_entry(receipt));
}

static void add_receipts(const struct room_sync *rs, cJSON *list)
{
	const char *user_id = rs->query->user->user_id;
	cJSON *content = json_new();
	void *value;
	cJSON *edu;

	for (size_t i = 0; map_next(rs->room->receipts, &i, NULL, &value);) {
		const struct receipt *receipt = value;
		if (receipt->count > rs->query->since &&
		        (!receipt->is_private ||
		                strcmp(receipt->user_id, user_id) == 0)) {
			add_receipt(content, receipt);
		}
	}
	if (content->child == NULL) {
		cJSON_Delete(content);
		return;
	}
	edu = json_set_str(json_new(), "type", "m.receipt");
	cJSON_AddItemToArray(list, json_set(edu, "content", content));
}

/* Account data newer than `since` of one room, or the global one (NULL). */
static cJSON *account_data_since(const struct sync_query *query, const char *room_id)
{
	cJSON *list = cJSON_CreateArray();
	void *value;

	for (size_t i = 0; map_next(query->user->account_data, &i, NULL, &value);) {
		const struct account_datum *datum = value;
		if (str_equal(datum->room_id, room_id) && datum->count > query->since) {
			cJSON *event = json_set_str(json_new(), "type", datum->type);
			json_set(event, "content", content_copy(datum->content));
			cJSON_AddItemToArray(list, event);
		}
	}
	return list;
}

static bool is_empty_list(const cJSON *list)
{
	return list->child == NULL;
}

/* NULL: nothing new in this room. */
static cJSON *joined_room(const struct sim_matrix *sim, const struct sync_query *query,
        const struct room *room)
{
	struct room_sync rs = {.sim = sim, .query = query, .room = room};
	const struct event *then = member_at(room, query->user->user_id, query->since);
	cJSON *json, *ephemeral, *data, *counts;

	rs.is_new = query->since == 0 || then == NULL ||
	            !str_equal(content_str(then->content, "membership"), "join");
	find_timeline(&rs);
	ephemeral = cJSON_CreateArray();
	add_typing(&rs, ephemeral);
	add_receipts(&rs, ephemeral);
	data = account_data_since(query, room->room_id);
	if (rs.first == room->event_count && is_empty_list(ephemeral) &&
	        is_empty_list(data) && !query->full_state) {
		cJSON_Delete(ephemeral);
		cJSON_Delete(data);
		return NULL;
	}
	json = json_set(json_new(), "timeline", timeline_to_json(&rs));
	json_set(json, "state", state_to_json(&rs));
	json_set(json, "ephemeral", events_of(ephemeral));
	json_set(json, "account_data", events_of(data));
	if (rs.is_new || rs.members_moved) {
		json_set(json, "summary", summary_of(&rs));
	}
	counts = json_set_int(json_new(), "highlight_count", 0);
	json_set(json, "unread_notifications",
	        json_set_int(counts, "notification_count", 0));
	return json;
}

/* ---- invited and left rooms ---- */

static void add_stripped(cJSON *list, const struct event *event)
{
	if (event != NULL) {
		cJSON_AddItemToArray(list, event_to_json(event, EVENT_STRIPPED, ""));
	}
}

static cJSON *invited_room(const struct room *room, const struct event *invite)
{
	static const char *const shown[] = {"m.room.create", "m.room.join_rules",
	        "m.room.canonical_alias", "m.room.name", "m.room.avatar",
	        "m.room.encryption", "m.room.topic"};
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		add_stripped(list, room_state(room, shown[i], ""));
	}
	add_stripped(list, map_get(room->members, invite->sender));
	add_stripped(list, invite);
	return json_set(json_new(), "invite_state", events_of(list));
}

/* conduwuit leaves the timeline empty, and one's own leaving out of the state. */
static cJSON *left_room(
        const struct sim_matrix *sim, const struct event *leave, const char *user_id)
{
	bool in_state = sim->profile->errors == ERRORS_CONDUWUIT;
	cJSON *timeline = cJSON_CreateArray();
	cJSON *state = cJSON_CreateArray();
	cJSON *json;

	if (!in_state) {
		cJSON_AddItemToArray(timeline, event_to_json(leave, EVENT_SYNC, user_id));
	} else if (strcmp(leave->sender, user_id) != 0) {
		cJSON_AddItemToArray(state, event_to_json(leave, EVENT_SYNC, user_id));
	}
	timeline = events_of(timeline);
	json_set_bool(timeline, "limited", in_state);
	set_token(timeline, "prev_batch", sim->count);
	json = json_set(json_new(), "timeline", timeline);
	json_set(json, "state", events_of(state));
	return json_set(json, "account_data", events_of(cJSON_CreateArray()));
}

struct rooms_json {
	cJSON *join, *invite, *leave;
};

static void add_room(const struct sim_matrix *sim, const struct sync_query *query,
        const struct room *room, const struct event *member, struct rooms_json *rooms)
{
	const char *membership = content_str(member->content, "membership");
	cJSON *json;

	if (str_equal(membership, "join")) {
		json = joined_room(sim, query, room);
		if (json != NULL) {
			json_set(rooms->join, room->room_id, json);
		}
	} else if (member->count <= query->since) {
		return;
	} else if (str_equal(membership, "invite")) {
		json_set(rooms->invite, room->room_id, invited_room(room, member));
	} else if (query->since != 0) {
		json_set(rooms->leave, room->room_id,
		        left_room(sim, member, query->user->user_id));
	}
}

/* ---- to this device ---- */

static cJSON *to_device_events(const struct sync_query *query)
{
	cJSON *list = cJSON_CreateArray();

	if (query->device == NULL) {
		return list;
	}
	list_for_each(it, &query->device->inbox)
	{
		const struct to_device *message =
		        container_of(it, struct to_device, link);
		if (message->count > query->since) {
			cJSON_AddItemToArray(list, content_copy(message->event));
		}
	}
	return list;
}

void sync_confirm(const struct sync_query *query)
{
	if (query->device == NULL) {
		return;
	}
	list_for_each(it, &query->device->inbox)
	{
		struct to_device *message = container_of(it, struct to_device, link);
		if (message->count <= query->since) {
			to_device_drop(query->device, message);
		}
	}
}

/* ---- all ---- */

cJSON *sync_build(
        const struct sim_matrix *sim, const struct sync_query *query, bool *is_news)
{
	struct rooms_json rooms = {json_new(), json_new(), json_new()};
	cJSON *data = account_data_since(query, NULL);
	cJSON *to_device = to_device_events(query);
	cJSON *json = json_new();
	cJSON *all, *changes;
	const char *room_id;
	void *member;

	for (size_t i = 0; map_next(query->user->rooms, &i, &room_id, &member);) {
		add_room(sim, query, room_find(sim, room_id), member, &rooms);
	}
	*is_news = query->full_state || !is_empty_list(rooms.join) ||
	           !is_empty_list(rooms.invite) || !is_empty_list(rooms.leave) ||
	           !is_empty_list(data) || !is_empty_list(to_device);
	set_token(json, "next_batch", sim->count);
	all = json_set(json_new(), "join", rooms.join);
	json_set(all, "invite", rooms.invite);
	json_set(json, "rooms", json_set(all, "leave", rooms.leave));
	json_set(json, "account_data", events_of(data));
	json_set(json, "to_device", events_of(to_device));
	json_set(json, "presence", events_of(cJSON_CreateArray()));
	changes = json_set(json_new(), "changed", cJSON_CreateArray());
	json_set(json, "device_lists", json_set(changes, "left", cJSON_CreateArray()));
	return json_set(json, "device_one_time_keys_count", json_new());
}
