#include "bridge/flow/portals.h"

#include "bridge/flow/app.h"
#include "bridge/flow/portal_maker.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <assert.h>
#include <stdlib.h>

struct portals {
	struct app *app;
	struct map *by_channel; /* "team channel" -> struct portal */
	struct map *by_room;    /* room_id -> the same */
	struct map *by_former;  /* "team former channel" -> the same */
	struct list retired;    /* portal::link; flows may still look at them */
	struct list loaded;     /* waiter::link; for portals_load() */
	struct store_tx *loading;
};

static char *key_of(const char *team_id, const char *channel_id)
{
	return xasprintf("%s %s", team_id, channel_id);
}

static void free_portal(void *value)
{
	struct portal *portal = value;

	portal_maker_destroy(&portal->maker);
	waiters_drop(&portal->waiters);
	free(portal->team_id);
	free(portal->channel_id);
	free(portal->former_id);
	free(portal->room_id);
	free(portal->name);
	free(portal->topic);
	free(portal->levels);
	free(portal->kind);
	free(portal->state);
	free(portal);
}

struct portals *portals_create(struct app *app)
{
	struct portals *portals = xcalloc(1, sizeof(*portals));

	portals->app = app;
	portals->by_channel = map_create();
	portals->by_room = map_create();
	portals->by_former = map_create();
	list_init(&portals->retired);
	list_init(&portals->loaded);
	return portals;
}

void portals_destroy(struct portals **portals)
{
	if (*portals == NULL) {
		return;
	}
	store_tx_cancel(&(*portals)->loading);
	waiters_drop(&(*portals)->loaded);
	map_destroy(&(*portals)->by_room, NULL);
	map_destroy(&(*portals)->by_former, NULL);
	list_for_each(it, &(*portals)->retired)
	{
		list_del(it);
		free_portal(container_of(it, struct portal, link));
	}
	map_destroy(&(*portals)->by_channel, free_portal);
	free(*portals);
	*portals = NULL;
}

static struct portal *add_portal(
        struct portals *portals, const char *team_id, const char *channel_id)
{
	struct portal *portal = xcalloc(1, sizeof(*portal));
	autofree char *key = key_of(team_id, channel_id);

	portal->team_id = xstrdup(team_id);
	portal->channel_id = xstrdup(channel_id);
	portal->former_id = xstrdup("");
	list_init(&portal->link);
	portal->state = xstrdup("making");
	portal->name = xstrdup("");
	portal->topic = xstrdup("");
	portal->levels = xstrdup("");
	portal->kind = xstrdup("");
	list_init(&portal->waiters);
	map_set(portals->by_channel, key, portal);
	return portal;
}

static void set_former(
        struct portals *portals, struct portal *portal, const char *former_id)
{
	autofree char *key = key_of(portal->team_id, former_id);

	str_replace(&portal->former_id, former_id);
	if (former_id[0] != '\0') {
		map_set(portals->by_former, key, portal);
	}
}

/* Columns: see PORTAL_ALL. */
static void handle_rows(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct portals *portals = arg;

	portals->loading = NULL;
	for (size_t i = 0; err->kind == ERR_NONE && i < store_rows(results[0]); i++) {
		struct portal *portal = add_portal(portals, store_text(results[0], i, 0),
		        store_text(results[0], i, 1));
		str_replace(&portal->name, store_text(results[0], i, 3));
		str_replace(&portal->kind, store_text(results[0], i, 4));
		str_replace(&portal->state, store_text(results[0], i, 5));
		str_replace(&portal->topic, store_text(results[0], i, 6));
		portal->level = (int)store_int(results[0], i, 7);
		str_replace(&portal->levels, store_text(results[0], i, 8));
		set_former(portals, portal, store_text(results[0], i, 9));
		if (store_text(results[0], i, 2) != NULL) {
			portals_set_room(portals, portal, store_text(results[0], i, 2));
		} else {
			portal->intent_is_old = true;
		}
	}
	waiters_finish(&portals->loaded, err);
}

