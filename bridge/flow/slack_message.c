/* slack_message: a message written on Slack becomes one in its portal, from its author's
 * ghost. */
#include "bridge/flow/slack_message.h"

#include "bridge/convert/text.h"
#include "bridge/flow/app.h"
#include "bridge/flow/ghosts.h"
#include "bridge/flow/members.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/portals.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

/* How much of an event's 65,536 bytes a text may take; the rest is for what the
 * homeserver puts around it. */
enum { MAX_TEXT_BYTES = 50000 };

struct state {
	char *event_id; /* the answer of the send, until it is recorded */
	bool more;      /* that was not the last piece */
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
	if (portal_of(flow) == NULL) {
		return ensure_portal(flow);
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

/* Never empty: what has no text is said to be there. */
static char *whole_text(const struct flow *flow)
{
	char *text = text_from_slack(field(flow, "text"));

	if (text[strspn(text, " \t\r\n")] != '\0') {
		return text;
	}
	free(text);
	return xstrdup(str_equal(field(flow, "subtype"), "file_share")
	                       ? "(a file; it can be seen on Slack)"
	                       : "(a message that can only be seen on Slack)");
}

/* Which piece of the text is the next; the earlier ones are recorded. */
static long piece_of(const struct flow *flow)
{
	const char *piece = flow_fact(flow, "piece");
	return piece == NULL ? 0 : strtol(piece, NULL, 10);
}

static cJSON *content_of(const struct flow *flow, bool *more)
{
	cJSON *content = json_new();
	autofree char *whole = whole_text(flow);
	const char *rest = whole;
	autofree char *body = text_piece(rest, MAX_TEXT_BYTES, &rest);

	for (long i = piece_of(flow); i > 0; i--) {
		free(body);
		body = text_piece(rest, MAX_TEXT_BYTES, &rest);
	}
	*more = rest[0] != '\0';
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

static void add_mapping(struct flow *flow);

static enum step_rc send_event(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	autofree char *piece = xasprintf("%ld", piece_of(flow));

	if (state->event_id != NULL && !state->more) {
		return STEP_DONE;
	}
	if (state->event_id != NULL) {
		autofree char *next = xasprintf("%ld", piece_of(flow) + 1);
		add_mapping(flow);
		str_replace(&state->event_id, NULL);
		flow_set_fact(flow, "piece", next);
		return STEP_SAVE;
	}
	/* In a new life neither is known yet, and the ghost may have been thrown out. */
	enum step_rc prepared = ensure_ghost(flow);
	if (prepared != STEP_DONE) {
		return prepared;
	}
	/* Derived from the Slack message alone: a repeat is the same request. */
	autofree char *txn_id =
	        matrix_txn_id("s2m", field(flow, "team"), field(flow, "channel"),
	                field(flow, "ts"), piece_of(flow) == 0 ? NULL : piece, NULL);
	autojson cJSON *content = content_of(flow, &state->more);
	return wait_matrix(
	        flow, matrix_send(app->matrix, ghost_of(flow)->mxid,
	                      portal_of(flow)->room_id, "m.room.message", txn_id, content,
	                      time_of(flow), handle_sent, flow));
}

static void add_mapping(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;

	store_tx_add(flow_tx(flow), STMT_MESSAGE_PUT, "sssisssssi", field(flow, "team"),
	        field(flow, "channel"), field(flow, "ts"), (int64_t)piece_of(flow),
	        portal_of(flow)->room_id, state->event_id, ghost_of(flow)->mxid, "s",
	        field(flow, "thread_ts"), loop_wall_ms(app->loop));
	log_info("message to Matrix", "team=%s channel=%s ts=%s room=%s event=%s",
	        field(flow, "team"), field(flow, "channel"), field(flow, "ts"),
	        portal_of(flow)->room_id, state->event_id);
}

static enum step_rc record_mapping(struct flow *flow)
{
	add_mapping(flow);
	return STEP_DONE;
}

/* Its author cannot be told: those who wait for it can. */
static void tell_room(struct flow *flow, struct store_tx *tx)
{
	const struct portal *portal = portal_of(flow);
	const struct ghost *ghost = ghost_of(flow);

	if (portal == NULL) {
		return;
	}
	autofree char *key = xasprintf("notice:%s", flow->key);
	autofree char *text = xasprintf(
	        "\xE2\x9A\xA0 A message from Slack by %s was not delivered: %s.",
	        ghost == NULL ? "somebody" : ghost->name, flow->err.msg);
	notice_add(flow->app, tx, key, portal->room_id, NULL, text);
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
        .dead = tell_room,
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
