/* slack_message: a message written on Slack becomes one in its portal, from its author's
 * ghost. */
#include "bridge/flow/slack_message.h"

#include "bridge/convert/text.h"
#include "bridge/flow/app.h"
#include "bridge/flow/ghosts.h"
#include "bridge/flow/members.h"
#include "bridge/flow/portals.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	char *event_id; /* the answer of the send, until it is recorded */
	bool rejoined;  /* the ghost was found missing once already */
};

static const char *field(const struct flow *flow, const char *name)
{
	return json_str_or(flow->payload, name, "");
}

static struct login *login_of(struct flow *flow)
{
	struct app *app = flow->app;
	struct login *login = logins_by_team(app->logins, field(flow, "team"));

	if (login == NULL) {
		err_set(&flow->err, ERR_PERMANENT, 0,
		        "not logged in to workspace %s any more", field(flow, "team"));
	}
	return login;
}

static const struct portal *portal_of(struct flow *flow)
{
	struct app *app = flow->app;
	return portals_by_channel(
	        app->portals, field(flow, "team"), field(flow, "channel"));
}

/* Messages of apps without a user speak through a ghost of the bot. */
static const char *author_of(const struct flow *flow, bool *is_bot)
{
	*is_bot = field(flow, "user")[0] == '\0';
	return *is_bot ? field(flow, "bot") : field(flow, "user");
}

static const struct ghost *ghost_of(struct flow *flow)
{
	struct app *app = flow->app;
	bool is_bot;
	const char *author = author_of(flow, &is_bot);

	return ghosts_find(app->ghosts, field(flow, "team"), author);
}

static enum step_rc ensure_portal(struct flow *flow)
{
	struct app *app = flow->app;
	struct login *login = login_of(flow);

	if (login == NULL) {
		return STEP_FAIL;
	}
	if (portal_of(flow) != NULL) {
		return STEP_DONE;
	}
	return wait_waiter(flow, portals_ensure(app->portals, login,
	                                 field(flow, "channel"), flow_ready, flow));
}

static enum step_rc ensure_ghost(struct flow *flow)
{
	struct app *app = flow->app;
	struct login *login = login_of(flow);
	const struct ghost *ghost = ghost_of(flow);
	bool is_bot;
	const char *author = author_of(flow, &is_bot);

	if (login == NULL) {
		return STEP_FAIL;
	}
	if (author[0] == '\0') {
		err_set(&flow->err, ERR_PERMANENT, 0, "a message without an author");
		return STEP_FAIL;
	}
	if (ghost == NULL) {
		return wait_waiter(flow, ghosts_ensure(app->ghosts, login, author, is_bot,
		                                 flow_ready, flow));
	}
	const char *room_id = portal_of(flow)->room_id;
	if (members_has(app->members, room_id, ghost->mxid)) {
		return STEP_DONE;
	}
	return wait_waiter(flow,
	        members_ensure(app->members, room_id, ghost->mxid, flow_ready, flow));
}

static void handle_sent(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	struct app *app = flow->app;

	if (err->kind == ERR_PERMANENT && str_equal(err->name, "M_FORBIDDEN") &&
	        !state->rejoined) {
		state->rejoined = true; /* somebody threw the ghost out */
		members_forget(
		        app->members, portal_of(flow)->room_id, ghost_of(flow)->mxid);
		flow_continue(flow, NULL);
		return;
	}
	state->event_id = xstrdup_null(event_id);
	flow_continue(flow, err);
}

static cJSON *content_of(const struct flow *flow)
{
	cJSON *content = json_new();
	autofree char *body = text_from_slack(field(flow, "text"));

	json_set_str(content, "msgtype",
	        str_equal(field(flow, "subtype"), "me_message") ? "m.emote" : "m.text");
	json_set_str(content, "body", body);
	/* Always there, so that no server guesses mentions from the text. */
	return json_set(content, "m.mentions", json_new());
}

/* Slack's ts is "seconds.sequence": only the seconds are a time. */
static int64_t time_of(const struct flow *flow)
{
	struct str ts = str_from(field(flow, "ts"));
	int64_t seconds = 0;

	for (size_t i = 0; i < ts.n; i++) {
		if (ts.p[i] == '.') {
			ts.n = i;
		}
	}
	return str_to_int64(ts, 0, INT64_C(99999999999), &seconds) ? seconds * 1000 : 0;
}

static enum step_rc send_event(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;
	const struct ghost *ghost = ghost_of(flow);
	const struct portal *portal = portal_of(flow);

	if (state->event_id != NULL) {
		return STEP_DONE;
	}
	if (!members_has(app->members, portal->room_id, ghost->mxid)) {
		return wait_waiter(flow, members_ensure(app->members, portal->room_id,
		                                 ghost->mxid, flow_ready, flow));
	}
	/* Derived from the Slack message alone: a repeat is the same request. */
	autofree char *txn_id = matrix_txn_id("s2m", field(flow, "team"),
	        field(flow, "channel"), field(flow, "ts"), NULL);
	autojson cJSON *content = content_of(flow);
	return wait_matrix(flow,
	        matrix_send(app->matrix, ghost->mxid, portal->room_id, "m.room.message",
	                txn_id, content, time_of(flow), handle_sent, flow));
}

static enum step_rc record_mapping(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;

	store_tx_add(flow_tx(flow), STMT_MESSAGE_PUT, "sssisssssi", field(flow, "team"),
	        field(flow, "channel"), field(flow, "ts"), (int64_t)0,
	        portal_of(flow)->room_id, state->event_id, ghost_of(flow)->mxid, "s",
	        field(flow, "thread_ts"), loop_wall_ms(app->loop));
	log_info("message to Matrix", "team=%s channel=%s ts=%s room=%s event=%s",
	        field(flow, "team"), field(flow, "channel"), field(flow, "ts"),
	        portal_of(flow)->room_id, state->event_id);
	return STEP_DONE;
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;
	free(state->event_id);
}

static const struct step steps[] = {
        {"portal", ensure_portal},
        {"ghost", ensure_ghost},
        {"send", send_event},
        {"record", record_mapping},
        {NULL, NULL},
};

const struct flow_def slack_message_flow = {
        .name = FLOW_SLACK_MESSAGE,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};

/* ---------------------------------------------------------------- into the inbox */

bool slack_message_is_own(const struct login *login, const struct slack_event *event)
{
	return (event->bot_id[0] != '\0' && str_equal(event->bot_id, login->bot_id)) ||
	       (event->user_id[0] != '\0' &&
	               str_equal(event->user_id, login->bot_user_id));
}

void slack_message_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	autofree char *key =
	        xasprintf("s:%s:%s:%s", login->team_id, event->channel_id, event->ts);
	autofree char *lane = lane_from_slack(login->team_id, event->channel_id);
	autojson cJSON *payload = json_new();

	json_set_str(payload, "team", login->team_id);
	json_set_str(payload, "channel", event->channel_id);
	json_set_str(payload, "ts", event->ts);
	json_set_str(payload, "thread_ts", event->thread_ts);
	json_set_str(payload, "user", event->user_id);
	json_set_str(payload, "bot", event->bot_id);
	json_set_str(payload, "subtype", event->subtype);
	json_set_str(payload, "text", event->text);
	autofree char *text = json_print(payload);
	queue_add_sorted(
	        login->app->queue, tx, key, lane, event->ts, FLOW_SLACK_MESSAGE, text);
}
