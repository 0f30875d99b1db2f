#include "sim-slack/control.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/socket.h"
#include "sim-slack/view.h"

#include <stdlib.h>

enum { MESSAGES_SHOWN = 1000 };

static cJSON *dump_user(const struct user *user)
{
	cJSON *object = json_set_str(json_new(), "id", user->id);

	json_set_str(object, "name", user->name);
	json_set_str(object, "real_name", user->real_name);
	json_set_str(object, "display_name", user->display_name);
	json_set_str(object, "bot_id", user->bot_id);
	return json_set_bool(object, "deleted", user->deleted);
}

static cJSON *dump_channel(const struct sim_slack *sim, const struct channel *channel)
{
	cJSON *object = json_set_str(json_new(), "id", channel->id);
	cJSON *members = cJSON_CreateArray(), *messages = cJSON_CreateArray();
	size_t cursor = 0, at = 0;
	const struct user *user;

	json_set_str(object, "name", channel->name);
	json_set_str(object, "type", view_channel_type(channel));
	json_set_bool(object, "archived", channel->archived);
	json_set_str(object, "topic", channel->topic.text);
	while ((user = channel_next_member(channel, &cursor))) {
		cJSON_AddItemToArray(members, cJSON_CreateString(user->name));
	}
	json_set(object, "members", members);
	if (channel->message_count > MESSAGES_SHOWN) {
		at = channel->message_count - MESSAGES_SHOWN;
	}
	for (; at < channel->message_count; at++) {
		cJSON_AddItemToArray(messages, view_message(sim, channel->messages[at],
		                                       VIEW_THREAD | VIEW_METADATA));
	}
	return json_set(object, "messages", messages);
}

static cJSON *dump_app(const struct app *app)
{
	cJSON *object = json_set_str(json_new(), "id", app->id);

	json_set_str(object, "name", app->name);
	json_set_str(object, "bot_user", app->bot->id);
	json_set_str(object, "bot_id", app->bot->bot_id);
	json_set_str(object, "scopes", app->tokens[TOKEN_BOT].scopes);
	return json_set_str(object, "events", app->subscriptions);
}

cJSON *control_state(const struct sim_slack *sim)
{
	cJSON *state = json_set_bool(json_new(), "ok", true);
	cJSON *users = cJSON_CreateArray(), *channels = cJSON_CreateArray();
	const struct channel *channel;
	const struct user *user;
	size_t cursor = 0;

	json_set(state, "team", view_team(sim));
	json_set(state, "app", dump_app(&sim->app));
	while ((user = workspace_next_user(&sim->ws, &cursor))) {
		cJSON_AddItemToArray(users, dump_user(user));
	}
	json_set(state, "users", users);
	cursor = 0;
	while ((channel = workspace_next_channel(&sim->ws, &cursor))) {
		cJSON_AddItemToArray(channels, dump_channel(sim, channel));
	}
	json_set(state, "channels", channels);
	json_set(state, "connections", sockets_state(sim->sockets));
	json_set(state, "pending", sim_slack_pending(sim));
	return json_set(state, "knobs", knobs_list(&sim->knobs));
}
