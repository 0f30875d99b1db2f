/* Finding things in rooms: threads, the event of a moment, words. */
#include "lib/mem.h"

#include "sim-matrix/admin_room.h"
#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/events.h"
#include "sim-matrix/filter.h"
#include "sim-matrix/relations.h"

#include <stdlib.h>
#include <string.h>

enum { THREADS_DEFAULT = 10, FOUND_DEFAULT = 10, LIST_MAX = 100 };

static int64_t limit_of(const struct call *call, int64_t otherwise)
{
	int64_t limit = call_query_int(call, "limit", otherwise);

	return limit < 1 ? otherwise : (limit > LIST_MAX ? LIST_MAX : limit);
}

/* The room, if the caller may see it; else NULL and answered. */
static struct room *visible_room(struct call *call)
{
	struct room *room = call_room(call);

	if (room == NULL || !room_state_visible(room, call->user_id)) {
		call_fail(call, FAIL_MEMBERS_FORBIDDEN, NULL);
		return NULL;
	}
	return room;
}

/* ---- threads ---- */

/* The place by which threads are ordered and paged. */
static uint64_t thread_place(const struct event *root)
{
	return root->room->sim->profile->threads_by_newest ? root->thread_newest->count
	                                                   : root->count;
}

static bool is_listed(const struct event *event, const char *user_id, bool own)
{
	return event->thread_newest != NULL && event->redacted_by == NULL &&
	       event_visible(event, user_id) &&
	       (!own || relations_in_thread(event, user_id));
}

/* The next thread before `before`; NULL: no more. */
static const struct event *next_thread(
        const struct room *room, uint64_t before, const char *user_id, bool own)
{
	const struct event *best = NULL;

	for (size_t i = 0; i < room->event_count; i++) {
		const struct event *event = room->events[i];
		if (is_listed(event, user_id, own) && thread_place(event) < before &&
		        (best == NULL || thread_place(event) > thread_place(best))) {
			best = event;
		}
	}
	return best;
}

void api_threads(struct call *call)
{
	autofree char *include = call_query(call, "include");
	bool own = str_equal(include, "participated");
	int64_t limit = limit_of(call, THREADS_DEFAULT);
	int64_t from = call_query_int(call, "from", INT64_MAX);
	struct room *room = visible_room(call);
	uint64_t at = from < 0 ? 0 : (uint64_t)from;
	const struct event *root;
	cJSON *chunk, *json;

	if (room == NULL) {
		return;
	}
	chunk = cJSON_CreateArray();
	for (; limit > 0; limit--) {
		root = next_thread(room, at, call->user_id, own);
		if (root == NULL) {
			break;
		}
		at = thread_place(root);
		cJSON_AddItemToArray(
		        chunk, event_to_json(root, EVENT_FULL, call->user_id));
	}
	json = json_set(json_new(), "chunk", chunk);
	if (limit == 0 && next_thread(room, at, call->user_id, own) != NULL) {
		autofree char *token = xasprintf("%llu", (unsigned long long)at);
		json_set_str(json, "next_batch", token);
	}
	call_reply(call, 200, json);
}

/* ---- the event of a moment ---- */

void api_timestamp_to_event(struct call *call)
{
	autofree char *dir = call_query(call, "dir");
	int64_t ts = call_query_int(call, "ts", -1);
	bool forward = dir == NULL || strcmp(dir, "f") == 0;
	struct room *room = visible_room(call);
	const struct event *best = NULL;
	cJSON *json;

	if (room == NULL) {
		return;
	}
	if (ts < 0) {
		call_fail(call, FAIL_MISSING_PARAM, "ts");
		return;
	}
	for (size_t i = 0; i < room->event_count; i++) {
		const struct event *event = room->events[i];
		bool fits = forward ? event->ts_ms >= ts : event->ts_ms <= ts;
		bool nearer = best == NULL || (forward ? event->ts_ms < best->ts_ms
		                                       : event->ts_ms >= best->ts_ms);
		best = fits && nearer && event_visible(event, call->user_id) ? event
		                                                             : best;
	}
	if (best == NULL) {
		call_fail(call, FAIL_EVENT_MISSING, "");
		return;
	}
	json = json_set_str(json_new(), "event_id", best->event_id);
	call_reply(call, 200, json_set_int(json, "origin_server_ts", best->ts_ms));
}

/* ---- words ---- */

