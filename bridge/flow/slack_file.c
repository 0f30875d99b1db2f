/* slack_file: shows a file from Slack in its portal, in its message's place.
 *
 * The bytes are brought by slack_file_carry. If they take long a notice stands in the
 * file's place, what was written later goes on, and the file follows from a lane of its
 * own. */
#include "bridge/flow/slack_file.h"

#include "bridge/flow/actor.h"
#include "bridge/flow/app.h"
#include "bridge/flow/files.h"
#include "bridge/flow/own_file.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/portals.h"
#include "bridge/flow/refusal.h"
#include "bridge/flow/slack_content.h"
#include "bridge/flow/slack_message.h"
#include "bridge/flow/slack_thread.h"
#include "bridge/flow/targets.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	struct own_file own;
	struct file_row row;
	struct slack_thread thread;
	bool waited;         /* as long as its conversation can wait */
	bool deletion_known; /* was its message deleted meanwhile? */
	bool deleted;
	char *event_id; /* the answer of the send, until it is recorded */
	bool rejoined;
};

/* ---------------------------------------------------------------- who and where */

static const struct ghost *ghost_of(const struct flow *flow)
{
	const struct app *app = flow->app;
	const char *user = payload_text(flow, "user");

	return ghosts_find(app->ghosts, payload_text(flow, "team"),
	        user[0] != '\0' ? user : payload_text(flow, "bot"));
}

static enum step_rc prepare(struct flow *flow)
{
	struct app *app = flow->app;
	struct login *login = payload_login(flow);
	const char *user = payload_text(flow, "user");
	const char *bot = payload_text(flow, "bot");

	if (login == NULL) {
		return STEP_FAIL;
	}
	if (portals_is_closed(app->portals, payload_text(flow, "team"),
	            payload_text(flow, "channel"))) {
		return STEP_END;
	}
	if (payload_portal(flow) == NULL) {
		return wait_waiter(
		        flow, portals_ensure(app->portals, login,
		                      payload_text(flow, "channel"), flow_ready, flow));
	}
	if (user[0] == '\0' && bot[0] == '\0') {
		err_set(&flow->err, ERR_PERMANENT, 0, "a file without an author");
		return STEP_FAIL;
	}
	return actor_ensure(flow, login, payload_portal(flow),
	        user[0] != '\0' ? user : bot, user[0] == '\0');
}

/* ---------------------------------------------------------------- waiting */

/* This job is the one that follows, in a lane of its own. */
static bool is_late_job(const struct flow *flow)
{
	return json_bool(flow->payload, "late", false);
}

static enum step_rc await_file(struct flow *flow)
{
	struct state *state = flow->state;
	const char *key = payload_text(flow, "key");

	if (flow_fact(flow, "late") != NULL) {
		return STEP_DONE;
	}
	if (!state->row.known) {
		return files_ask(flow, &state->row, key);
	}
	if (state->row.state == FILE_CARRIED && state->row.reason[0] != '\0') {
		return STEP_END; /* it was shown with its text: slack_caption.h */
	}
	if (state->row.state != FILE_UNDER_WAY) {
		return STEP_DONE;
	}
	files_forget(&state->row);
	if (is_late_job(flow)) {
		return files_wait(flow, key, 0);
	}
	if (state->waited) {
		flow_set_fact(flow, "late", "yes");
		return STEP_DONE;
	}
	state->waited = true;
	return files_wait(flow, key, FILES_PATIENCE_MS);
}

/* ---------------------------------------------------------------- deleted meanwhile? */

static void handle_deletion(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE) {
		state->deletion_known = true;
		state->deleted = store_rows(results[0]) > 0;
	}
	flow_continue(flow, err);
}

/* In its lane a file comes before the deletion of its message; the one that follows may
 * come after it. */
static enum step_rc ask_deletion(struct flow *flow)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);
	autofree char *key = xasprintf("d:%s:%s:%s", payload_text(flow, "team"),
	        payload_text(flow, "channel"), payload_text(flow, "ts"));

	store_tx_add(tx, STMT_INBOX_STATE, "s", key);
	store_tx_submit(tx, handle_deletion, flow);
	return wait_store(flow, tx);
}

/* ---------------------------------------------------------------- sending */

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

