/* matrix_edit: a message that its author edits in a portal is changed on Slack: each of
 * its messages, with some added if it has grown and some deleted if it has shrunk.
 *
 * An edit by anybody else is none (Matrix specification, event replacements). The edit of
 * a message that Slack refused is that message, tried again. One of what was never
 * bridged or is deleted has no effect. */
#include "bridge/flow/app.h"
#include "bridge/flow/author.h"
#include "bridge/flow/eraser.h"
#include "bridge/flow/failure.h"
#include "bridge/flow/matrix_post.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/targets.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	struct matrix_post post;
	struct targets targets;
	struct eraser eraser;
};

static const char *target_event(const struct flow *flow)
{
	return payload_text(flow, "target");
}

/* ---------------------------------------------------------------- is there anything to
 * do */

static enum step_rc find_target(struct flow *flow)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);

	if (portal == NULL || target_event(flow)[0] == '\0') {
		return STEP_END;
	}
	enum step_rc rc = author_wait_turn(flow);
	if (rc != STEP_DONE) {
		return rc;
	}
	if (!state->targets.known) {
		return targets_by_event(
		        flow, &state->targets, portal, target_event(flow));
	}
	const struct target *first = targets_first(&state->targets);
	if (state->targets.count == 0 && state->targets.job == TARGET_JOB_DEAD &&
	        str_equal(state->targets.job_flow, FLOW_MATRIX_MESSAGE)) {
		flow_set_fact(flow, "again", "yes");
		return matrix_post_may_speak(flow) ? STEP_DONE : STEP_FAIL;
	}
	if (first == NULL || first->from_slack ||
	        !str_equal(first->sender, payload_text(flow, "sender"))) {
		log_debug("edit without effect", "event=%s target=%s",
		        payload_text(flow, "event"), target_event(flow));
		return STEP_END;
	}
	flow_set_fact(
	        flow, "thread_ts", first->thread_ts[0] == '\0' ? NULL : first->thread_ts);
	flow_set_fact(flow, "author", first->author);
	return matrix_post_may_speak(flow) ? STEP_DONE : STEP_FAIL;
}

/* ---------------------------------------------------------------- doing it */

static enum step_rc next(struct flow *flow)
{
	struct state *state = flow->state;

	poster_forget(flow, &state->post.poster);
	targets_forget(&state->targets);
	fact_set_number(flow, "piece", fact_number(flow, "piece") + 1);
	return STEP_SAVE;
}

static enum step_rc change(struct flow *flow, const struct target *target)
{
	struct state *state = flow->state;
	enum step_rc rc = matrix_post_piece(flow, &state->post, target_event(flow),
	        payload_text(flow, "event"), target->slack_ts);

	if (rc != STEP_DONE) {
		return rc;
	}
	REQ("MSG-04");
	log_info("edit to Slack", "channel=%s ts=%s event=%s gone=%d",
	        payload_portal(flow)->channel_id, target->slack_ts,
	        payload_text(flow, "event"), state->post.poster.gone);
	return next(flow);
}

static enum step_rc add(struct flow *flow)
{
	struct state *state = flow->state;
	enum step_rc rc = STEP_DONE;

	if (flow_fact(flow, "name") == NULL) {
		rc = matrix_post_author(flow, &state->post);
		return rc == STEP_DONE ? STEP_SAVE : rc;
	}
	rc = matrix_post_piece(flow, &state->post, target_event(flow),
	        payload_text(flow, "event"), NULL);
	if (rc != STEP_DONE) {
		return rc;
	}
	matrix_post_record(flow, &state->post, target_event(flow));
	return next(flow);
}

/* Its mapping goes first: then Slack's word of the deletion has no effect here. */
static enum step_rc take_away(struct flow *flow, const struct target *target)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);

	if (flow_fact(flow, "erasing") == NULL) {
		flow_set_fact(flow, "erasing", target->slack_ts);
		store_tx_add(flow_tx(flow), STMT_MESSAGE_GONE, "sssi", portal->team_id,
		        portal->channel_id, target->slack_ts, (int64_t)0);
		targets_forget(&state->targets);
		return STEP_SAVE;
	}
	struct slack_api *api;
	enum step_rc rc = author_api(flow, author_fact(flow), &api);
	if (rc == STEP_DONE) {
		rc = api == NULL
		             ? author_is_gone(flow)
		             : eraser_run(flow, &state->eraser, api, portal->channel_id,
		                       flow_fact(flow, "thread_ts"),
		                       flow_fact(flow, "erasing"));
	}
	if (rc != STEP_DONE) {
		return rc;
	}
	flow_set_fact(flow, "erasing", NULL);
	return next(flow);
}

static enum step_rc apply(struct flow *flow)
{
	struct state *state = flow->state;
	unsigned piece = fact_number(flow, "piece");

	if (flow_fact(flow, "again") != NULL) {
		return STEP_DONE;
	}
	if (payload_portal(flow) == NULL || payload_login(flow) == NULL) {
		return STEP_FAIL;
	}
	if (!state->targets.known) {
		return targets_by_event(
		        flow, &state->targets, payload_portal(flow), target_event(flow));
	}
	const struct target *target = targets_piece(&state->targets, piece);
	bool is_there = target != NULL && !target->deleted;
	enum step_rc rc = matrix_post_content(flow, &state->post);
	if (rc != STEP_DONE) {
		return rc;
	}
	if (flow_fact(flow, "erasing") != NULL) {
		return take_away(flow, NULL);
	}
	if (piece < matrix_content_count(&state->post.content)) {
		return is_there ? change(flow, target) : add(flow);
	}
	return is_there ? take_away(flow, target) : STEP_END;
}

static enum step_rc ask_author(struct flow *flow)
{
	struct state *state = flow->state;

	return matrix_post_author(flow, &state->post);
}

static enum step_rc post_again(struct flow *flow)
{
	struct state *state = flow->state;

	return matrix_post_all(
	        flow, &state->post, target_event(flow), payload_text(flow, "event"));
}

/* ---------------------------------------------------------------- the end */

static void tell_sender(struct flow *flow, struct store_tx *tx)
{
	failure_tell(flow, tx, flow_fact(flow, "again") != NULL ? "message" : "edit",
	        target_event(flow), NULL);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	matrix_post_finish(&state->post);
	targets_forget(&state->targets);
}

/* The last two are for a message that is tried again. */
static const struct step steps[] = {
        {"target", find_target},
        {"apply", apply},
        {"author", ask_author},
        {"post", post_again},
        {NULL, NULL},
};

const struct flow_def matrix_edit_flow = {
        .name = FLOW_MATRIX_EDIT,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell_sender,
};
