#include "bridge/flow/members.h"

#include "bridge/flow/app.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct members {
	struct app *app;
	struct map *known;  /* "room mxid" -> the members itself, as a mark */
	struct map *makers; /* likewise -> struct maker */
};

struct maker {
	struct members *members;
	char *key, *room_id, *mxid;
	bool invited;        /* in this making: a second refusal is final */
	struct list waiters; /* waiter::link */
	struct store_tx *tx;
	struct matrix_call *call;
};

static char *key_of(const char *room_id, const char *mxid)
{
	return xasprintf("%s %s", room_id, mxid);
}

static void free_maker(void *value)
{
	struct maker *maker = value;

	waiters_drop(&maker->waiters);
	store_tx_cancel(&maker->tx);
	matrix_call_cancel(&maker->call);
	free(maker->key);
	free(maker->room_id);
	free(maker->mxid);
	free(maker);
}

/* The one end of a making. Touch nothing after. */
static void finish(struct maker *maker, const struct err *err)
{
	struct list waiters;

	if (err->kind == ERR_NONE) {
		map_set(maker->members->known, maker->key, maker->members);
	}
	map_del(maker->members->makers, maker->key);
	waiters_move(&maker->waiters, &waiters);
	free_maker(maker);
	waiters_finish(&waiters, err);
}

static void handle_stored(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct maker *maker = arg;

	(void)results;
	maker->tx = NULL;
	finish(maker, err);
}

static void join(struct maker *maker);

static void handle_invited(const struct err *err, void *arg)
{
	struct maker *maker = arg;

	maker->call = NULL;
	maker->invited = true;
	if (err->kind == ERR_RETRY || err->kind == ERR_UNSURE) {
		finish(maker, err);
		return;
	}
	join(maker); /* refused or not: the join tells */
}

static void handle_joined(const struct err *err, void *arg)
{
	struct maker *maker = arg;
	struct app *app = maker->members->app;
	bool is_bot = str_equal(maker->mxid, matrix_bot_mxid(app->matrix));

	maker->call = NULL;
	if (err->kind == ERR_PERMANENT && str_equal(err->name, "M_FORBIDDEN") &&
	        !maker->invited && !is_bot) {
		maker->call = matrix_invite(app->matrix, NULL, maker->room_id,
		        maker->mxid, handle_invited, maker);
		return;
	}
	if (err->kind != ERR_NONE) {
		finish(maker, err);
		return;
	}
	maker->tx = store_tx_create(app->store);
	store_tx_add(maker->tx, STMT_MEMBER_PUT, "ss", maker->room_id, maker->mxid);
	store_tx_submit(maker->tx, handle_stored, maker);
}

static void join(struct maker *maker)
{
	maker->call = matrix_join(maker->members->app->matrix, maker->mxid,
	        maker->room_id, handle_joined, maker);
}

static void handle_row(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct maker *maker = arg;

	maker->tx = NULL;
	if (err->kind != ERR_NONE || store_rows(results[0]) > 0) {
		finish(maker, err);
		return;
	}
	join(maker);
}

struct members *members_create(struct app *app)
{
	struct members *members = xcalloc(1, sizeof(*members));

	members->app = app;
	members->known = map_create();
	members->makers = map_create();
	return members;
}

void members_destroy(struct members **members)
{
	if (*members == NULL) {
		return;
	}
	map_destroy(&(*members)->makers, free_maker);
	map_destroy(&(*members)->known, NULL);
	free(*members);
	*members = NULL;
}

bool members_has(const struct members *members, const char *room_id, const char *mxid)
{
	autofree char *key = key_of(room_id, mxid);
	return map_get(members->known, key) != NULL;
}

struct waiter *members_ensure(struct members *members, const char *room_id,
        const char *mxid, waiter_fn *done, void *arg)
{
	autofree char *key = key_of(room_id, mxid);
	struct maker *maker = map_get(members->makers, key);

	if (maker == NULL) {
		maker = xcalloc(1, sizeof(*maker));
		maker->members = members;
		maker->key = xstrdup(key);
		maker->room_id = xstrdup(room_id);
		maker->mxid = xstrdup(mxid);
		list_init(&maker->waiters);
		map_set(members->makers, key, maker);
		maker->tx = store_tx_create(members->app->store);
		store_tx_add(maker->tx, STMT_MEMBER_GET, "ss", room_id, mxid);
		store_tx_submit(maker->tx, handle_row, maker);
	}
	return waiter_add(&maker->waiters, done, arg);
}

void members_forget(struct members *members, const char *room_id, const char *mxid)
{
	autofree char *key = key_of(room_id, mxid);
	struct store_tx *tx = store_tx_create(members->app->store);

	map_del(members->known, key);
	store_tx_add(tx, STMT_MEMBER_DEL, "ss", room_id, mxid);
	store_tx_submit(tx, NULL, NULL);
}
