/* driver: what store.c asks of a database. Two answer: sqlite.c and postgres.c.
 *
 * A batch is a list of transactions (store_tx::link) that share one commit. One batch
 * runs at a time; the list stays where it is until done(). */
#ifndef BRIDGE_STORE_DRIVER_H
#define BRIDGE_STORE_DRIVER_H

#include "bridge/store/tx.h"

enum batch_outcome {
	BATCH_DONE,   /* committed; results are in the transactions */
	BATCH_AWAY,   /* the database is busy or away: nothing was applied, try again */
	BATCH_FAILED, /* rolled back; *err says why */
};

/* Never "unknown": a driver that lost sight of a commit finds out first. err is of kind
 * ERR_NONE with BATCH_DONE. */
typedef void batch_done_fn(enum batch_outcome outcome, const struct err *err, void *arg);

struct driver {
	/* done() is called once: before run() returns, or later from the loop. */
	void (*run)(struct driver *driver, struct list *batch, batch_done_fn *done,
	        void *arg);
	/* Blocks until the batch that runs is through, for at most wait_ms; false: it
	 * runs on, and done() will not be called any more. */
	bool (*finish)(struct driver *driver, int wait_ms);
	void (*close)(struct driver *driver); /* frees it */
};

/* Both run the migrations. NULL and *err (code: store_open_code). */
struct driver *sqlite_open(const char *uri, struct err *err);
/* Blocks while it connects for the first time, for at most about ten seconds. */
struct driver *postgres_open(struct loop *loop, const char *uri, struct err *err);

#endif
