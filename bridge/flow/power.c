#include "bridge/flow/power.h"

#include "bridge/flow/app.h"
#include "bridge/flow/power_levels.h"
#include "lib/log.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct power {
	struct app *app;
	struct map *rooms;  /* room ID -> struct room; where changes wait */
	struct map *voices; /* "room mxid" -> struct voice */
};

struct voice {
	int level;
};

struct change {
	struct list link; /* room::changes */
	char *mxid;       /* to be given a voice; NULL: what writing needs */
	cJSON *former;
	int level;
	struct list waiters; /* waiter::link; one */
};

struct room {
	struct power *power;
	char *room_id;
	struct list changes; /* change::link; the first one is under way */
	struct matrix_call *call;
};

static char *voice_key(const char *room_id, const char *mxid)
{
	return xasprintf("%s %s", room_id, mxid);
}

static void free_change(struct change *change)
{
	list_del(&change->link);
	waiters_drop(&change->waiters);
	cJSON_Delete(change->former);
	free(change->mxid);
	free(change);
}

static struct change *first_of(struct room *room)
{
	return container_of(room->changes.next, struct change, link);
}

static void free_room(void *value)
{
	struct room *room = value;

	matrix_call_cancel(&room->call);
	while (!list_empty(&room->changes)) {
		free_change(first_of(room));
	}
	free(room->room_id);
	free(room);
}

static void forget_voices(struct power *power, const char *room_id)
{
	autofree char *prefix = xasprintf("%s ", room_id);
	const char *key;

	for (size_t i = 0; map_next(power->voices, &i, &key, NULL);) {
		if (str_starts(key, prefix)) {
			free(map_del(power->voices, key));
		}
	}
}

static void note_voice(
        struct power *power, const char *room_id, const char *mxid, int level)
{
	autofree char *key = voice_key(room_id, mxid);
	struct voice *voice = xcalloc(1, sizeof(*voice));

	voice->level = level;
	free(map_set(power->voices, key, voice));
}

static void begin(struct room *room);

/* The one end of a change. The room may be gone afterwards. */
static void finish(struct room *room, const struct err *err)
{
	struct change *change = first_of(room);
	struct power *power = room->power;
	struct list waiters;

	static const struct err none = ERR_INIT;
	bool may_not = err->kind == ERR_PERMANENT;

	if (may_not) {
		/* A room that is not the bridge's own, say: what is said there may go
		 * through all the same. */
		log_warn("power levels not changed", "room=%s user=%s error=\"%s\"",
		        room->room_id, change->mxid == NULL ? "" : change->mxid,
		        err->msg);
		err = &none;
	}
	if (err->kind == ERR_NONE && change->mxid == NULL) {
		forget_voices(power, room->room_id);
	} else if (err->kind == ERR_NONE) {
		note_voice(power, room->room_id, change->mxid, change->level);
	}
	waiters_move(&change->waiters, &waiters);
	free_change(change);
	if (list_empty(&room->changes)) {
		map_del(power->rooms, room->room_id);
		free_room(room);
	} else {
		begin(room);
	}
	waiters_finish(&waiters, err);
}

static void handle_put(const char *event_id, const struct err *err, void *arg)
{
	struct room *room = arg;

	(void)event_id;
	room->call = NULL;
	finish(room, err);
}

static bool is_own(const char *mxid, void *arg)
{
	return app_is_own_user(arg, mxid);
}

static bool apply(struct room *room, cJSON *levels)
{
	const struct change *change = first_of(room);
	struct app *app = room->power->app;

	return change->mxid != NULL
	               ? power_levels_voice(levels, change->mxid, change->level)
	               : power_levels_set(
	                         levels, change->former, change->level, is_own, app);
}

static void handle_levels(const cJSON *content, const struct err *err, void *arg)
{
	struct room *room = arg;
	struct app *app = room->power->app;
	autojson cJSON *levels =
	        content == NULL ? json_new() : cJSON_Duplicate(content, true);

	room->call = NULL;
	if (err->kind != ERR_NONE || !apply(room, levels)) {
		finish(room, err);
		return;
	}
	room->call = matrix_put_state(app->matrix, NULL, room->room_id,
	        "m.room.power_levels", "", levels, handle_put, room);
}

static void begin(struct room *room)
{
	room->call = matrix_get_state(room->power->app->matrix, NULL, room->room_id,
	        "m.room.power_levels", "", handle_levels, room);
}

static struct waiter *add(struct power *power, const char *room_id, struct change *change,
        waiter_fn *done, void *arg)
{
	struct room *room = map_get(power->rooms, room_id);
	bool is_first = room == NULL;

	if (is_first) {
		room = xcalloc(1, sizeof(*room));
		room->power = power;
		room->room_id = xstrdup(room_id);
		list_init(&room->changes);
		map_set(power->rooms, room_id, room);
	}
	list_init(&change->waiters);
	list_add_tail(&room->changes, &change->link);
	struct waiter *waiter = waiter_add(&change->waiters, done, arg);
	if (is_first) {
		begin(room);
	}
	return waiter;
}

struct power *power_create(struct app *app)
{
	struct power *power = xcalloc(1, sizeof(*power));

	power->app = app;
	power->rooms = map_create();
	power->voices = map_create();
	return power;
}

void power_destroy(struct power **power)
{
	if (*power == NULL) {
		return;
	}
	map_destroy(&(*power)->rooms, free_room);
	map_destroy(&(*power)->voices, free);
	free(*power);
	*power = NULL;
}

struct waiter *power_set(struct power *power, const char *room_id, int level,
        const char *former, waiter_fn *done, void *arg)
{
	struct change *change = xcalloc(1, sizeof(*change));

	list_init(&change->link);
	change->former = json_parse(str_from(former), NULL);
	change->level = level;
	return add(power, room_id, change, done, arg);
}

struct waiter *power_voice(struct power *power, const char *room_id, const char *mxid,
        int level, waiter_fn *done, void *arg)
{
	struct change *change = xcalloc(1, sizeof(*change));

	list_init(&change->link);
	change->mxid = xstrdup(mxid);
	change->level = level;
	return add(power, room_id, change, done, arg);
}

bool power_has(
        const struct power *power, const char *room_id, const char *mxid, int level)
{
	autofree char *key = voice_key(room_id, mxid);
	const struct voice *voice = map_get(power->voices, key);

	return voice != NULL && voice->level >= level;
}
