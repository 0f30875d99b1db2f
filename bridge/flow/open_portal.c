/* open_portal: a conversation gets its room, without any message yet: at login, or
 * because the bot was invited. */
#include "bridge/flow/app.h"
#include "bridge/flow/invite_owner.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/portals.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include <stdlib.h>

struct state {
	bool made; /* by this job: then its owner is invited anyway */
};

static enum step_rc ensure_portal(struct flow *flow)
{
	struct app *app = flow->app;
	const char *team_id = json_str_or(flow->payload, "team", "");
	const char *channel_id = json_str_or(flow->payload, "channel", "");
	struct login *login = logins_by_team(app->logins, team_id);
	const struct portal *portal =
	        portals_by_channel(app->portals, team_id, channel_id);
	struct state *state = flow->state;

	if (login == NULL) {
		err_set(&flow->err, ERR_PERMANENT, 0,
		        "not logged in to workspace %s any more", team_id);
		return STEP_FAIL;
	}
	if (portal != NULL) {
		/* Whoever logs in to a workspace that others use already joins them. */
		if (json_bool(flow->payload, "invite", false) && !state->made) {
			autofree char *key = xasprintf("owner:%s", flow->key);
			/* As the job says: the login may not have been read again yet. */
			REQ("PORT-05");
			invite_owner_add(app, flow_tx(flow), key, portal->room_id,
			        json_str_or(flow->payload, "owner", login->owner_mxid));
		}
		return STEP_DONE;
	}
	if (json_bool(flow->payload, "reopen", false)) {
		portals_reopen(app->portals, team_id, channel_id);
	}
	if (portals_is_closed(app->portals, team_id, channel_id)) {
		return STEP_END;
	}
	state->made = true;
	return wait_waiter(
	        flow, portals_ensure(app->portals, login, channel_id, flow_ready, flow));
}

/* Whoever asked for it by a command. */
static void tell(struct flow *flow, struct store_tx *tx)
{
	const char *room = json_str_or(flow->payload, "asked_in", "");
	autofree char *key = xasprintf("notice:%s", flow->key);
	bool hidden = str_equal(flow->err.name, "channel_not_found");
	autofree char *text = xasprintf("That channel could not be opened: %s.",
	        hidden ? "there is none of that ID that the app can see" : flow->err.msg);

	if (room[0] != '\0') {
		notice_add(flow->app, tx, key, room, NULL, text);
	}
}

static const struct step steps[] = {
        {"portal", ensure_portal},
        {NULL, NULL},
};

const struct flow_def open_portal_flow = {
        .name = FLOW_OPEN_PORTAL,
        .steps = steps,
        .state_size = sizeof(struct state),
        .dead = tell,
};
