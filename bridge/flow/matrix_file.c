/* matrix_file: shows a file from Matrix on Slack, in its message's place, under its
 * author's name, with its caption.
 *
 * The bytes are brought by matrix_file_carry. files.completeUploadExternal, which makes
 * the message, cannot be repeated unseen, and does not say which message it made: so the
 * intent is committed first, and whoever finds one without an answer asks Slack where
 * that file was shared before asking for it again. */
#include "bridge/flow/matrix_file.h"

#include "bridge/flow/author.h"
#include "bridge/flow/failure.h"
#include "bridge/flow/files.h"
#include "bridge/flow/matrix_content.h"
#include "bridge/flow/matrix_post.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/payload.h"
#include "bridge/slack/files.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	LOOK_AFTER_MS = 3000, /* how long Slack may still be at work on a request */
	LOOK_AGAIN_MS = 1000, /* for the message of a file that Slack has taken */
	MAX_LOOKS = 60,
	MAX_COMMENT_BYTES = 64 * 1024,
};

struct state {
	struct matrix_post post;
	struct targets about;
	struct file_row row;
	bool waited;    /* as long as its conversation can wait */
	bool may_share; /* the intent is from this life, or the look found nothing */
};

/* ---------------------------------------------------------------- accept */

static enum step_rc accept_file(struct flow *flow)
{
	struct matrix_file file;

	if (!matrix_post_may_speak(flow)) {
		return STEP_FAIL;
	}
	matrix_file_parse(json_obj(flow->payload, "content"), &file);
	if (file.is_encrypted) {
		err_set(&flow->err, ERR_PERMANENT, 0,
		        "the file is encrypted, and this bridge cannot read it");
		return STEP_FAIL;
	}
	if (file.mxc[0] == '\0') {
		err_set(&flow->err, ERR_PERMANENT, 0, "there is no file in it");
		return STEP_FAIL;
	}
	return STEP_DONE;
}

static enum step_rc find_thread(struct flow *flow)
{
	struct state *state = flow->state;

	return matrix_post_thread(flow, &state->about);
}

static enum step_rc ask_author(struct flow *flow)
{
	struct state *state = flow->state;

	return matrix_post_author(flow, &state->post);
}

/* The intent, with its time: from the next step on the file may be on Slack. */
static void intend(struct flow *flow)
{
	const struct app *app = flow->app;
	struct state *state = flow->state;
	autofree char *now = xasprintf("%lld", (long long)loop_wall_ms(app->loop));

	flow_set_fact(flow, "sharing", now);
	state->may_share = true;
}

/* ---------------------------------------------------------------- waiting */

static bool is_late_job(const struct flow *flow)
{
	return json_bool(flow->payload, "late", false);
}

/* The rest is done by a job in a lane of its own, which waits as long as it takes. */
static enum step_rc let_it_follow(struct flow *flow)
{
	struct app *app = flow->app;
	const char *event = payload_text(flow, "event");
	autofree char *key = xasprintf("l:%s", event);
	autofree char *lane = xasprintf("l %s", event);
	autofree char *notice_key = xasprintf("notice:late:%s", event);
	autojson cJSON *payload = cJSON_Duplicate(flow->payload, true);

	json_set_bool(payload, "late", true);
	autofree char *text = json_print(payload);
	queue_add(app->queue, flow_tx(flow), key, lane, FLOW_MATRIX_FILE, text);
	notice_add(app, flow_tx(flow), notice_key, payload_text(flow, "room"), event,
	        "Your file is still on its way to Slack; what is written after it goes on.");
	return STEP_END;
}

static enum step_rc await_file(struct flow *flow)
{
	struct state *state = flow->state;
	const char *event = payload_text(flow, "event");

