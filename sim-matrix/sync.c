#include "sim-matrix/sync.h"

#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/ephemeral.h"
#include "sim-matrix/events.h"
#include "sim-matrix/filter.h"
#include "sim-matrix/keys.h"
#include "sim-matrix/presence.h"
#include "sim-matrix/unread.h"

#include <stdlib.h>
#include <string.h>

enum { TIMELINE_MAX = 10, TIMELINE_LIMIT = 100, HEROES_MAX = 5 };

struct room_sync { /* one room in one answer */
	const struct sim_matrix *sim;
	const struct sync_query *query;
	const struct room *room;
	bool is_new;           /* to this client: it needs the whole state */
	size_t first;          /* index of the first timeline event */
	bool limited;          /* older news was left out */
	bool members_moved;    /* the timeline holds a member event */
	const cJSON *filter;   /* the room part of the query's; NULL: none */
	const cJSON *timeline; /* its parts; NULL where the homeserver knows none */
	const cJSON *state;
	cJSON *senders; /* of the timeline, as names; NULL: members are not lazy */
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
	int64_t max = filter_limit(rs->timeline, TIMELINE_MAX, TIMELINE_LIMIT);
	int64_t count = 0;

	rs->first = room->event_count;
	for (size_t i = room->event_count; i > 0; i--) {
		const struct event *event = room->events[i - 1];
		if (!rs->is_new && event->count <= rs->query->since) {
			return;
		}
		if (count == max) {
			rs->limited = true;
			return;
		}
		if (event_visible(event, rs->query->user->user_id) &&
		        filter_allows_event(rs->timeline, event)) {
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
		if (event_visible(event, user_id) &&
		        filter_allows_event(rs->timeline, event)) {
			cJSON_AddItemToArray(
			        list, event_to_json(event, EVENT_SYNC, user_id));
			if (rs->senders != NULL) {
				json_set_bool(rs->senders, event->sender, true);
			}
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

/* Of lazily loaded members only those who speak in the timeline, and oneself. */
static bool state_is_wanted(const struct room_sync *rs, const struct event *event)
{
	bool is_member = strcmp(event->type, "m.room.member") == 0;

	if (rs->senders != NULL && is_member &&
	        strcmp(event->state_key, rs->query->user->user_id) != 0 &&
	        content_get(rs->senders, event->state_key) == NULL) {
		return false;
	}
	return filter_allows_event(rs->state, event);
}

/* A speaker's member event is sent even if it is old news. */
static bool state_is_due(const struct room_sync *rs, const struct event *event)
{
	return rs->is_new || rs->query->full_state || event->count > rs->query->since ||
	       (rs->senders != NULL && strcmp(event->type, "m.room.member") == 0);
}

/* State as it stood before the timeline: all of it for a new room, else what the gap
 * changed. */
static cJSON *state_to_json(const struct room_sync *rs)
{
	const struct room *room = rs->room;
	uint64_t start = rs->first < room->event_count ? room->events[rs->first]->count
	                                               : UINT64_MAX;
	cJSON *list = cJSON_CreateArray();
	void *value;

	for (size_t i = 0; map_next(room->state, &i, NULL, &value);) {
		const struct event *event = value;
		/* Synapse shows state as it is now, less what the timeline shows. */
		if (event->count >= start && rs->sim->profile->strict) {
			continue;
		}
		while (event != NULL && event->count >= start) {
			event = event->replaces;
		}
		if (event != NULL && state_is_due(rs, event) &&
		        state_is_wanted(rs, event)) {
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

static const cJSON *data_filter(const struct sync_query *query, const char *room_id)
{
	const cJSON *filter = query->filter;

	if (!query->sim->profile->sync_filters) {
		return NULL;
	}
	return content_obj(
	        room_id != NULL ? content_obj(filter, "room") : filter, "account_data");
}

/* Account data newer than `since` of one room, or the global one (NULL). */
static cJSON *account_data_since(const struct sync_query *query, const char *room_id)
{
	cJSON *list = cJSON_CreateArray();
	void *value;

	for (size_t i = 0; map_next(query->user->account_data, &i, NULL, &value);) {
		const struct account_datum *datum = value;
		if (str_equal(datum->room_id, room_id) && datum->count > query->since &&
		        filter_allows(data_filter(query, room_id), datum->type, NULL)) {
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

/* What of the query's filter counts here. */
static void set_filters(struct room_sync *rs)
{
	const cJSON *state;

	rs->filter = content_obj(rs->query->filter, "room");
	state = content_obj(rs->filter, "state");
	if (filter_is_lazy(state) ||
	        filter_is_lazy(content_obj(rs->filter, "timeline"))) {
		rs->senders = json_new();
	}
	if (rs->sim->profile->sync_filters) {
		rs->timeline = content_obj(rs->filter, "timeline");
		rs->state = state;
	}
}

static void add_unread(const struct room_sync *rs, cJSON *json)
{
	bool by_thread = cJSON_IsTrue(content_get(
	                         rs->timeline, "unread_thread_notifications")) != 0;
	cJSON *threads = by_thread ? json_new() : NULL;

	json_set(json, "unread_notifications",
	        unread_counts(rs->room, rs->query->user, threads));
	if (threads != NULL) {
		json_set(json, "unread_thread_notifications", threads);
	}
}

/* NULL: nothing new in this room. */
static cJSON *joined_room(const struct sim_matrix *sim, const struct sync_query *query,
        const struct room *room)
{
	struct room_sync rs = {.sim = sim, .query = query, .room = room};
	const struct event *then = member_at(room, query->user->user_id, query->since);
	cJSON *json, *ephemeral, *data;

	rs.is_new = query->since == 0 || then == NULL ||
	            !str_equal(content_str(then->content, "membership"), "join");
	set_filters(&rs);
	find_timeline(&rs);
	ephemeral = cJSON_CreateArray();
	add_typing(&rs, ephemeral);
	add_receipts(&rs, ephemeral);
	data = account_data_since(query, room->room_id);
	if (rs.first == room->event_count && is_empty_list(ephemeral) &&
	        is_empty_list(data) && !query->full_state) {
		cJSON_Delete(ephemeral);
		cJSON_Delete(data);
		cJSON_Delete(rs.senders);
		return NULL;
	}
	json = json_set(json_new(), "timeline", timeline_to_json(&rs));
	json_set(json, "state", state_to_json(&rs));
	json_set(json, "ephemeral", events_of(ephemeral));
	json_set(json, "account_data", events_of(data));
	if (rs.is_new || rs.members_moved) {
		json_set(json, "summary", summary_of(&rs));
	}
	add_unread(&rs, json);
	cJSON_Delete(rs.senders);
	return json;
}

/* ---- invited and left rooms ---- */

static void add_stripped(cJSON *list, const struct event *event)
{
	if (event != NULL) {
		cJSON_AddItemToArray(list, event_to_json(event, EVENT_STRIPPED, ""));
	}
}

/* What one sees of a room that one is not in, without one's own membership. */
cJSON *invite_state(const struct event *invite)
{
	static const char *const shown[] = {"m.room.create", "m.room.join_rules",
	        "m.room.canonical_alias", "m.room.name", "m.room.avatar",
	        "m.room.encryption", "m.room.topic"};
	cJSON *list = cJSON_CreateArray();

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		add_stripped(list, room_state(invite->room, shown[i], ""));
	}
	if (strcmp(invite->sender, invite->state_key) != 0) {
		add_stripped(list, map_get(invite->room->members, invite->sender));
	}
	return list;
}

static cJSON *stripped_room(const struct event *member)
{
	cJSON *list = invite_state(member);

	add_stripped(list, member);
	return events_of(list);
}

static cJSON *invited_room(const struct event *invite)
{
	return json_set(json_new(), "invite_state", stripped_room(invite));
}

static cJSON *knocked_room(const struct event *knock)
{
	return json_set(json_new(), "knock_state", stripped_room(knock));
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
	cJSON *join, *invite, *knock, *leave;
};

static void add_room(const struct sim_matrix *sim, const struct sync_query *query,
        const struct room *room, const struct event *member, struct rooms_json *rooms)
{
	const char *membership = content_str(member->content, "membership");
	cJSON *json;

	if (query->filter != NULL && sim->profile->sync_filters &&
	        !filter_allows_room(content_obj(query->filter, "room"), room->room_id)) {
		return;
	}
	if (str_equal(membership, "join")) {
		json = joined_room(sim, query, room);
		if (json != NULL) {
			json_set(rooms->join, room->room_id, json);
		}
	} else if (member->count <= query->since) {
		return;
	} else if (str_equal(membership, "invite")) {
		json_set(rooms->invite, room->room_id, invited_room(member));
	} else if (str_equal(membership, "knock")) {
		json_set(rooms->knock, room->room_id, knocked_room(member));
	} else if (query->since != 0 ||
	           cJSON_IsTrue(content_get(
	                   content_obj(query->filter, "room"), "include_leave"))) {
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

static cJSON *wanted_presence(const struct sync_query *query)
{
	cJSON *list = presence_since(query->sim, query->user, query->since);
	const cJSON *filter = content_obj(query->filter, "presence");
	cJSON *event, *next;

	for (event = list->child; event != NULL && query->sim->profile->sync_filters;
	        event = next) {
		next = event->next;
		if (!filter_allows(filter, json_str_or(event, "type", ""),
		            json_str_or(event, "sender", ""))) {
			cJSON_Delete(cJSON_DetachItemViaPointer(list, event));
		}
	}
	return list;
}

/* ---- all ---- */

cJSON *sync_build(
        const struct sim_matrix *sim, const struct sync_query *query, bool *is_news)
{
	struct rooms_json rooms = {json_new(), json_new(), json_new(), json_new()};
	cJSON *data = account_data_since(query, NULL);
	cJSON *presence = wanted_presence(query);
	cJSON *to_device = to_device_events(query);
	cJSON *json = json_new();
	cJSON *lists = keys_device_lists(sim, query->user, query->since, sim->count);
	cJSON *all;
	const char *room_id;
	void *member;

	for (size_t i = 0; map_next(query->user->rooms, &i, &room_id, &member);) {
		add_room(sim, query, room_find(sim, room_id), member, &rooms);
	}
	*is_news = query->full_state || !is_empty_list(rooms.join) ||
	           !is_empty_list(rooms.invite) || !is_empty_list(rooms.leave) ||
	           !is_empty_list(rooms.knock) || !is_empty_list(presence) ||
	           !is_empty_list(data) || !is_empty_list(to_device) ||
	           !is_empty_list(cJSON_GetObjectItemCaseSensitive(lists, "changed")) ||
	           !is_empty_list(cJSON_GetObjectItemCaseSensitive(lists, "left"));
	set_token(json, "next_batch", sim->count);
	all = json_set(json_new(), "join", rooms.join);
	json_set(all, "invite", rooms.invite);
	json_set(all, "knock", rooms.knock);
	json_set(json, "rooms", json_set(all, "leave", rooms.leave));
	json_set(json, "account_data", events_of(data));
	json_set(json, "to_device", events_of(to_device));
	json_set(json, "presence", events_of(presence));
	json_set(json, "device_lists", lists);
	if (query->device == NULL) {
		return json_set(json, "device_one_time_keys_count", json_new());
	}
	if (sim->profile->fallback_keys) {
		json_set(json, "device_unused_fallback_key_types",
		        keys_unused_fallbacks(query->device));
	}
	return json_set(
	        json, "device_one_time_keys_count", keys_one_time_counts(query->device));
}
