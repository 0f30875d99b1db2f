/* slack_file_gone: a file was deleted on Slack, its message perhaps not: the events that
 * showed it are redacted. */
#include "bridge/flow/actor.h"
#include "bridge/flow/app.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/slack_file.h"
#include "bridge/flow/slack_thread.h"
#include "bridge/flow/wait.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	bool known;
	/* The next one of them; NULL: there is none (left). */
	char *channel_id, *slack_ts, *event_id, *sender, *room_id;
	char *text; /* the event that its text alone is; "" if it was no caption */
	char *text_event_id; /* the answer of its send */
	int64_t part;
	bool redacted;
	bool rejoined;
};

static void forget(struct state *state)
{
	free(state->channel_id);
	free(state->slack_ts);
	free(state->event_id);
	free(state->sender);
	free(state->room_id);
	free(state->text);
	free(state->text_event_id);
	*state = (struct state){0};
}

static void handle_events(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE && store_rows(results[0]) > 0) {
		const struct store_result *row = results[0];
		str_replace(&state->channel_id, store_text(row, 0, 0));
		str_replace(&state->slack_ts, store_text(row, 0, 1));
		state->part = store_int(row, 0, 2);
		str_replace(&state->event_id, store_text(row, 0, 3));
		str_replace(&state->sender, store_text(row, 0, 4));
		str_replace(&state->room_id, store_text(row, 0, 5));
		str_replace(&state->text, store_text(row, 0, 6));
	}
	state->known = err->kind == ERR_NONE;
	flow_continue(flow, err);
}

static enum step_rc ask(struct flow *flow)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);

	store_tx_add(tx, STMT_FILE_EVENTS, "ss", payload_text(flow, "team"),
	        payload_text(flow, "file"));
	store_tx_submit(tx, handle_events, flow);
	return wait_store(flow, tx);
}

static void handle_redacted(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	const struct app *app = flow->app;
	const struct portal *portal = portals_by_room(app->portals, state->room_id);

	(void)event_id;
	if (portal != NULL && actor_was_thrown_out(flow, portal, state->sender, err,
	                              &state->rejoined)) {
		flow_continue(flow, NULL);
		return;
	}
	bool is_gone = err->kind == ERR_PERMANENT && str_equal(err->name, "M_NOT_FOUND");
	state->redacted = err->kind == ERR_NONE || is_gone;
	flow_continue(flow, is_gone ? NULL : err);
}

static enum step_rc redact(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	const struct portal *portal = portals_by_room(app->portals, state->room_id);
	autofree char *txn_id = matrix_txn_id("redact", state->event_id, NULL);

	if (portal == NULL) {
		return STEP_END;
	}
	enum step_rc rc = actor_ensure_member(flow, portal, state->sender);
	if (rc != STEP_DONE) {
		return rc;
	}
	return wait_matrix(
	        flow, matrix_redact(app->matrix, state->sender, state->room_id,
	                      state->event_id, txn_id, NULL, handle_redacted, flow));
}

/* ---------------------------------------------------------------- its caption stays */

static void handle_text_sent(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	str_replace(&state->text_event_id, event_id);
	flow_continue(flow, err);
}

static enum step_rc send_text(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;
	autofree char *txn_id = matrix_txn_id("caption", state->event_id, NULL);
	autojson cJSON *content = json_parse(str_from(state->text), NULL);

	return wait_matrix(
	        flow, matrix_send(app->matrix, state->sender, state->room_id,
	                      "m.room.message", txn_id, content,
	                      slack_ts_ms(state->slack_ts), handle_text_sent, flow));
}

static bool has_text(const struct state *state)
{
	return state->text != NULL && str_starts(state->text, "{\"");
}

/* What is recorded for one event, in one commit. */
static void record(struct flow *flow)
{
	const struct app *app = flow->app;
	const struct state *state = flow->state;
	const char *team = payload_text(flow, "team");

	if (state->text_event_id != NULL) {
		store_tx_add(flow_tx(flow), STMT_MESSAGE_PUT, "sssississssi", team,
		        state->channel_id, state->slack_ts, state->part, state->room_id,
		        state->text_event_id, (int64_t)0, state->sender, "s", "", "",
		        loop_wall_ms(app->loop));
	} else {
		store_tx_add(flow_tx(flow), STMT_MESSAGE_GONE, "sssi", team,
		        state->channel_id, state->slack_ts, state->part);
	}
	store_tx_add(flow_tx(flow), STMT_FILE_ALONE, "ssss", team, state->channel_id,
	        state->slack_ts, payload_text(flow, "file"));
	log_info("file deletion to Matrix", "team=%s channel=%s ts=%s event=%s", team,
	        state->channel_id, state->slack_ts, state->event_id);
}

static enum step_rc redact_all(struct flow *flow)
{
	struct state *state = flow->state;

	if (!state->known) {
		return ask(flow);
	}
	if (state->event_id == NULL) {
		return STEP_END;
	}
	if (!state->redacted) {
		return redact(flow);
	}
	if (has_text(state) && state->text_event_id == NULL) {
		return send_text(flow);
	}
	record(flow);
	forget(state);
	return STEP_SAVE; /* and the next one */
}

static void finish(struct flow *flow)
{
	forget(flow->state);
}

static const struct step steps[] = {
        {"redact", redact_all},
        {NULL, NULL},
};

const struct flow_def slack_file_gone_flow = {
        .name = FLOW_SLACK_FILE_GONE,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};

void slack_files_gone_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	const cJSON *channels = json_arr(event->message, "channel_ids");
	const cJSON *first = cJSON_GetArrayItem(channels, 0);
	const char *channel_id = event->channel_id[0] == '\0' && cJSON_IsString(first)
	                                 ? first->valuestring
	                                 : event->channel_id;
	/* Behind what shows it: a deletion that comes early finds it then. */
	autofree char *lane = lane_from_slack(login->team_id, channel_id);
	const char *file_id;

	for (unsigned i = 0; i < SLACK_FILES_MAX &&
	                     (file_id = slack_event_gone_file(event, i)) != NULL;
	        i++) {
		autofree char *key = xasprintf("g:%s:%s", login->team_id, file_id);
		autojson cJSON *payload = json_new();
		json_set_str(payload, "team", login->team_id);
		json_set_str(payload, "channel", channel_id);
		json_set_str(payload, "file", file_id);
		autofree char *text = json_print(payload);
		queue_add_sorted(login->app->queue, tx, key, lane, event->ts,
		        FLOW_SLACK_FILE_GONE, text);
	}
}
