#include "bridge/flow/portal_maker.h"

#include "bridge/flow/app.h"
#include "bridge/flow/channel_shape.h"
#include "bridge/flow/invite_owner.h"
#include "bridge/flow/room_shape.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	/* An intent from before a crash: the homeserver may still be at work on the
	 * request that the dead process sent. */
	LOOK_AFTER_MS = 3000,
};

struct portal_maker {
	struct portals *portals;
	struct app *app;
	struct portal *portal;
	struct login *login;
	struct timer delay;
	cJSON *rooms; /* the bot's rooms still to be looked at */
	struct store_tx *tx;
	struct slack_call *slack;
	struct matrix_call *matrix;
};

/* The one end of a making. Touch nothing after. */
static void finish(struct portal_maker *maker, const struct err *err)
{
	struct portal *portal = maker->portal;

	if (err->kind != ERR_NONE) {
		log_warn("portal not made", "team=%s channel=%s kind=%s error=\"%s\"",
		        portal->team_id, portal->channel_id, err_kind_to_str(err->kind),
		        err->msg);
	}
	portals_made(portal, err);
}

/* ---------------------------------------------------------------- record */

static void store_portal(
        struct portal_maker *maker, const char *room_id, store_done_fn *done)
{
	const struct portal *portal = maker->portal;

	maker->tx = store_tx_create(maker->app->store);
	if (room_id != NULL) {
		autofree char *key = xasprintf("owner:%s", room_id);
		invite_owner_add(maker->login->app, maker->tx, key, room_id,
		        maker->login->owner_mxid);
	}
	store_tx_add(maker->tx, STMT_PORTAL_PUT, "ssssssis", portal->team_id,
	        portal->channel_id, room_id, portal->name, portal->kind, portal->state,
	        loop_wall_ms(maker->app->loop), portal->topic);
	store_tx_submit(maker->tx, done, maker);
}

static void handle_recorded(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct portal_maker *maker = arg;

	(void)results;
	maker->tx = NULL;
	if (err->kind != ERR_NONE) {
		str_replace(&maker->portal->room_id, NULL);
		maker->portal->intent_is_old = true;
		finish(maker, err);
		return;
	}
	autofree char *room_id = xstrdup(maker->portal->room_id);
	portals_set_room(maker->portals, maker->portal, room_id);
	maker->portal->intent_is_old = false;
	log_info("portal open", "team=%s channel=%s room=%s", maker->portal->team_id,
	        maker->portal->channel_id, room_id);
	finish(maker, err);
}

static void record(struct portal_maker *maker, const char *room_id)
{
	str_replace(&maker->portal->state, "open");
	str_replace(&maker->portal->room_id, room_id);
	store_portal(maker, room_id, handle_recorded);
}

/* ---------------------------------------------------------------- create */

static char *bridge_id_of(const struct app *app)
{
	return room_shape_bridge_id(
	        matrix_domain(app->matrix), app->config->appservice.id);
}

static void handle_created(const char *room_id, const struct err *err, void *arg)
{
	struct portal_maker *maker = arg;

	maker->matrix = NULL;
	if (err->kind != ERR_NONE) {
		/* Where it may have been made all the same, the next try looks first. */
		maker->portal->intent_is_old = err->kind == ERR_UNSURE;
		finish(maker, err);
		return;
	}
	record(maker, room_id);
}

static void create(struct portal_maker *maker)
{
	autofree char *bridge_id = bridge_id_of(maker->app);
	const struct room_shape shape = {
	        .team_id = maker->portal->team_id,
	        .team_name = maker->login->team_name,
	        .channel_id = maker->portal->channel_id,
	        .name = maker->portal->name,
	        .topic = maker->portal->topic,
	        .owner_mxid = maker->login->owner_mxid,
	        .bot_mxid = matrix_bot_mxid(maker->app->matrix),
	        .bridge_id = bridge_id,
	        .is_direct = str_equal(maker->portal->kind, "im"),
	        .federate = maker->app->config->matrix.federate_rooms,
	};
	autojson cJSON *body = room_shape_to_json(&shape);

	maker->matrix =
	        matrix_create_room(maker->app->matrix, NULL, body, handle_created, maker);
}

/* ---------------------------------------------------------------- look */

static void look_at_next(struct portal_maker *maker);

