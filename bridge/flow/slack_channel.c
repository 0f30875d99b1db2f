/* A job asks conversations.info, brings name, topic, m.bridge and power levels of the
 * room to what it says, and then, in one commit, records that, says in the room what
 * people should know, and catches up if the history can be read again. Whatever is
 * interrupted begins anew, and finds done what was done. */
#include "bridge/flow/slack_channel.h"

#include "bridge/flow/app.h"
#include "bridge/flow/catch_up.h"
#include "bridge/flow/channel_news.h"
#include "bridge/flow/channel_shape.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/power.h"
#include "bridge/flow/room_shape.h"
#include "bridge/flow/room_state.h"
#include "bridge/flow/tell_owner.h"
#include "bridge/flow/wait.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { BRIDGE_INFOS = 2 };

#define CHANNEL_MOVED "channel_id_changed"

struct state {
	bool known;  /* what is so on Slack */
	bool joined; /* tried to */
	char *name, *topic, *kind;
	const char *state;
	int level;
	enum slack_posting posting;
	char *levels; /* the room's at level 0, JSON */
	bool level_set;
	struct room_state name_event, topic_event, info_events[BRIDGE_INFOS];
};

/* ---------------------------------------------------------------- what is so */

static void take_truth(struct flow *flow, const struct slack_channel *channel)
{
	const struct app *app = flow->app;
	struct state *state = flow->state;
	const struct login *login = payload_login(flow);
	const struct channel_team team = {login == NULL ? "" : login->team_name,
	        login == NULL ? "" : login->team_domain};
	autofree char *name = channel_shape_name(app->config, channel, &team);
	autofree char *topic = channel_shape_topic(channel);

	str_replace(&state->name, name);
	str_replace(&state->topic, topic);
	str_replace(&state->kind, channel_shape_kind(channel->kind));
	state->state = channel_shape_state(channel);
	state->posting = channel->posting;
	state->level = channel_shape_level(state->state, channel->posting);
	state->known = true;
}

/* Slack does not show it: deleted, or the bot is out of a private one. */
static void take_absence(struct flow *flow)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);
	const char *type = payload_text(flow, "type");
	bool deleted =
	        str_equal(type, "channel_deleted") || str_equal(type, "group_deleted");

	str_replace(&state->name, portal->name);
	str_replace(&state->topic, portal->topic);
	str_replace(&state->kind, portal->kind);
	state->state = deleted ? "gone" : "left";
	state->level = channel_shape_level(state->state, SLACK_POSTING_ALL);
	state->known = true;
}

static void handle_info(
        const struct slack_channel *channel, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	static const struct err none = ERR_INIT;

	if (err->kind == ERR_NONE) {
		take_truth(flow, channel);
	} else if (err->kind == ERR_PERMANENT &&
	           str_equal(err->name, "channel_not_found")) {
		take_absence(flow);
		err = &none;
	}
	flow_continue(flow, err);
}

static void handle_joined(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	if (err->kind == ERR_NONE) {
		state->known = false;
	} else if (err->kind == ERR_PERMANENT) {
		log_info("the bot may not join by itself", "channel=%s error=\"%s\"",
		        payload_text(flow, "channel"), err->msg);
		err = &none; /* people will be told */
	}
	state->joined = err->kind == ERR_NONE;
	flow_continue(flow, err);
}

/* Archiving put the bot out. Where somebody did that it stays out. */
static bool should_join(const struct portal *portal, const struct state *state)
{
	return !state->joined && str_equal(portal->state, "archived") &&
	       str_equal(state->state, "left") && str_equal(state->kind, "public");
}

static enum step_rc ask(struct flow *flow)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);

	if (portal == NULL || str_equal(portal->state, "gone")) {
		return STEP_END;
	}
	struct login *login = payload_login(flow);
	if (login == NULL) {
		return STEP_END; /* the next login looks at everything */
	}
	if (!state->known) {
		return wait_slack(flow, slack_conversations_info(login->bot_api,
		                                portal->channel_id, handle_info, flow));
	}
	if (should_join(portal, state)) {
		return wait_slack(flow, slack_conversations_join(login->bot_api,
		                                portal->channel_id, handle_joined, flow));
	}
	return STEP_DONE;
}

/* ---------------------------------------------------------------- the room */

/* Somebody changed the room. */
static bool is_forced(const struct flow *flow)
{
	return str_equal(payload_text(flow, "type"), CHANNEL_LOOK_ROOM);
}

