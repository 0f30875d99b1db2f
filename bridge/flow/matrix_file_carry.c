/* matrix_file_carry: brings the bytes of a file from the homeserver to Slack.
 *
 * What was uploaded and is never shown nobody sees: doing it twice does no harm. */
#include "bridge/flow/app.h"
#include "bridge/flow/author.h"
#include "bridge/flow/failure.h"
#include "bridge/flow/files.h"
#include "bridge/flow/matrix_file.h"
#include "bridge/flow/matrix_post.h"
#include "bridge/flow/payload.h"
#include "bridge/matrix/media.h"
#include "bridge/slack/files.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	struct files_turn turn;
	struct http_pipe *pipe;     /* NULL: none is under way */
	struct slack_call *reserve; /* NULL: none is under way */
	char *file_id;              /* of the place that was reserved */
	bool old_way;               /* the homeserver knows no authenticated media */
};

static enum step_rc refuse(struct flow *flow, const char *words)
{
	err_set(&flow->err, ERR_PERMANENT, 0, "%s", words);
	return STEP_FAIL;
}

/* ---------------------------------------------------------------- under way */

static void cancel_carrying(void *arg)
{
	struct state *state = arg;

	slack_call_cancel(&state->reserve);
	http_pipe_cancel(&state->pipe);
}

static void handle_reserved(
        const char *url, const char *file_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	const struct app *app = flow->app;
	struct slack_api *api = author_api_now(flow, author_fact(flow));
	struct err failed = *err;
	struct http_req *req = NULL;

	state->reserve = NULL;
	if (err->kind == ERR_NONE && api != NULL) {
		req = slack_send_request(api, files_http(app->files), url);
	}
	if (req == NULL) {
		if (err->kind == ERR_NONE) {
			err_set(&failed, ERR_PERMANENT, 0,
			        "Slack wants it sent to a place that is not Slack's");
		}
		http_pipe_fail(state->pipe, &failed);
		return;
	}
	str_replace(&state->file_id, file_id);
	http_pipe_upload(state->pipe, req, "application/octet-stream");
}

static void handle_ready(
        const struct http_reply *head, struct str first, int64_t length_bytes, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	struct slack_api *api = author_api_now(flow, author_fact(flow));
	autofree char *name =
	        matrix_file_name(json_obj(flow->payload, "content"), head->content_type);

	(void)first;
	if (api == NULL) {
		http_pipe_fail(state->pipe, &flow->err);
		return;
	}
	state->reserve =
	        slack_files_reserve(api, name, length_bytes, handle_reserved, flow);
}

/* ---------------------------------------------------------------- what it came to */

static void judge_upload(const struct http_reply *reply, struct err *err)
{
	if (reply->status == 413) {
		err_set(err, ERR_PERMANENT, 413, "it is larger than Slack allows");
	} else if (reply->status != 200) {
		/* The place may have expired: the next try has a new one. */
		err_set(err, ERR_RETRY, reply->status, "Slack answered %d to the upload",
		        reply->status);
		err->retry_after_ms = reply->retry_after_ms;
	}
}

/* *again: at once, in the old way. */
static void judge(
        struct flow *flow, const struct http_pipe_end *end, struct err *err, bool *again)
{
	struct state *state = flow->state;

	if (end->too_large) {
		err_set(err, ERR_PERMANENT, 0, "it is too large to be carried over");
	} else if (end->refused != NULL && !state->old_way &&
	           matrix_media_wants_old_way(end->refused)) {
		state->old_way = true;
		*again = true;
	} else if (end->refused != NULL) {
		matrix_media_fetch_error(end->refused, err);
	} else if (end->uploaded != NULL && err->kind == ERR_NONE) {
		judge_upload(end->uploaded, err);
	} else if (err->kind == ERR_UNSURE) {
		err->kind = ERR_RETRY; /* nobody has seen it */
	}
}

static void count_refusals(struct flow *flow, struct err *err)
{
	unsigned refusals = fact_number(flow, "refusals") + 1;

	if (err->kind != ERR_RETRY || err->code < 400 || err->code == 429) {
		return; /* nobody was there to refuse it */
	}
	fact_set_number(flow, "refusals", refusals);
	if (refusals >= FILES_MAX_REFUSALS) {
		err->kind = ERR_PERMANENT;
	}
}

