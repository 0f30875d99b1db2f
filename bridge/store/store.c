#include "bridge/store/store.h"

#include "bridge/store/driver.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <assert.h>
#include <stdlib.h>

enum {
	ROUNDS_PER_TURN = 16, /* commits before the loop gets its turn again */
	GATHERING_TURNS = 8,  /* that may share a commit while input keeps coming */
	GATHERED_MAX = 64,    /* transactions: then the commit is worth its price */
	BATCH_MAX = 1024,     /* transactions that share a commit */
	AWAY_RETRY_MS = 100,  /* the database is locked or away */
	GIVE_UP_MS = 30000,   /* then the callers are told */
	CLOSE_WAIT_MS = 1000, /* for what is under way at the end */
};

struct store {
	struct loop *loop;
	struct driver *driver;
	struct list queue;   /* store_tx::link, in the order of submission */
	size_t queued;       /* submitted since the last commit was begun */
	unsigned gathering;  /* turns that have left their commit to the next one */
	struct list running; /* the batch the driver has; empty: none */
	struct list alone;   /* of a batch that failed: each gets a commit of its own */
	struct err
	        alone_err; /* the first failure among those, for store_after_commit() */
	struct loop_hook hook;
	struct timer retry;
	struct timer patience; /* runs while anything waits for the database */
	bool is_away;
};

/* ---------------------------------------------------------------- the end of one */

/* The last thing that happens to a transaction: tell its owner, then free it. */
static void finish(struct store_tx *tx, const struct err *err)
{
	const struct store_result *results[STORE_MAX_STATEMENTS];
	static const struct err none = ERR_INIT;

	for (size_t i = 0; i < tx->item_count; i++) {
		results[i] = &tx->items[i].result;
	}
	bool was_heard = tx->hook_count > 0;
	store_tx_run_hooks(tx, err == NULL);
	if (tx->cancelled) {
		/* its owner wants silence */
	} else if (tx->committed != NULL) {
		tx->committed(err == NULL ? &none : err, tx->arg);
	} else if (tx->done != NULL) {
		tx->done(
		        err == NULL ? results : NULL, err == NULL ? &none : err, tx->arg);
	} else if (err != NULL && !was_heard) {
		log_error("write to the database failed", "error=\"%s\"", err->msg);
	}
	store_tx_free(tx);
}

static void finish_all(struct list *batch, const struct err *err)
{
	while (!list_empty(batch)) {
		struct store_tx *tx = container_of(batch->next, struct store_tx, link);
		list_del(&tx->link);
		finish(tx, err);
	}
}

static void move_all(struct list *from, struct list *to)
{
	list_for_each(it, from)
	{
		list_del(it);
		list_add_tail(to, it);
	}
}

static void move_first(struct list *from, struct list *to, size_t count)
{
	while (count-- > 0 && !list_empty(from)) {
		struct list *it = from->next;
		list_del(it);
		list_add_tail(to, it);
	}
}

/* ---------------------------------------------------------------- batches */

static void handle_committed(struct store *store)
{
	if (store->is_away) {
		log_info("the database is back", "%s", "");
		store->is_away = false;
	}
	if (store->alone_err.kind == ERR_NONE) {
		finish_all(&store->running, NULL);
		return;
	}
	/* Who wants to know whether all before it was committed hears of the first that
	 * was not. */
	struct store_tx *tx = container_of(store->running.next, struct store_tx, link);
	list_del(&tx->link);
	finish(tx, tx->committed != NULL ? &store->alone_err : NULL);
}

/* One transaction at fault hurts only itself: the others of its batch are tried again,
 * each alone. */
static void handle_failed(struct store *store, const struct err *err)
{
	bool is_single = store->running.next->next == &store->running;

	if (is_single) {
		if (store->alone_err.kind == ERR_NONE) {
			store->alone_err = *err;
		}
		finish_all(&store->running, err);
		return;
	}
	assert(list_empty(&store->alone));
	store->alone_err.kind = ERR_NONE;
	move_all(&store->running, &store->alone);
}

static void handle_away(struct store *store, const struct err *err)
{
	if (!store->is_away) {
		log_warn("the database cannot be used; nothing is acknowledged meanwhile",
		        "error=\"%s\" retry_ms=%d", err->msg, AWAY_RETRY_MS);
		store->is_away = true;
	}
	/* In front of what came meanwhile. */
	struct list *back = list_empty(&store->alone) ? &store->queue : &store->alone;
	move_all(back, &store->running);
	move_all(&store->running, back);
	REQ("CONF-06");
	timer_start(&store->retry, AWAY_RETRY_MS);
}

static void handle_batch(enum batch_outcome outcome, const struct err *err, void *arg)
{
	struct store *store = arg;

	switch (outcome) {
	case BATCH_DONE:
		handle_committed(store);
		break;
	case BATCH_AWAY:
		handle_away(store, err);
		return;
	case BATCH_FAILED:
		handle_failed(store, err);
		break;
	}
	if (list_empty(&store->alone)) {
		store->alone_err.kind = ERR_NONE;
	}
	timer_stop(&store->patience); /* it goes on: patience begins anew */
}

static bool has_work(const struct store *store)
{
	return !list_empty(&store->queue) || !list_empty(&store->alone);
}

