#include "bridge/queue/queue.h"

#include "bridge/queue/lane.h"
#include "bridge/queue/purge.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include <assert.h>
#include <stdlib.h>

enum {
	MAX_ACTIVE = 64,
	LOAD_AGAIN_MS = 1000, /* after a failed read of the database */
};

/* Lanes that step aside do not count among the active ones, but are. */
static bool is_active(const struct queue *queue)
{
	void *value;

	for (size_t i = 0; map_next(queue->lanes, &i, NULL, &value);) {
		const struct lane *lane = value;
		if (lane->state != LANE_READY && lane->state != LANE_PARKED) {
			return true;
		}
	}
	return false;
}

static void handle_drained(void *arg)
{
	struct queue *queue = arg;
	void (*done)(void *arg) = queue->drain_done;

	queue->drain_done = NULL;
	done(queue->drain_arg);
}

void queue_drain(struct queue *queue, void (*done)(void *arg), void *arg)
{
	assert(!queue->draining);
	queue->draining = true;
	queue->drain_done = done;
	queue->drain_arg = arg;
	timer_stop(&queue->load);
	purge_destroy(&queue->purge);
	queue_pump(queue);
}

static void handle_pump(void *arg)
{
	struct queue *queue = arg;

	if (queue->draining) {
		if (!is_active(queue) && queue->drain_done != NULL) {
			timer_start(&queue->drained, 0);
		}
		return;
	}
	for (size_t i = 0; queue->started && i < LANE_KINDS; i++) {
		struct lane_kind *kind = &queue->kinds[i];
		while (kind->active < MAX_ACTIVE && !list_empty(&kind->ready)) {
			lane_begin(container_of(kind->ready.next, struct lane, link));
		}
	}
}

static void load(void *arg);

void queue_pump(struct queue *queue)
{
	if (!timer_active(&queue->pump)) {
		timer_start(&queue->pump, 0);
	}
}

struct queue *queue_create(struct loop *loop, struct store *store,
        const struct flow_def *const *defs, void *app, uint64_t seed)
{
	struct queue *queue = xcalloc(1, sizeof(*queue));

	queue->loop = loop;
	queue->store = store;
	queue->defs = defs;
	queue->app = app;
	queue->lanes = map_create();
	for (size_t i = 0; i < LANE_KINDS; i++) {
		list_init(&queue->kinds[i].ready);
	}
	rand_seed(&queue->rand, seed);
	timer_init(&queue->pump, loop, handle_pump, queue);
	timer_init(&queue->load, loop, load, queue);
	queue->purge = purge_create(loop, store);
	timer_init(&queue->drained, loop, handle_drained, queue);
	return queue;
}

void queue_destroy(struct queue **queue)
{
	struct queue *q = *queue;
	if (q == NULL) {
		return;
	}
	timer_stop(&q->pump);
	timer_stop(&q->load);
	purge_destroy(&q->purge);
	timer_stop(&q->drained);
	store_tx_cancel(&q->loading);
	void *lane;
	for (size_t i = 0; map_next(q->lanes, &i, NULL, &lane);) {
		lane_destroy(lane);
	}
	map_destroy(&q->lanes, NULL);
	free(q);
	*queue = NULL;
}

static void wake(struct queue *queue, const char *name)
{
	struct lane *lane = map_get(queue->lanes, name);

	if (lane == NULL) {
		lane = lane_create(queue, name);
	} else {
		lane->more = true;
	}
	queue_pump(queue);
}

static void handle_lanes(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct queue *queue = arg;

	queue->loading = NULL;
	if (err->kind != ERR_NONE) {
		log_error("cannot read the inbox", "error=\"%s\"", err->msg);
		timer_start(&queue->load, LOAD_AGAIN_MS);
		return;
	}
	for (size_t i = 0; i < store_rows(results[0]); i++) {
		wake(queue, store_text(results[0], i, 0));
	}
	log_info("inbox opened", "lanes=%zu", store_rows(results[0]));
}

static void load(void *arg)
{
	struct queue *queue = arg;

	queue->loading = store_tx_create(queue->store);
	store_tx_add(queue->loading, STMT_INBOX_LANES, "");
	store_tx_submit(queue->loading, handle_lanes, queue);
}

void queue_look_again(struct queue *queue)
{
	if (queue->started && queue->loading == NULL) {
		load(queue);
	}
}

void queue_hurry(struct queue *queue)
{
	void *value;

	for (size_t i = 0; map_next(queue->lanes, &i, NULL, &value);) {
		struct lane *lane = value;
		if (lane->state == LANE_PARKED && timer_active(&lane->due)) {
			timer_start(&lane->due, 0);
		}
	}
}

void queue_start(struct queue *queue)
{
	queue->started = true;
	load(queue);
	purge_start(queue->purge);
}

struct waking {
	struct queue *queue;
	char *lane;
};

static void handle_committed(bool committed, void *arg)
{
	struct waking *waking = arg;

	if (committed) {
		wake(waking->queue, waking->lane);
	}
	free(waking->lane);
	free(waking);
}

void queue_wake_on_commit(struct queue *queue, struct store_tx *tx, const char *lane)
{
	struct waking *waking = xcalloc(1, sizeof(*waking));

	waking->queue = queue;
	waking->lane = xstrdup(lane);
	store_tx_on_commit(tx, handle_committed, waking);
}

struct place {
	const char *lane, *sort_key;
	int64_t due_ms;
};

static void add(struct queue *queue, struct store_tx *tx, const char *key,
        const struct place *place, const char *flow, const char *payload)
{
	REQ("SOCK-10"); /* a key that is there already has no effect */
	store_tx_add(tx, STMT_INBOX_ADD, "sssssii", key, place->lane, place->sort_key,
	        flow, payload, loop_wall_ms(queue->loop), place->due_ms);
	queue_wake_on_commit(queue, tx, place->lane);
}

void queue_add_sorted(struct queue *queue, struct store_tx *tx, const char *key,
        const char *lane, const char *sort_key, const char *flow, const char *payload)
{
	bool is_held = queue->hold_ms > 0 && sort_key[0] != '\0';
	const struct place place = {
	        lane, sort_key, is_held ? loop_wall_ms(queue->loop) + queue->hold_ms : 0};

	add(queue, tx, key, &place, flow, payload);
}

void queue_add_due(struct queue *queue, struct store_tx *tx, const char *key,
        const char *lane, int64_t due_ms, const char *flow, const char *payload)
{
	const struct place place = {lane, "", due_ms};

	add(queue, tx, key, &place, flow, payload);
}

void queue_add(struct queue *queue, struct store_tx *tx, const char *key,
        const char *lane, const char *flow, const char *payload)
{
	queue_add_sorted(queue, tx, key, lane, "", flow, payload);
}

void queue_set_observer(struct queue *queue, queue_observer_fn *observer, void *arg)
{
	queue->observer = observer;
	queue->observer_arg = arg;
}

void queue_set_hold(struct queue *queue, int64_t hold_ms)
{
	queue->hold_ms = hold_ms;
}

bool queue_has_lane(const struct queue *queue, const char *lane)
{
	return map_get(queue->lanes, lane) != NULL;
}

bool queue_next_lane(const struct queue *queue, size_t *cursor, char kind,
        const char **name, int64_t *since_ms)
{
	void *value;

	while (map_next(queue->lanes, cursor, name, &value)) {
		const struct lane *lane = value;
		if (lane->name[0] == kind) {
			*since_ms = lane->since_ms;
			return true;
		}
	}
	return false;
}

size_t queue_lanes(const struct queue *queue)
{
	return map_count(queue->lanes);
}
