/* sync: looks at one conversation again, or at all of the sender's workspaces. */
#include "bridge/command/meant.h"
#include "bridge/flow/slack_channel.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

/* Rooms for conversations that have none, and a look at those that have. */
static void sync_login(struct command_call *call, struct login *login)
{
	struct app *app = call->app;
	struct store_tx *tx = flow_tx(call->flow);
	autofree char *key = xasprintf("sync:%s:%s", login->team_id, call->flow->key);
	autofree char *lane = xasprintf("l %s", login->team_id);
	autojson cJSON *payload = json_set_str(json_new(), "team", login->team_id);

	json_set_str(payload, "owner", login->owner_mxid);
	autofree char *text = json_print(payload);
	queue_add(app->queue, tx, key, lane, FLOW_LOGIN_SYNC, text);
	login_look_add(login, tx, loop_wall_ms(app->loop));
}

static enum step_rc sync_all(struct command_call *call)
{
	struct login *login;
	size_t count = 0;
	bool is_admin = config_permission(call->app->config, call->sender) >= PERM_ADMIN;

	for (size_t i = 0; logins_next(call->app->logins, &i, &login);) {
		if (is_admin || str_equal(login->owner_mxid, call->sender)) {
			sync_login(call, login);
			count++;
		}
	}
	if (count == 0) {
		command_reply(call, "You are not logged in to any workspace.");
	} else {
		command_reply(call, "Looking at all channels of %zu workspace%s.", count,
		        count == 1 ? "" : "s");
	}
	return STEP_DONE;
}

enum step_rc command_sync(struct command_call *call)
{
	const struct app *app = call->app;

	if (call->args[0] == '\0' &&
	        portals_by_room(app->portals, call->room_id) == NULL) {
		return sync_all(call);
	}
	const struct portal *portal = meant_portal(call);
	if (portal != NULL && meant_may(call, portal->team_id)) {
		autofree char *key = xasprintf("look:%s", call->flow->key);
		slack_channel_look_as(call->app, flow_tx(call->flow), key,
		        CHANNEL_LOOK_ROOM, portal->team_id, portal->channel_id);
		command_reply(call, "Looking at %s.", portal->name);
	}
	return STEP_DONE;
}
