#include "bridge/flow/room_end.h"

#include "bridge/flow/app.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/tell_owner.h"
#include "bridge/flow/wait.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { MEMBERS_PER_JOB = 400 };

struct state {
	bool said;
	cJSON *members; /* user IDs still there, the bot not among them; NULL: unknown */
	unsigned gone;
	bool bot_left;
};

static void handle_said(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	(void)event_id;
	state->said = err->kind == ERR_NONE || err->kind == ERR_PERMANENT;
	flow_continue(flow, state->said ? &none : err);
}

static enum step_rc say(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;
	const char *words = payload_text(flow, "words");

	if (state->said || words[0] == '\0') {
		return STEP_DONE;
	}
	autofree char *txn_id = matrix_txn_id("end", flow->key, NULL);
	autojson cJSON *content = notice_content(NULL, words);
	return wait_matrix(
	        flow, matrix_send(app->matrix, NULL, payload_text(flow, "room"),
	                      "m.room.message", txn_id, content, 0, handle_said, flow));
}

/* ---------------------------------------------------------------- who is there */

static bool is_to_go(const struct flow *flow, const char *mxid)
{
	const struct app *app = flow->app;

	if (str_equal(mxid, matrix_bot_mxid(app->matrix))) {
		return false; /* last */
	}
	return app_is_own_user(app, mxid) || json_bool(flow->payload, "empty", false);
}

static void handle_members(const cJSON *members, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;
	const cJSON *member;

	if (err->kind == ERR_NONE || err->kind == ERR_PERMANENT) {
		state->members = cJSON_CreateArray();
	}
	cJSON_ArrayForEach(member, members)
	{
		if (is_to_go(flow, member->string)) {
			cJSON_AddItemToArray(
			        state->members, cJSON_CreateString(member->string));
		}
	}
	flow_continue(flow, err->kind == ERR_PERMANENT ? &none : err);
}

/* Refused: they are gone already, or nobody can put them out. */
static void handle_gone(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	if (err->kind == ERR_NONE || err->kind == ERR_PERMANENT) {
		cJSON_DeleteItemFromArray(state->members, 0);
		state->gone++;
		err = &none;
	}
	flow_continue(flow, err);
}

static void handle_bot_left(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	static const struct err none = ERR_INIT;

	state->bot_left = err->kind == ERR_NONE || err->kind == ERR_PERMANENT;
	flow_continue(flow, state->bot_left ? &none : err);
}

static enum step_rc go_one(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;
	const char *room_id = payload_text(flow, "room");
	const cJSON *next = cJSON_GetArrayItem(state->members, 0);

	if (next == NULL) {
		return wait_matrix(flow, matrix_leave(app->matrix, NULL, room_id, NULL,
		                                 handle_bot_left, flow));
	}
	if (app_is_own_user(app, next->valuestring)) {
		return wait_matrix(flow, matrix_leave(app->matrix, next->valuestring,
		                                 room_id, NULL, handle_gone, flow));
	}
	return wait_matrix(
	        flow, matrix_kick(app->matrix, room_id, next->valuestring,
	                      "This room is not used any more.", handle_gone, flow));
}

static enum step_rc empty(struct flow *flow)
{
	struct app *app = flow->app;
	const struct state *state = flow->state;
	const char *room_id = payload_text(flow, "room");

	if (state->bot_left) {
		return STEP_END;
	}
	if (portals_by_room(app->portals, room_id) != NULL) {
		return STEP_END; /* bridged again meanwhile */
	}
	if (state->members == NULL) {
		return wait_matrix(flow, matrix_joined_members(app->matrix, NULL, room_id,
		                                 handle_members, flow));
	}
	if (state->gone >= MEMBERS_PER_JOB) {
		autofree char *key = xasprintf("%s+", flow->key);
		bool all = json_bool(flow->payload, "empty", false);
		room_end_add(app, flow_tx(flow), key, room_id,
		        all ? ROOM_EMPTIED : ROOM_LEFT, NULL);
		return STEP_END;
	}
	return go_one(flow);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	cJSON_Delete(state->members);
}

static const struct step steps[] = {
        {"say", say},
        {"empty", empty},
        {NULL, NULL},
};

const struct flow_def room_end_flow = {
        .name = FLOW_ROOM_END,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};

void room_end_add(struct app *app, struct store_tx *tx, const char *key,
        const char *room_id, enum room_end end, const char *words)
{
	autofree char *lane = xasprintf("i %s", room_id);
	autojson cJSON *payload = json_set_str(json_new(), "room", room_id);

	json_set_bool(payload, "empty", end == ROOM_EMPTIED);
	json_set_str(payload, "words", words);
	autofree char *text = json_print(payload);
	queue_add(app->queue, tx, key, lane, FLOW_ROOM_END, text);
}

void room_lost(struct app *app, struct store_tx *tx, const char *key,
        const struct portal *portal)
{
	const struct login *login = logins_by_team(app->logins, portal->team_id);
	autofree char *end_key = xasprintf("end:%s", key);
	autofree char *tell_key = xasprintf("lost:%s", key);
	autofree char *text = xasprintf(
	        "I am not in the room of %s any more, so it is not bridged. `open %s` makes "
	        "a new room.",
	        portal->name, portal->channel_id);

	log_warn("a portal's room is lost", "team=%s channel=%s room=%s", portal->team_id,
	        portal->channel_id, portal->room_id);
	if (login != NULL) {
		tell_owner_add(app, tx, tell_key, login->owner_mxid, text);
	}
	/* The ghosts are still there. */
	room_end_add(app, tx, end_key, portal->room_id, ROOM_LEFT, NULL);
	portals_close(app->portals, portal, true, tx);
}
