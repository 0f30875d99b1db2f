/* matrix_message: a message written in a portal becomes one on Slack, with its author's
 * name and picture.
 *
 * chat.postMessage cannot be made idempotent, so: the intent is committed first, the post
 * carries the Matrix event ID as a mark in its metadata, and whoever finds an intent
 * without an answer looks into the history for the mark before posting again. */
#include "bridge/convert/text.h"
#include "bridge/flow/app.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/portals.h"
#include "bridge/ops/public_media.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdio.h>
#include <stdlib.h>

enum {
	/* How much older than our receipt of the event the message on Slack can be:
	   clocks differ. */
	LOOK_BACK_S = 300,
	/* How long Slack may still be at work on the post of a process that died. */
	LOOK_AFTER_MS = 3000,
};

struct state {
	char *name, *avatar_url; /* of the author, asked for in this life */
	bool profile_known;
	bool may_post; /* the intent is from this life, or the look found nothing */
};

static const char *field(const struct flow *flow, const char *name)
{
	return json_str_or(flow->payload, name, "");
}

static const struct portal *portal_of(const struct flow *flow)
{
	const struct app *app = flow->app;
	return portals_by_room(app->portals, field(flow, "room"));
}

/* ---------------------------------------------------------------- accept */

static enum step_rc check_may_speak(struct flow *flow)
{
	struct app *app = flow->app;
	const struct portal *portal = portal_of(flow);

	if (portal == NULL) {
		err_set(&flow->err, ERR_PERMANENT, 0,
		        "this room is not bridged any more");
		return STEP_FAIL;
	}
	if (config_permission(app->config, field(flow, "sender")) < PERM_RELAY) {
		err_set(&flow->err, ERR_PERMANENT, 0,
		        "you are not allowed to talk through this bridge");
		return STEP_FAIL;
	}
	if (logins_by_team(app->logins, portal->team_id) == NULL) {
		err_set(&flow->err, ERR_PERMANENT, 0,
		        "nobody is logged in to this workspace");
		return STEP_FAIL;
	}
	if (!str_equal(field(flow, "msgtype"), "m.text") &&
	        !str_equal(field(flow, "msgtype"), "m.notice") &&
	        !str_equal(field(flow, "msgtype"), "m.emote")) {
		err_set(&flow->err, ERR_PERMANENT, 0,
		        "messages of type %.60s are not bridged yet",
		        field(flow, "msgtype"));
		return STEP_FAIL;
	}
	return STEP_DONE;
}

/* ---------------------------------------------------------------- author */

static void handle_profile(const cJSON *profile, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	/* A profile that cannot be had is no reason to hold the message back. */
	bool unknown = err->kind == ERR_PERMANENT;
	state->profile_known = err->kind == ERR_NONE || unknown;
	str_replace(&state->name, json_str(profile, "displayname"));
	str_replace(&state->avatar_url, json_str(profile, "avatar_url"));
	flow_continue(flow, unknown ? &none : err);
}

static enum step_rc ask_author(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;

	if (flow_fact(flow, "name") != NULL) {
		return STEP_DONE;
	}
	if (!state->profile_known) {
		return wait_matrix(
		        flow, matrix_profile(app->matrix, field(flow, "sender"),
		                      handle_profile, flow));
	}
	const char *name = state->name == NULL || state->name[0] == '\0'
	                           ? field(flow, "sender")
	                           : state->name;
	autofree char *icon = public_media_url(app->config, state->avatar_url);
	flow_set_fact(flow, "name", name);
	flow_set_fact(flow, "icon", icon);
	/* The intent goes into the same commit: from the next step on the message may be
	 * on Slack. */
	flow_set_fact(flow, "posting", "yes");
	state->may_post = true;
	return STEP_DONE;
}

/* ---------------------------------------------------------------- post */

static void handle_looked(const char *ts, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE && ts != NULL) {
		log_info("message was on Slack already", "event=%s ts=%s",
		        field(flow, "event"), ts);
		flow_set_fact(flow, "ts", ts);
	}
	state->may_post = err->kind == ERR_NONE;
	flow_continue(flow, err);
}

static enum step_rc look(struct flow *flow, struct login *login)
{
	char oldest[40];

	snprintf(oldest, sizeof(oldest), "%lld.000000",
	        (long long)(flow->received_ms / 1000 - LOOK_BACK_S));
	return wait_slack(
	        flow, slack_find_posted(login->bot_api, portal_of(flow)->channel_id, NULL,
	                      oldest, field(flow, "event"), handle_looked, flow));
}