static enum step_rc set_info(struct flow *flow, const struct portal *portal)
{
	static const char *const types[] = {"m.bridge", "uk.half-shot.bridge"};
	struct app *app = flow->app;
	struct state *state = flow->state;
	const struct login *login = payload_login(flow);
	autofree char *key = room_shape_bridge_id(
	        matrix_domain(app->matrix), app->config->appservice.id);
	const struct room_shape shape = {
	        .team_id = portal->team_id,
	        .team_name = login == NULL ? "" : login->team_name,
	        .channel_id = portal->channel_id,
	        .name = state->name,
	        .bot_mxid = matrix_bot_mxid(app->matrix),
	};
	enum step_rc rc = STEP_DONE;

	for (unsigned i = 0; rc == STEP_DONE && i < BRIDGE_INFOS; i++) {
		rc = room_state_set(flow, &state->info_events[i], portal->room_id,
		        types[i], key, room_shape_bridge_info(&shape));
	}
	return rc;
}

static enum step_rc set_texts(struct flow *flow, const struct portal *portal)
{
	struct state *state = flow->state;
	enum step_rc rc = STEP_DONE;

	bool renamed = is_forced(flow) || !str_equal(state->name, portal->name);
	if (renamed) {
		rc = room_state_set(flow, &state->name_event, portal->room_id,
		        "m.room.name", "", json_set_str(json_new(), "name", state->name));
	}
	if (rc == STEP_DONE &&
	        (renamed || str_equal(payload_text(flow, "type"), CHANNEL_MOVED))) {
		rc = set_info(flow, portal);
	}
	if (rc == STEP_DONE &&
	        (is_forced(flow) || !str_equal(state->topic, portal->topic))) {
		rc = room_state_set(flow, &state->topic_event, portal->room_id,
		        "m.room.topic", "",
		        json_set_str(json_new(), "topic", state->topic));
	}
	return rc;
}

static void handle_levels(const cJSON *content, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE) {
		state->levels = content == NULL ? xstrdup("{}") : json_print(content);
	}
	flow_continue(flow, err);
}

static void handle_level_set(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->level_set = err->kind == ERR_NONE;
	flow_continue(flow, err);
}

static void change_portal(struct flow *flow, const struct portal *portal,
        const struct portal_change *change)
{
	const struct app *app = flow->app;

	portals_change(app->portals, portal, change, flow_tx(flow));
}

/* What the room asks for itself is written down before it is changed. */
static enum step_rc set_level(struct flow *flow, const struct portal *portal)
{
	struct app *app = flow->app;
	struct state *state = flow->state;

	if (state->level_set ||
	        (state->level == portal->level &&
	                (portal->levels[0] != '\0') == (state->level > 0))) {
		return STEP_DONE;
	}
	if (portal->levels[0] == '\0' && state->levels == NULL) {
		return wait_matrix(
		        flow, matrix_get_state(app->matrix, NULL, portal->room_id,
		                      "m.room.power_levels", "", handle_levels, flow));
	}
	if (portal->levels[0] == '\0') {
		change_portal(flow, portal,
		        &(struct portal_change){portal->name, portal->topic, portal->kind,
		                portal->state, state->levels, portal->level});
		return STEP_SAVE;
	}
	return wait_waiter(flow, power_set(app->power, portal->room_id, state->level,
	                                 portal->levels, handle_level_set, flow));
}

static enum step_rc shape_room(struct flow *flow)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);

	if (!state->known) {
		return ask(flow); /* in a new life */
	}
	if (portal == NULL) {
		return STEP_END;
	}
	enum step_rc rc = set_texts(flow, portal);
	return rc == STEP_DONE ? set_level(flow, portal) : rc;
}

/* ---------------------------------------------------------------- the end */

static void say(struct flow *flow, const struct portal *portal, const char *about,
        const char *text)
{
	autofree char *key = xasprintf("news:%s:%s", about, flow->key);

	notice_add(flow->app, flow_tx(flow), key, portal->room_id, NULL, text);
}

