/* slack_message: a message written on Slack becomes one in its portal, from its author's
 * ghost: one event or several, in its thread, and in the room as well if it was sent
 * there too. */
#include "bridge/flow/slack_message.h"

#include "bridge/flow/actor.h"
#include "bridge/flow/app.h"
#include "bridge/flow/ghosts.h"
#include "bridge/flow/members.h"
#include "bridge/flow/own_file.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/portals.h"
#include "bridge/flow/refusal.h"
#include "bridge/flow/slack_caption.h"
#include "bridge/flow/slack_content.h"
#include "bridge/flow/slack_file.h"
#include "bridge/flow/slack_thread.h"
#include "bridge/flow/targets.h"
#include "bridge/flow/user_logins.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

struct state {
	struct own_file own;
	struct slack_content content;
	struct slack_thread thread;
	struct slack_caption caption;
	char *event_id; /* the answer of the send, until it is recorded */
	bool rejoined;  /* the ghost was found missing once already */
};

/* ---------------------------------------------------------------- who and where */

/* Messages of apps without a user speak through a ghost of the bot. */
static const char *author_of(const struct flow *flow, bool *is_bot)
{
	*is_bot = payload_text(flow, "user")[0] == '\0';
	return payload_text(flow, *is_bot ? "bot" : "user");
}

static const struct ghost *ghost_of(const struct flow *flow)
{
	const struct app *app = flow->app;
	bool is_bot;
	const char *author = author_of(flow, &is_bot);

	return ghosts_find(app->ghosts, payload_text(flow, "team"), author);
}

static enum step_rc ensure_portal(struct flow *flow)
{
	struct app *app = flow->app;
	struct login *login = payload_login(flow);

	if (login == NULL) {
		return STEP_FAIL;
	}
	if (payload_portal(flow) != NULL) {
		return STEP_DONE;
	}
	if (portals_is_closed(app->portals, payload_text(flow, "team"),
	            payload_text(flow, "channel"))) {
		return STEP_END;
	}
	REQ("PORT-02");
	return wait_waiter(
	        flow, portals_ensure(app->portals, login, payload_text(flow, "channel"),
	                      flow_ready, flow));
}

static enum step_rc ensure_ghost(struct flow *flow)
{
	struct login *login = payload_login(flow);
	bool is_bot;
	const char *author = author_of(flow, &is_bot);

	if (login == NULL) {
		return STEP_FAIL;
	}
	if (payload_portal(flow) == NULL) {
		return ensure_portal(flow);
	}
	if (author[0] == '\0') {
		err_set(&flow->err, ERR_PERMANENT, 0, "a message without an author");
		return STEP_FAIL;
	}
	return actor_ensure(flow, login, payload_portal(flow), author, is_bot);
}

/* ---------------------------------------------------------------- send */

static bool is_broadcast(const struct flow *flow)
{
	const struct state *state = flow->state;

	return state->thread.root_event != NULL &&
	       str_equal(payload_text(flow, "subtype"), "thread_broadcast");
}

/* The message.part of the n-th event. */
static unsigned part_of(const struct flow *flow, unsigned n)
{
	const struct state *state = flow->state;
	unsigned count = slack_content_count(&state->content);

	return n < count ? PART_TEXT + n : PART_BROADCAST + n - count;
}

static unsigned events_of(const struct flow *flow)
{
	const struct state *state = flow->state;

	return slack_content_count(&state->content) * (is_broadcast(flow) ? 2 : 1);
}

static void handle_sent(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (actor_was_thrown_out(flow, payload_portal(flow), ghost_of(flow)->mxid, err,
	            &state->rejoined)) {
		flow_continue(flow, NULL);
		return;
	}
	str_replace(&state->event_id, event_id);
	flow_continue(flow, err);
}

static void add_mapping(struct flow *flow, unsigned part)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;

	REQ("MSG-01");
	store_tx_add(flow_tx(flow), STMT_MESSAGE_PUT, "sssississssi",
	        payload_text(flow, "team"), payload_text(flow, "channel"),
	        payload_text(flow, "ts"), (int64_t)part, payload_portal(flow)->room_id,
	        state->event_id, (int64_t)0, ghost_of(flow)->mxid, "s",
	        payload_text(flow, "thread_ts"), payload_text(flow, "edited_ts"),
	        loop_wall_ms(app->loop));
	log_info("message to Matrix", "team=%s channel=%s ts=%s room=%s event=%s",
	        payload_text(flow, "team"), payload_text(flow, "channel"),
	        payload_text(flow, "ts"), payload_portal(flow)->room_id, state->event_id);
}

/* The n-th event, with the relations of its place. */
static cJSON *content_of(const struct flow *flow, unsigned n)
{
	const struct state *state = flow->state;
	unsigned count = slack_content_count(&state->content);
	cJSON *content = slack_content_event(&state->content, n % count);

	if (state->caption.media != NULL) {
		content = slack_caption_event(&state->caption, content);
	}

	if (state->thread.root_event != NULL) {
		REQ("MSG-06");
		slack_content_thread(content, state->thread.root_event,
		        state->thread.last_event, n < count);
	} else if (n == 0 && payload_text(flow, "thread_ts")[0] != '\0') {
		autofree char *body = xasprintf(
		        "(in an older thread) %s", json_str_or(content, "body", ""));
		json_set_str(content, "body", body);
		cJSON_DeleteItemFromObjectCaseSensitive(content, "formatted_body");
		cJSON_DeleteItemFromObjectCaseSensitive(content, "format");
	}
	return content;
}

