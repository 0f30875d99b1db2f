/* slack_file_carry: brings the bytes of a file from Slack to the homeserver.
 *
 * Uploading twice does no harm: what no event names is never seen. */
#include "bridge/flow/app.h"
#include "bridge/flow/files.h"
#include "bridge/flow/own_file.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/slack_file.h"
#include "bridge/matrix/media.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { MAX_PREVIEW_BYTES = 2 * 1024 * 1024 };

struct state {
	struct own_file own;
	struct files_turn turn;
	struct http_pipe *pipe; /* NULL: none is under way */
	bool preview_tried;
	bool is_login_page; /* that is what came */
	cJSON *asked;       /* the answer of files.info; NULL: not asked in this life */
};

/* The object as files.info gave it, or as it came with the message. */
static bool file_of(const struct flow *flow, struct slack_file *file)
{
	const struct state *state = flow->state;

	return slack_file_parse(
	        state->asked != NULL ? state->asked : json_obj(flow->payload, "file"),
	        file);
}

/* ---------------------------------------------------------------- what it is */

static const struct {
	enum slack_file_kind kind;
	const char *words; /* NULL: can be carried, or asked about */
} kinds[] = {
        {SLACK_FILE_EXTERNAL, "it is not kept on Slack"},
        {SLACK_FILE_PAGE, "to be read on Slack"},
        {SLACK_FILE_DELETED, "it was deleted"},
        {SLACK_FILE_HIDDEN, "it is too old for this workspace's plan"},
        {SLACK_FILE_DENIED, "the Slack app may not see it"},
        {SLACK_FILE_ASK, "Slack does not say where it is"},
};

static enum step_rc refuse(struct flow *flow, const char *words)
{
	err_set(&flow->err, ERR_PERMANENT, 0, "%s", words);
	return STEP_FAIL;
}

static void handle_info(const cJSON *file, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	struct err told = *err;

	if (err->kind == ERR_NONE) {
		state->asked = cJSON_Duplicate(file, true);
	} else if (err->kind == ERR_PERMANENT) {
		bool is_gone = str_equal(err->name, "file_deleted") ||
		               str_equal(err->name, "file_not_found");
		err_set(&told, ERR_PERMANENT, 0, "%s",
		        is_gone ? "it is not on Slack any more"
		                : "the Slack app may not see it");
	}
	flow_continue(flow, &told);
}

/* STEP_DONE: *file is one that can be fetched. In a new life it is asked about anew: its
 * URL may have changed. */
static enum step_rc know_file(struct flow *flow, struct slack_file *file)
{
	const struct state *state = flow->state;
	struct login *login = payload_login(flow);

	if (login == NULL) {
		return STEP_FAIL;
	}
	if (!file_of(flow, file)) {
		return refuse(flow, "Slack sent no usable description of it");
	}
	if (file->kind == SLACK_FILE_ASK && state->asked == NULL) {
		return wait_slack(flow,
		        slack_files_info(login->bot_api, file->id, handle_info, flow));
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (file->kind == kinds[i].kind) {
			return refuse(flow, kinds[i].words);
		}
	}
	return STEP_DONE;
}

/* ---------------------------------------------------------------- carrying */

static void handle_ready(
        const struct http_reply *head, struct str first, int64_t length_bytes, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	struct app *app = flow->app;
	struct slack_file file;
	struct err err;

	(void)length_bytes;
	file_of(flow, &file);
	bool is_preview = flow_fact(flow, "media") != NULL;
	if (slack_is_login_page(head, first, is_preview ? "image/" : file.mimetype)) {
		err_set(&err, ERR_RETRY, 0, "Slack wants a log-in for it");
		state->is_login_page = true;
		http_pipe_fail(state->pipe, &err);
		return;
	}
	const char *type =
	        file.mimetype[0] == '\0' ? "application/octet-stream" : file.mimetype;
	http_pipe_upload(state->pipe,
	        matrix_media_send(app->matrix, files_http(app->files),
	                is_preview ? NULL : file.name),
	        is_preview ? head->content_type : type);
}

/* What the pipe came to; NULL and *err if there is no media. Caller frees. */
static char *media_of(
        const struct http_pipe_end *end, const struct err *pipe_err, struct err *err)
{
	*err = *pipe_err;
	if (err->kind != ERR_NONE) {
		return NULL;
	}
	if (end->refused != NULL) {
		slack_fetch_error(end->refused, err);
		return NULL;
	}
	return matrix_media_sent(end->uploaded, err);
}

/* What Slack cannot give now it may give later; but not for ever. The homeserver is
 * waited for as long as it takes, as for a text. */
static void count_refusals(struct flow *flow, struct err *err, bool by_slack)
{
	unsigned refusals = fact_number(flow, "refusals") + 1;

	if (!by_slack || err->kind != ERR_RETRY || err->code == 429) {
		return;
	}
	fact_set_number(flow, "refusals", refusals);
	if (refusals >= FILES_MAX_REFUSALS) {
		err->kind = ERR_PERMANENT;
	}
}

static void pipe_cancel(void *arg)
{
	struct state *state = arg;
	http_pipe_cancel(&state->pipe);
}

