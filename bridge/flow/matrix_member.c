/* Inviting a ghost invites its user on Slack; putting it out puts the user out. */
#include "bridge/flow/actor.h"
#include "bridge/flow/app.h"
#include "bridge/flow/matrix_state.h"
#include "bridge/flow/members.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	bool carried; /* or refused for good */
	struct err refusal;
	bool undone;
	bool forgotten; /* that the ghost was there */
	bool unbanned;
};

bool matrix_member_is_carried(const char *membership)
{
	return str_equal(membership, "invite") || str_equal(membership, "leave") ||
	       str_equal(membership, "ban");
}

static bool is_invitation(const struct flow *flow)
{
	return str_equal(payload_text(flow, "membership"), "invite");
}

static void refuse(struct state *state, const char *why)
{
	err_set(&state->refusal, ERR_PERMANENT, 0, "%s", why);
	state->carried = true;
}

static void handle_carried(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	if (err->kind == ERR_PERMANENT) {
		state->refusal = *err;
	}
	state->carried = err->kind == ERR_NONE || err->kind == ERR_PERMANENT;
	flow_continue(flow, state->carried ? &none : err);
}

static enum step_rc carry(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);

	if (portal == NULL) {
		return STEP_END;
	}
	struct login *login = payload_login(flow);
	autofree char *user =
	        app_slack_user(app, portal->team_id, payload_text(flow, "ghost"));
	if (state->carried) {
		return STEP_DONE;
	}
	if (login == NULL) {
		refuse(state, "nobody is logged in to this workspace");
	} else if (config_permission(app->config, payload_text(flow, "sender")) <
	           PERM_RELAY) {
		refuse(state, "you are not allowed to use this bridge");
	} else if (user == NULL) {
		refuse(state, "that user is of another workspace");
	}
	if (state->carried) {
		return STEP_DONE;
	}
	return wait_slack(
	        flow, is_invitation(flow)
	                      ? slack_conversations_invite(login->bot_api,
	                                portal->channel_id, user, handle_carried, flow)
	                      : slack_conversations_kick(login->bot_api,
	                                portal->channel_id, user, handle_carried, flow));
}

/* ---------------------------------------------------------------- undo */

static void handle_undone(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	state->undone = err->kind == ERR_NONE || err->kind == ERR_PERMANENT;
	flow_continue(flow, state->undone ? &none : err);
}

static void handle_unbanned(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	(void)event_id;
	state->unbanned = err->kind == ERR_NONE || err->kind == ERR_PERMANENT;
	flow_continue(flow, state->unbanned ? &none : err);
}

/* The ghost that was put out comes back; the one that was invited does not come. */
static enum step_rc undo(struct flow *flow, const struct portal *portal)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	const char *ghost = payload_text(flow, "ghost");
	bool banned = str_equal(payload_text(flow, "membership"), "ban");

	if (state->undone) {
		return STEP_DONE;
	}
	if (is_invitation(flow)) {
		return wait_matrix(flow, matrix_leave(app->matrix, ghost, portal->room_id,
		                                 NULL, handle_undone, flow));
	}
	if (banned && !state->unbanned) {
		autojson cJSON *content = json_set_str(json_new(), "membership", "leave");
		return wait_matrix(flow,
		        matrix_put_state(app->matrix, NULL, portal->room_id,
		                "m.room.member", ghost, content, handle_unbanned, flow));
	}
	if (!state->forgotten) {
		members_forget(app->members, portal->room_id, ghost);
		state->forgotten = true;
	}
	return wait_waiter(flow, members_ensure(app->members, portal->room_id, ghost,
	                                 handle_undone, flow));
}

static enum step_rc settle(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	const struct portal *portal = payload_portal(flow);
	const char *ghost = payload_text(flow, "ghost");

	enum step_rc rc = carry(flow);
	if (rc != STEP_DONE) {
		return rc;
	}
	if (state->refusal.kind != ERR_NONE) {
		rc = undo(flow, portal);
		if (rc == STEP_DONE) {
			matrix_state_refused(flow, flow_tx(flow), "Who is in the channel",
			        &state->refusal);
			rc = STEP_END;
		}
		return rc;
	}
	if (is_invitation(flow)) {
		return actor_ensure_member(flow, portal, ghost);
	}
	members_forget(app->members, portal->room_id, ghost);
	return STEP_END;
}

static const struct step steps[] = {
        {"carry", carry},
        {"settle", settle},
        {NULL, NULL},
};

const struct flow_def matrix_member_flow = {
        .name = FLOW_MATRIX_MEMBER,
        .steps = steps,
        .state_size = sizeof(struct state),
};