/* The text of an event that can be searched for; NULL: none. */
static const char *searched_text(const struct event *event, const cJSON *keys)
{
	static const struct {
		const char *type, *key, *name;
	} texts[] = {
	        {"m.room.message", "body", "content.body"},
	        {"m.room.name", "name", "content.name"},
	        {"m.room.topic", "topic", "content.topic"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const cJSON *key;
		bool wanted = !cJSON_IsArray(keys);
		cJSON_ArrayForEach(key, keys)
		{
			wanted |= cJSON_IsString(key) &&
			          strcmp(key->valuestring, texts[i].name) == 0;
		}
		if (wanted && strcmp(event->type, texts[i].type) == 0) {
			return content_str(event->content, texts[i].key);
		}
	}
	return NULL;
}

/* Every word of the term, in any order and case. */
static bool has_words(const char *text, const char *term)
{
	autofree char *words = xstrdup(term);
	char *at = words;

	while (at != NULL && *at != '\0') {
		char *end = strchr(at, ' ');
		if (end != NULL) {
			*end++ = '\0';
		}
		if (at[0] != '\0' && strcasestr(text, at) == NULL) {
			return false;
		}
		at = end;
	}
	return true;
}

struct search {
	struct call *call;
	const char *term;
	const cJSON *criteria;
	int64_t skip, limit, found;
	cJSON *results;
};

static void search_event(struct search *s, const struct event *event)
{
	const char *text = searched_text(event, content_get(s->criteria, "keys"));
	cJSON *result;

	if (text == NULL || event->redacted_by != NULL || !has_words(text, s->term) ||
	        !filter_allows_event(content_obj(s->criteria, "filter"), event) ||
	        !event_visible(event, s->call->user_id)) {
		return;
	}
	s->found++;
	if (s->found <= s->skip || cJSON_GetArraySize(s->results) >= s->limit) {
		return;
	}
	result = json_set_int(json_new(), "rank", 1);
	json_set(result, "result", event_to_json(event, EVENT_FULL, s->call->user_id));
	cJSON_AddItemToArray(s->results, result);
}

static void search_rooms(struct search *s)
{
	const char *room_id;

	for (size_t i = 0; s->call->user != NULL &&
	                   map_next(s->call->user->rooms, &i, &room_id, NULL);) {
		const struct room *room = room_find(s->call->sim, room_id);
		if (!room_is_joined(room, s->call->user_id)) {
			continue;
		}
		for (size_t k = room->event_count; k > 0; k--) {
			search_event(s, room->events[k - 1]);
		}
	}
}

void api_search(struct call *call)
{
	const cJSON *categories = content_obj(call->body, "search_categories");
	const cJSON *criteria = content_obj(categories, "room_events");
	struct search s = {.call = call, .criteria = criteria};
	cJSON *json, *words;

	s.term = content_str(criteria, "search_term");
	if (s.term == NULL) {
		call_fail(call, FAIL_MISSING_PARAM, "search_term");
		return;
	}
	s.limit = filter_limit(content_obj(criteria, "filter"), FOUND_DEFAULT, LIST_MAX);
	s.skip = call_query_int(call, "next_batch", 0);
	s.results = cJSON_CreateArray();
	search_rooms(&s);
	json = json_set_int(json_new(), "count", s.found);
	json_set(json, "results", s.results);
	words = cJSON_CreateArray();
	cJSON_AddItemToArray(words, cJSON_CreateString(s.term));
	json_set(json, "highlights", words);
	if (s.found > s.skip + s.limit) {
		autofree char *token = xasprintf("%lld", (long long)(s.skip + s.limit));
		json_set_str(json, "next_batch", token);
	}
	json_set(json, "state", json_new());
	json = json_set(json_new(), "room_events", json);
	call_reply(call, 200, json_set(json_new(), "search_categories", json));
}

/* ---- reports: they go to the administrator (conduwuit: into the admin room) ---- */

enum { REASON_MAX = 750 };

void api_report(struct call *call)
{
	const char *event_id = call_param(call, "event");
	const char *reason = json_str_or(call->body, "reason", "");
	int64_t score = json_int(call->body, "score", 0);
	const struct event *event = event_find(call->sim, event_id);
	const struct room *room = call_room(call);
	autofree char *text = NULL;

	if (event_id[0] != '\0' && event == NULL) {
		call_fail(call, FAIL_REPORT_EVENT, NULL);
		return;
	}
	if (room == NULL || (event != NULL && event->room != room) ||
	        !room_is_joined(room, call->user_id)) {
		call_fail(call, FAIL_REPORT_ROOM, NULL);
		return;
	}
	if (score < -100 || score > 0 || strlen(reason) > REASON_MAX) {
		call_fail(call, FAIL_INVALID_PARAM,
		        "Invalid score or reason: -100 to 0, up to 750 characters");
		return;
	}
	text = xasprintf("@room %s report received from %s -\n\nEvent ID: %s\nRoom ID: "
	                 "%s\n\nReport Score: %lld\nReport Reason: %s",
	        event != NULL ? "Event" : "Room", call->user_id, event_id, room->room_id,
	        (long long)score, reason);
	admin_room_say(call->sim, text);
	call_reply_empty(call);
}
