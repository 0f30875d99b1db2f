/* What Slack's own clients call at first (section 3.8), and what finds the way to their
 * socket. Undocumented: the fields are those that clients written by others read. */
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/api.h"
#include "sim-slack/clients.h"
#include "sim-slack/view.h"

#include <stdlib.h>

static void add_channels(struct api_call *call, cJSON *channels, cJSON *ims)
{
	size_t cursor = 0;
	struct channel *channel;

	while ((channel = workspace_next_channel(&call->sim->ws, &cursor))) {
		if (channel_has(channel, call->user)) {
			cJSON_AddItemToArray(channel->kind == CHANNEL_IM ? ims : channels,
			        view_channel(call->sim, call->user, channel,
			                VIEW_MEMBERSHIP | VIEW_LAST_READ));
		}
	}
}

static void run_boot(struct api_call *call)
{
	cJSON *channels = cJSON_CreateArray(), *ims = cJSON_CreateArray();

	add_channels(call, channels, ims);
	json_set(call->reply, "self", view_user(call->sim, call->user));
	json_set(call->reply, "team", view_team(call->sim));
	json_set(call->reply, "ims", ims);
	json_set(call->reply, "channels", channels);
	json_set(call->reply, "workspaces", cJSON_CreateArray());
	json_set_int(call->reply, "cache_ts", sim_now_s(call->sim));
}

static cJSON *count_of(const struct channel *channel)
{
	cJSON *object = json_set_str(json_new(), "id", channel->id);
	char latest[TS_SIZE];

	ts_format(channel->last_us, latest);
	json_set_str(object, "last_read", channel->last_read);
	json_set_str(object, "latest", latest);
	json_set_str(object, "updated", latest);
	json_set_int(object, "mention_count", 0);
	return json_set_bool(object, "has_unreads", false);
}

static void run_counts(struct api_call *call)
{
	cJSON *lists[3], *threads = json_set_bool(json_new(), "has_unreads", false);
	size_t cursor = 0;
	const struct channel *channel;

	for (int i = 0; i < 3; i++) {
		lists[i] = cJSON_CreateArray();
	}
	while ((channel = workspace_next_channel(&call->sim->ws, &cursor))) {
		if (channel_has(channel, call->user)) {
			cJSON_AddItemToArray(lists[channel->kind == CHANNEL_MPIM   ? 1
			                             : channel->kind == CHANNEL_IM ? 2
			                                                           : 0],
			        count_of(channel));
		}
	}
	json_set(call->reply, "channels", lists[0]);
	json_set(call->reply, "mpims", lists[1]);
	json_set(call->reply, "ims", lists[2]);
	json_set_int(threads, "mention_count", 0);
	json_set(call->reply, "threads", threads);
}

static void run_rtm(struct api_call *call)
{
	autofree char *url = clients_socket_url(call->sim->clients, call->user);
	cJSON *team = json_set_str(json_new(), "id", call->sim->ws.team_id);
	cJSON *self = json_set_str(json_new(), "id", call->user->id);

	json_set_str(team, "name", call->sim->ws.name);
	json_set_str(call->reply, "url", url);
	json_set(call->reply, "team", json_set_str(team, "domain", call->sim->ws.domain));
	json_set(call->reply, "self", json_set_str(self, "name", call->user->name));
}

const struct api_method api_clients_methods[] = {
        {"client.userBoot", FOR_CLIENT, TIER_3, "", run_boot},
        {"client.counts", FOR_CLIENT, TIER_3, "", run_counts},
        {"rtm.connect", FOR_CLIENT, TIER_1, "", run_rtm},
        {0},
};
