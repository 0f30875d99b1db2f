/* slack_reaction: a reaction on Slack becomes one in the portal, by the ghost of whoever
 * reacted, and is redacted when it is taken back.
 *
 * A row for each remembers what Slack said last, so that of two events that come in the
 * wrong order the newer counts. */
#include "bridge/convert/emoji.h"
#include "bridge/flow/actor.h"
#include "bridge/flow/app.h"
#include "bridge/flow/custom_emoji.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/refusal.h"
#include "bridge/flow/slack_change.h"
#include "bridge/flow/slack_message.h"
#include "bridge/flow/targets.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

struct state {
	struct targets targets;
	struct custom_emoji emoji;
	bool row_known;
	bool is_there;   /* by our row */
	char *row_event; /* the reaction's event; NULL: there never was one */
	char *changed_ts;
	char *event_id; /* the answer, until it is recorded */
	bool rejoined;
	/* The same user's own, made from Matrix with their token. */
	char *own_event; /* NULL: there is none */
	bool own_coming; /* it is about to be made */
	bool own_going; /* it was taken back on Matrix, and this may be Slack's word of it
	                 */
	bool own_redacted;
};

static bool is_added(const struct flow *flow)
{
	return json_bool(flow->payload, "added", false);
}

static const char *reactor(const struct flow *flow)
{
	const struct app *app = flow->app;
	const struct ghost *ghost = ghosts_find(
	        app->ghosts, payload_text(flow, "team"), payload_text(flow, "user"));

	return ghost == NULL ? "" : ghost->mxid;
}

/* ---------------------------------------------------------------- what is there */

static void handle_row(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE) {
		bool has_row = store_rows(results[0]) > 0;
		str_replace(
		        &state->row_event, has_row ? store_text(results[0], 0, 0) : NULL);
		str_replace(
		        &state->changed_ts, has_row ? store_text(results[0], 0, 1) : "");
		state->is_there = has_row && store_int(results[0], 0, 2) == 0;
		bool has_own = store_rows(results[1]) > 0;
		str_replace(
		        &state->own_event, has_own ? store_text(results[1], 0, 0) : NULL);
		state->own_coming = has_own && store_int(results[1], 0, 1) == 2;
		state->own_going = has_own && store_int(results[1], 0, 1) == 3;
		state->row_known = true;
	}
	flow_continue(flow, err);
}

static enum step_rc find_row(struct flow *flow)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);

	store_tx_add(tx, STMT_REACTION_GET, "sssss", payload_text(flow, "team"),
	        payload_text(flow, "channel"), payload_text(flow, "ts"),
	        payload_text(flow, "emoji"), payload_text(flow, "user"));
	store_tx_add(tx, STMT_REACTION_OF_AUTHOR, "sssss", payload_text(flow, "team"),
	        payload_text(flow, "channel"), payload_text(flow, "ts"),
	        payload_text(flow, "emoji"), payload_text(flow, "user"));
	store_tx_submit(tx, handle_row, flow);
	return wait_store(flow, tx);
}

/* ---------------------------------------------------------------- doing it */

static void handle_sent(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (actor_was_thrown_out(
	            flow, payload_portal(flow), reactor(flow), err, &state->rejoined)) {
		flow_continue(flow, NULL);
		return;
	}
	str_replace(&state->event_id, event_id);
	flow_continue(flow, err);
}

/* STEP_DONE once its picture is there, or is known not to be. */
static enum step_rc find_emoji(struct flow *flow, const struct login *login)
{
	const struct app *app = flow->app;
	struct state *state = flow->state;
	const char *name = payload_text(flow, "emoji");
	struct id_list names = {0};

	if (!is_added(flow) || emoji_is_standard(name) ||
	        !app->config->slack.custom_emoji_reactions) {
		return STEP_DONE;
	}
	id_list_add(&names, str_from(name));
	enum step_rc rc = custom_emoji_find(flow, &state->emoji, login, &names);
	id_list_finish(&names);
	return rc;
}

/* A picture has its name beside it (MSC4027, and as bridges wrote it before). */
static cJSON *annotation(const struct flow *flow, const char *event_id)
{
	const struct state *state = flow->state;
	cJSON *content = json_new(), *relates = json_new();
	const char *name = payload_text(flow, "emoji");
	autofree char *key = emoji_to_key(name, custom_emoji_text(&state->emoji, name));

	if (str_starts(key, "mxc://")) {
		autofree char *shortcode = xasprintf(":%s:", name);
		json_set_str(content, "shortcode", shortcode);
		json_set_str(content, "com.beeper.reaction.shortcode", shortcode);
	}

	json_set_str(relates, "rel_type", "m.annotation");
	json_set_str(relates, "event_id", event_id);
	json_set_str(relates, "key", key);
	return json_set(content, "m.relates_to", relates);
}

static enum step_rc add(struct flow *flow, const struct target *target)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;
	/* From what is there before: made again after it was taken back it is another
	 * event, but not when catching up finds it while its own job waits. */
	autofree char *txn_id = matrix_txn_id("s2m-reaction", payload_text(flow, "team"),
	        payload_text(flow, "channel"), payload_text(flow, "ts"),
	        payload_text(flow, "emoji"), payload_text(flow, "user"),
	        state->changed_ts, NULL);
	autojson cJSON *content = annotation(flow, target->event_id);

	return wait_matrix(flow,
	        matrix_send(app->matrix, reactor(flow), payload_portal(flow)->room_id,
	                "m.reaction", txn_id, content, 0, handle_sent, flow));
}

