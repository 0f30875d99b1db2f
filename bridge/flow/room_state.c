#include "bridge/flow/room_state.h"

#include "bridge/flow/app.h"
#include "bridge/flow/wait.h"
#include "lib/log.h"

static bool is_like(const cJSON *now, const cJSON *content)
{
	return now != NULL && cJSON_Compare(now, content, true);
}

/* Refused for good: the room is not the bridge's to change. */
static void take_answer(struct room_state *state, const struct err *err)
{
	static const struct err none = ERR_INIT;

	if (err->kind == ERR_PERMANENT) {
		log_warn("state of a room not set", "job=%s error=\"%s\"",
		        state->flow->key, err->msg);
		state->done = true;
		err = &none;
	}
	flow_continue(state->flow, err);
}

static void handle_now(const cJSON *now, const struct err *err, void *arg)
{
	struct room_state *state = arg;

	if (err->kind == ERR_NONE) {
		state->done = is_like(now, state->content);
		state->differs = !state->done;
	}
	take_answer(state, err);
}

static void handle_put(const char *event_id, const struct err *err, void *arg)
{
	struct room_state *state = arg;

	(void)event_id;
	state->done = err->kind == ERR_NONE;
	state->differs = false; /* otherwise it is looked at again */
	take_answer(state, err);
}

enum step_rc room_state_set(struct flow *flow, struct room_state *state,
        const char *room_id, const char *type, const char *key, cJSON *content)
{
	struct app *app = flow->app;

	cJSON_Delete(state->content);
	state->content = content;
	state->flow = flow;
	if (state->done) {
		return STEP_DONE;
	}
	if (!state->differs) {
		return wait_matrix(flow, matrix_get_state(app->matrix, NULL, room_id,
		                                 type, key, handle_now, state));
	}
	return wait_matrix(flow, matrix_put_state(app->matrix, NULL, room_id, type, key,
	                                 content, handle_put, state));
}

void room_state_finish(struct room_state *state)
{
	cJSON_Delete(state->content);
	state->content = NULL;
}