static enum step_rc start(struct flow *flow, const char *url, int64_t expected_bytes,
        int64_t max_bytes, http_pipe_done_fn *done)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	struct login *login = payload_login(flow);
	const struct http_pipe_options opts = {
	        .loop = app->loop,
	        .spool = files_spool(app->files),
	        .expected_bytes = expected_bytes,
	        .max_bytes = max_bytes,
	        .stall_ms = FILES_STALL_MS,
	};
	struct http_req *req =
	        slack_fetch_request(login->bot_api, files_http(app->files), url);

	if (req == NULL) {
		return refuse(flow, "it is not kept on Slack");
	}
	state->pipe = http_pipe_start(req, &opts, handle_ready, done, flow);
	return flow_wait(flow, state, pipe_cancel);
}

static void handle_carried(
        const struct http_pipe_end *end, const struct err *pipe_err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	struct err err;
	autofree char *media = media_of(end, pipe_err, &err);

	state->pipe = NULL;
	if (media != NULL) {
		flow_set_fact(flow, "media", media);
	} else if (end->too_large) {
		err_set(&err, ERR_PERMANENT, 0, "it is too large to be carried over");
	} else {
		count_refusals(flow, &err,
		        end->by_download || end->refused != NULL || state->is_login_page);
	}
	log_debug("file from Slack", "key=%s bytes=%lld result=%s", flow->key,
	        (long long)end->bytes, err_kind_to_str(err.kind));
	flow_continue(flow, &err);
}

static enum step_rc carry(struct flow *flow)
{
	const struct app *app = flow->app;
	struct state *state = flow->state;
	struct slack_file file;

	if (flow_fact(flow, "media") != NULL) {
		return STEP_DONE;
	}
	enum step_rc rc = files_learn_limit(flow);
	if (rc == STEP_DONE) {
		rc = know_file(flow, &file);
	}
	if (rc == STEP_DONE && file.bytes > files_limit(app->files)) {
		return refuse(flow, "it is too large to be carried over");
	}
	if (rc == STEP_DONE) {
		rc = files_take_turn(flow, &state->turn);
	}
	if (rc == STEP_DONE) {
		rc = start(flow, file.url, file.bytes, files_limit(app->files),
		        handle_carried);
	}
	return rc;
}

/* ---------------------------------------------------------------- preview */

static void handle_preview(
        const struct http_pipe_end *end, const struct err *pipe_err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	struct err err;
	autofree char *media = media_of(end, pipe_err, &err);

	state->pipe = NULL;
	if (media != NULL) {
		flow_set_fact(flow, "preview", media);
	}
	flow_continue(flow, NULL); /* it does without one */
}

static enum step_rc carry_preview(struct flow *flow)
{
	struct state *state = flow->state;
	struct slack_file file;
	enum step_rc rc = know_file(flow, &file);

	if (rc != STEP_DONE) {
		return rc;
	}
	if (state->preview_tried || file.preview.url[0] == '\0' ||
	        flow_fact(flow, "preview") != NULL) {
		return STEP_DONE;
	}
	rc = files_take_turn(flow, &state->turn);
	if (rc == STEP_DONE) {
		state->preview_tried = true;
		rc = start(flow, file.preview.url, -1, MAX_PREVIEW_BYTES, handle_preview);
	}
	return rc == STEP_FAIL ? STEP_DONE : rc;
}

/* ---------------------------------------------------------------- the end */

static void add_end(struct flow *flow, struct store_tx *tx, enum file_state state,
        const char *result, const char *reason)
{
	const struct file_end end = {
	        .key = payload_text(flow, "key"),
	        .team_id = payload_text(flow, "team"),
	        .channel_id = payload_text(flow, "channel"),
	        .slack_ts = payload_text(flow, "ts"),
	        .part = (unsigned)json_int(flow->payload, "part", 0),
	        .file_id = json_str_or(flow->payload, "file.id", ""),
	        .state = state,
	        .result = result,
	        .reason = reason,
	};

	files_record(flow->app, tx, &end);
}

static enum step_rc record(struct flow *flow)
{
	struct slack_file file;
	enum step_rc rc = know_file(flow, &file);

	if (rc != STEP_DONE) {
		return rc;
	}
	autojson cJSON *content = slack_file_content(
	        &file, flow_fact(flow, "media"), flow_fact(flow, "preview"));
	autofree char *text = json_print(content);
	add_end(flow, flow_tx(flow), FILE_CARRIED, text, "");
	return STEP_END;
}

static void tell(struct flow *flow, struct store_tx *tx)
{
	struct slack_file file;
	autojson cJSON *notice = NULL;

	if (file_of(flow, &file)) {
		notice = slack_file_notice(&file, flow->err.msg);
	}
	autofree char *text = notice == NULL ? xstrdup("") : json_print(notice);
	add_end(flow, tx, FILE_FAILED, text, flow->err.msg);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	files_end_turn(&state->turn);
	cJSON_Delete(state->asked);
}

static enum step_rc check_own(struct flow *flow)
{
	struct state *state = flow->state;

	return own_file_check(flow, &state->own, json_str(flow->payload, "file.id"));
}

static const struct step steps[] = {
        {"own", check_own},
        {"carry", carry},
        {"preview", carry_preview},
        {"record", record},
        {NULL, NULL},
};

const struct flow_def slack_file_carry_flow = {
        .name = FLOW_SLACK_FILE_CARRY,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
        .dead = tell,
};
