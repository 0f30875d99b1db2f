/* slack_edit: a message that was changed on Slack is changed in its portal: each of its
 * events is replaced, events are added if it has grown and redacted if it has shrunk.
 *
 * An edit of a message that has not come is the message: it is taken for it if it is new,
 * and left out if it is from before the bridge. One older than what stands there is left
 * out too. */
#include "bridge/convert/edits.h"
#include "bridge/flow/actor.h"
#include "bridge/flow/app.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/refusal.h"
#include "bridge/flow/slack_caption.h"
#include "bridge/flow/slack_change.h"
#include "bridge/flow/slack_content.h"
#include "bridge/flow/slack_message.h"
#include "bridge/flow/targets.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum {
	/* An event that Slack did not get acknowledged comes again within this. */
	REDELIVERY_S = 10 * 60,
	MAX_DIGESTED_BYTES = 4 * 1024 * 1024,
};

struct state {
	struct targets targets;
	struct slack_content content;
	struct slack_caption caption;
	char *event_id; /* the answer of the send, until it is recorded */
	bool rejoined;
};

/* ---------------------------------------------------------------- is there anything to
 * do */

static bool is_recent(const struct flow *flow)
{
	int64_t seconds = 0;
	struct str ts = str_from(payload_text(flow, "ts"));

	ts.n = ts.n > 10 ? 10 : ts.n;
	return str_to_int64(ts, 0, INT64_C(99999999999), &seconds) &&
	       seconds > flow->received_ms / 1000 - REDELIVERY_S;
}

/* The message as it is now takes the place of the one that is still to come. */
static enum step_rc take_for_the_message(struct flow *flow)
{
	struct app *app = flow->app;
	autofree char *key = xasprintf("s:%s:%s:%s", payload_text(flow, "team"),
	        payload_text(flow, "channel"), payload_text(flow, "ts"));
	autofree char *text = json_print(flow->payload);

	log_info("edit of a message that has not come", "key=%s", key);
	queue_add_sorted(app->queue, flow_tx(flow), key, flow->lane,
	        payload_text(flow, "ts"), FLOW_SLACK_MESSAGE, text);
	return STEP_END;
}

/* Somebody changed on Slack, as a Slack user of their own, what they had written on
 * Matrix: nobody else can edit it there, so the bot says it. */
static enum step_rc show_as_notice(struct flow *flow, const struct target *first)
{
	struct state *state = flow->state;
	enum step_rc rc = slack_content_make(flow, &state->content, payload_login(flow),
	        json_obj(flow->payload, "message"));

	if (rc != STEP_DONE || slack_content_count(&state->content) == 0) {
		return rc == STEP_DONE ? STEP_END : rc;
	}
	autojson cJSON *event = slack_content_event(&state->content, 0);
	autofree char *key = xasprintf("notice:%s", flow->key);
	autofree char *text =
	        xasprintf("Edited on Slack: %s", json_str_or(event, "body", ""));
	notice_add(flow->app, flow_tx(flow), key, payload_portal(flow)->room_id,
	        first->event_id, text);
	return STEP_END;
}

static enum step_rc find_target(struct flow *flow)
{
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);

	if (portal == NULL || payload_login(flow) == NULL) {
		return STEP_END; /* nothing of it was ever bridged */
	}
	if (!state->targets.known) {
		return targets_by_ts(
		        flow, &state->targets, portal, payload_text(flow, "ts"));
	}
	if (targets_wait(flow, &state->targets)) {
		return STEP_FAIL;
	}
	const struct target *first = targets_first(&state->targets);
	if (state->targets.count == 0 && state->targets.job == TARGET_NO_JOB &&
	        is_recent(flow)) {
		return take_for_the_message(flow);
	}
	if (first != NULL && first->author[0] != '\0' &&
	        str_equal(first->author, payload_text(flow, "user"))) {
		return show_as_notice(flow, first);
	}
	if (first == NULL || !first->from_slack) {
		log_debug("edit of what is not bridged", "key=%s", flow->key);
		return STEP_END;
	}
	/* What history told of has its second alone for a time: the event of the same
	 * edit counts once more, rather than none of a later one in that second. */
	if (strcmp(first->edited_ts, payload_text(flow, "edited_ts")) >= 0) {
		log_debug("edit is there already", "key=%s", flow->key);
		return STEP_END;
	}
	return STEP_DONE;
}

/* ---------------------------------------------------------------- doing it */

