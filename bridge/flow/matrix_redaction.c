/* matrix_redaction: what is redacted in a portal is deleted on Slack: a message with all
 * its pieces, or the bot's reaction once the last one takes theirs back.
 *
 * The mapping is marked before Slack is asked, so that its word of the deletion has no
 * effect. Slack lets the bot delete its own messages only: whoever redacts one that came
 * from Slack is told so, and it is not touched any more. To redact an edit changes
 * nothing on Slack, which knows no such thing; its author is told. */
#include "bridge/flow/app.h"
#include "bridge/flow/author.h"
#include "bridge/flow/eraser.h"
#include "bridge/flow/failure.h"
#include "bridge/flow/matrix_file.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/targets.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_LIST_BYTES = 16 * 1024 };

struct state {
	struct targets targets;
	struct eraser eraser;
	bool reaction_known;
	char *emoji, *reaction_ts, *reaction_who; /* NULL: it is no reaction */
	char *reaction_author;
	bool others_known;
	int64_t others; /* who still react so */
	bool removed;
	bool drop_tried, dropped;
};

static const char *target_event(const struct flow *flow)
{
	return payload_text(flow, "target");
}

static enum step_rc tell(struct flow *flow, const char *text)
{
	autofree char *key = xasprintf("notice:%s", flow->key);

	notice_add(flow->app, flow_tx(flow), key, payload_text(flow, "room"),
	        target_event(flow), text);
	return STEP_END;
}

/* ---------------------------------------------------------------- reactions */

static void handle_reaction(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE) {
		const struct store_result *row = results[0];
		if (store_rows(row) > 0 && store_int(row, 0, 6) == 0 &&
		        str_equal(store_text(row, 0, 5), "m")) {
			str_replace(&state->reaction_ts, store_text(row, 0, 2));
			str_replace(&state->emoji, store_text(row, 0, 3));
			str_replace(&state->reaction_who, store_text(row, 0, 4));
			str_replace(&state->reaction_author, store_text(row, 0, 7));
		}
		state->reaction_known = true;
	}
	flow_continue(flow, err);
}

static enum step_rc find_reaction(struct flow *flow)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);

	store_tx_add(tx, STMT_REACTION_BY_EVENT, "s", target_event(flow));
	store_tx_submit(tx, handle_reaction, flow);
	return wait_store(flow, tx);
}

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

static enum step_rc count_others(struct flow *flow, const struct portal *portal)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	struct store_tx *tx = store_tx_create(app->store);

	store_tx_add(tx, STMT_REACTION_OTHERS, "ssssss", portal->team_id,
	        portal->channel_id, state->reaction_ts, state->emoji, state->reaction_who,
	        author_fact(flow));
	store_tx_submit(tx, handle_others, flow);
	return wait_store(flow, tx);
}

static void handle_removed(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	const struct err judged = author_judge(author_fact(flow), err);
	bool is_gone = str_equal(err->name, "message_not_found");

	state->removed = err->kind == ERR_NONE || is_gone;
	flow_continue(flow, is_gone ? NULL : &judged);
}

/* A person's own reaction is taken back here first: then Slack's word of it has no
 * effect. */
static enum step_rc intend_to_take_back(struct flow *flow)
{
	const struct state *state = flow->state;

	flow_set_fact(flow, "author", state->reaction_author);
	flow_set_fact(flow, "emoji", state->emoji);
	flow_set_fact(flow, "reaction_ts", state->reaction_ts);
	flow_set_fact(flow, "reaction_who", state->reaction_who);
	store_tx_add(
	        flow_tx(flow), STMT_REACTION_TAKEN_BACK_HERE, "s", target_event(flow));
	return STEP_SAVE;
}

/* True: it is known from an earlier life. */
static bool recall_reaction(struct flow *flow)
{
	struct state *state = flow->state;

	if (state->emoji == NULL && flow_fact(flow, "emoji") != NULL) {
		str_replace(&state->emoji, flow_fact(flow, "emoji"));
		str_replace(&state->reaction_ts, flow_fact(flow, "reaction_ts"));
		str_replace(&state->reaction_who, flow_fact(flow, "reaction_who"));
		str_replace(&state->reaction_author, author_fact(flow));
	}
	return state->emoji != NULL;
}

/* Twice removed is as once, so the bot's row is changed together with the end of the job.
 */
static enum step_rc take_back(struct flow *flow, const struct portal *portal)
{
	struct state *state = flow->state;
	struct slack_api *api;

	if (state->reaction_author[0] != '\0' && flow_fact(flow, "emoji") == NULL) {
		return intend_to_take_back(flow);
	}
	enum step_rc rc = author_api(flow, author_fact(flow), &api);
	if (rc != STEP_DONE) {
		return rc;
	}
	if (!state->others_known) {
		return count_others(flow, portal);
	}
	if (!state->removed && state->others == 0) {
		return api == NULL ? author_is_gone(flow)
		                   : wait_slack(flow,
		                             slack_react(api, portal->channel_id,
		                                     state->reaction_ts, state->emoji,
		                                     false, handle_removed, flow));
	}
	if (state->reaction_author[0] == '\0') {
		store_tx_add(
		        flow_tx(flow), STMT_REACTION_TAKE_BACK, "s", target_event(flow));
	}
	log_info("reaction to Slack", "channel=%s ts=%s added=0 others=%lld",
	        portal->channel_id, state->reaction_ts, (long long)state->others);
	return STEP_END;
}

/* ---------------------------------------------------------------- messages */