static cJSON *content_of(const struct flow *flow)
{
	const struct state *state = flow->state;
	struct slack_file file;
	cJSON *content;

	if (flow_fact(flow, "late") != NULL) {
		if (!slack_file_parse(json_obj(flow->payload, "file"), &file)) {
			return NULL;
		}
		content = slack_file_notice(
		        &file, "it is still being brought over and will follow");
	} else {
		content = json_parse(str_from(state->row.result), NULL);
	}
	if (content != NULL && state->thread.root_event != NULL) {
		slack_content_thread(content, state->thread.root_event,
		        state->thread.last_event, true);
	}
	return content;
}

static unsigned part_of(const struct flow *flow)
{
	unsigned part = (unsigned)json_int(flow->payload, "part", PART_FILES);
	return part + (flow_fact(flow, "late") != NULL ? SLACK_FILES_MAX : 0);
}

static enum step_rc send_event(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;

	if (state->event_id != NULL) {
		return STEP_DONE;
	}
	enum step_rc rc = await_file(flow); /* in a new life it is not known any more */
	if (rc == STEP_DONE) {
		rc = prepare(flow);
	}
	if (rc == STEP_DONE && is_late_job(flow) && !state->deletion_known) {
		rc = ask_deletion(flow);
	}
	if (rc == STEP_DONE) {
		rc = slack_thread_find(flow, &state->thread);
	}
	if (rc != STEP_DONE) {
		return rc;
	}
	autojson cJSON *content = content_of(flow);
	if (state->deleted || content == NULL) {
		return STEP_END;
	}
	REQ("MSG-08");
	/* Derived from the Slack message alone: a repeat is the same request. */
	autofree char *part = xasprintf("%u", part_of(flow));
	autofree char *txn_id = matrix_txn_id("s2m", payload_text(flow, "team"),
	        payload_text(flow, "channel"), payload_text(flow, "ts"), part, NULL);
	return wait_matrix(flow,
	        matrix_send(app->matrix, ghost_of(flow)->mxid,
	                payload_portal(flow)->room_id, "m.room.message", txn_id, content,
	                slack_ts_ms(payload_text(flow, "ts")), handle_sent, flow));
}

/* ---------------------------------------------------------------- recording */

static void let_it_follow(struct flow *flow)
{
	struct app *app = flow->app;
	autofree char *key = xasprintf("l:%s", payload_text(flow, "key"));
	autofree char *lane = xasprintf("l %s", payload_text(flow, "key"));
	autojson cJSON *payload = cJSON_Duplicate(flow->payload, true);

	json_set_bool(payload, "late", true);
	autofree char *text = json_print(payload);
	queue_add(app->queue, flow_tx(flow), key, lane, FLOW_SLACK_FILE, text);
}

static enum step_rc record_mapping(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	bool is_late = flow_fact(flow, "late") != NULL;

	if (state->event_id == NULL) { /* a new life: the same answer once more */
		return send_event(flow);
	}
	store_tx_add(flow_tx(flow), STMT_MESSAGE_PUT, "sssississssi",
	        payload_text(flow, "team"), payload_text(flow, "channel"),
	        payload_text(flow, "ts"), (int64_t)part_of(flow),
	        payload_portal(flow)->room_id, state->event_id, (int64_t)0,
	        ghost_of(flow)->mxid, "s", payload_text(flow, "thread_ts"), "",
	        loop_wall_ms(app->loop));
	if (is_late) {
		let_it_follow(flow);
	}
	log_info("file to Matrix", "team=%s channel=%s ts=%s room=%s event=%s late=%d",
	        payload_text(flow, "team"), payload_text(flow, "channel"),
	        payload_text(flow, "ts"), payload_portal(flow)->room_id, state->event_id,
	        is_late);
	return STEP_END;
}

static void tell_room(struct flow *flow, struct store_tx *tx)
{
	const struct ghost *ghost = ghost_of(flow);
	autofree char *what = xasprintf("A file from Slack by %s was not delivered",
	        ghost == NULL ? "somebody" : ghost->name);

	refusal_tell(flow, tx, what, NULL, NULL);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	files_forget(&state->row);
	slack_thread_finish(&state->thread);
	free(state->event_id);
}