/* In a new life nothing is known yet, and the ghost may have been thrown out. */
static enum step_rc prepare(struct flow *flow)
{
	struct state *state = flow->state;
	enum step_rc rc = ensure_ghost(flow);

	if (rc == STEP_DONE) {
		rc = slack_thread_find(flow, &state->thread);
	}
	if (rc == STEP_DONE) {
		state->content.author = ghost_of(flow)->name;
		rc = slack_content_make(flow, &state->content, payload_login(flow),
		        json_obj(flow->payload, "message"));
	}
	if (rc == STEP_DONE && events_of(flow) == 1) {
		rc = slack_caption_decide(flow, &state->caption);
	}
	return rc;
}

static enum step_rc send_event(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	unsigned n = fact_number(flow, "piece");

	if (state->event_id != NULL) {
		bool last = n + 1 >= events_of(flow);
		add_mapping(flow, part_of(flow, n));
		if (state->caption.media != NULL) {
			autojson cJSON *text = slack_content_event(&state->content, 0);
			slack_caption_record(flow, text);
		}
		str_replace(&state->event_id, NULL);
		fact_set_number(flow, "piece", n + 1);
		/* The last mapping and the end of the job: one commit. */
		return last ? STEP_END : STEP_SAVE;
	}
	enum step_rc prepared = prepare(flow);
	if (prepared != STEP_DONE) {
		return prepared;
	}
	if (n >= events_of(flow)) {
		return STEP_END;
	}
	/* Derived from the Slack message alone: a repeat is the same request. */
	autofree char *part = xasprintf("%u", part_of(flow, n));
	const char *channel = json_str_or(flow->payload, "first_channel",
	        payload_text(flow, "channel")); /* channel_moved.c */
	autofree char *txn_id = matrix_txn_id("s2m", payload_text(flow, "team"), channel,
	        payload_text(flow, "ts"), n == 0 ? NULL : part, NULL);
	autojson cJSON *content = content_of(flow, n);
	return wait_matrix(flow,
	        matrix_send(app->matrix, ghost_of(flow)->mxid,
	                payload_portal(flow)->room_id, "m.room.message", txn_id, content,
	                slack_ts_ms(payload_text(flow, "ts")), handle_sent, flow));
}

/* ---------------------------------------------------------------- the end */

/* Its author cannot be told: those who wait for it can. */
static void tell_room(struct flow *flow, struct store_tx *tx)
{
	const struct ghost *ghost = ghost_of(flow);
	autofree char *what = xasprintf("A message from Slack by %s was not delivered",
	        ghost == NULL ? "somebody" : ghost->name);

	refusal_tell(flow, tx, what, NULL, NULL);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	slack_content_finish(&state->content);
	slack_caption_finish(&state->caption);
	slack_thread_finish(&state->thread);
	free(state->event_id);
}

static enum step_rc check_own(struct flow *flow)
{
	struct state *state = flow->state;

	return own_file_check(flow, &state->own,
	        json_str(cJSON_GetArrayItem(json_arr(flow->payload, "message.files"), 0),
	                "id"));
}

static const struct step steps[] = {
        {"own", check_own},
        {"portal", ensure_portal},
        {"ghost", ensure_ghost},
        {"send", send_event},
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
	if (event->block_mark[0] != '\0') {
		autofree char *tag = user_login_tag(login->app, event->user_id);
		if (slack_event_has_tag(event, tag)) {
			return true;
		}
	}
	return (event->bot_id[0] != '\0' && str_equal(event->bot_id, login->bot_id)) ||
	       (event->user_id[0] != '\0' &&
	               str_equal(event->user_id, login->bot_user_id));
}

char *slack_message_payload(
        const struct login *login, const struct slack_event *event, const char *ts)
{
	autojson cJSON *payload = json_new();
	/* An edited one's event is named after the change. */
	bool is_change = event->kind == SLACK_EVENT_EDITED;

	json_set_str(payload, "team", login->team_id);
	json_set_str(payload, "channel", event->channel_id);
	json_set_str(payload, "ts", ts);
	json_set_str(payload, "thread_ts", event->thread_ts);
	/* Two edits can be of the same second; the change itself has a time of its own.
	 */
	json_set_str(payload, "edited_ts", is_change ? event->ts : event->edited_ts);
	json_set_str(payload, "user", event->user_id);
	json_set_str(payload, "bot", event->bot_id);
	json_set_str(payload, "subtype",
	        is_change ? json_str_or(event->message, "subtype", "") : event->subtype);
	json_lend(payload, "message", event->message);
	return json_print(payload);
}

char *slack_message_key(const struct login *login, const struct slack_event *event)
{
	return xasprintf("s:%s:%s:%s", login->team_id, event->channel_id, event->ts);
}

void slack_message_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	autofree char *key = slack_message_key(login, event);
	autofree char *lane = lane_from_slack(login->team_id, event->channel_id);
	autofree char *text = slack_message_payload(login, event, event->ts);

	queue_add_sorted(
	        login->app->queue, tx, key, lane, event->ts, FLOW_SLACK_MESSAGE, text);
	slack_files_add(login, tx, event);
}
