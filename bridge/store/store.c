#include "bridge/store/store.h"

#include "bridge/store/sqlite.h"
#include "bridge/store/tx.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <assert.h>
#include <stdlib.h>

enum {
	ROUNDS_PER_TURN = 16,    /* commits before the loop gets its turn again */
	BUSY_RETRY_MS = 100,     /* another process holds the file */
	BUSY_GIVE_UP_MS = 30000, /* then the callers are told */
};

struct store {
	struct loop *loop;
	struct sqlite_db *db;
	struct list queue; /* store_tx::link, in the order of submission */
	struct loop_hook hook;
	struct timer retry;
	int64_t busy_since_ms; /* -1: not busy */
};

/* The last thing that happens to a transaction: tell its owner, then free it. */
static void finish(struct store_tx *tx, const struct err *err)
{
	const struct store_result *results[STORE_MAX_STATEMENTS];
	static const struct err none = ERR_INIT;

	for (size_t i = 0; i < tx->item_count; i++) {
		results[i] = &tx->items[i].result;
	}
	store_tx_run_hooks(tx, err == NULL);
	if (tx->cancelled) {
		/* its owner wants silence */
	} else if (tx->committed != NULL) {
		tx->committed(err == NULL ? &none : err, tx->arg);
	} else if (tx->done != NULL) {
		tx->done(
		        err == NULL ? results : NULL, err == NULL ? &none : err, tx->arg);
	} else if (err != NULL) {
		log_error("write to the database failed", "error=\"%s\"", err->msg);
	}
	store_tx_free(tx);
}

static void finish_all(struct list *batch, const struct err *err)
{
	list_for_each(it, batch)
	{
		list_del(it);
		finish(container_of(it, struct store_tx, link), err);
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

/* The shared commit failed: each alone, so that the one at fault hurts only itself. */
static void run_each_alone(struct store *store, struct list *batch)
{
	struct err first = ERR_INIT; /* what store_after_commit() has to tell */

	while (!list_empty(batch)) {
		struct store_tx *tx = container_of(batch->next, struct store_tx, link);
		struct list one;
		struct err err = ERR_INIT;
		list_init(&one);
		list_del(&tx->link);
		list_add_tail(&one, &tx->link);
		enum sqlite_outcome outcome = sqlite_db_run(store->db, &one, &err);
		list_del(&tx->link);
		if (outcome == SQLITE_BATCH_BUSY) {
			err_set(&err, ERR_RETRY, 0, "the database is busy");
		}
		if (outcome != SQLITE_BATCH_DONE && first.kind == ERR_NONE) {
			first = err;
		}
		if (tx->committed != NULL) {
			err = first;
		}
		finish(tx, err.kind == ERR_NONE ? NULL : &err);
	}
}

static void wait_while_busy(struct store *store, struct list *batch)
{
	int64_t now_ms = loop_now_ms(store->loop);

	if (store->busy_since_ms < 0) {
		store->busy_since_ms = now_ms;
		log_warn("the database is locked by another program", "retry_ms=%d",
		        BUSY_RETRY_MS);
	}
	if (now_ms - store->busy_since_ms > BUSY_GIVE_UP_MS) {
		struct err err;
		err_set(&err, ERR_RETRY, 0, "the database has been locked for over %d s",
		        BUSY_GIVE_UP_MS / 1000);
		store->busy_since_ms = now_ms;
		finish_all(batch, &err);
		return;
	}
	move_all(&store->queue, batch); /* what came meanwhile stays behind it */
	move_all(batch, &store->queue);
	timer_start(&store->retry, BUSY_RETRY_MS);
}

static void run_queue(struct store *store)
{
	struct list batch;
	struct err err = ERR_INIT;

	list_init(&batch);
	move_all(&store->queue, &batch);
	switch (sqlite_db_run(store->db, &batch, &err)) {
	case SQLITE_BATCH_DONE:
		store->busy_since_ms = -1;
		finish_all(&batch, NULL);
		break;
	case SQLITE_BATCH_BUSY:
		wait_while_busy(store, &batch);
		break;
	case SQLITE_BATCH_FAILED:
		store->busy_since_ms = -1;
		run_each_alone(store, &batch);
		break;
	}
}

static void handle_turn_end(void *arg)
{
	struct store *store = arg;

	for (int round = 0; round < ROUNDS_PER_TURN; round++) {
		if (list_empty(&store->queue) || timer_active(&store->retry)) {
			return;
		}
		run_queue(store);
	}
	if (!list_empty(&store->queue)) {
		timer_start(&store->retry, 0);
	}
}

static void handle_retry(void *arg)
{
	(void)arg; /* the turn's end does the work; the timer only makes a turn happen */
}

struct store *store_open(
        struct loop *loop, const char *type, const char *uri, struct err *err)
{
	if (!str_equal(type, "sqlite3-fk-wal") && !str_equal(type, "sqlite3")) {
		err_set(err, ERR_PERMANENT, STORE_NO_CONNECTION,
		        "database.type \"%.40s\" is not available in this version; use sqlite3-fk-wal",
		        type);
		return NULL;
	}
	struct sqlite_db *db = sqlite_db_open(uri, err);
	if (db == NULL) {
		return NULL;
	}
	struct store *store = xcalloc(1, sizeof(*store));
	store->loop = loop;
	store->db = db;
	store->busy_since_ms = -1;
	list_init(&store->queue);
	timer_init(&store->retry, loop, handle_retry, store);
	loop_hook_add(loop, &store->hook, handle_turn_end, store);
	return store;
}

void store_close(struct store **store)
{
	if (*store == NULL) {
		return;
	}
	list_for_each(it, &(*store)->queue)
	{
		struct store_tx *tx = container_of(it, struct store_tx, link);
		store_tx_run_hooks(tx, false); /* whoever would act on it is going too */
		tx->cancelled = true;
	}
	if (!list_empty(&(*store)->queue)) {
		run_queue(*store);
	}
	list_for_each(it, &(*store)->queue)
	{ /* still busy: they were never promised */
		list_del(it);
		store_tx_free(container_of(it, struct store_tx, link));
	}
	loop_hook_del(&(*store)->hook);
	timer_stop(&(*store)->retry);
	sqlite_db_close(&(*store)->db);
	free(*store);
	*store = NULL;
}

void store_tx_submit(struct store_tx *tx, store_done_fn *done, void *arg)
{
	assert(!tx->submitted);
	tx->submitted = true;
	tx->done = done;
	tx->arg = arg;
	list_add_tail(&tx->store->queue, &tx->link);
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