static enum step_rc check_own(struct flow *flow)
{
	struct state *state = flow->state;

	return own_file_check(flow, &state->own, json_str(flow->payload, "file.id"));
}

static const struct step steps[] = {
        {"own", check_own},
        {"await", await_file},
        {"send", send_event},
        {"record", record_mapping},
        {NULL, NULL},
};

const struct flow_def slack_file_flow = {
        .name = FLOW_SLACK_FILE,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell_room,
};

/* ---------------------------------------------------------------- into the inbox */

/* What the jobs need of a file object, which may hold long previews. */
static cJSON *extract(const cJSON *file)
{
	static const char *const keys[] = {"id", "name", "title", "mimetype", "filetype",
	        "size", "mode", "subtype", "is_external", "file_access", "url_private",
	        "url_private_download", "permalink", "alt_txt", "original_w",
	        "original_h", "duration_ms", "audio_wave_samples", "thumb_480",
	        "thumb_480_w", "thumb_480_h", "thumb_360", "thumb_360_w", "thumb_360_h",
	        "thumb_video", "thumb_video_w", "thumb_video_h"};
	cJSON *copy = json_new();

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const cJSON *value = cJSON_GetObjectItemCaseSensitive(file, keys[i]);
		if (value != NULL) {
			json_set(copy, keys[i], cJSON_Duplicate(value, true));
		}
	}
	return copy;
}

char *slack_file_key(
        const char *team_id, const char *channel_id, const char *ts, const char *file_id)
{
	return xasprintf("f:%s:%s:%s:%s", team_id, channel_id, ts, file_id);
}

static void add_jobs(struct login *login, struct store_tx *tx,
        const struct slack_event *event, const cJSON *file, unsigned index)
{
	bool is_change = event->kind == SLACK_EVENT_EDITED;
	const char *ts = is_change ? event->target_ts : event->ts;
	struct queue *queue = login->app->queue;
	autofree char *key = slack_file_key(
	        login->team_id, event->channel_id, ts, json_str_or(file, "id", ""));
	autofree char *carry_key = xasprintf("c%s", key);
	autofree char *carry_lane = xasprintf("f %s", key);
	autofree char *lane = lane_from_slack(login->team_id, event->channel_id);
	autojson cJSON *payload = json_new();

	json_set_str(payload, "team", login->team_id);
	json_set_str(payload, "channel", event->channel_id);
	json_set_str(payload, "ts", ts);
	json_set_str(payload, "thread_ts", event->thread_ts);
	json_set_str(payload, "user", event->user_id);
	json_set_str(payload, "bot", event->bot_id);
	json_set_str(payload, "key", key);
	json_set_int(payload, "part", PART_FILES + index);
	json_set(payload, "file", extract(file));
	autofree char *text = json_print(payload);
	queue_add(queue, tx, carry_key, carry_lane, FLOW_SLACK_FILE_CARRY, text);
	queue_add_sorted(queue, tx, key, lane, event->ts, FLOW_SLACK_FILE, text);
}

void slack_files_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	unsigned index = 0;
	const cJSON *file;

	cJSON_ArrayForEach(file, json_arr(event->message, "files"))
	{
		struct slack_file known;
		if (index < SLACK_FILES_MAX && slack_file_parse(file, &known)) {
			add_jobs(login, tx, event, file, index++);
		}
	}
}

static bool was_there(const struct slack_event *event, const char *file_id)
{
	const cJSON *before = json_obj(event->raw, "previous_message");
	const cJSON *file;

	cJSON_ArrayForEach(file, json_arr(before, "files"))
	{
		if (str_equal(json_str(file, "id"), file_id)) {
			return true;
		}
	}
	return before == NULL; /* it is not said */
}

void slack_files_changed_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	unsigned index = 0;
	const cJSON *file;

	slack_files_gone_add(login, tx, event);
	if (slack_message_is_own(login, event)) {
		return;
	}
	cJSON_ArrayForEach(file, json_arr(event->message, "files"))
	{
		struct slack_file known;
		if (index < SLACK_FILES_MAX && slack_file_parse(file, &known) &&
		        known.kind != SLACK_FILE_DELETED && !was_there(event, known.id)) {
			add_jobs(login, tx, event, file, index);
		}
		index++;
	}
}
