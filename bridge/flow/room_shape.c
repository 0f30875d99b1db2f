#include "bridge/flow/room_shape.h"

#include "bridge/flow/power_levels.h"
#include "lib/mem.h"
#include <stdlib.h>

char *room_shape_bridge_id(const char *domain, const char *appservice_id)
{
	return xasprintf("%s/%s", domain, appservice_id);
}

bool room_shape_is_of(
        const cJSON *bridge_info, const char *team_id, const char *channel_id)
{
	autofree char *id = xasprintf("%s-%s", team_id, channel_id);
	return str_equal(json_str(bridge_info, "channel.id"), id);
}

static void add_state(cJSON *state, const char *type, const char *key, cJSON *content)
{
	cJSON *event = json_new();

	json_set_str(event, "type", type);
	json_set_str(event, "state_key", key);
	json_set(event, "content", content);
	cJSON_AddItemToArray(state, event);
}

cJSON *room_shape_bridge_info(const struct room_shape *shape)
{
	cJSON *info = json_new(), *protocol = json_new(), *network = json_new();
	cJSON *channel = json_new();
	autofree char *channel_id = xasprintf("%s-%s", shape->team_id, shape->channel_id);

	json_set_str(
	        protocol, "id", "slackgo"); /* the name clients know from mautrix-slack */
	json_set_str(protocol, "displayname", "Slack");
	json_set_str(protocol, "external_url", "https://slack.com");
	json_set_str(network, "id", shape->team_id);
	json_set_str(network, "displayname", shape->team_name);
	json_set_str(channel, "id", channel_id);
	json_set_str(channel, "displayname", shape->name);
	json_set_str(info, "bridgebot", shape->bot_mxid);
	json_set_str(info, "creator", shape->bot_mxid);
	json_set(info, "protocol", protocol);
	json_set(info, "network", network);
	return json_set(info, "channel", channel);
}

cJSON *room_shape_to_json(const struct room_shape *shape)
{
	cJSON *body = json_new(), *state = cJSON_CreateArray(), *members = json_new();

	json_set(
	        members, "service_members", cJSON_CreateStringArray(&shape->bot_mxid, 1));
	add_state(state, "io.element.functional_members", "", members);
	add_state(state, "m.bridge", shape->bridge_id, room_shape_bridge_info(shape));
	add_state(state, "uk.half-shot.bridge", shape->bridge_id,
	        room_shape_bridge_info(shape));
	json_set_str(body, "visibility", "private");
	json_set_str(body, "preset", "private_chat");
	json_set_str(body, "name", shape->name);
	if (shape->topic != NULL && shape->topic[0] != '\0') {
		json_set_str(body, "topic", shape->topic);
	}
	json_set_bool(body, "is_direct", shape->is_direct);
	json_set(body, "initial_state", state);
	json_set(body, "power_level_content_override",
	        power_levels_new(shape->bot_mxid, shape->owner_mxid));
	if (!shape->federate) {
		json_set(body, "creation_content",
		        json_set_bool(json_new(), "m.federate", false));
	}
	return body;
}
