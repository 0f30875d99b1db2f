/* matrix_reaction: a reaction in a portal becomes one on Slack. There the bot reacts,
 * once for all who react so; a row for each of them tells when the last one has taken it
 * back. (matrix_redaction.c). */
#include "bridge/convert/emoji.h"
#include "bridge/flow/app.h"
#include "bridge/flow/author.h"
#include "bridge/flow/failure.h"
#include "bridge/flow/matrix_names.h"
#include "bridge/flow/matrix_post.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/retry.h"
#include "bridge/flow/targets.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	struct targets targets;
	struct matrix_names names;
	bool others_known;
	int64_t others; /* who react so already */
	bool reacted;
	struct retry retry;
};

static void handle_others(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE) {
		state->others = store_int(results[0], 0, 0);
		state->others_known = true;
	}
	flow_continue(flow, err);
}

static enum step_rc count_others(struct flow *flow, const char *ts, const char *emoji)
{
	struct app *app = flow->app;
	const struct portal *portal = payload_portal(flow);
	struct store_tx *tx = store_tx_create(app->store);

	store_tx_add(tx, STMT_REACTION_OTHERS, "ssssss", portal->team_id,
	        portal->channel_id, ts, emoji, payload_text(flow, "event"),
	        author_fact(flow));
	store_tx_submit(tx, handle_others, flow);
	return wait_store(flow, tx);
}

static void handle_reacted(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	const struct err judged = author_judge(author_fact(flow), err);
	/* Deleted on Slack meanwhile: its event will come. */
	bool is_gone = str_equal(err->name, "message_not_found");

	state->reacted = err->kind == ERR_NONE || is_gone;
	flow_continue(flow, is_gone ? NULL : &judged);
}

/* The message it is about is this person's own and was refused: it is tried again, as the
 * next in this lane, which is its own. */
static enum step_rc try_again(struct flow *flow)
{
	autofree char *key = xasprintf("m:%s", payload_text(flow, "target"));

	log_info("message tried again", "key=%s", key);
	store_tx_add(flow_tx(flow), STMT_INBOX_REVIVE, "s", key);
	return STEP_END;
}

static bool asks_to_try_again(const struct flow *flow, const struct targets *targets)
{
	return targets->count == 0 && targets->job == TARGET_JOB_DEAD &&
	       str_starts(payload_text(flow, "key"), RETRY_KEY) &&
	       (str_equal(targets->job_flow, FLOW_MATRIX_MESSAGE) ||
	               str_equal(targets->job_flow, FLOW_MATRIX_FILE));
}

/* A key that is a picture may be a custom emoji of this workspace. */
static enum step_rc find_emoji(struct flow *flow, const struct portal *portal)
{
	struct state *state = flow->state;
	const char *key = payload_text(flow, "key");
	struct id_list pictures = {0};

	if (!str_starts(key, "mxc://")) {
		return STEP_DONE;
	}
	id_list_add(&pictures, str_from(key));
	enum step_rc rc =
	        matrix_names_find(flow, &state->names, portal->team_id, &pictures, NULL);
	id_list_finish(&pictures);
	return rc;
}

/* A person's own reaction comes back as an event, which finds this row: so it is there
 * before Slack is asked. */
enum row_state { REACTION_THERE = 0, REACTION_COMING = 2 };

static void put_row(
        struct flow *flow, const char *ts, const char *emoji, enum row_state state)
{
	const struct portal *portal = payload_portal(flow);
	const char *event = payload_text(flow, "event");

	store_tx_add(flow_tx(flow), STMT_REACTION_PUT, "ssssssssi", portal->team_id,
	        portal->channel_id, ts, emoji, event, event, "m", "", (int64_t)state);
	store_tx_add(flow_tx(flow), STMT_REACTION_AUTHOR, "ss", event, author_fact(flow));
}

/* It is a notice that something was given up, or is nothing to us. */
static enum step_rc try_what_a_notice_says(struct flow *flow)
{
	struct state *state = flow->state;
	enum step_rc rc = retry_find(flow, &state->retry, payload_text(flow, "target"));