struct waiter *portals_load(struct portals *portals, waiter_fn *done, void *arg)
{
	assert(portals->loading == NULL);
	portals->loading = store_tx_create(portals->app->store);
	store_tx_add(portals->loading, STMT_PORTAL_ALL, "");
	store_tx_submit(portals->loading, handle_rows, portals);
	return waiter_add(&portals->loaded, done, arg);
}

const struct portal *portals_by_channel(
        const struct portals *portals, const char *team_id, const char *channel_id)
{
	autofree char *key = key_of(team_id, channel_id);
	const struct portal *portal = map_get(portals->by_channel, key);

	return portal == NULL || portal->room_id == NULL ? NULL : portal;
}

bool portals_know(
        const struct portals *portals, const char *team_id, const char *channel_id)
{
	autofree char *key = key_of(team_id, channel_id);

	return map_get(portals->by_channel, key) != NULL;
}

const struct portal *portals_by_room(const struct portals *portals, const char *room_id)
{
	return map_get(portals->by_room, room_id);
}

bool portals_next(
        const struct portals *portals, size_t *cursor, const struct portal **portal)
{
	void *value;

	if (!map_next(portals->by_room, cursor, NULL, &value)) {
		return false;
	}
	*portal = value;
	return true;
}

struct waiter *portals_ensure(struct portals *portals, struct login *login,
        const char *channel_id, waiter_fn *done, void *arg)
{
	autofree char *key = key_of(login->team_id, channel_id);
	struct portal *portal = map_get(portals->by_channel, key);

	if (portal == NULL) {
		portal = add_portal(portals, login->team_id, channel_id);
	}
	struct waiter *waiter = waiter_add(&portal->waiters, done, arg);
	if (portal->maker == NULL) {
		portal->maker = portal_maker_start(portals, portal, login);
	}
	return waiter;
}

struct app *portals_app(const struct portals *portals)
{
	return portals->app;
}

void portals_set_room(struct portals *portals, struct portal *portal, const char *room_id)
{
	str_replace(&portal->room_id, room_id);
	map_set(portals->by_room, room_id, portal);
}

void portals_made(struct portal *portal, const struct err *err)
{
	portal_maker_destroy(&portal->maker);
	waiters_finish(&portal->waiters, err);
}

/* What a portal becomes once it is committed. */
struct becoming {
	struct portals *portals;
	char *team_id, *channel_id;
	char *name, *topic, *kind, *state, *levels;
	int level;
};

static void free_becoming(struct becoming *next)
{
	free(next->team_id);
	free(next->channel_id);
	free(next->name);
	free(next->topic);
	free(next->kind);
	free(next->state);
	free(next->levels);
	free(next);
}

static void handle_changed(bool committed, void *arg)
{
	struct becoming *next = arg;

	if (committed) {
		autofree char *key = key_of(next->team_id, next->channel_id);
		struct portal *portal = map_get(next->portals->by_channel, key);
		if (portal != NULL) {
			str_replace(&portal->name, next->name);
			str_replace(&portal->topic, next->topic);
			str_replace(&portal->kind, next->kind);
			str_replace(&portal->state, next->state);
			str_replace(&portal->levels, next->levels);
			portal->level = next->level;
		}
	}
	free_becoming(next);
}

void portals_change(struct portals *portals, const struct portal *portal,
        const struct portal_change *change, struct store_tx *tx)
{
	struct becoming *next = xcalloc(1, sizeof(*next));

	next->portals = portals;
	next->team_id = xstrdup(portal->team_id);
	next->channel_id = xstrdup(portal->channel_id);
	next->name = xstrdup(change->name);
	next->topic = xstrdup(change->topic);
	next->kind = xstrdup(change->kind);
	next->state = xstrdup(change->state);
	next->levels = xstrdup(change->levels);
	next->level = change->level;
	store_tx_add(tx, STMT_PORTAL_CHANGE, "ssssssis", portal->team_id,
	        portal->channel_id, next->name, next->topic, next->kind, next->state,
	        (int64_t)next->level, next->levels);
	store_tx_on_commit(tx, handle_changed, next);
}

