#include "lib/pace.h"

#include "lib/map.h"
#include "lib/mem.h"
#include <assert.h>
#include <stdlib.h>

enum {
	MAX_WAITING = 2000, /* each holds a request in memory */
	MINUTE_MS = 60 * 1000,
	KEY_EVERY_MS = 1000,
	/* A server's odd wish must not stop everything for days: after that one asks. */
	LONGEST_PARK_MS = 60 * 60 * 1000,
};

struct bucket {
	int64_t spent_ms; /* the burst is full once now is burst seconds past it */
};

/* ---------------------------------------------------------------- keys */

/* When the next one with this key may leave. */
static int64_t key_wait_ms(const struct pace *pace, const char *key)
{
	int64_t now_ms = loop_now_ms(pace->loop);
	bool counts = pace->burst > 0 && key != NULL;
	const struct bucket *bucket = counts ? map_get(pace->keys, key) : NULL;

	if (bucket == NULL) {
		return 0;
	}
	int64_t wait_ms = bucket->spent_ms + KEY_EVERY_MS - now_ms;
	return wait_ms > 0 ? wait_ms : 0;
}

static void drop_full(struct pace *pace)
{
	int64_t full_ms = loop_now_ms(pace->loop) - (int64_t)pace->burst * KEY_EVERY_MS;
	const char *key;
	void *value;

	if (loop_now_ms(pace->loop) < pace->key_sweep_ms) {
		return;
	}
	pace->key_sweep_ms = loop_now_ms(pace->loop) + MINUTE_MS;
	for (size_t i = 0; map_next(pace->keys, &i, &key, &value);) {
		if (((struct bucket *)value)->spent_ms <= full_ms) {
			map_del(pace->keys, key);
			free(value);
		}
	}
}

/* Time is what fills a bucket: it holds burst seconds of it. */
static void spend_key(struct pace *pace, const char *key)
{
	int64_t now_ms = loop_now_ms(pace->loop);
	int64_t burst = now_ms < pace->careful_until_ms ? 1 : pace->burst;
	int64_t full_ms = now_ms - burst * KEY_EVERY_MS;

	if (pace->burst == 0 || key == NULL) {
		return;
	}
	drop_full(pace);
	struct bucket *bucket = map_get(pace->keys, key);
	if (bucket == NULL) {
		bucket = xcalloc(1, sizeof(*bucket));
		bucket->spent_ms = full_ms;
		map_set(pace->keys, key, bucket);
	}
	if (bucket->spent_ms < full_ms) {
		bucket->spent_ms = full_ms;
	}
	bucket->spent_ms += KEY_EVERY_MS;
}

/* ---------------------------------------------------------------- the last minute */

static void forget_older(struct pace *pace)
{
	int64_t from_ms = loop_now_ms(pace->loop) - MINUTE_MS;

	while (pace->left_count > 0 && pace->left_ms[pace->left_first] <= from_ms) {
		pace->left_first = (pace->left_first + 1) % pace->limit;
		pace->left_count--;
	}
}

static size_t share_of(const struct pace *pace, enum pace_urgency urgency)
{
	bool careful = loop_now_ms(pace->loop) < pace->careful_until_ms;
	size_t share = careful ? (pace->limit + 1) / 2 : pace->limit;

	return urgency == PACE_SYNC ? share - share / 5 : share;
}

static int64_t window_wait_ms(struct pace *pace, enum pace_urgency urgency)
{
	int64_t now_ms = loop_now_ms(pace->loop);

	if (pace->limit == 0) {
		return 0;
	}
	forget_older(pace);
	size_t share = share_of(pace, urgency);
	if (pace->left_count < share) {
		return 0;
	}
	/* So many of the oldest must be a minute ago. */
	size_t nth = pace->left_count - share;
	int64_t left_ms = pace->left_ms[(pace->left_first + nth) % pace->limit];
	int64_t wait_ms = left_ms + MINUTE_MS - now_ms;
	int64_t careful_ms = pace->careful_until_ms - now_ms;
	/* With the end of the care there may be more at once. */
	return careful_ms > 0 && careful_ms < wait_ms ? careful_ms : wait_ms;
}

static void note_left(struct pace *pace)
{
	if (pace->limit == 0) {
		return;
	}
	if (pace->left_ms == NULL) {
		pace->left_ms = xcalloc(pace->limit, sizeof(pace->left_ms[0]));
	}
	assert(pace->left_count < pace->limit);
	pace->left_ms[(pace->left_first + pace->left_count) % pace->limit] =
	        loop_now_ms(pace->loop);
	pace->left_count++;
}

/* ---------------------------------------------------------------- leaving */