static void handle_mark(const cJSON *content, const struct err *err, void *arg)
{
	struct portal_maker *maker = arg;
	cJSON *room = cJSON_DetachItemFromArray(maker->rooms, 0);
	autofree char *room_id = xstrdup(room->valuestring);

	cJSON_Delete(room);
	maker->matrix = NULL;
	if (err->kind == ERR_RETRY || err->kind == ERR_UNSURE) {
		finish(maker, err);
		return;
	}
	if (err->kind == ERR_NONE && room_shape_is_of(content, maker->portal->team_id,
	                                     maker->portal->channel_id)) {
		log_info("room of an interrupted making found", "channel=%s room=%s",
		        maker->portal->channel_id, room_id);
		record(maker, room_id);
		return;
	}
	look_at_next(maker);
}

static void look_at_next(struct portal_maker *maker)
{
	const cJSON *room = cJSON_GetArrayItem(maker->rooms, 0);

	while (room != NULL &&
	        (!cJSON_IsString(room) ||
	                portals_by_room(maker->portals, room->valuestring) != NULL)) {
		cJSON_DeleteItemFromArray(maker->rooms, 0);
		room = cJSON_GetArrayItem(maker->rooms, 0);
	}
	if (room == NULL) {
		create(maker);
		return;
	}
	autofree char *key = bridge_id_of(maker->app);
	maker->matrix = matrix_get_state(maker->app->matrix, NULL, room->valuestring,
	        "m.bridge", key, handle_mark, maker);
}

static void handle_rooms(const cJSON *rooms, const struct err *err, void *arg)
{
	struct portal_maker *maker = arg;

	maker->matrix = NULL;
	if (err->kind != ERR_NONE) {
		finish(maker, err);
		return;
	}
	maker->rooms = cJSON_Duplicate(rooms, true);
	look_at_next(maker);
}

static void look(void *arg)
{
	struct portal_maker *maker = arg;

	maker->matrix =
	        matrix_joined_rooms(maker->app->matrix, NULL, handle_rooms, maker);
}

/* ---------------------------------------------------------------- intent */

static void handle_intent(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct portal_maker *maker = arg;

	(void)results;
	maker->tx = NULL;
	if (err->kind != ERR_NONE) {
		finish(maker, err);
	} else if (maker->portal->intent_is_old) {
		timer_start(&maker->delay, LOOK_AFTER_MS);
	} else {
		create(maker);
	}
}

/* ---------------------------------------------------------------- info */

static void handle_info(
        const struct slack_channel *channel, const struct err *err, void *arg)
{
	struct portal_maker *maker = arg;

	maker->slack = NULL;
	if (err->kind != ERR_NONE) {
		finish(maker, err);
		return;
	}
	if (!channel_shape_is_wanted(
	            maker->app->config, maker->portal->team_id, channel)) {
		log_info("conversation without a room, by the configuration",
		        "team=%s channel=%s", maker->portal->team_id,
		        maker->portal->channel_id);
		str_replace(&maker->portal->state, "filtered");
		finish(maker, err);
		return;
	}
	const struct channel_team team = {
	        maker->login->team_name, maker->login->team_domain};
	autofree char *name = channel_shape_name(maker->app->config, channel, &team);
	autofree char *topic = channel_shape_topic(channel);
	str_replace(&maker->portal->name, name);
	str_replace(&maker->portal->topic, topic);
	str_replace(&maker->portal->kind, channel_shape_kind(channel->kind));
	store_portal(maker, NULL, handle_intent);
}

struct portal_maker *portal_maker_start(
        struct portals *portals, struct portal *portal, struct login *login)
{
	struct portal_maker *maker = xcalloc(1, sizeof(*maker));

	maker->portals = portals;
	maker->app = portals_app(portals);
	maker->portal = portal;
	maker->login = login;
	timer_init(&maker->delay, maker->app->loop, look, maker);
	maker->slack = slack_conversations_info(
	        login->bot_api, portal->channel_id, handle_info, maker);
	return maker;
}

void portal_maker_destroy(struct portal_maker **maker)
{
	if (*maker == NULL) {
		return;
	}
	timer_stop(&(*maker)->delay);
	store_tx_cancel(&(*maker)->tx);
	slack_call_cancel(&(*maker)->slack);
	matrix_call_cancel(&(*maker)->matrix);
	cJSON_Delete((*maker)->rooms);
	free(*maker);
	*maker = NULL;
}