	if (!state->row.known) {
		return files_ask(flow, &state->row, event);
	}
	if (state->row.state == FILE_FAILED) {
		if (str_equal(state->row.reason, FILES_REDACTED)) {
			return STEP_END;
		}
		err_set(&flow->err, ERR_PERMANENT, 0, "%s", state->row.reason);
		return STEP_FAIL;
	}
	if (state->row.state == FILE_CARRIED) {
		flow_set_fact(flow, "file_id", state->row.result);
		/* It is theirs who brought it. */
		flow_set_fact(flow, "author", state->row.author);
		intend(flow); /* into the same commit */
		return STEP_DONE;
	}
	files_forget(&state->row);
	if (is_late_job(flow)) {
		return files_wait(flow, event, 0);
	}
	if (state->waited) {
		return let_it_follow(flow);
	}
	state->waited = true;
	return files_wait(flow, event, FILES_PATIENCE_MS);
}

/* ---------------------------------------------------------------- sharing */

static void handle_looked(const cJSON *file, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);
	const char *ts =
	        portal == NULL ? NULL : slack_file_share(file, portal->channel_id);
	/* What is not completed is no file yet; what is one will have its message. */
	bool is_unknown = err->kind == ERR_PERMANENT &&
	                  str_equal(err->name, "file_not_found") &&
	                  !str_equal(flow_fact(flow, "shared"), "yes");
	struct err judged =
	        is_unknown ? (struct err)ERR_INIT : author_judge(author_fact(flow), err);

	if (ts != NULL) {
		flow_set_fact(flow, "ts", ts);
	} else if (is_unknown) {
		state->may_share = true;
	} else if (err->kind == ERR_NONE) {
		if (flow_fact(flow, "shared") == NULL) {
			flow_set_fact(flow, "shared", "perhaps");
		}
		fact_set_number(flow, "looks", fact_number(flow, "looks") + 1);
		err_set(&judged, ERR_RETRY, 0, "Slack has not made its message yet");
		judged.retry_after_ms = LOOK_AGAIN_MS;
	}
	flow_continue(flow, &judged);
}

static enum step_rc look(struct flow *flow, struct slack_api *api)
{
	return wait_slack(flow,
	        slack_files_info(api, flow_fact(flow, "file_id"), handle_looked, flow));
}

static void handle_shared(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	struct err judged = author_judge(author_fact(flow), err);

	if (err->kind == ERR_NONE) {
		flow_set_fact(flow, "shared", "yes");
		state->may_share = false;
	} else {
		/* Surely not shared: no need to look. */
		state->may_share = err->kind == ERR_RETRY;
		if (err->kind == ERR_RETRY) {
			flow_set_fact(flow, "sharing", NULL);
		}
	}
	flow_continue(flow, &judged);
}

/* All of the caption in one text; NULL if there is none. Caller frees. */
static char *comment_of(const struct matrix_content *content)
{
	struct buf comment;

	buf_init(&comment, MAX_COMMENT_BYTES);
	for (unsigned i = 0; i < matrix_content_count(content); i++) {
		autofree char *text = NULL, *blocks = NULL;
		matrix_content_piece(content, i, &text, &blocks);
		buf_printf(&comment, "%s%s", i == 0 ? "" : "\n", text);
	}
	if (comment.len == 0) {
		buf_finish(&comment);
		return NULL;
	}
	return buf_take(&comment);
}

static enum step_rc share(struct flow *flow, struct slack_api *api)
{
	struct state *state = flow->state;
	bool is_bot = author_fact(flow)[0] == '\0';
	struct matrix_file file;
	enum step_rc rc = STEP_DONE;

	matrix_file_parse(json_obj(flow->payload, "content"), &file);
	if (file.has_caption) {
		rc = matrix_content_make(flow, &state->post.content, payload_portal(flow),
		        flow_fact(flow, "thread_ts") != NULL);
	}
	if (rc != STEP_DONE) {
		return rc;
	}
	autofree char *title = matrix_file_title(json_obj(flow->payload, "content"));
	autofree char *comment = comment_of(&state->post.content);
	const struct slack_share request = {
	        .file_id = flow_fact(flow, "file_id"),
	        .title = title,
	        .channel_id = payload_portal(flow)->channel_id,
	        .thread_ts = flow_fact(flow, "thread_ts"),
	        .comment = comment,
	        .username = is_bot ? flow_fact(flow, "name") : NULL,
	        .icon_url = is_bot ? flow_fact(flow, "icon") : NULL,
	};
	return wait_slack(flow, slack_files_complete(api, &request, handle_shared, flow));
}

