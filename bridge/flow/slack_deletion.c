/* slack_deletion: a message that was deleted on Slack is redacted in its portal, with all
 * its parts: by its ghost, or by the bot if it was written on Matrix.
 *
 * One that has not come will not be taken any more; one that the bridge deleted itself is
 * marked as deleted before it asks Slack to, so nothing is redacted twice. */
#include "bridge/flow/actor.h"
#include "bridge/flow/app.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/refusal.h"
#include "bridge/flow/slack_change.h"
#include "bridge/flow/targets.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	struct targets targets;
	bool redacted; /* the first that is left, but that is not recorded */
	bool rejoined;
};

/* Its key is taken, so that a delivery that comes late has no effect. */
static void bar_message(struct flow *flow)
{
	struct app *app = flow->app;
	autofree char *key = xasprintf("s:%s:%s:%s", payload_text(flow, "team"),
	        payload_text(flow, "channel"), payload_text(flow, "ts"));

	store_tx_add(flow_tx(flow), STMT_INBOX_KEEP, "ssssiis", key, flow->lane,
	        FLOW_SLACK_MESSAGE, "", (int64_t)1, loop_wall_ms(app->loop),
	        "deleted before it came");
}

static const char *sender_of(const struct flow *flow, const struct target *target)
{
	const struct app *app = flow->app;

	return target->from_slack ? target->sender : matrix_bot_mxid(app->matrix);
}

static void handle_redacted(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	const struct target *target = targets_first(&state->targets);
	static const struct err none = ERR_INIT;

	(void)event_id;
	if (actor_was_thrown_out(flow, payload_portal(flow), sender_of(flow, target), err,
	            &state->rejoined)) {
		flow_continue(flow, NULL);
		return;
	}
	bool is_gone = err->kind == ERR_PERMANENT && str_equal(err->name, "M_NOT_FOUND");
	state->redacted = err->kind == ERR_NONE || is_gone;
	flow_continue(flow, is_gone ? &none : err);
}

static enum step_rc redact(struct flow *flow, const struct target *target)
{
	struct app *app = flow->app;
	const struct portal *portal = payload_portal(flow);
	enum step_rc rc = actor_ensure_member(flow, portal, sender_of(flow, target));
	autofree char *txn_id = matrix_txn_id("redact", target->event_id, NULL);

	if (rc != STEP_DONE) {
		return rc;
	}
	return wait_matrix(
	        flow, matrix_redact(app->matrix, sender_of(flow, target), portal->room_id,
	                      target->event_id, txn_id, NULL, handle_redacted, flow));
}

/* Of an event with several messages the others go with it. */
static void record(struct flow *flow, const struct target *target)
{
	if (target->from_slack) {
		store_tx_add(flow_tx(flow), STMT_MESSAGE_GONE, "sssi",
		        payload_text(flow, "team"), payload_text(flow, "channel"),
		        target->slack_ts, (int64_t)target->part);
	} else {
		store_tx_add(
		        flow_tx(flow), STMT_MESSAGE_EVENT_GONE, "s", target->event_id);
	}
	REQ("MSG-05");
	log_info("deletion to Matrix", "team=%s channel=%s ts=%s event=%s",
	        payload_text(flow, "team"), payload_text(flow, "channel"),
	        payload_text(flow, "ts"), target->event_id);
}

static enum step_rc redact_all(struct flow *flow)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);

	if (portal == NULL) {
		return STEP_END;
	}
	if (!state->targets.known) {
		return targets_by_ts(
		        flow, &state->targets, portal, payload_text(flow, "ts"));
	}
	const struct target *target = targets_first(&state->targets);
	if (state->redacted) {
		record(flow, target);
		state->redacted = false;
		targets_forget(&state->targets);
		return STEP_SAVE;
	}
	if (target != NULL) {
		return redact(flow, target);
	}
	if (targets_wait(flow, &state->targets)) {
		return STEP_FAIL;
	}
	bar_message(flow);
	store_tx_add(flow_tx(flow), STMT_REACTIONS_GONE, "sss",
	        payload_text(flow, "team"), payload_text(flow, "channel"),
	        payload_text(flow, "ts"));
	return STEP_END;
}

static void tell_room(struct flow *flow, struct store_tx *tx)
{
	const struct state *state = flow->state;
	const struct target *first = targets_first(&state->targets);

	if (first != NULL) {
		refusal_tell(flow, tx,
		        "This message was deleted on Slack, but could not be removed here",
		        first->event_id, NULL);
	}
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	targets_forget(&state->targets);
}

static const struct step steps[] = {
        {"redact", redact_all},
        {NULL, NULL},
};

const struct flow_def slack_deletion_flow = {
        .name = FLOW_SLACK_DELETION,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell_room,
};

void slack_deletion_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	autofree char *key = xasprintf(
	        "d:%s:%s:%s", login->team_id, event->channel_id, event->target_ts);
	autofree char *lane = lane_from_slack(login->team_id, event->channel_id);
	autojson cJSON *payload = json_new();

	json_set_str(payload, "team", login->team_id);
	json_set_str(payload, "channel", event->channel_id);
	json_set_str(payload, "ts", event->target_ts);
	autofree char *text = json_print(payload);
	queue_add_sorted(
	        login->app->queue, tx, key, lane, event->ts, FLOW_SLACK_DELETION, text);
}
