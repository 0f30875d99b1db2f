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

struct portal *portals_add(
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

void portals_set_former(
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
		struct portal *portal = portals_add(portals, store_text(results[0], i, 0),
		        store_text(results[0], i, 1));
		str_replace(&portal->name, store_text(results[0], i, 3));
		str_replace(&portal->kind, store_text(results[0], i, 4));
		str_replace(&portal->state, store_text(results[0], i, 5));
		str_replace(&portal->topic, store_text(results[0], i, 6));
		portal->level = (int)store_int(results[0], i, 7);
		str_replace(&portal->levels, store_text(results[0], i, 8));
		portals_set_former(portals, portal, store_text(results[0], i, 9));
		if (store_text(results[0], i, 2) != NULL) {
			portals_set_room(portals, portal, store_text(results[0], i, 2));
		} else {
			portal->intent_is_old = !str_equal(portal->state, "unbridged");
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
		portal = portals_add(portals, login->team_id, channel_id);
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

bool portals_is_closed(
        const struct portals *portals, const char *team_id, const char *channel_id)
{
	autofree char *key = key_of(team_id, channel_id);
	const struct portal *portal = map_get(portals->by_channel, key);

	return portal != NULL && (str_equal(portal->state, "unbridged") ||
	                                 str_equal(portal->state, "filtered"));
}

void portals_retire(struct portals *portals, struct portal *portal)
{
	autofree char *key = key_of(portal->team_id, portal->channel_id);

	autofree char *former = key_of(portal->team_id, portal->former_id);

	map_del(portals->by_channel, key);
	if (map_get(portals->by_former, former) == portal) {
		map_del(portals->by_former, former);
	}
	if (portal->room_id != NULL) {
		map_del(portals->by_room, portal->room_id);
	}
	list_add_tail(&portals->retired, &portal->link);
	portal_maker_destroy(&portal->maker);
}

struct portal *portals_any(
        struct portals *portals, const char *team_id, const char *channel_id)
{
	autofree char *key = key_of(team_id, channel_id);

	return map_get(portals->by_channel, key);
}

void portals_rename(struct portals *portals, struct portal *portal, const char *new_id)
{
	autofree char *old_key = key_of(portal->team_id, portal->channel_id);
	autofree char *new_key = key_of(portal->team_id, new_id);
	autofree char *former = xstrdup(portal->channel_id);

	map_del(portals->by_channel, old_key);
	str_replace(&portal->channel_id, new_id);
	map_set(portals->by_channel, new_key, portal);
	portals_set_former(portals, portal, former);
}
