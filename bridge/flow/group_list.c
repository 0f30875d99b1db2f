/* Lists the user groups of a workspace. */
#include "bridge/flow/group_list.h"

#include "bridge/flow/app.h"
#include "bridge/flow/logins.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/team_lists.h"
#include "lib/log.h"
#include "lib/mem.h"
#include <stdlib.h>

enum { GROUPS_PER_COMMIT = 200 };

struct state {
	struct team_list_others others;
	bool listed;
	struct {
		char *id, *handle;
		bool disabled;
		int64_t updated_s;
	} * groups;
	size_t count, next;
};

void group_list_put(
        struct store_tx *tx, const char *team_id, const struct slack_group *group)
{
	store_tx_add(tx, STMT_GROUP_PUT, "sssii", team_id, group->id, group->handle,
	        (int64_t)group->disabled, group->updated_s);
}

static void handle_listed(
        const struct slack_group *groups, size_t count, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE || err->kind == ERR_PERMANENT) {
		state->listed = true;
	}
	if (err->kind == ERR_PERMANENT) {
		log_info("Slack does not list user groups", "team=%s error=%s",
		        payload_text(flow, "team"), err->name);
		flow_continue(flow, NULL);
		return;
	}
	state->groups = xcalloc(count + 1, sizeof(state->groups[0]));
	for (size_t i = 0; i < count; i++) {
		state->groups[i].id = xstrdup(groups[i].id);
		state->groups[i].handle = xstrdup(groups[i].handle);
		state->groups[i].disabled = groups[i].disabled;
		state->groups[i].updated_s = groups[i].updated_s;
	}
	state->count = count;
	flow_continue(flow, err);
}

static enum step_rc refresh(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	struct login *login = logins_by_team(app->logins, payload_text(flow, "team"));

	if (login == NULL) {
		return STEP_END;
	}
	if (!state->others.known) {
		return team_list_count_others(flow, &state->others);
	}
	if (state->others.count > 0) {
		return STEP_END;
	}
	if (!state->listed) {
		return wait_slack(
		        flow, slack_group_list(login->bot_api, handle_listed, flow));
	}
	for (size_t i = 0; state->next < state->count; i++, state->next++) {
		if (i == GROUPS_PER_COMMIT) {
			return STEP_SAVE;
		}
		const struct slack_group group = {
		        .id = state->groups[state->next].id,
		        .handle = state->groups[state->next].handle,
		        .disabled = state->groups[state->next].disabled,
		        .updated_s = state->groups[state->next].updated_s,
		};
		group_list_put(flow_tx(flow), login->team_id, &group);
	}
	return STEP_END;
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	for (size_t i = 0; i < state->count; i++) {
		free(state->groups[i].id);
		free(state->groups[i].handle);
	}
	free(state->groups);
}

static const struct step steps[] = {
        {"refresh", refresh},
        {NULL, NULL},
};

const struct flow_def group_list_flow = {
        .name = FLOW_GROUP_LIST,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};