/* Looks once Slack must have finished what a process that died may have asked for. */
static enum step_rc doubt(struct flow *flow, struct slack_api *api)
{
	const struct app *app = flow->app;
	int64_t since_ms = strtoll(flow_fact(flow, "sharing"), NULL, 10);
	int64_t age_ms = loop_wall_ms(app->loop) - since_ms;

	/* A clock that was set back: then it is waited for in full, once. */
	if (flow_fact(flow, "shared") == NULL && flow_fact(flow, "doubted") == NULL &&
	        age_ms < LOOK_AFTER_MS) {
		err_set(&flow->err, ERR_RETRY, 0,
		        "shared perhaps before a restart: to be looked up");
		flow->err.retry_after_ms =
		        age_ms < 0 ? LOOK_AFTER_MS : (uint32_t)(LOOK_AFTER_MS - age_ms);
		flow_set_fact(flow, "doubted", "yes");
		return STEP_FAIL;
	}
	return look(flow, api);
}

/* Slack has the file and shows it nowhere, and to share it again might show it twice. */
static enum step_rc give_up_looking(struct flow *flow)
{
	log_warn("shared file without a message", "event=%s file=%s",
	        payload_text(flow, "event"), flow_fact(flow, "file_id"));
	if (str_equal(flow_fact(flow, "shared"), "yes")) {
		return STEP_END;
	}
	err_set(&flow->err, ERR_PERMANENT, 0, "it is not known whether Slack shows it");
	return STEP_FAIL;
}

static enum step_rc share_once(struct flow *flow)
{
	struct state *state = flow->state;
	struct slack_api *api;

	if (flow_fact(flow, "ts") != NULL) {
		return STEP_DONE;
	}
	enum step_rc rc = author_api(flow, author_fact(flow), &api);
	if (rc != STEP_DONE) {
		return rc;
	}
	if (api == NULL) {
		return author_is_gone(flow);
	}
	if (fact_number(flow, "looks") > MAX_LOOKS) {
		return give_up_looking(flow);
	}
	if (flow_fact(flow, "sharing") == NULL) {
		intend(flow);
		return STEP_SAVE;
	}
	return state->may_share ? share(flow, api) : doubt(flow, api);
}

/* ---------------------------------------------------------------- the end */

static enum step_rc record(struct flow *flow)
{
	struct app *app = flow->app;
	const struct portal *portal = payload_portal(flow);
	const char *thread_ts = flow_fact(flow, "thread_ts");

	if (portal == NULL) {
		return STEP_END;
	}
	store_tx_add(flow_tx(flow), STMT_MESSAGE_PUT, "sssississssi", portal->team_id,
	        portal->channel_id, flow_fact(flow, "ts"), (int64_t)0, portal->room_id,
	        payload_text(flow, "event"), (int64_t)0, payload_text(flow, "sender"),
	        "m", thread_ts == NULL ? "" : thread_ts, "", loop_wall_ms(app->loop));
	if (author_fact(flow)[0] != '\0') {
		store_tx_add(flow_tx(flow), STMT_MESSAGE_AUTHOR, "ssss", portal->team_id,
		        portal->channel_id, flow_fact(flow, "ts"), author_fact(flow));
	}
	log_info("file to Slack", "team=%s channel=%s ts=%s room=%s event=%s file=%s",
	        portal->team_id, portal->channel_id, flow_fact(flow, "ts"),
	        portal->room_id, payload_text(flow, "event"), flow_fact(flow, "file_id"));
	/* One commit: the mapping and the end of the job. */
	return STEP_END;
}

static void tell_sender(struct flow *flow, struct store_tx *tx)
{
	failure_tell(flow, tx, "file", payload_text(flow, "event"), NULL);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	matrix_post_finish(&state->post);
	targets_forget(&state->about);
	files_forget(&state->row);
}

static const struct step steps[] = {
        {"accept", accept_file},
        {"thread", find_thread},
        {"author", ask_author},
        {"await", await_file},
        {"share", share_once},
        {"record", record},
        {NULL, NULL},
};

const struct flow_def matrix_file_flow = {
        .name = FLOW_MATRIX_FILE,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell_sender,
};