static void handle_carried(
        const struct http_pipe_end *end, const struct err *pipe_err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	struct err err = *pipe_err;
	bool again = false;

	state->pipe = NULL;
	slack_call_cancel(&state->reserve);
	judge(flow, end, &err, &again);
	count_refusals(flow, &err);
	if (err.kind == ERR_NONE && !again) {
		REQ("MSG-08");
		flow_set_fact(flow, "file_id", state->file_id);
	}
	log_debug("file from Matrix", "key=%s bytes=%lld result=%s", flow->key,
	        (long long)end->bytes, err_kind_to_str(err.kind));
	err = failure_judge(&err);
	flow_continue(flow, &err);
}

static enum step_rc start(struct flow *flow, const struct matrix_file *file)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	const struct http_pipe_options opts = {
	        .loop = app->loop,
	        .spool = files_spool(app->files),
	        .expected_bytes = -1, /* its sender may be wrong about it */
	        .max_bytes = app->config->files.max_bytes,
	        .stall_ms = FILES_STALL_MS,
	};
	struct http_req *req = matrix_media_fetch(
	        app->matrix, files_http(app->files), file->mxc, state->old_way);

	if (req == NULL) {
		return refuse(flow, "there is no file in it");
	}
	state->pipe = http_pipe_start(req, &opts, handle_ready, handle_carried, flow);
	return flow_wait(flow, state, cancel_carrying);
}

/* Anew for each try: somebody may have logged in or out. */
static void choose_author(struct flow *flow)
{
	const struct app *app = flow->app;
	const struct portal *portal = payload_portal(flow);
	const struct user_login *user =
	        portal == NULL ? NULL
	                       : user_logins_find(app->users, portal->team_id,
	                                 payload_text(flow, "sender"));

	flow_set_fact(flow, "author", user == NULL ? NULL : user->user_id);
}

static enum step_rc carry(struct flow *flow)
{
	const struct app *app = flow->app;
	struct state *state = flow->state;
	struct matrix_file file;

	matrix_file_parse(json_obj(flow->payload, "content"), &file);
	if (flow_fact(flow, "file_id") != NULL) {
		return STEP_DONE;
	}
	if (!matrix_post_may_speak(flow)) {
		return STEP_FAIL;
	}
	if (file.bytes > app->config->files.max_bytes) {
		return refuse(flow, "it is too large to be carried over");
	}
	choose_author(flow);
	enum step_rc rc = files_take_turn(flow, &state->turn);
	return rc == STEP_DONE ? start(flow, &file) : rc;
}

/* ---------------------------------------------------------------- the end */

static void add_end(struct flow *flow, struct store_tx *tx, enum file_state state,
        const char *file_id, const char *reason)
{
	const struct portal *portal = payload_portal(flow);
	const struct file_end end = {
	        .key = payload_text(flow, "event"),
	        .team_id = portal == NULL ? "" : portal->team_id,
	        .channel_id = portal == NULL ? "" : portal->channel_id,
	        .slack_ts = "",
	        .file_id = file_id,
	        .state = state,
	        .result = file_id,
	        .reason = reason,
	        .author = author_fact(flow),
	};

	files_record(flow->app, tx, &end);
}

static enum step_rc record(struct flow *flow)
{
	add_end(flow, flow_tx(flow), FILE_CARRIED, flow_fact(flow, "file_id"), "");
	return STEP_END;
}

static void tell(struct flow *flow, struct store_tx *tx)
{
	const struct failure *failure = failure_find(flow->err.name);
	bool has_words = failure != NULL && failure->words[0] != '\0';

	add_end(flow, tx, FILE_FAILED, "", has_words ? failure->words : flow->err.msg);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	files_end_turn(&state->turn);
	free(state->file_id);
}

static const struct step steps[] = {
        {"carry", carry},
        {"record", record},
        {NULL, NULL},
};

const struct flow_def matrix_file_carry_flow = {
        .name = FLOW_MATRIX_FILE_CARRY,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell,
};

void matrix_file_carry_add(struct app *app, struct store_tx *tx, const cJSON *payload)
{
	const char *event = json_str_or(payload, "event", "");
	autofree char *key = xasprintf("c:%s", event);
	autofree char *lane = xasprintf("f %s", event);
	autofree char *text = json_print(payload);
	struct matrix_file file;

	matrix_file_parse(json_obj(payload, "content"), &file);
	if (!file.is_encrypted && file.mxc[0] != '\0') {
		queue_add(app->queue, tx, key, lane, FLOW_MATRIX_FILE_CARRY, text);
	}
}