static enum step_rc take_back(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;
	autofree char *txn_id = matrix_txn_id("redact", state->row_event, NULL);

	return wait_matrix(flow,
	        matrix_redact(app->matrix, reactor(flow), payload_portal(flow)->room_id,
	                state->row_event, txn_id, NULL, handle_sent, flow));
}

static enum step_rc record(struct flow *flow)
{
	const struct state *state = flow->state;
	const char *event = is_added(flow) && state->event_id != NULL ? state->event_id
	                    : state->row_event != NULL                ? state->row_event
	                                                              : "";

	store_tx_add(flow_tx(flow), STMT_REACTION_PUT, "ssssssssi",
	        payload_text(flow, "team"), payload_text(flow, "channel"),
	        payload_text(flow, "ts"), payload_text(flow, "emoji"),
	        payload_text(flow, "user"), event, "s", payload_text(flow, "changed_ts"),
	        (int64_t)(is_added(flow) ? 0 : 1));
	REQ("MSG-07");
	log_info("reaction to Matrix", "team=%s channel=%s ts=%s added=%d event=%s",
	        payload_text(flow, "team"), payload_text(flow, "channel"),
	        payload_text(flow, "ts"), is_added(flow), event);
	return STEP_END;
}

static void handle_own_redacted(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	bool is_gone = err->kind == ERR_PERMANENT && str_equal(err->name, "M_NOT_FOUND");

	(void)event_id;
	state->own_redacted = err->kind == ERR_NONE || is_gone;
	flow_continue(flow, is_gone ? NULL : err);
}

/* They took back on Slack what they had made from Matrix: nobody but the bot can redact
 * it there. */
static enum step_rc take_back_own(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	autofree char *txn_id = matrix_txn_id("redact", state->own_event, NULL);

	if (!state->own_redacted) {
		return wait_matrix(
		        flow, matrix_redact(app->matrix, NULL,
		                      payload_portal(flow)->room_id, state->own_event,
		                      txn_id, NULL, handle_own_redacted, flow));
	}
	store_tx_add(flow_tx(flow), STMT_REACTION_TAKE_BACK, "s", state->own_event);
	state->row_known = state->own_redacted = false;
	return STEP_SAVE;
}

static enum step_rc react(struct flow *flow)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);
	struct login *login = payload_login(flow);

	if (state->event_id != NULL) {
		return record(flow);
	}
	if (portal == NULL || login == NULL) {
		return STEP_END;
	}
	if (!state->targets.known) {
		return targets_by_ts(
		        flow, &state->targets, portal, payload_text(flow, "ts"));
	}
	if (targets_wait(flow, &state->targets)) {
		return STEP_FAIL;
	}
	const struct target *target = targets_first(&state->targets);
	if (target == NULL) {
		return STEP_END; /* deleted, or from before the bridge */
	}
	if (!state->row_known) {
		return find_row(flow);
	}
	if (state->own_event != NULL && is_added(flow)) {
		return STEP_END; /* that is it */
	}
	if (state->own_going) {
		store_tx_add(
		        flow_tx(flow), STMT_REACTION_TAKE_BACK, "s", state->own_event);
		return STEP_END;
	}
	if (state->own_event != NULL && !state->own_coming) {
		return take_back_own(flow);
	}
	if (strcmp(state->changed_ts, payload_text(flow, "changed_ts")) >= 0) {
		return STEP_END; /* something newer is known */
	}
	if (is_added(flow) == state->is_there) {
		return record(flow);
	}
	enum step_rc rc =
	        actor_ensure(flow, login, portal, payload_text(flow, "user"), false);
	if (rc == STEP_DONE) {
		rc = find_emoji(flow, login);
	}
	if (rc != STEP_DONE) {
		return rc;
	}
	return is_added(flow) ? add(flow, target) : take_back(flow);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	targets_forget(&state->targets);
	custom_emoji_finish(&state->emoji);
	free(state->row_event);
	free(state->own_event);
	free(state->changed_ts);
	free(state->event_id);
}

/* Once for each message and reason. */
static void tell_room(struct flow *flow, struct store_tx *tx)
{
	const struct state *state = flow->state;
	const struct target *first = targets_first(&state->targets);
	autofree char *once = xasprintf("reaction:%s:%s:%s:%s", flow->err.name,
	        payload_text(flow, "team"), payload_text(flow, "channel"),
	        payload_text(flow, "ts"));

	if (first != NULL) {
		refusal_tell(flow, tx,
		        "A reaction on Slack to this message was not delivered",
		        first->event_id, once);
	}
}

static const struct step steps[] = {
        {"react", react},
        {NULL, NULL},
};

const struct flow_def slack_reaction_flow = {
        .name = FLOW_SLACK_REACTION,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell_room,
};

void slack_reaction_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	autofree char *key = xasprintf("s:%s", event->event_id);
	autofree char *lane = lane_from_slack(login->team_id, event->channel_id);
	autojson cJSON *payload = json_new();

	json_set_str(payload, "team", login->team_id);
	json_set_str(payload, "channel", event->channel_id);
	json_set_str(payload, "ts", event->target_ts);
	json_set_str(payload, "user", event->user_id);
	json_set_str(payload, "emoji", event->reaction);
	json_set_str(payload, "changed_ts", event->ts);
	json_set_bool(payload, "added", event->kind == SLACK_EVENT_REACTION_ADDED);
	autofree char *text = json_print(payload);
	queue_add_sorted(
	        login->app->queue, tx, key, lane, event->ts, FLOW_SLACK_REACTION, text);
}
