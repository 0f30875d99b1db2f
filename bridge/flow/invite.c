/* invite: somebody invited the bot: it joins, and says how to go on. A room with the bot
 * alone becomes that person's management room. Who may not command the bot is refused. */
#include "bridge/flow/app.h"
#include "bridge/flow/logins.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	/* A refusal that cannot be delivered, to a server that is gone, say, is no loss.
	 */
	MAX_REFUSALS = 5,
};

struct state {
	bool refused, joined, counted;
	int members;
};

static const char *field(const struct flow *flow, const char *name)
{
	return json_str_or(flow->payload, name, "");
}

static bool may_invite(const struct flow *flow)
{
	const struct app *app = flow->app;
	return config_permission(app->config, field(flow, "sender")) >= PERM_COMMANDS;
}

static void handle_refused(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	state->refused = err->kind == ERR_NONE || err->kind == ERR_PERMANENT ||
	                 flow->attempts >= MAX_REFUSALS;
	flow_continue(flow, state->refused ? &none : err);
}

static void handle_joined(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->joined = err->kind == ERR_NONE;
	flow_continue(flow, err);
}

static enum step_rc join(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;

	if (state->joined) {
		return STEP_DONE;
	}
	if (state->refused) {
		return STEP_END;
	}
	if (!may_invite(flow)) {
		return wait_matrix(
		        flow, matrix_leave(app->matrix, NULL, field(flow, "room"),
		                      "You are not allowed to use this bridge.",
		                      handle_refused, flow));
	}
	return wait_matrix(flow,
	        matrix_join(app->matrix, NULL, field(flow, "room"), handle_joined, flow));
}

static void handle_members(const cJSON *members, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->counted = err->kind == ERR_NONE;
	state->members = cJSON_GetArraySize(members);
	flow_continue(flow, err);
}

static enum step_rc settle(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;
	const char *next =
	        logins_count(app->logins) == 0
	                ? " No Slack workspace is connected yet: say `login app`."
	                : "";
	autofree char *key = xasprintf("welcome:%s", flow->key);

	if (!state->counted) {
		return wait_matrix(
		        flow, matrix_joined_members(app->matrix, NULL,
		                      field(flow, "room"), handle_members, flow));
	}
	bool alone = state->members <= 2;
	if (alone) {
		store_tx_add(flow_tx(flow), STMT_PERSON_PUT_ROOM, "ss",
		        field(flow, "sender"), field(flow, "room"));
	}
	autofree char *text =
	        alone ? xasprintf("Hello, I am the Slack bridge bot. This is your "
	                          "management room: say `help` for what I can do.%s",
	                        next)
	              : xasprintf("Hello, I am the Slack bridge bot. In this room my "
	                          "commands begin with `%s`.",
	                        app->config->bridge.command_prefix);
	notice_add(app, flow_tx(flow), key, field(flow, "room"), NULL, text);
	return STEP_DONE;
}

static const struct step steps[] = {
        {"join", join},
        {"settle", settle},
        {NULL, NULL},
};

const struct flow_def invite_flow = {
        .name = FLOW_INVITE,
        .steps = steps,
        .state_size = sizeof(struct state),
};
