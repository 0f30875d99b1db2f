#include "bridge/flow/waiting.h"

#include "bridge/flow/waiting_mark.h"
#include "lib/log.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	LOOK_EVERY_MS = 1000,
	PATIENCE_MS = 5000, /* what takes no longer shows nothing */
	ROOMS_AT_ONCE = 16, /* in one transaction, two statements each */
};

struct waiting {
	struct app *app;
	struct timer timer;
	struct map *rooms; /* room -> itself; those with messages that wait or marks that
	                      stand */
	struct map *round; /* the same, those still to be looked at in this round */
	struct store_tx *tx;
	char *asked[ROOMS_AT_ONCE]; /* whom `tx` is about */
	size_t asked_count;
	bool loaded; /* the marks of an earlier life are known */
};

/* A map's value is never NULL; its key is all that matters here. */
static int present;

static void look(void *arg);

/* ---------------------------------------------------------------- one room */

static void add_mark(struct waiting *waiting, struct store_tx *tx, const char *room,
        const struct store_result *rows)
{
	for (size_t i = 0; i < store_rows(rows); i++) {
		const char *key = store_text(rows, i, 0);
		if (str_starts(key, "m:")) {
			waiting_mark_add(waiting->app, tx, room, key + 2);
		}
	}
}

/* True if none stands there. */
static bool clear_marks(struct waiting *waiting, struct store_tx *tx, const char *room,
        const struct store_result *rows)
{
	for (size_t i = 0; i < store_rows(rows); i++) {
		bool still_waits = store_int(rows, i, 2) > 0;
		if (!still_waits) {
			waiting_mark_clear(waiting->app, tx, room, store_text(rows, i, 0),
			        store_text(rows, i, 1));
		}
	}
	return store_rows(rows) == 0;
}

static bool has_work(const struct waiting *waiting, char kind, const char *room)
{
	autofree char *lane = xasprintf("%c %s", kind, room);

	return queue_has_lane(waiting->app->queue, lane);
}

static void forget_asked(struct waiting *waiting)
{
	for (size_t i = 0; i < waiting->asked_count; i++) {
		free(waiting->asked[i]);
	}
	waiting->asked_count = 0;
}

static void handle_rooms(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct waiting *waiting = arg;
	struct store_tx *tx = store_tx_create(waiting->app->store);

	waiting->tx = NULL;
	for (size_t i = 0; err->kind == ERR_NONE && i < waiting->asked_count; i++) {
		const char *room = waiting->asked[i];
		add_mark(waiting, tx, room, results[2 * i]);
		bool none = clear_marks(waiting, tx, room, results[2 * i + 1]);
		if (none && !has_work(waiting, 'm', room) &&
		        !has_work(waiting, 'w', room)) {
			map_del(waiting->rooms, room);
		}
	}
	forget_asked(waiting);
	if (store_tx_count(tx) > 0) {
		store_tx_submit(tx, NULL, NULL);
	} else {
		store_tx_cancel(&tx);
	}
	timer_start(&waiting->timer,
	        map_count(waiting->round) > 0 && err->kind == ERR_NONE ? 0
	                                                               : LOOK_EVERY_MS);
}

/* ---------------------------------------------------------------- rounds */

static void begin_round(struct waiting *waiting)
{
	const char *name;
	int64_t since_ms, long_ago_ms = loop_now_ms(waiting->app->loop) - PATIENCE_MS;

	for (size_t i = 0;
	        queue_next_lane(waiting->app->queue, &i, 'm', &name, &since_ms);) {
		if (since_ms <= long_ago_ms) {
			map_set(waiting->rooms, name + 2, &present);
		}
	}
	for (size_t i = 0; map_next(waiting->rooms, &i, &name, NULL);) {
		map_set(waiting->round, name, &present);
	}
}

static void ask_some(struct waiting *waiting)
{
	int64_t before_ms = loop_wall_ms(waiting->app->loop) - PATIENCE_MS;
	const char *room;

	waiting->tx = store_tx_create(waiting->app->store);
	for (size_t i = 0; waiting->asked_count < ROOMS_AT_ONCE &&
	                   map_next(waiting->round, &i, &room, NULL);) {
		autofree char *lane = lane_from_matrix(room);
		store_tx_add(waiting->tx, STMT_WAITING_UNMARKED, "sisss", lane, before_ms,
		        FLOW_MATRIX_MESSAGE, FLOW_MATRIX_FILE, WAITING_MARK_KEY);
		store_tx_add(waiting->tx, STMT_WAIT_MARKS, "ss", room, "m:");
		waiting->asked[waiting->asked_count++] = xstrdup(room);
		map_del(waiting->round, room);
	}
	store_tx_submit(waiting->tx, handle_rooms, waiting);
}

static void handle_old_marks(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct waiting *waiting = arg;

	waiting->tx = NULL;
	waiting->loaded = err->kind == ERR_NONE;
	for (size_t i = 0; waiting->loaded && i < store_rows(results[0]); i++) {
		map_set(waiting->rooms, store_text(results[0], i, 0), &present);
	}
	timer_start(&waiting->timer, LOOK_EVERY_MS);
}

static bool anybody_waits(const struct waiting *waiting)
{
	const char *name;
	int64_t since_ms;
	size_t i = 0;

	return map_count(waiting->rooms) > 0 ||
	       queue_next_lane(waiting->app->queue, &i, 'm', &name, &since_ms);
}

static void look(void *arg)
{
	struct waiting *waiting = arg;

	if (!waiting->loaded) {
		waiting->tx = store_tx_create(waiting->app->store);
		store_tx_add(waiting->tx, STMT_WAIT_MARK_ROOMS, "");
		store_tx_submit(waiting->tx, handle_old_marks, waiting);
		return;
	}
	if (map_count(waiting->round) == 0) {
		begin_round(waiting);
	}
	if (map_count(waiting->round) > 0) {
		ask_some(waiting);
	} else if (anybody_waits(waiting)) {
		timer_start(&waiting->timer, LOOK_EVERY_MS);
	}
}

/* ---------------------------------------------------------------- public */

struct waiting *waiting_create(struct app *app)
{
	struct waiting *waiting = xcalloc(1, sizeof(*waiting));

	waiting->app = app;
	waiting->rooms = map_create();
	waiting->round = map_create();
	timer_init(&waiting->timer, app->loop, look, waiting);
	return waiting;
}

void waiting_destroy(struct waiting **handle)
{
	struct waiting *waiting = *handle;

	if (waiting == NULL) {
		return;
	}
	timer_stop(&waiting->timer);
	store_tx_cancel(&waiting->tx);
	forget_asked(waiting);
	map_destroy(&waiting->rooms, NULL);
	map_destroy(&waiting->round, NULL);
	free(waiting);
	*handle = NULL;
}

void waiting_start(struct waiting *waiting)
{
	timer_start(&waiting->timer, LOOK_EVERY_MS);
}

void waiting_wake(struct waiting *waiting)
{
	if (waiting != NULL && waiting->tx == NULL && !timer_active(&waiting->timer)) {
		timer_start(&waiting->timer, LOOK_EVERY_MS);
	}
}