const char *portals_current_id(
        const struct portals *portals, const char *team_id, const char *channel_id)
{
	autofree char *key = key_of(team_id, channel_id);
	const struct portal *portal = map_get(portals->by_former, key);

	/* A channel may get back an ID it had. */
	if (portal == NULL || map_get(portals->by_channel, key) != NULL) {
		return channel_id;
	}
	return portal->channel_id;
}

struct move {
	struct portals *portals;
	char *team_id, *old_id, *new_id;
};

static void retire(struct portals *portals, struct portal *portal, const char *key)
{
	map_del(portals->by_channel, key);
	if (portal->room_id != NULL) {
		map_del(portals->by_room, portal->room_id);
	}
	list_add_tail(&portals->retired, &portal->link);
	portal_maker_destroy(&portal->maker);
}

static void handle_moved(bool committed, void *arg)
{
	struct move *move = arg;
	struct portals *portals = move->portals;
	struct err again = ERR_INIT;

	if (committed) {
		autofree char *old_key = key_of(move->team_id, move->old_id);
		autofree char *new_key = key_of(move->team_id, move->new_id);
		struct portal *portal = map_del(portals->by_channel, old_key);
		struct portal *other = map_get(portals->by_channel, new_key);
		if (other != NULL) {
			retire(portals, other, new_key);
			err_set(&again, ERR_RETRY, 0, "the channel has another room");
		}
		if (portal != NULL) {
			str_replace(&portal->channel_id, move->new_id);
			map_set(portals->by_channel, new_key, portal);
			set_former(portals, portal, move->old_id);
		}
		if (other != NULL) {
			waiters_finish(&other->waiters, &again);
		}
	}
	free(move->team_id);
	free(move->old_id);
	free(move->new_id);
	free(move);
}

void portals_move(struct portals *portals, const struct portal *portal,
        const char *new_id, struct store_tx *tx)
{
	struct move *move = xcalloc(1, sizeof(*move));

	move->portals = portals;
	move->team_id = xstrdup(portal->team_id);
	move->old_id = xstrdup(portal->channel_id);
	move->new_id = xstrdup(new_id);
	store_tx_add(tx, STMT_PORTAL_DELETE, "ss", move->team_id, new_id);
	store_tx_add(tx, STMT_PORTAL_MOVE, "sss", move->team_id, move->old_id, new_id);
	store_tx_add(tx, STMT_MESSAGE_MOVE, "sss", move->team_id, move->old_id, new_id);
	store_tx_add(tx, STMT_REACTION_MOVE, "sss", move->team_id, move->old_id, new_id);
	store_tx_add(tx, STMT_FILE_MOVE, "sss", move->team_id, move->old_id, new_id);
	store_tx_on_commit(tx, handle_moved, move);
}

struct ending {
	struct portals *portals;
	char *team_id, *channel_id;
};

static void handle_ended(bool committed, void *arg)
{
	struct ending *ending = arg;
	struct portals *portals = ending->portals;
	autofree char *key = key_of(ending->team_id, ending->channel_id);
	struct portal *portal = committed ? map_get(portals->by_channel, key) : NULL;

	if (portal != NULL) {
		autofree char *former = key_of(portal->team_id, portal->former_id);
		map_del(portals->by_former, former);
		retire(portals, portal, key);
	}
	free(ending->team_id);
	free(ending->channel_id);
	free(ending);
}

void portals_end(
        struct portals *portals, const struct portal *portal, struct store_tx *tx)
{
	static const enum store_stmt stmts[] = {STMT_PORTAL_DELETE,
	        STMT_PORTAL_MESSAGES_GONE, STMT_PORTAL_REACTIONS_GONE,
	        STMT_PORTAL_FILES_GONE};
	struct ending *ending = xcalloc(1, sizeof(*ending));

	ending->portals = portals;
	ending->team_id = xstrdup(portal->team_id);
	ending->channel_id = xstrdup(portal->channel_id);
	for (size_t i = 0; i < sizeof(stmts) / sizeof(stmts[0]); i++) {
		store_tx_add(tx, stmts[i], "ss", portal->team_id, portal->channel_id);
	}
	store_tx_add(tx, STMT_ROOM_MEMBERS_GONE, "s", portal->room_id);
	store_tx_on_commit(tx, handle_ended, ending);
}