/* The intent: what is to be deleted, as "ts" or "thread/ts" with spaces between, and that
 * it is as good as deleted here. */
static enum step_rc intend(struct flow *flow)
{
	const struct state *state = flow->state;
	struct buf list;

	buf_init(&list, MAX_LIST_BYTES);
	for (size_t i = 0; i < state->targets.count; i++) {
		const struct target *target = &state->targets.items[i];
		if (!target->deleted) {
			buf_printf(&list, "%s%s%s%s", list.len > 0 ? " " : "",
			        target->thread_ts,
			        target->thread_ts[0] == '\0' ? "" : "/",
			        target->slack_ts);
		}
	}
	flow_set_fact(flow, "erasing", buf_cstr(&list));
	flow_set_fact(flow, "author", targets_first(&state->targets)->author);
	buf_finish(&list);
	store_tx_add(flow_tx(flow), STMT_MESSAGE_EVENT_GONE, "s", target_event(flow));
	matrix_file_redacted(flow->app, flow_tx(flow), payload_text(flow, "room"),
	        target_event(flow), false);
	return STEP_DONE;
}

static void handle_dropped(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE) {
		state->drop_tried = true;
		state->dropped = store_changes(results[0]) > 0;
	}
	flow_continue(flow, err);
}

/* It may wait for its author's new login: then it is not sent any more. */
static enum step_rc drop_waiting(struct flow *flow)
{
	const struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);
	autofree char *key = xasprintf("m:%s", target_event(flow));

	store_tx_add(tx, STMT_INBOX_DROP_ASIDE, "si", key, loop_wall_ms(app->loop));
	store_tx_submit(tx, handle_dropped, flow);
	return wait_store(flow, tx);
}

static enum step_rc find_target(struct flow *flow)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);

	if (portal == NULL || target_event(flow)[0] == '\0') {
		return STEP_END;
	}
	if (!recall_reaction(flow) && !state->reaction_known) {
		return find_reaction(flow);
	}
	if (state->emoji != NULL) {
		return take_back(flow, portal);
	}
	if (!state->targets.known) {
		return targets_by_event(
		        flow, &state->targets, portal, target_event(flow));
	}
	const struct target *first = targets_first(&state->targets);
	if (first == NULL && state->targets.job == TARGET_JOB_WAITS &&
	        !state->drop_tried) {
		return drop_waiting(flow);
	}
	if (state->dropped) {
		log_info("message redacted before it was sent", "event=%s",
		        target_event(flow));
		return STEP_END;
	}
	if (targets_wait(flow, &state->targets)) {
		return STEP_FAIL;
	}
	if (first != NULL && first->from_slack) {
		store_tx_add(
		        flow_tx(flow), STMT_MESSAGE_EVENT_GONE, "s", target_event(flow));
		return tell(flow, "\xE2\x9A\xA0 The message is removed here alone: Slack "
		                  "lets the bridge delete its own messages only.");
	}
	if (first != NULL) {
		return intend(flow);
	}
	if (str_equal(state->targets.job_flow, FLOW_MATRIX_FILE) &&
	        state->targets.job == TARGET_JOB_DONE) {
		/* It has not been shown yet: it follows in a lane of its own. */
		matrix_file_redacted(flow->app, flow_tx(flow), payload_text(flow, "room"),
		        target_event(flow), true);
		return STEP_END;
	}
	if (str_equal(state->targets.job_flow, FLOW_MATRIX_EDIT) &&
	        state->targets.job == TARGET_JOB_DONE) {
		return tell(flow,
		        "\xE2\x9A\xA0 To remove an edit changes nothing on Slack: "
		        "edit the message again to change it there.");
	}
	return STEP_END;
}

static enum step_rc erase_all(struct flow *flow)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);
	const char *list = flow_fact(flow, "erasing");
	struct slack_api *api;

	if (portal == NULL || payload_login(flow) == NULL) {
		return STEP_FAIL;
	}
	enum step_rc rc = author_api(flow, author_fact(flow), &api);
	if (rc != STEP_DONE) {
		return rc;
	}
	if (api == NULL) {
		return author_is_gone(flow);
	}
	if (list == NULL || list[0] == '\0') {
		return STEP_END;
	}
	size_t n = strcspn(list, " ");
	autofree char *place = xstrndup(list, n);
	char *slash = strchr(place, '/');
	if (slash != NULL) {
		*slash = '\0';
	}
	rc = eraser_run(flow, &state->eraser, api, portal->channel_id,
	        slash == NULL ? NULL : place, slash == NULL ? place : slash + 1);
	if (rc != STEP_DONE) {
		return rc;
	}
	REQ("MSG-05");
	log_info("deletion to Slack", "channel=%s ts=%s event=%s", portal->channel_id,
	        slash == NULL ? place : slash + 1, target_event(flow));
	autofree char *rest = xstrdup(list[n] == '\0' ? "" : list + n + 1);
	flow_set_fact(flow, "erasing", rest);
	return STEP_SAVE;
}

/* ---------------------------------------------------------------- the end */

static void tell_sender(struct flow *flow, struct store_tx *tx)
{
	failure_tell(flow, tx, "deletion", target_event(flow), NULL);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	targets_forget(&state->targets);
	free(state->emoji);
	free(state->reaction_ts);
	free(state->reaction_who);
	free(state->reaction_author);
}

static const struct step steps[] = {
        {"target", find_target},
        {"erase", erase_all},
        {NULL, NULL},
};

const struct flow_def matrix_redaction_flow = {
        .name = FLOW_MATRIX_REDACTION,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell_sender,
};
