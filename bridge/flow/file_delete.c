/* file_delete: an event was redacted: the file it brought to Slack, if any, is deleted
 * there; one that is still on its way is never shown. */
#include "bridge/flow/author.h"
#include "bridge/flow/failure.h"
#include "bridge/flow/files.h"
#include "bridge/flow/matrix_file.h"
#include "bridge/flow/payload.h"
#include "bridge/slack/files.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	struct file_row row;
	bool deleted;
};

static void handle_deleted(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	struct err judged = failure_judge(err);

	/* What Slack does not let us delete it keeps: the message is gone. */
	state->deleted = err->kind == ERR_NONE || judged.kind == ERR_PERMANENT;
	flow_continue(flow, state->deleted ? NULL : &judged);
}

static void bar(struct flow *flow)
{
	const struct portal *portal = payload_portal(flow);
	const struct file_end end = {
	        .key = payload_text(flow, "event"),
	        .team_id = portal == NULL ? "" : portal->team_id,
	        .channel_id = portal == NULL ? "" : portal->channel_id,
	        .slack_ts = "",
	        .file_id = "",
	        .state = FILE_FAILED,
	        .result = "",
	        .reason = FILES_REDACTED,
	};

	files_record(flow->app, flow_tx(flow), &end);
}

static enum step_rc delete_file(struct flow *flow)
{
	struct state *state = flow->state;

	if (!state->row.known) {
		return files_ask(flow, &state->row, payload_text(flow, "event"));
	}
	if (!state->deleted && state->row.state == FILE_CARRIED) {
		struct slack_api *api = author_api_now(
		        flow, state->row.author == NULL ? "" : state->row.author);
		if (api == NULL) {
			return STEP_END; /* nobody is left who could */
		}
		return wait_slack(flow,
		        slack_files_delete(api, state->row.result, handle_deleted, flow));
	}
	if (state->deleted || json_bool(flow->payload, "coming", false)) {
		bar(flow);
	}
	return STEP_END;
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	files_forget(&state->row);
}

static const struct step steps[] = {
        {"delete", delete_file},
        {NULL, NULL},
};

const struct flow_def file_delete_flow = {
        .name = FLOW_FILE_DELETE,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};

void matrix_file_redacted(struct app *app, struct store_tx *tx, const char *room_id,
        const char *event_id, bool is_coming)
{
	autofree char *key = xasprintf("x:%s", event_id);
	autofree char *lane = xasprintf("x %s", event_id);
	autojson cJSON *payload = json_new();

	json_set_str(payload, "room", room_id);
	json_set_str(payload, "event", event_id);
	json_set_bool(payload, "coming", is_coming);
	autofree char *text = json_print(payload);
	queue_add(app->queue, tx, key, lane, FLOW_FILE_DELETE, text);
}
