#include "bridge/flow/room_cleanup.h"

#include "bridge/flow/portals.h"
#include "bridge/flow/user_logins.h"
#include "bridge/flow/wait.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum {
	/* The driver ends a job after a thousand runs; a large room takes several lives.
	 */
	REMOVALS_A_LIFE = 300,
	NEXT_LIFE_MS = 100,
};

struct state {
	cJSON *members; /* the room's; NULL: not asked in this life */
	const cJSON *next;
	bool gone; /* the bot is not in the room (any more) */
	unsigned removals;
};

static const char *field(const struct flow *flow, const char *name)
{
	return json_str_or(flow->payload, name, "");
}

/* ---------------------------------------------------------------- which room, what for
 */

static const struct config_cleanup *settings_of(
        const struct config *config, enum cleanup_cause cause)
{
	return cause == CLEANUP_MANUAL ? &config->bridge.cleanup_manual
	                               : &config->bridge.cleanup_bad_credentials;
}

static bool is_wanted(const char *action)
{
	return action != NULL && !str_equal(action, "nothing");
}

void room_cleanup_add(struct app *app, struct store_tx *tx, const char *team_id,
        const char *mxid, enum cleanup_cause cause, const char *once)
{
	const struct config_cleanup *settings = settings_of(app->config, cause);
	const struct portal *portal;

	if (!app->config->bridge.cleanup_on_logout ||
	        !(is_wanted(settings->private) || is_wanted(settings->relayed) ||
	                is_wanted(settings->shared_no_users) ||
	                is_wanted(settings->shared_has_users))) {
		return;
	}
	for (size_t i = 0; portals_next(app->portals, &i, &portal);) {
		if (!str_equal(portal->team_id, team_id)) {
			continue;
		}
		autofree char *key = xasprintf("cleanup:%s:%s", portal->room_id, once);
		autofree char *lane = xasprintf("k %s", portal->room_id);
		autojson cJSON *payload = json_set_str(json_new(), "team", team_id);
		json_set_str(payload, "room", portal->room_id);
		json_set_str(payload, "user", mxid);
		json_set_str(payload, "cause",
		        cause == CLEANUP_MANUAL ? "manual" : "bad_credentials");
		autofree char *text = json_print(payload);
		queue_add(app->queue, tx, key, lane, FLOW_ROOM_CLEANUP, text);
	}
}

static bool is_person(const struct app *app, const char *mxid)
{
	return !app_is_own_user(app, mxid);
}

/* What the configuration says of this room. */
static const char *action_for(const struct flow *flow, const struct portal *portal)
{
	const struct app *app = flow->app;
	const struct state *state = flow->state;
	const struct config_cleanup *settings = settings_of(app->config,
	        str_equal(field(flow, "cause"), "manual") ? CLEANUP_MANUAL
	                                                  : CLEANUP_BAD_CREDENTIALS);
	const char *action = settings->shared_no_users;
	const cJSON *member;

	if (str_equal(portal->kind, "im")) {
		return settings->private;
	}
	cJSON_ArrayForEach(member, state->members)
	{
		if (!is_person(app, member->string) ||
		        str_equal(member->string, field(flow, "user"))) {
			continue;
		}
		if (user_logins_find(app->users, portal->team_id, member->string) !=
		        NULL) {
			return settings->shared_has_users;
		}
		action = settings->relayed;
	}
	return action;
}

/* ---------------------------------------------------------------- asking */

static void handle_members(const cJSON *joined, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->gone = err->kind == ERR_PERMANENT;
	if (err->kind == ERR_NONE) {
		state->members = cJSON_Duplicate(joined, true);
		state->next = state->members->child;
	}
	flow_continue(flow, state->gone ? NULL : err);
}

static enum step_rc choose(struct flow *flow)
{
	const struct app *app = flow->app;
	const struct state *state = flow->state;
	const struct portal *portal = portals_by_room(app->portals, field(flow, "room"));

	if (portal == NULL || state->gone) {
		return STEP_END;
	}
	if (state->members == NULL) {
		return wait_matrix(
		        flow, matrix_joined_members(app->matrix, NULL,
		                      field(flow, "room"), handle_members, flow));
	}
	const char *action = action_for(flow, portal);
	flow_set_fact(flow, "action", is_wanted(action) ? action : "nothing");
	return is_wanted(action) ? STEP_DONE : STEP_END;
}

/* ---------------------------------------------------------------- removing */

/* Who cannot be removed has gone, or is mightier than the bot: the others go. */
static void handle_removed(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	bool is_over = err->kind == ERR_NONE || err->kind == ERR_PERMANENT;

	if (is_over) {
		state->next = state->next->next;
		state->removals++;
	}
	flow_continue(flow, is_over ? NULL : err);
}

static bool is_to_go(const struct flow *flow, const char *mxid)
{
	const struct app *app = flow->app;
	const char *action = flow_fact(flow, "action");

	if (str_equal(mxid, matrix_bot_mxid(app->matrix))) {
		return false; /* it goes last */
	}
	if (str_equal(action, "kick")) {
		return str_equal(mxid, field(flow, "user"));
	}
	return str_equal(action, "delete") || !is_person(app, mxid);
}

static enum step_rc remove_members(struct flow *flow)
{
	const struct app *app = flow->app;
	struct state *state = flow->state;
	const char *room = field(flow, "room");

	if (state->members == NULL && !state->gone) {
		return wait_matrix(flow, matrix_joined_members(app->matrix, NULL, room,
		                                 handle_members, flow));
	}
	while (state->next != NULL && !is_to_go(flow, state->next->string)) {
		state->next = state->next->next;
	}
	if (state->next == NULL || state->gone) {
		return STEP_DONE;
	}
	if (state->removals >= REMOVALS_A_LIFE) {
		err_set(&flow->err, ERR_RETRY, 0, "more are to be removed");
		flow->err.retry_after_ms = NEXT_LIFE_MS;
		return STEP_FAIL;
	}
	const char *mxid = state->next->string;
	return wait_matrix(flow,
	        is_person(app, mxid)
	                ? matrix_kick(app->matrix, room, mxid,
	                          "Their login to Slack has ended", handle_removed, flow)
	                : matrix_leave(
	                          app->matrix, mxid, room, NULL, handle_removed, flow));
}

/* ---------------------------------------------------------------- the room's end */

static void handle_left(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->gone = err->kind == ERR_NONE || err->kind == ERR_PERMANENT;
	flow_continue(flow, state->gone ? NULL : err);
}

static enum step_rc end_portal(struct flow *flow)
{
	const struct app *app = flow->app;
	const struct state *state = flow->state;
	const struct portal *portal = portals_by_room(app->portals, field(flow, "room"));

	log_info("room cleaned up after a logout", "room=%s action=%s",
	        field(flow, "room"), flow_fact(flow, "action"));
	if (str_equal(flow_fact(flow, "action"), "kick") || portal == NULL) {
		return STEP_END;
	}
	if (!state->gone) {
		return wait_matrix(
		        flow, matrix_leave(app->matrix, NULL, field(flow, "room"), NULL,
		                      handle_left, flow));
	}
	portals_end(app->portals, portal, flow_tx(flow));
	return STEP_END;
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	cJSON_Delete(state->members);
}

static const struct step steps[] = {
        {"choose", choose},
        {"remove", remove_members},
        {"end", end_portal},
        {NULL, NULL},
};

const struct flow_def room_cleanup_flow = {
        .name = FLOW_ROOM_CLEANUP,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};
