#include "bridge/flow/slack_member.h"

#include "bridge/flow/actor.h"
#include "bridge/flow/app.h"
#include "bridge/flow/ghosts.h"
#include "bridge/flow/members.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/portals.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	char *mxid; /* of the ghost; "" : it has none */
	bool known; /* whether it is in the room */
	bool is_there;
	bool left;
};

/* ---------------------------------------------------------------- going */

static void handle_ghost(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE) {
		bool has = store_rows(results[0]) > 0;
		state->mxid = xstrdup(has ? store_text(results[0], 0, 0) : "");
	}
	flow_continue(flow, err);
}

static void handle_member(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->known = err->kind == ERR_NONE;
	state->is_there = state->known && store_rows(results[0]) > 0;
	flow_continue(flow, err);
}

static void handle_left(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	/* Not in the room: then it is as it should be. */
	state->left = err->kind == ERR_NONE || err->kind == ERR_PERMANENT;
	flow_continue(flow, state->left ? &none : err);
}

static enum step_rc leave(struct flow *flow, const struct portal *portal)
{
	struct app *app = flow->app;
	struct state *state = flow->state;

	if (state->mxid == NULL) {
		struct store_tx *tx = store_tx_create(app->store);
		store_tx_add(tx, STMT_GHOST_GET, "ss", payload_text(flow, "team"),
		        payload_text(flow, "user"));
		store_tx_submit(tx, handle_ghost, flow);
		return wait_store(flow, tx);
	}
	if (state->mxid[0] != '\0' && !state->known) {
		struct store_tx *tx = store_tx_create(app->store);
		store_tx_add(tx, STMT_MEMBER_GET, "ss", portal->room_id, state->mxid);
		store_tx_submit(tx, handle_member, flow);
		return wait_store(flow, tx);
	}
	if (!state->is_there) {
		return STEP_END;
	}
	if (!state->left) {
		return wait_matrix(
		        flow, matrix_leave(app->matrix, state->mxid, portal->room_id,
		                      NULL, handle_left, flow));
	}
	members_forget(app->members, portal->room_id, state->mxid);
	return STEP_END;
}

/* ---------------------------------------------------------------- coming */

static enum step_rc move(struct flow *flow)
{
	const struct portal *portal = payload_portal(flow);
	struct login *login = payload_login(flow);

	if (portal == NULL || login == NULL) {
		return STEP_END;
	}
	if (str_equal(payload_text(flow, "type"), "member_left_channel")) {
		return leave(flow, portal);
	}
	return actor_ensure(flow, login, portal, payload_text(flow, "user"), false);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	free(state->mxid);
}

static const struct step steps[] = {
        {"move", move},
        {NULL, NULL},
};

const struct flow_def slack_member_flow = {
        .name = FLOW_SLACK_MEMBER,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};

void slack_member_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	struct app *app = login->app;

	if (!portals_know(app->portals, login->team_id, event->channel_id)) {
		return;
	}
	autofree char *key = xasprintf("s:%s", event->event_id);
	autofree char *lane = lane_from_slack(login->team_id, event->channel_id);
	autojson cJSON *payload = json_new();
	json_set_str(payload, "team", login->team_id);
	json_set_str(payload, "channel", event->channel_id);
	json_set_str(payload, "user", event->user_id);
	json_set_str(payload, "type", event->type);
	autofree char *text = json_print(payload);
	queue_add_sorted(app->queue, tx, key, lane, event->ts, FLOW_SLACK_MEMBER, text);
}
