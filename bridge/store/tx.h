/* tx: a transaction being put together, and its results. Internal to store/. */
#ifndef BRIDGE_STORE_TX_H
#define BRIDGE_STORE_TX_H

#include "bridge/store/store.h"
#include "lib/list.h"

enum { STORE_MAX_PARAMS = 16, STORE_MAX_STATEMENTS = 1100 };

struct store_param {
	char *text; /* NULL and !is_int: SQL NULL */
	int64_t number;
	bool is_int;
};

struct store_result {
	size_t rows;
	unsigned columns;
	char **cells; /* rows * columns; NULL: SQL NULL */
	int64_t changes;
};

struct store_item {
	enum store_stmt stmt;
	unsigned param_count;
	struct store_param params[STORE_MAX_PARAMS];
	struct store_result result;
};

struct store_tx {
	struct list link; /* store's queue, or the batch being run */
	struct store *store;
	struct store_item *items;
	size_t item_count, item_room;
	store_done_fn *done;
	void *arg;
	void (*committed)(const struct err *err, void *arg); /* of store_after_commit */
	struct store_hook {
		void (*fn)(bool committed, void *arg);
		void *arg;
	} * hooks;
	size_t hook_count;
	bool submitted;
	bool cancelled;
};

void store_tx_clear_results(struct store_tx *tx);
void store_tx_run_hooks(struct store_tx *tx, bool committed);
void store_tx_free(struct store_tx *tx);
/* The SQL text of a statement and its name, for messages. */
const char *store_sql(enum store_stmt stmt);
const char *store_stmt_name(enum store_stmt stmt);

#endif
