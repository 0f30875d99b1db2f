/* bridge: an existing room becomes that of a channel. */
#include "bridge/command/meant.h"
#include "bridge/flow/power_levels.h"
#include "bridge/flow/slack_channel.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <assert.h>
#include <stdlib.h>

struct memory {
	bool asked;
	int level;     /* of who asks */
	int bot_level; /* and of the bot */
};

static_assert(sizeof(struct memory) <= COMMAND_MEMORY_BYTES, "the command's memory");

static int level_of(const cJSON *levels, const char *mxid)
{
	const cJSON *users = json_obj(levels, "users");
	const cJSON *own = cJSON_GetObjectItemCaseSensitive(users, mxid);

	return cJSON_IsNumber(own) ? own->valueint
	                           : (int)json_int(levels, "users_default", 0);
}

static void handle_levels(const cJSON *levels, const struct err *err, void *arg)
{
	struct command_call *call = arg;
	struct memory *memory = call->memory;

	if (err->kind == ERR_NONE) {
		memory->asked = true;
		memory->level = level_of(levels, call->sender);
		memory->bot_level = level_of(levels, matrix_bot_mxid(call->app->matrix));
	}
	flow_continue(call->flow, err);
}

static void adopt(struct command_call *call, const char *team_id, const char *channel_id)
{
	const struct memory *memory = call->memory;
	autofree char *key = xasprintf("look:%s", call->flow->key);
	bool may_all = memory->bot_level >= LEVEL_BOT;

	portals_adopt(call->app->portals, team_id, channel_id, call->room_id,
	        flow_tx(call->flow));
	slack_channel_look_as(call->app, flow_tx(call->flow), key, CHANNEL_LOOK_ROOM,
	        team_id, channel_id);
	command_reply(call, "This room is bridged with %s now.%s", channel_id,
	        may_all ? ""
	                : " Give me the power level 100, so that I can keep its name and "
	                  "topic, and invite people from Slack.");
}

enum step_rc command_bridge(struct command_call *call)
{
	struct memory *memory = call->memory;
	const struct app *app = call->app;
	autofree char *channel_id = NULL;
	const struct login *login = NULL;

	if (portals_by_room(app->portals, call->room_id) != NULL) {
		command_reply(
		        call, "This room is bridged already: `unbridge` ends that.");
		return STEP_DONE;
	}
	login = meant_conversation(call, &channel_id);
	if (login == NULL) {
		return STEP_DONE;
	}
	if (channel_id == NULL) {
		command_reply(call,
		        "Say the ID of the channel: `bridge C0123456789`. Slack "
		        "shows it at the end of the channel's details.");
		return STEP_DONE;
	}
	if (portals_by_channel(app->portals, login->team_id, channel_id) != NULL) {
		command_reply(call,
		        "That channel has a room already: `unbridge %s` ends that.",
		        channel_id);
		return STEP_DONE;
	}
	if (!memory->asked) {
		return wait_matrix(call->flow,
		        matrix_get_state(app->matrix, NULL, call->room_id,
		                "m.room.power_levels", "", handle_levels, call));
	}
	if (memory->level < LEVEL_MODERATOR) {
		command_reply(call, "Only moderators of this room can do that.");
		return STEP_DONE;
	}
	adopt(call, login->team_id, channel_id);
	return STEP_DONE;
}
