#include "bridge/flow/slack_user.h"

#include "bridge/flow/app.h"
#include "bridge/flow/ghosts.h"
#include "bridge/flow/members.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	bool known; /* what there is of the ghost */
	char *mxid; /* NULL: there is none */
	bool as_told;
	bool refreshed;
	cJSON *rooms; /* a deactivated one's, still to be left */
};

/* Columns: see GHOST_GET and MEMBER_ROOMS. */
static void handle_ghost(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->known = err->kind == ERR_NONE;
	if (state->known && store_rows(results[0]) > 0) {
		state->mxid = xstrdup(store_text(results[0], 0, 0));
		state->as_told = str_equal(store_text(results[0], 0, 1),
		                         payload_text(flow, "name")) &&
		                 str_equal(store_text(results[0], 0, 2),
		                         payload_text(flow, "picture"));
	}
	flow_continue(flow, err);
}

static void handle_refreshed(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->refreshed = err->kind == ERR_NONE;
	flow_continue(flow, err);
}

static enum step_rc refresh(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	struct login *login = payload_login(flow);

	if (login == NULL) {
		return STEP_END;
	}
	if (!state->known) {
		struct store_tx *tx = store_tx_create(app->store);
		store_tx_add(tx, STMT_GHOST_GET, "ss", login->team_id,
		        payload_text(flow, "user"));
		store_tx_submit(tx, handle_ghost, flow);
		return wait_store(flow, tx);
	}
	if (state->mxid == NULL) {
		return STEP_END; /* it is made when there is need of it */
	}
	if (state->as_told || state->refreshed) {
		return STEP_DONE;
	}
	/* Events may come in another order: Slack says what is so now. */
	return wait_waiter(
	        flow, ghosts_refresh(app->ghosts, login, payload_text(flow, "user"),
	                      handle_refreshed, flow));
}

/* ---------------------------------------------------------------- deactivated */

static void handle_rooms(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	if (err->kind == ERR_NONE) {
		state->rooms = cJSON_CreateArray();
		for (size_t i = 0; i < store_rows(results[0]); i++) {
			cJSON_AddItemToArray(state->rooms,
			        cJSON_CreateString(store_text(results[0], i, 0)));
		}
	}
	flow_continue(flow, err);
}

static void handle_left(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct app *app = flow->app;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;
	bool is_out = err->kind == ERR_NONE || err->kind == ERR_PERMANENT;

	if (is_out) {
		const cJSON *room = cJSON_GetArrayItem(state->rooms, 0);
		members_forget(app->members, room->valuestring, state->mxid);
		cJSON_DeleteItemFromArray(state->rooms, 0);
	}
	flow_continue(flow, is_out ? &none : err);
}

static enum step_rc leave(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;

	if (!json_bool(flow->payload, "deleted", false)) {
		return STEP_END;
	}
	if (state->mxid == NULL) {
		return refresh(flow); /* in a new life */
	}
	if (state->rooms == NULL) {
		struct store_tx *tx = store_tx_create(app->store);
		store_tx_add(tx, STMT_MEMBER_ROOMS, "s", state->mxid);
		store_tx_submit(tx, handle_rooms, flow);
		return wait_store(flow, tx);
	}
	const cJSON *room = cJSON_GetArrayItem(state->rooms, 0);
	if (room == NULL) {
		return STEP_END;
	}
	return wait_matrix(flow, matrix_leave(app->matrix, state->mxid, room->valuestring,
	                                 "Deactivated on Slack", handle_left, flow));
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	free(state->mxid);
	cJSON_Delete(state->rooms);
}

static const struct step steps[] = {
        {"refresh", refresh},
        {"leave", leave},
        {NULL, NULL},
};

const struct flow_def slack_user_flow = {
        .name = FLOW_SLACK_USER,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};

/* ---------------------------------------------------------------- into the inbox */

bool slack_user_matters(const struct login *login, const struct slack_event *event)
{
	const struct slack_user user = slack_user_read(json_obj(event->raw, "user"));
	const struct ghost *ghost =
	        ghosts_find(login->app->ghosts, login->team_id, event->user_id);
	autofree char *name = ghosts_name(login, &user);

	return ghost == NULL || user.deleted || !str_equal(ghost->name, name) ||
	       !str_equal(ghost->avatar_url, user.avatar_url);
}

void slack_user_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	const struct slack_user user = slack_user_read(json_obj(event->raw, "user"));
	autofree char *key = xasprintf("s:%s", event->event_id);
	autofree char *lane = xasprintf("u %s %s", login->team_id, event->user_id);
	autofree char *name = ghosts_name(login, &user);
	autojson cJSON *payload = json_set_str(json_new(), "team", login->team_id);

	json_set_str(payload, "user", event->user_id);
	json_set_str(payload, "name", name);
	json_set_str(payload, "picture", user.avatar_url);
	json_set_bool(payload, "deleted", user.deleted);
	autofree char *text = json_print(payload);
	queue_add(login->app->queue, tx, key, lane, FLOW_SLACK_USER, text);
}
