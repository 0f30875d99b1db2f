#include "bridge/queue/purge.h"

#include "lib/log.h"
#include "lib/mem.h"
#include <stdlib.h>

enum {
	EVERY_MS = 60 * 60 * 1000,
	PIECE_MS = 250, /* from one piece to the next */
	PIECE_ROWS = 500,
	MOST_KEPT = 1000,
};

#define DAYS_MS(n) ((int64_t)(n)*24 * 60 * 60 * 1000)

struct purge {
	struct loop *loop;
	struct store *store;
	struct timer timer;
	struct store_tx *tx;
	int64_t cursor; /* rows up to this ID have been looked at */
};

static int64_t days_ago(const struct purge *purge, int days)
{
	return loop_wall_ms(purge->loop) - DAYS_MS(days);
}

static void rest(struct purge *purge)
{
	purge->cursor = 0;
	timer_start(&purge->timer, EVERY_MS);
}

/* ---------------------------------------------------------------- the rest of the tables
 */

static void handle_others(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct purge *purge = arg;

	(void)results;
	purge->tx = NULL;
	if (err->kind != ERR_NONE) {
		log_warn("old rows not deleted", "error=\"%s\"", err->msg);
	}
	rest(purge);
}

static void purge_others(struct purge *purge)
{
	struct store_tx *tx = store_tx_create(purge->store);
	/* As Slack writes times, so that they compare as texts. */
	autofree char *week = xasprintf("%lld.", (long long)days_ago(purge, 7) / 1000);

	store_tx_add(tx, STMT_NOTICE_PURGE, "i", days_ago(purge, 30));
	store_tx_add(tx, STMT_KEPT_PURGE, "i", (int64_t)MOST_KEPT);
	store_tx_add(tx, STMT_FILE_EMPTY, "i", days_ago(purge, 30));
	store_tx_add(tx, STMT_FILE_PURGE, "i", days_ago(purge, 30));
	store_tx_add(tx, STMT_REACTION_PURGE, "s", week);
	purge->tx = tx;
	store_tx_submit(tx, handle_others, purge);
}

/* ---------------------------------------------------------------- the inbox */

struct piece { /* ends with this row; none: it is the last one */
	int64_t end;
	bool is_old, is_last;
};

static struct piece piece_of(const struct purge *purge, const struct store_result *row)
{
	struct piece piece = {.end = INT64_MAX, .is_last = true};

	if (store_rows(row) > 0) {
		piece.end = store_int(row, 0, 0);
		piece.is_old = store_int(row, 0, 1) < days_ago(purge, 7);
		piece.is_last = false;
	}
	return piece;
}

static void handle_deleted(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct purge *purge = arg;

	(void)results;
	purge->tx = NULL;
	if (err->kind != ERR_NONE) {
		log_warn("old rows not deleted", "error=\"%s\"", err->msg);
		rest(purge);
	} else if (purge->cursor == INT64_MAX) {
		purge_others(purge);
	} else {
		timer_start(&purge->timer, PIECE_MS);
	}
}

static void handle_piece(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct purge *purge = arg;

	purge->tx = NULL;
	if (err->kind != ERR_NONE) {
		log_warn("old rows not deleted", "error=\"%s\"", err->msg);
		rest(purge);
		return;
	}
	struct piece piece = piece_of(purge, results[0]);
	struct store_tx *tx = store_tx_create(purge->store);
	store_tx_add(tx, STMT_INBOX_PURGE, "iiii", purge->cursor, piece.end,
	        days_ago(purge, 7), days_ago(purge, 30));
	/* What came later than that cannot be old enough. */
	purge->cursor = piece.is_last || !piece.is_old ? INT64_MAX : piece.end;
	purge->tx = tx;
	store_tx_submit(tx, handle_deleted, purge);
}

static void look(void *arg)
{
	struct purge *purge = arg;

	purge->tx = store_tx_create(purge->store);
	store_tx_add(purge->tx, STMT_INBOX_PIECE, "ii", purge->cursor,
	        (int64_t)PIECE_ROWS - 1);
	store_tx_submit(purge->tx, handle_piece, purge);
}

/* ---------------------------------------------------------------- life */

struct purge *purge_create(struct loop *loop, struct store *store)
{
	struct purge *purge = xcalloc(1, sizeof(*purge));

	purge->loop = loop;
	purge->store = store;
	timer_init(&purge->timer, loop, look, purge);
	return purge;
}

void purge_start(struct purge *purge)
{
	rest(purge);
}

void purge_destroy(struct purge **purge)
{
	if (*purge == NULL) {
		return;
	}
	timer_stop(&(*purge)->timer);
	store_tx_cancel(&(*purge)->tx);
	free(*purge);
	*purge = NULL;
}
