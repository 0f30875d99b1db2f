/* store: all SQL. One schema, asynchronous, group commit.
 *
 * Work is handed over as small transactions. All that were submitted in one turn of the
 * loop share one commit at the turn's end; done() of each runs after that commit, so
 * whatever done() does is backed by durable rows: commit first, then speak. If the shared
 * commit fails, each transaction is tried alone, so that a bad one hurts only itself.
 *
 * Two drivers have the same face: SQLite (embedded) and PostgreSQL (driver.h). */
#ifndef BRIDGE_STORE_H
#define BRIDGE_STORE_H

#include "bridge/store/statements.h"
#include "lib/err.h"
#include "lib/loop.h"
#include <stdint.h>

struct store;
struct store_tx;
struct store_result; /* of one statement */

/* err of store_open: which exit status the program owes (CONF-07). */
enum store_open_code {
	STORE_NO_CONNECTION = 14, /* cannot open or connect */
	STORE_BAD_SCHEMA = 15,    /* newer schema, or somebody else's tables */
};

/* type: "sqlite3-fk-wal" (also "sqlite3"); uri: a path, or "file:path?options". Runs
 * migrations. NULL and *err (code: store_open_code). */
struct store *store_open(
        struct loop *loop, const char *type, const char *uri, struct err *err);
/* Commits what was submitted; done() functions not yet called are not called
 * any more, and store_tx_on_commit() hooks hear `false`. */
void store_close(struct store **store);

/* err.kind: ERR_RETRY (the database is busy, full or away; nothing was applied) or
 * ERR_PERMANENT (the transaction itself is wrong). results: one per statement, in order,
 * valid during the call; NULL on error. */
typedef void store_done_fn(
        const struct store_result *const *results, const struct err *err, void *arg);

struct store_tx *store_tx_create(struct store *store);
/* types: one letter per parameter: s = const char * (copied; NULL is NULL), i = int64_t.
 */
void store_tx_add(struct store_tx *tx, enum store_stmt stmt, const char *types, ...);
/* Statements added so far: the index of the next one's result. */
size_t store_tx_count(const struct store_tx *tx);
/* done may be NULL: then a failure is logged by the store. The tx is the store's from
 * here; the pointer stays good for store_tx_cancel() until done() is called. */
void store_tx_submit(struct store_tx *tx, store_done_fn *done, void *arg);
/* Calls fn right before done(), whether done() is wanted or not: committed tells if the
 * rows are there. Exactly once, also for a transaction that is dropped; fn frees arg. At
 * most 1100. */
void store_tx_on_commit(
        struct store_tx *tx, void (*fn)(bool committed, void *arg), void *arg);
/* Before submit: drops it. After: the statements still run, done() does not. NULL is
 * fine. */
void store_tx_cancel(struct store_tx **tx);

/* Calls fn once everything submitted so far has been committed; with *err if it was not.
 */
void store_after_commit(
        struct store *store, void (*fn)(const struct err *err, void *arg), void *arg);

size_t store_rows(const struct store_result *result);
int64_t store_changes(
        const struct store_result *result); /* rows inserted, updated or deleted */
/* row < store_rows(), column from 0. NULL for SQL NULL; valid during done(). */
const char *store_text(const struct store_result *result, size_t row, unsigned column);
int64_t store_int(
        const struct store_result *result, size_t row, unsigned column); /* NULL: 0 */

#endif
