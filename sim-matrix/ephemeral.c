#include "sim-matrix/ephemeral.h"

#include "lib/mem.h"

#include "sim-matrix/appservice.h"

#include <stdlib.h>
#include <string.h>

/* ---- typing ---- */

cJSON *typing_content(const struct sim_matrix *sim, const struct room *room)
{
	cJSON *users = cJSON_CreateArray();
	const char *user_id;
	void *until;

	for (size_t i = 0; map_next(room->typing, &i, &user_id, &until);) {
		if (*(const int64_t *)until > loop_now_ms(sim->loop)) {
			cJSON_AddItemToArray(users, cJSON_CreateString(user_id));
		}
	}
	return json_set(json_new(), "user_ids", users);
}

static void tell_typing(struct room *room)
{
	cJSON *edu = json_set_str(json_new(), "type", "m.typing");

	json_set_str(edu, "room_id", room->room_id);
	json_set(edu, "content", typing_content(room->sim, room));
	room->typing_count = ++room->sim->count;
	timer_start(&room->sim->sync_timer, 0);
	appservices_offer_edu(room->sim, room, edu);
}

/* Wakes when the next one's time is over. */
static void watch_typing(struct room *room)
{
	int64_t now = loop_now_ms(room->sim->loop);
	int64_t next = INT64_MAX;
	void *until;

	for (size_t i = 0; map_next(room->typing, &i, NULL, &until);) {
		int64_t end = *(const int64_t *)until;
		next = end < next ? end : next;
	}
	if (next == INT64_MAX) {
		timer_stop(&room->typing_timer);
	} else {
		timer_start(&room->typing_timer, next > now ? next - now : 0);
	}
}

static void handle_typing_over(void *arg)
{
	struct room *room = arg;
	const char *user_id;
	bool over = false;
	void *until;

	for (size_t i = 0; map_next(room->typing, &i, &user_id, &until);) {
		if (*(const int64_t *)until <= loop_now_ms(room->sim->loop)) {
			free(map_del(room->typing, user_id));
			over = true;
		}
	}
	if (over) {
		tell_typing(room);
	}
	watch_typing(room);
}

void typing_init(struct sim_matrix *sim, struct room *room)
{
	room->typing = map_create();
	timer_init(&room->typing_timer, sim->loop, handle_typing_over, room);
}

void typing_finish(struct room *room)
{
	timer_stop(&room->typing_timer);
	map_destroy(&room->typing, free);
}

void typing_set(
        struct sim_matrix *sim, struct room *room, const char *user_id, int64_t span_ms)
{
	int64_t *until;

	if (span_ms > 0) {
		until = xmalloc(sizeof(*until));
		*until = loop_now_ms(sim->loop) + span_ms;
		free(map_set(room->typing, user_id, until));
	} else {
		free(map_del(room->typing, user_id));
	}
	tell_typing(room);
	watch_typing(room);
}

/* ---- receipts ---- */

static void tell_receipt(struct room *room, const struct receipt *receipt)
{
	cJSON *entry = receipt_entry(receipt);
	cJSON *users = json_set(json_new(), receipt->user_id, entry);
	cJSON *edu = json_set_str(json_new(), "type", "m.receipt");

	users = json_set(json_new(), "m.read", users);
	json_set_str(edu, "room_id", room->room_id);
	json_set(edu, "content", json_set(json_new(), receipt->event_id, users));
	appservices_offer_edu(room->sim, room, edu);
}

cJSON *receipt_entry(const struct receipt *receipt)
{
	cJSON *entry = json_set_int(json_new(), "ts", receipt->ts_ms);

	return json_set_str(entry, "thread_id", receipt->thread_id);
}

void receipt_free(void *value)
{
	struct receipt *receipt = value;

	free(receipt->user_id);
	free(receipt->event_id);
	free(receipt->thread_id);
	free(receipt);
}

void receipt_set(struct sim_matrix *sim, struct room *room, const char *user_id,
        const char *event_id, const char *thread_id, bool is_private)
{
	autofree char *key = xasprintf("%s %d %s", user_id, is_private ? 1 : 0,
	        thread_id != NULL ? thread_id : "");
	struct receipt *receipt = map_get(room->receipts, key);

	if (receipt == NULL) {
		receipt = xcalloc(1, sizeof(*receipt));
		receipt->user_id = xstrdup(user_id);
		receipt->thread_id = xstrdup_null(thread_id);
		receipt->is_private = is_private;
		map_set(room->receipts, key, receipt);
	}
	str_replace(&receipt->event_id, event_id);
	receipt->ts_ms = loop_wall_ms(sim->loop);
	receipt->count = ++sim->count;
	timer_start(&sim->sync_timer, 0);
	if (!is_private) {
		tell_receipt(room, receipt);
	}
}
