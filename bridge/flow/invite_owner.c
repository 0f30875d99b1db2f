#include "bridge/flow/invite_owner.h"

#include "bridge/flow/app.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include <stdlib.h>

struct state {
	bool invited;
};

static void handle_invited(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->invited = err->kind == ERR_NONE;
	flow_continue(flow, err);
}

static enum step_rc invite(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;

	if (state->invited) {
		return STEP_END;
	}
	/* A second invitation is no more than one more event. */
	return wait_matrix(flow,
	        matrix_invite(app->matrix, NULL, json_str_or(flow->payload, "room", ""),
	                json_str_or(flow->payload, "user", ""), handle_invited, flow));
}

static const struct step steps[] = {
        {"invite", invite},
        {NULL, NULL},
};

const struct flow_def invite_owner_flow = {
        .name = FLOW_INVITE_OWNER,
        .steps = steps,
        .state_size = sizeof(struct state),
};

void invite_owner_add(struct app *app, struct store_tx *tx, const char *key,
        const char *room_id, const char *owner_mxid)
{
	autofree char *lane = xasprintf("i %s", room_id);
	autojson cJSON *payload = json_new();

	json_set_str(payload, "room", room_id);
	json_set_str(payload, "user", owner_mxid);
	autofree char *text = json_print(payload);
	queue_add(app->queue, tx, key, lane, FLOW_INVITE_OWNER, text);
}
