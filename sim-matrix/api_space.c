/* Spaces: the rooms below one (Matrix specification, "Spaces": the hierarchy). */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/events.h"
#include "sim-matrix/room_summary.h"

#include <stdlib.h>
#include <string.h>

enum {
	ROOMS_DEFAULT = 50,
	ROOMS_MAX = 100,
	DEPTH_MAX = 10,
	VISITED_MAX = 10000,
};

struct walk {
	struct call *call;
	bool suggested_only;
	int64_t depth_max;
	int64_t skip, limit;
	struct map *visited; /* room ID -> &seen */
	cJSON *rooms;
	bool more;
};

static char seen;

static bool is_child(const struct event *event, bool suggested_only)
{
	const cJSON *via = content_get(event->content, "via");

	return strcmp(event->type, "m.space.child") == 0 && cJSON_IsArray(via) &&
	       via->child != NULL &&
	       (!suggested_only ||
	               cJSON_IsTrue(content_get(event->content, "suggested")));
}

/* Those with an `order` come first. */
static int compare(const struct event *a, const struct event *b)
{
	const char *left = content_str(a->content, "order");
	const char *right = content_str(b->content, "order");
	int by_order = left != NULL && right != NULL ? strcmp(left, right) : 0;

	if ((left != NULL) != (right != NULL)) {
		return left != NULL ? -1 : 1;
	}
	if (by_order != 0) {
		return by_order;
	}
	return a->count < b->count ? -1 : (a->count > b->count ? 1 : 0);
}

static const struct event *next_child(
        const struct room *space, const struct event *after, bool suggested_only)
{
	const struct event *best = NULL;
	void *value;

	for (size_t i = 0; map_next(space->state, &i, NULL, &value);) {
		const struct event *event = value;
		if (is_child(event, suggested_only) &&
		        (after == NULL || compare(event, after) > 0) &&
		        (best == NULL || compare(event, best) < 0)) {
			best = event;
		}
	}
	return best;
}

static cJSON *children_of(const struct walk *w, const struct room *space)
{
	cJSON *list = cJSON_CreateArray();
	const struct event *child = NULL;

	while ((child = next_child(space, child, w->suggested_only)) != NULL) {
		cJSON *json = event_to_json(child, EVENT_STRIPPED, "");
		json_set_int(json, "origin_server_ts", child->ts_ms);
		cJSON_AddItemToArray(list, json);
	}
	return list;
}

static bool is_space(const struct room *room)
{
	const struct event *create = room_state(room, "m.room.create", "");

	return create != NULL &&
	       str_equal(content_str(create->content, "type"), "m.space");
}

static void visit(struct walk *w, const struct room *room, int64_t depth)
{
	const struct event *child = NULL;
	cJSON *json;

	if (room == NULL || map_get(w->visited, room->room_id) != NULL ||
	        map_count(w->visited) >= VISITED_MAX ||
	        !room_summary_visible(room, w->call->user_id)) {
		return;
	}
	map_set(w->visited, room->room_id, &seen);
	if (w->skip > 0) {
		w->skip--;
	} else if (cJSON_GetArraySize(w->rooms) >= w->limit) {
		w->more = true;
		return;
	} else {
		json = room_summary(room);
		if (w->call->sim->profile->strict) {
			json_set_str(json, "room_version", room->version);
		}
		json_set(json, "children_state", children_of(w, room));
		cJSON_AddItemToArray(w->rooms, json);
	}
	while (depth < w->depth_max && is_space(room) && !w->more &&
	        (child = next_child(room, child, w->suggested_only)) != NULL) {
		visit(w, room_find(w->call->sim, child->state_key), depth + 1);
	}
}

void api_hierarchy(struct call *call)
{
	autofree char *suggested = call_query(call, "suggested_only");
	int64_t depth = call_query_int(call, "max_depth", DEPTH_MAX);
	int64_t limit = call_query_int(call, "limit", ROOMS_DEFAULT);
	int64_t from = call_query_int(call, "from", 0);
	const struct room *room = call_room(call);
	struct walk w = {.call = call, .suggested_only = str_equal(suggested, "true")};
	cJSON *json;

	if (room == NULL || !room_summary_visible(room, call->user_id)) {
		call_fail(call,
		        room == NULL ? FAIL_HIERARCHY_MISSING : FAIL_HIERARCHY_FORBIDDEN,
		        NULL);
		return;
	}
	w.depth_max = depth < 0 || depth > DEPTH_MAX ? DEPTH_MAX : depth;
	w.limit = limit < 1 || limit > ROOMS_MAX ? ROOMS_MAX : limit;
	w.skip = from > 0 ? from : 0;
	w.visited = map_create();
	w.rooms = cJSON_CreateArray();
	visit(&w, room, 0);
	map_destroy(&w.visited, NULL);
	json = json_set(json_new(), "rooms", w.rooms);
	if (w.more) {
		autofree char *token =
		        xasprintf("%lld", (long long)((from > 0 ? from : 0) + w.limit));
		json_set_str(json, "next_batch", token);
	}
	call_reply(call, 200, json);
}

/* MSC3266: what is known of one room. */
void api_room_summary(struct call *call)
{
	const char *id = call_param(call, "id");
	const struct room *room =
	        id[0] == '#' ? map_get(call->sim->aliases, id) : room_find(call->sim, id);
	const char *user_id = call->user_id != NULL ? call->user_id : "";
	cJSON *json;

	if (room == NULL || !room_summary_visible(room, user_id)) {
		call_fail(call, FAIL_SUMMARY_MISSING, NULL);
		return;
	}
	json = room_summary(room);
	if (call->sim->profile->strict) {
		json_set_str(json, "room_version", room->version);
	}
	json_set_str(json, "membership", room_membership(room, user_id));
	json_set_str(json, "room_version", room->version);
	call_reply(call, 200, json);
}