/* False: there is nothing to do, or it is not the time. */
static bool run_next(struct store *store)
{
	bool is_waiting = store->is_away && timer_active(&store->retry);

	if (!has_work(store) || is_waiting || !list_empty(&store->running)) {
		return false;
	}
	if (!list_empty(&store->alone)) {
		move_first(&store->alone, &store->running, 1);
	} else {
		move_first(&store->queue, &store->running, BATCH_MAX);
	}
	if (!timer_active(&store->patience)) {
		timer_start(&store->patience, GIVE_UP_MS);
	}
	store->driver->run(store->driver, &store->running, handle_batch, store);
	return true;
}

/* A commit costs about what a message costs. Where the next turn would not wait but go on
 * with input that is there already, its transactions can share this one's. */
static bool may_gather(struct store *store)
{
	bool more = !list_empty(&store->queue) && list_empty(&store->running) &&
	            store->gathering < GATHERING_TURNS && store->queued < GATHERED_MAX &&
	            loop_has_input(store->loop);

	store->gathering = more ? store->gathering + 1 : 0;
	return more;
}

static void handle_turn_end(void *arg)
{
	struct store *store = arg;

	if (may_gather(store)) {
		return;
	}
	store->queued = 0;
	for (int round = 0; round < ROUNDS_PER_TURN; round++) {
		if (!run_next(store)) {
			return;
		}
	}
	timer_start(&store->retry, 0);
}

/* Nothing was committed for too long: whoever waits is told, so that a homeserver gets
 * its refusal and memory its bound. What the driver is at stays until it knows. */
static void handle_patience(void *arg)
{
	struct store *store = arg;
	struct list waiting;
	struct err err;

	err_set(&err, ERR_RETRY, 0, "the database has not answered for over %d s",
	        GIVE_UP_MS / 1000);
	list_init(&waiting);
	move_all(&store->alone, &waiting);
	move_all(&store->queue, &waiting);
	store->alone_err.kind = ERR_NONE;
	timer_start(&store->patience, GIVE_UP_MS);
	finish_all(&waiting, &err);
}

static void handle_retry(void *arg)
{
	(void)arg; /* the turn's end does the work; the timer only makes a turn happen */
}

/* ---------------------------------------------------------------- life */

static struct driver *open_driver(
        struct loop *loop, const char *type, const char *uri, struct err *err)
{
	if (str_equal(type, "postgres")) {
		return postgres_open(loop, uri, err);
	}
	if (str_equal(type, "sqlite3-fk-wal") || str_equal(type, "sqlite3")) {
		return sqlite_open(uri, err);
	}
	err_set(err, ERR_PERMANENT, STORE_NO_CONNECTION,
	        "database.type \"%.40s\" is unknown; use postgres or sqlite3-fk-wal",
	        type);
	return NULL;
}

struct store *store_open(
        struct loop *loop, const char *type, const char *uri, struct err *err)
{
	struct driver *driver = open_driver(loop, type, uri, err);
	if (driver == NULL) {
		return NULL;
	}
	struct store *store = xcalloc(1, sizeof(*store));
	store->loop = loop;
	store->driver = driver;
	list_init(&store->queue);
	list_init(&store->running);
	list_init(&store->alone);
	timer_init(&store->retry, loop, handle_retry, store);
	timer_init(&store->patience, loop, handle_patience, store);
	loop_hook_add(loop, &store->hook, handle_turn_end, store);
	return store;
}

/* Whoever would act on a commit is going too. */
static void silence(struct list *batch)
{
	list_for_each(it, batch)
	{
		struct store_tx *tx = container_of(it, struct store_tx, link);
		store_tx_run_hooks(tx, false);
		tx->cancelled = true;
	}
}

static void drop_all(struct list *batch)
{
	list_for_each(it, batch)
	{
		list_del(it);
		store_tx_free(container_of(it, struct store_tx, link));
	}
}

void store_close(struct store **closing)
{
	struct store *store = *closing;
	bool works = true;

	if (store == NULL) {
		return;
	}
	silence(&store->running);
	silence(&store->alone);
	silence(&store->queue);
	if (!list_empty(&store->running)) {
		works = store->driver->finish(store->driver, CLOSE_WAIT_MS);
	}
	while (works && run_next(store)) {
		works = store->driver->finish(store->driver, CLOSE_WAIT_MS);
	}
	store->driver->close(store->driver);
	/* They were never promised. */
	drop_all(&store->running);
	drop_all(&store->alone);
	drop_all(&store->queue);
	loop_hook_del(&store->hook);
	timer_stop(&store->retry);
	timer_stop(&store->patience);
	free(store);
	*closing = NULL;
}

void store_tx_submit(struct store_tx *tx, store_done_fn *done, void *arg)
{
	assert(!tx->submitted);
	tx->submitted = true;
	tx->done = done;
	tx->arg = arg;
	list_add_tail(&tx->store->queue, &tx->link);
	tx->store->queued++;
}

void store_tx_cancel(struct store_tx **tx)
{
	if (*tx == NULL) {
		return;
	}
	if ((*tx)->submitted) {
		(*tx)->cancelled = true;
	} else {
		store_tx_free(*tx);
	}
	*tx = NULL;
}

void store_after_commit(
        struct store *store, void (*fn)(const struct err *err, void *arg), void *arg)
{
	struct store_tx *tx = store_tx_create(store);
	tx->committed = fn;
	store_tx_submit(tx, NULL, arg);
}