static void handle_sent(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	const struct target *first = targets_first(&state->targets);

	if (actor_was_thrown_out(
	            flow, payload_portal(flow), first->sender, err, &state->rejoined)) {
		flow_continue(flow, NULL);
		return;
	}
	str_replace(&state->event_id, event_id);
	flow_continue(flow, err);
}

/* From what is there and what is wanted: an edit that catching up finds while its own job
 * waits is the same request. */
static char *txn_of(struct flow *flow, unsigned part, const cJSON *content)
{
	const struct state *state = flow->state;
	autofree char *number = xasprintf("%u", part);
	autofree char *text = json_print_sorted(content);

	return matrix_txn_id("s2m-edit", payload_text(flow, "team"),
	        payload_text(flow, "channel"), payload_text(flow, "ts"),
	        targets_first(&state->targets)->edited_ts, number, text, NULL);
}

static enum step_rc send(struct flow *flow, unsigned part, cJSON *content)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	autofree char *txn_id = txn_of(flow, part, content);

	return wait_matrix(
	        flow, matrix_send(app->matrix, targets_first(&state->targets)->sender,
	                      payload_portal(flow)->room_id, "m.room.message", txn_id,
	                      content, 0, handle_sent, flow));
}

static enum step_rc redact(struct flow *flow, const struct target *target)
{
	struct app *app = flow->app;
	autofree char *txn_id = matrix_txn_id("redact", target->event_id, NULL);

	return wait_matrix(flow,
	        matrix_redact(app->matrix, target->sender, payload_portal(flow)->room_id,
	                target->event_id, txn_id, NULL, handle_sent, flow));
}

/* What must stand at this place, or NULL for nothing. */
static cJSON *wanted_at(const struct state *state, unsigned part)
{
	bool broadcast = part >= PART_BROADCAST;
	unsigned index = broadcast ? part - PART_BROADCAST : part;

	if (broadcast && targets_part(&state->targets, PART_BROADCAST) == NULL) {
		return NULL;
	}
	cJSON *text = index < slack_content_count(&state->content)
	                      ? slack_content_event(&state->content, index)
	                      : NULL;
	return part == PART_TEXT && state->caption.media != NULL
	               ? slack_caption_event(&state->caption, text)
	               : text;
}

static void record(struct flow *flow, unsigned part)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	const struct target *first = targets_first(&state->targets);
	const struct target *target = targets_part(&state->targets, part);

	autojson cJSON *wanted = wanted_at(state, part);
	if (wanted == NULL) {
		store_tx_add(flow_tx(flow), STMT_MESSAGE_GONE, "sssi",
		        payload_text(flow, "team"), payload_text(flow, "channel"),
		        payload_text(flow, "ts"), (int64_t)part);
	} else if (target == NULL || target->deleted) {
		store_tx_add(flow_tx(flow), STMT_MESSAGE_PUT, "sssississssi",
		        payload_text(flow, "team"), payload_text(flow, "channel"),
		        payload_text(flow, "ts"), (int64_t)part,
		        payload_portal(flow)->room_id, state->event_id, (int64_t)0,
		        first->sender, "s", first->thread_ts, first->edited_ts,
		        loop_wall_ms(app->loop));
	}
	if (part == PART_TEXT && state->caption.media != NULL) {
		autojson cJSON *text = slack_content_count(&state->content) > 0
		                               ? slack_content_event(&state->content, 0)
		                               : NULL;
		slack_caption_record(flow, text);
	}
	REQ("MSG-04");
	log_info("edit to Matrix", "team=%s channel=%s ts=%s part=%u event=%s",
	        payload_text(flow, "team"), payload_text(flow, "channel"),
	        payload_text(flow, "ts"), part, state->event_id);
}

/* Replaces, adds or redacts what stands at this place; STEP_DONE: nothing to do there. */
static enum step_rc change_place(struct flow *flow, unsigned part)
{
	struct state *state = flow->state;
	const struct target *target = targets_part(&state->targets, part);
	bool is_there = target != NULL && !target->deleted;
	autojson cJSON *wanted = wanted_at(state, part);

	if (wanted == NULL) {
		return is_there ? redact(flow, target) : STEP_DONE;
	}
	if (!is_there) {
		const struct target *root = targets_part(
		        &state->targets, part < PART_BROADCAST ? 0 : PART_BROADCAST);
		if (root != NULL && root->thread_ts[0] != '\0') {
			slack_content_thread(wanted, root->event_id, NULL, false);
		}
		return send(flow, part, wanted);
	}
	autojson cJSON *edit = edits_matrix_content(wanted, NULL, target->event_id);
	wanted = NULL;
	return send(flow, part, edit);
}

