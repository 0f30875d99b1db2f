/* sqlite: the embedded driver: runs batches of transactions on one connection, at once.
 * Only store.c uses it. */
#ifndef BRIDGE_STORE_SQLITE_H
#define BRIDGE_STORE_SQLITE_H

#include "bridge/store/tx.h"

struct sqlite_db;

struct sqlite_db *sqlite_db_open(const char *uri, struct err *err);
void sqlite_db_close(struct sqlite_db **db);

enum sqlite_outcome {
	SQLITE_BATCH_DONE,   /* committed; results are in the transactions */
	SQLITE_BATCH_BUSY,   /* another process holds the database: nothing was applied */
	SQLITE_BATCH_FAILED, /* rolled back; *err says why */
};
/* Runs all transactions of `batch` (store_tx::link) in one commit. */
enum sqlite_outcome sqlite_db_run(
        struct sqlite_db *db, struct list *batch, struct err *err);

#endif