static void remove_turn(struct pace *pace, struct pace_turn *turn)
{
	list_del(&turn->link);
	turn->waits = false;
	pace->waiting_count--;
}

static int64_t park_wait_ms(const struct pace *pace)
{
	int64_t wait_ms = pace->parked_until_ms - loop_now_ms(pace->loop);

	return wait_ms > 0 ? wait_ms : 0;
}

static void let_leave(struct pace *pace, struct pace_turn *turn)
{
	remove_turn(pace, turn);
	if (pace->was_parked) {
		pace->was_parked = false;
		pace->probe = turn;
	}
	spend_key(pace, turn->key);
	note_left(pace);
	pace->leave(turn);
}

/* Lets all of one urgency leave that may. How long until the next may, -1 if none waits
 * for time. */
static int64_t pump_urgency(struct pace *pace, enum pace_urgency urgency)
{
	int64_t soonest_ms = -1;

	list_for_each(it, &pace->waiting[urgency])
	{
		struct pace_turn *turn = container_of(it, struct pace_turn, link);
		if (pace->probe != NULL) {
			return -1;
		}
		int64_t wait_ms = window_wait_ms(pace, urgency);
		if (wait_ms > 0) {
			return soonest_ms >= 0 && soonest_ms < wait_ms ? soonest_ms
			                                               : wait_ms;
		}
		wait_ms = key_wait_ms(pace, turn->key);
		if (wait_ms == 0) {
			let_leave(pace, turn);
		} else if (soonest_ms < 0 || wait_ms < soonest_ms) {
			soonest_ms = wait_ms;
		}
	}
	return soonest_ms;
}

static void pump(struct pace *pace)
{
	int64_t soonest_ms = -1;

	timer_stop(&pace->timer);
	if (pace->waiting_count == 0 || pace->probe != NULL) {
		return;
	}
	if (park_wait_ms(pace) > 0) {
		timer_start(&pace->timer, park_wait_ms(pace));
		return;
	}
	for (enum pace_urgency urgency = 0; urgency < PACE_URGENCIES; urgency++) {
		int64_t wait_ms = pump_urgency(pace, urgency);
		if (wait_ms >= 0 && (soonest_ms < 0 || wait_ms < soonest_ms)) {
			soonest_ms = wait_ms;
		}
	}
	if (pace->probe == NULL && soonest_ms >= 0) {
		timer_start(&pace->timer, soonest_ms);
	}
}

static void handle_timer(void *arg)
{
	pump(arg);
}

/* ---------------------------------------------------------------- public */

void pace_init(struct pace *pace, struct loop *loop, struct pace_limits limits,
        pace_leave_fn *leave)
{
	*pace = (struct pace){.loop = loop, .leave = leave, .burst = limits.burst};
	timer_init(&pace->timer, loop, handle_timer, pace);
	for (enum pace_urgency urgency = 0; urgency < PACE_URGENCIES; urgency++) {
		list_init(&pace->waiting[urgency]);
	}
	pace->limit = limits.per_minute - limits.per_minute / 10;
	if (limits.burst > 0) {
		pace->keys = map_create();
	}
}

void pace_finish(struct pace *pace)
{
	assert(pace->waiting_count == 0);
	timer_stop(&pace->timer);
	free(pace->left_ms);
	if (pace->keys != NULL) {
		map_destroy(&pace->keys, free);
	}
}

void pace_resume(struct pace *pace)
{
	pace->careful_until_ms = loop_now_ms(pace->loop) + MINUTE_MS;
}

bool pace_enter(struct pace *pace, struct pace_turn *turn)
{
	if (pace->waiting_count >= MAX_WAITING) {
		return false;
	}
	turn->waits = true;
	list_add_tail(&pace->waiting[turn->urgency], &turn->link);
	pace->waiting_count++;
	pump(pace);
	return true;
}

void pace_ended(struct pace *pace, struct pace_turn *turn)
{
	bool was_probe = pace->probe == turn;

	if (turn->waits) {
		remove_turn(pace, turn);
	}
	if (was_probe) {
		pace->probe = NULL;
	}
	/* Nobody waits for the end of an ordinary one: time alone is waited for. */
	if (was_probe) {
		pump(pace);
	}
}

void pace_park(struct pace *pace, uint32_t park_ms)
{
	uint32_t wish_ms = park_ms < LONGEST_PARK_MS ? park_ms : LONGEST_PARK_MS;
	int64_t until_ms = loop_now_ms(pace->loop) + wish_ms;

	pace->was_parked = true;
	if (until_ms > pace->parked_until_ms) {
		pace->parked_until_ms = until_ms;
	}
}

bool pace_is_idle(const struct pace *pace)
{
	return pace->waiting_count == 0 && pace->probe == NULL && park_wait_ms(pace) == 0;
}