/* What the message says now, in all its parts. Caller frees. */
static char *digest_of(const struct state *state)
{
	struct buf text;

	buf_init(&text, MAX_DIGESTED_BYTES);
	for (unsigned i = 0; i < slack_content_count(&state->content); i++) {
		autojson cJSON *event = slack_content_event(&state->content, i);
		autofree char *printed = json_print_sorted(event);
		buf_puts(&text, printed);
	}
	char *digest = sha256_hex(buf_str(&text));
	buf_finish(&text);
	return digest;
}

/* History told of this very edit, a second wide, and its event comes after all. */
static bool is_shown(const struct state *state)
{
	const struct target *first = targets_first(&state->targets);
	autofree char *digest = digest_of(state);

	return first->shown[0] != '\0' && strcmp(first->shown, digest) == 0;
}

static enum step_rc apply(struct flow *flow)
{
	struct state *state = flow->state;
	unsigned n = fact_number(flow, "piece");

	if (state->event_id != NULL) {
		record(flow, n);
		str_replace(&state->event_id, NULL);
		targets_forget(&state->targets);
		fact_set_number(flow, "piece", n + 1);
		return STEP_SAVE;
	}
	if (!state->targets.known) {
		return targets_by_ts(flow, &state->targets, payload_portal(flow),
		        payload_text(flow, "ts"));
	}
	const struct target *first = targets_first(&state->targets);
	if (payload_login(flow) == NULL || first == NULL) {
		return STEP_END;
	}
	enum step_rc rc = actor_ensure_member(flow, payload_portal(flow), first->sender);
	if (rc == STEP_DONE) {
		rc = slack_content_make(flow, &state->content, payload_login(flow),
		        json_obj(flow->payload, "message"));
	}
	if (rc == STEP_DONE) {
		rc = slack_caption_recall(flow, &state->caption);
	}
	if (rc == STEP_DONE && n == 0 && is_shown(state)) {
		log_debug("edit shows what is there already", "key=%s", flow->key);
		return STEP_DONE;
	}
	for (; rc == STEP_DONE && n < PART_FILES; n++) {
		fact_set_number(flow, "piece", n);
		rc = change_place(flow, n);
	}
	return rc;
}

static enum step_rc record_edit(struct flow *flow)
{
	const struct state *state = flow->state;
	/* In a new life it is not known any more; then one edit too many is sent, not one
	 * too few. */
	autofree char *digest =
	        slack_content_count(&state->content) > 0 ? digest_of(state) : xstrdup("");

	store_tx_add(flow_tx(flow), STMT_MESSAGE_EDITED, "sssss",
	        payload_text(flow, "team"), payload_text(flow, "channel"),
	        payload_text(flow, "ts"), payload_text(flow, "edited_ts"), digest);
	return STEP_END;
}

static void tell_room(struct flow *flow, struct store_tx *tx)
{
	const struct state *state = flow->state;
	const struct target *first = targets_first(&state->targets);

	refusal_tell(flow, tx,
	        "This message was edited on Slack, but the edit was not delivered",
	        first == NULL ? NULL : first->event_id, NULL);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	targets_forget(&state->targets);
	slack_content_finish(&state->content);
	slack_caption_finish(&state->caption);
	free(state->event_id);
}

static const struct step steps[] = {
        {"target", find_target},
        {"apply", apply},
        {"record", record_edit},
        {NULL, NULL},
};

const struct flow_def slack_edit_flow = {
        .name = FLOW_SLACK_EDIT,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell_room,
};

void slack_edit_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	autofree char *key = xasprintf("e:%s:%s:%s:%s", login->team_id, event->channel_id,
	        event->target_ts, event->ts);
	autofree char *lane = lane_from_slack(login->team_id, event->channel_id);
	autofree char *text = slack_message_payload(login, event, event->target_ts);
	/* Behind its message: in a history an edit's time is cut to the second. */
	bool is_cut = strcmp(event->ts, event->target_ts) < 0;

	queue_add_sorted(login->app->queue, tx, key, lane,
	        is_cut ? event->target_ts : event->ts, FLOW_SLACK_EDIT, text);
}
