#include "bridge/flow/actor.h"

#include "bridge/flow/app.h"
#include "bridge/flow/members.h"
#include "bridge/flow/power.h"
#include "lib/str.h"

enum step_rc actor_ensure_member(
        struct flow *flow, const struct portal *portal, const char *mxid)
{
	struct app *app = flow->app;

	/* The bot made the room. */
	if (str_equal(mxid, matrix_bot_mxid(app->matrix))) {
		return STEP_DONE;
	}
	if (!members_has(app->members, portal->room_id, mxid)) {
		return wait_waiter(flow, members_ensure(app->members, portal->room_id,
		                                 mxid, flow_ready, flow));
	}
	/* What was said before a channel was archived may come after. */
	if (portal->level > 0 &&
	        !power_has(app->power, portal->room_id, mxid, portal->level)) {
		return wait_waiter(flow, power_voice(app->power, portal->room_id, mxid,
		                                 portal->level, flow_ready, flow));
	}
	return STEP_DONE;
}

enum step_rc actor_ensure(struct flow *flow, struct login *login,
        const struct portal *portal, const char *user_id, bool is_bot)
{
	struct app *app = flow->app;
	const struct ghost *ghost = ghosts_find(app->ghosts, login->team_id, user_id);

	if (ghost == NULL) {
		return wait_waiter(flow, ghosts_ensure(app->ghosts, login, user_id,
		                                 is_bot, flow_ready, flow));
	}
	return actor_ensure_member(flow, portal, ghost->mxid);
}

bool actor_was_thrown_out(struct flow *flow, const struct portal *portal,
        const char *mxid, const struct err *err, bool *rejoined)
{
	struct app *app = flow->app;

	if (err->kind != ERR_PERMANENT || !str_equal(err->name, "M_FORBIDDEN") ||
	        *rejoined) {
		return false;
	}
	*rejoined = true;
	members_forget(app->members, portal->room_id, mxid);
	return true;
}
