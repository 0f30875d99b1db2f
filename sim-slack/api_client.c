#include "sim-slack/api.h"

#include "lib/mem.h"
#include "sim-slack/clients.h"

/* For classic apps and clients alone (reference, 3.2 and 3.8). */
static void run_rtm_connect(struct api_call *call)
{
	const struct sim_slack *sim = call->sim;
	autofree char *url = clients_socket_url(sim->clients, call->client);
	cJSON *self = json_set_str(json_new(), "id", call->client->id);
	cJSON *team = json_set_str(json_new(), "id", sim->ws.team_id);

	json_set_str(call->reply, "url", url);
	json_set(call->reply, "self", json_set_str(self, "name", call->client->name));
	json_set_str(team, "name", sim->ws.name);
	json_set(call->reply, "team", json_set_str(team, "domain", sim->ws.domain));
}

const struct api_method api_client_methods[] = {
        {"rtm.connect", FOR_CLIENT, TIER_1, "", run_rtm_connect},
        {0},
};
