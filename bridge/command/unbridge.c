/* unbridge, delete-portal, delete-all-portals: the end of rooms. */
#include "bridge/command/meant.h"
#include "bridge/flow/room_end.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { PORTALS_AT_ONCE = 200 };

static void end_portal(struct command_call *call, const struct portal *portal,
        enum room_end end, const char *words)
{
	struct store_tx *tx = flow_tx(call->flow);
	autofree char *key = xasprintf("end:%s:%s", call->flow->key, portal->room_id);

	log_info("portal closed", "team=%s channel=%s room=%s by=%s", portal->team_id,
	        portal->channel_id, portal->room_id, call->sender);
	room_end_add(call->app, tx, key, portal->room_id, end, words);
	portals_close(call->app->portals, portal, end == ROOM_LEFT, tx);
}

enum step_rc command_unbridge(struct command_call *call)
{
	const struct portal *portal = meant_portal(call);

	if (portal == NULL || !meant_may(call, portal->team_id)) {
		return STEP_DONE;
	}
	command_reply(call,
	        "%s is not bridged any more. The room stays; `open %s` makes a new one.",
	        portal->name, portal->channel_id);
	end_portal(call, portal, ROOM_LEFT,
	        "This room is not bridged any more. What is said here stays here.");
	return STEP_DONE;
}

enum step_rc command_delete_portal(struct command_call *call)
{
	const struct portal *portal = meant_portal(call);

	if (portal == NULL || !meant_may(call, portal->team_id)) {
		return STEP_DONE;
	}
	command_reply(call,
	        "The room of %s is emptied. The next message on Slack makes a new one.",
	        portal->name);
	end_portal(call, portal, ROOM_EMPTIED, NULL);
	return STEP_DONE;
}

enum step_rc command_delete_all_portals(struct command_call *call)
{
	const struct portal *portal;
	size_t count = 0;
	bool more = false;

	if (!str_equal(call->args, "yes")) {
		command_reply(call, "This empties every bridged room. Say "
		                    "`delete-all-portals yes` if you mean it.");
		return STEP_DONE;
	}
	for (size_t i = 0; portals_next(call->app->portals, &i, &portal);) {
		if (count >= PORTALS_AT_ONCE) {
			more = true;
			break;
		}
		end_portal(call, portal, ROOM_EMPTIED, NULL);
		count++;
	}
	command_reply(call, "%zu rooms are emptied.%s", count,
	        more ? " There are more: say it again." : "");
	return STEP_DONE;
}