	if (rc != STEP_DONE || state->retry.job == NULL) {
		return rc == STEP_DONE ? STEP_END : rc;
	}
	if (!matrix_post_may_speak(flow)) {
		return STEP_FAIL;
	}
	retry_add(flow->app, flow_tx(flow), state->retry.job);
	return STEP_END;
}

static enum step_rc react_to(
        struct flow *flow, const struct portal *portal, const struct target *target)
{
	struct state *state = flow->state;

	if (!matrix_post_may_speak(flow)) {
		return STEP_FAIL;
	}
	enum step_rc rc = find_emoji(flow, portal);
	if (rc != STEP_DONE) {
		return rc;
	}
	const char *key = payload_text(flow, "key");
	autofree char *emoji =
	        emoji_from_key(key, matrix_names_emoji(&state->names, key));
	if (emoji == NULL) {
		err_set(&flow->err, ERR_PERMANENT, 0, "no such emoji on Slack");
		err_set_name(&flow->err, "invalid_name");
		return STEP_FAIL;
	}
	struct slack_api *api = NULL;
	rc = author_choose(flow);
	if (rc == STEP_DONE) {
		rc = author_api(flow, author_fact(flow), &api);
	}
	if (rc != STEP_DONE) {
		return rc;
	}
	if (api == NULL) { /* logged out meanwhile */
		flow_set_fact(flow, "author", NULL);
		api = payload_login(flow)->bot_api;
	}
	if (!state->others_known) {
		return count_others(flow, target->slack_ts, emoji);
	}
	if (author_fact(flow)[0] != '\0' && flow_fact(flow, "reacting") == NULL) {
		flow_set_fact(flow, "reacting", "yes");
		put_row(flow, target->slack_ts, emoji, REACTION_COMING);
		return STEP_SAVE;
	}
	if (!state->reacted && state->others == 0) {
		return wait_slack(
		        flow, slack_react(api, portal->channel_id, target->slack_ts,
		                      emoji, true, handle_reacted, flow));
	}
	put_row(flow, target->slack_ts, emoji, REACTION_THERE);
	REQ("MSG-07");
	log_info("reaction to Slack", "channel=%s ts=%s added=1 others=%lld",
	        portal->channel_id, target->slack_ts, (long long)state->others);
	return STEP_END;
}

static enum step_rc react(struct flow *flow)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);

	if (portal == NULL || payload_text(flow, "target")[0] == '\0') {
		return STEP_END;
	}
	if (!state->targets.known) {
		return targets_by_event(
		        flow, &state->targets, portal, payload_text(flow, "target"));
	}
	if (targets_wait(flow, &state->targets)) {
		return STEP_FAIL;
	}
	if (asks_to_try_again(flow, &state->targets)) {
		return try_again(flow);
	}
	if (state->targets.count == 0 &&
	        str_starts(payload_text(flow, "key"), RETRY_KEY)) {
		return try_what_a_notice_says(flow);
	}
	const struct target *target = targets_first(&state->targets);
	if (target == NULL) {
		return STEP_END; /* to a notice, or to what is deleted or not bridged */
	}
	return react_to(flow, portal, target);
}

/* Once for each message and reason. */
static void tell_sender(struct flow *flow, struct store_tx *tx)
{
	autofree char *once = xasprintf("reaction:%s:%s:%s", flow->err.name,
	        payload_text(flow, "sender"), payload_text(flow, "target"));

	store_tx_add(tx, STMT_REACTION_TAKE_BACK, "s", payload_text(flow, "event"));
	failure_tell(flow, tx, "reaction", payload_text(flow, "target"), once);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	targets_forget(&state->targets);
	matrix_names_finish(&state->names);
	retry_finish(&state->retry);
}

static const struct step steps[] = {
        {"react", react},
        {NULL, NULL},
};

const struct flow_def matrix_reaction_flow = {
        .name = FLOW_MATRIX_REACTION,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell_sender,
};