static void tell(struct flow *flow, const struct portal *portal)
{
	const struct state *state = flow->state;
	const struct login *login = payload_login(flow);
	const struct channel_now now = {
	        .state = state->state,
	        .kind = state->kind,
	        .level = state->level,
	        .type = payload_text(flow, "type"),
	        .team = payload_text(flow, "other_team"),
	};
	const char *text = channel_news_state(portal, &now);

	if (text != NULL) {
		say(flow, portal, "state", text);
	}
	if (channel_news_needs_somebody(portal, &now) && login != NULL) {
		autofree char *key = xasprintf("news:owner:%s", flow->key);
		autofree char *words = xasprintf("%s: %s", portal->name, text);
		tell_owner_add(flow->app, flow_tx(flow), key, login->owner_mxid, words);
	}
	autofree char *other = channel_news_other(portal, &now);
	if (other != NULL) {
		say(flow, portal, "other", other);
	}
}

static enum step_rc record(struct flow *flow)
{
	struct state *state = flow->state;
	struct app *app = flow->app;
	const struct portal *portal = payload_portal(flow);

	enum step_rc rc = shape_room(flow);
	if (rc != STEP_DONE) {
		return rc;
	}
	tell(flow, portal);
	if (str_equal(state->state, "open") && !str_equal(portal->state, "open")) {
		autofree char *key = xasprintf("c:%s", flow->key);
		catch_up_add(app, flow_tx(flow), key, portal, "");
	}
	if (!str_equal(state->state, portal->state)) {
		log_info("portal changed", "team=%s channel=%s room=%s from=%s to=%s",
		        portal->team_id, portal->channel_id, portal->room_id,
		        portal->state, state->state);
	}
	const char *levels = state->level == 0 ? "" : portal->levels;
	change_portal(flow, portal,
	        &(struct portal_change){state->name, state->topic, state->kind,
	                state->state, levels, state->level});
	return STEP_END;
}

static void tell_owner(struct flow *flow, struct store_tx *tx)
{
	const struct portal *portal = payload_portal(flow);
	const struct login *login = payload_login(flow);

	if (portal == NULL || login == NULL) {
		return;
	}
	autofree char *key =
	        xasprintf("news:blind:%s:%s", portal->channel_id, flow->err.name);
	autofree char *text = xasprintf(
	        "\xE2\x9A\xA0 What happens to %s on Slack cannot be followed: %s.",
	        portal->name, flow->err.msg);
	tell_owner_add(flow->app, tx, key, login->owner_mxid, text);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	room_state_finish(&state->name_event);
	room_state_finish(&state->topic_event);
	for (unsigned i = 0; i < BRIDGE_INFOS; i++) {
		room_state_finish(&state->info_events[i]);
	}
	free(state->name);
	free(state->topic);
	free(state->kind);
	free(state->levels);
}

static const struct step steps[] = {
        {"ask", ask},
        {"room", shape_room},
        {"record", record},
        {NULL, NULL},
};

const struct flow_def slack_channel_flow = {
        .name = FLOW_SLACK_CHANNEL,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell_owner,
};

/* ---------------------------------------------------------------- into the inbox */

static cJSON *payload_of(const char *team_id, const char *channel_id, const char *type)
{
	cJSON *payload = json_new();

	json_set_str(payload, "team", team_id);
	json_set_str(payload, "channel", channel_id);
	return json_set_str(payload, "type", type);
}

void slack_channel_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	struct app *app = login->app;

	if (!portals_know(app->portals, login->team_id, event->channel_id)) {
		return;
	}
	autofree char *key = xasprintf("s:%s", event->event_id);
	autofree char *lane = lane_from_slack(login->team_id, event->channel_id);
	bool is_message = str_equal(event->type, "message");
	autojson cJSON *payload = payload_of(login->team_id, event->channel_id,
	        is_message ? event->subtype : event->type);
	json_set_str(payload, "other_team",
	        json_str_or(event->raw, "connected_team_id",
	                json_str_or(event->raw, "previously_connected_team_id", "")));
	autofree char *text = json_print(payload);
	queue_add_sorted(app->queue, tx, key, lane, event->ts, FLOW_SLACK_CHANNEL, text);
}

void slack_channel_look_as(struct app *app, struct store_tx *tx, const char *key,
        const char *type, const char *team_id, const char *channel_id)
{
	autofree char *lane = lane_from_slack(team_id, channel_id);
	autojson cJSON *payload = payload_of(team_id, channel_id, type);
	autofree char *text = json_print(payload);

	queue_add(app->queue, tx, key, lane, FLOW_SLACK_CHANNEL, text);
}

void slack_channel_look(struct app *app, struct store_tx *tx, const char *key,
        const char *team_id, const char *channel_id)
{
	slack_channel_look_as(app, tx, key, "", team_id, channel_id);
}
