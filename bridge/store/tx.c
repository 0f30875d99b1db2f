#include "bridge/store/tx.h"

#include "lib/mem.h"
#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

enum { FIRST_ITEMS = 4 }; /* most transactions have no more */

#define STORE_STMT_SQL(name, sql) sql,
#define STORE_STMT_NAME(name, sql) #name,
static const char *const sql_texts[] = {STORE_STATEMENTS(STORE_STMT_SQL)};
static const char *const stmt_names[] = {STORE_STATEMENTS(STORE_STMT_NAME)};

const char *store_sql(enum store_stmt stmt)
{
	return sql_texts[stmt];
}

const char *store_stmt_name(enum store_stmt stmt)
{
	return stmt_names[stmt];
}

struct store_tx *store_tx_create(struct store *store)
{
	struct store_tx *tx = xcalloc(1, sizeof(*tx));
	list_init(&tx->link);
	tx->store = store;
	return tx;
}

void store_tx_add(struct store_tx *tx, enum store_stmt stmt, const char *types, ...)
{
	assert(!tx->submitted && tx->item_count < STORE_MAX_STATEMENTS);
	if (tx->item_count == tx->item_room) {
		tx->item_room = tx->item_room == 0 ? FIRST_ITEMS : tx->item_room * 2;
		tx->items = xrealloc(tx->items, tx->item_room * sizeof(tx->items[0]));
	}
	struct store_item *item = &tx->items[tx->item_count++];
	item->stmt = stmt;
	item->param_count = 0;
	item->result = (struct store_result){0};

	va_list args;
	va_start(args, types);
	for (const char *type = types; *type != '\0'; type++) {
		assert(item->param_count < STORE_MAX_PARAMS &&
		        (*type == 's' || *type == 'i'));
		struct store_param *param = &item->params[item->param_count++];
		*param = (struct store_param){.is_int = *type == 'i'};
		if (param->is_int) {
			param->number = va_arg(args, int64_t);
		} else {
			param->text = xstrdup_null(va_arg(args, const char *));
		}
	}
	va_end(args);
}

size_t store_tx_count(const struct store_tx *tx)
{
	return tx->item_count;
}

static void clear_result(struct store_result *result)
{
	for (size_t i = 0; i < result->rows * result->columns; i++) {
		free(result->cells[i]);
	}
	free(result->cells);
	*result = (struct store_result){0};
}

void store_tx_clear_results(struct store_tx *tx)
{
	for (size_t i = 0; i < tx->item_count; i++) {
		clear_result(&tx->items[i].result);
	}
}

void store_tx_on_commit(
        struct store_tx *tx, void (*fn)(bool committed, void *arg), void *arg)
{
	assert(!tx->submitted && tx->hook_count < STORE_MAX_STATEMENTS);
	tx->hooks = xrealloc(tx->hooks, (tx->hook_count + 1) * sizeof(tx->hooks[0]));
	tx->hooks[tx->hook_count++] = (struct store_hook){fn, arg};
}

void store_tx_run_hooks(struct store_tx *tx, bool committed)
{
	for (size_t i = 0; i < tx->hook_count; i++) {
		tx->hooks[i].fn(committed, tx->hooks[i].arg);
	}
	tx->hook_count = 0;
}

void store_tx_free(struct store_tx *tx)
{
	store_tx_run_hooks(tx, false);
	free(tx->hooks);
	store_tx_clear_results(tx);
	for (size_t i = 0; i < tx->item_count; i++) {
		for (unsigned k = 0; k < tx->items[i].param_count; k++) {
			free(tx->items[i].params[k].text);
		}
	}
	free(tx->items);
	free(tx);
}

size_t store_rows(const struct store_result *result)
{
	return result->rows;
}

int64_t store_changes(const struct store_result *result)
{
	return result->changes;
}

const char *store_text(const struct store_result *result, size_t row, unsigned column)
{
	assert(row < result->rows && column < result->columns);
	return result->cells[row * result->columns + column];
}

int64_t store_int(const struct store_result *result, size_t row, unsigned column)
{
	const char *text = store_text(result, row, column);
	return text == NULL ? 0 : strtoll(text, NULL, 10);
}