static void handle_posted(const char *ts, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE) {
		flow_set_fact(flow, "ts", ts);
	} else if (err->kind == ERR_RETRY) {
		flow_set_fact(
		        flow, "posting", NULL); /* surely not there: no need to look */
	}
	state->may_post = false;
	flow_continue(flow, err);
}

static enum step_rc post(struct flow *flow, struct login *login)
{
	autofree char *escaped = text_to_slack(field(flow, "body"));
	bool emote = str_equal(field(flow, "msgtype"), "m.emote");
	autofree char *text = emote ? xasprintf("_%s_", escaped) : xstrdup(escaped);
	const struct slack_post request = {
	        .channel_id = portal_of(flow)->channel_id,
	        .text = text,
	        .username = flow_fact(flow, "name"),
	        .icon_url = flow_fact(flow, "icon"),
	        .event_id = field(flow, "event"),
	};

	return wait_slack(
	        flow, slack_chat_post(login->bot_api, &request, handle_posted, flow));
}

static enum step_rc post_once(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	const struct portal *portal = portal_of(flow);
	struct login *login =
	        portal == NULL ? NULL : logins_by_team(app->logins, portal->team_id);

	if (flow_fact(flow, "ts") != NULL) {
		return STEP_DONE;
	}
	if (login == NULL) {
		err_set(&flow->err, ERR_PERMANENT, 0,
		        "nobody is logged in to this workspace");
		return STEP_FAIL;
	}
	if (flow_fact(flow, "posting") == NULL) {
		flow_set_fact(flow, "posting", "yes");
		state->may_post = true;
		return STEP_SAVE;
	}
	if (!state->may_post && flow->attempts == 0) {
		err_set(&flow->err, ERR_RETRY, 0,
		        "posted perhaps before a restart: to be looked up");
		flow->err.retry_after_ms = LOOK_AFTER_MS;
		return STEP_FAIL;
	}
	return state->may_post ? post(flow, login) : look(flow, login);
}

/* ---------------------------------------------------------------- record */

static enum step_rc record_mapping(struct flow *flow)
{
	struct app *app = flow->app;
	const struct portal *portal = portal_of(flow);

	store_tx_add(flow_tx(flow), STMT_MESSAGE_PUT, "sssisssssi", portal->team_id,
	        portal->channel_id, flow_fact(flow, "ts"), (int64_t)0, portal->room_id,
	        field(flow, "event"), field(flow, "sender"), "m", "",
	        loop_wall_ms(app->loop));
	log_info("message to Slack", "team=%s channel=%s ts=%s room=%s event=%s",
	        portal->team_id, portal->channel_id, flow_fact(flow, "ts"),
	        portal->room_id, field(flow, "event"));
	/* One commit: the mapping and the end of the job. */
	return STEP_END;
}

/* ---------------------------------------------------------------- failure */

static const struct {
	const char *name;
	const char *words;
} reasons[] = {
        {"is_archived", "the Slack channel is archived"},
        {"not_in_channel", "the Slack bot is not in the channel; invite it there"},
        {"channel_not_found",
                "the Slack channel does not exist or the bot cannot see it"},
        {"missing_scope", "the Slack app lacks a permission for this"},
        {"restricted_action", "the workspace does not allow posting there"},
        {"msg_too_long", "the message is too long for Slack"},
        {"no_text", "there is no text in it"},
};

static void tell_sender(struct flow *flow, struct store_tx *tx)
{
	const char *why = flow->err.msg;
	autofree char *key = xasprintf("notice:%s", flow->key);

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		if (str_equal(flow->err.name, reasons[i].name)) {
			why = reasons[i].words;
		}
	}
	autofree char *text = xasprintf(
	        "\xE2\x9A\xA0 Your message was not delivered to Slack: %s.%s%s%s", why,
	        flow->err.name[0] == '\0' ? "" : " (", flow->err.name,
	        flow->err.name[0] == '\0' ? "" : ")");
	notice_add(flow->app, tx, key, field(flow, "room"), field(flow, "event"), text);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	free(state->name);
	free(state->avatar_url);
}

static const struct step steps[] = {
        {"accept", check_may_speak},
        {"author", ask_author},
        {"post", post_once},
        {"record", record_mapping},
        {NULL, NULL},
};

const struct flow_def matrix_message_flow = {
        .name = FLOW_MATRIX_MESSAGE,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell_sender,
};
