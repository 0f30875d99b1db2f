#include "sim-slack/api.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/events.h"
#include "sim-slack/socket.h"
#include "sim-slack/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run_api_test(struct api_call *call)
{
	const char *error = api_str(call, "error");

	if (error && *error) {
		api_fail(call, error);
	}
	if (call->args->child) {
		json_set(call->reply, "args", cJSON_Duplicate(call->args, true));
	}
}

static void run_auth_test(struct api_call *call)
{
	const struct sim_slack *sim = call->sim;
	autofree char *url = xasprintf("https://%s.slack.com/", sim->ws.domain);
	cJSON *reply = call->reply;

	if (call->kind == TOKEN_APP) {
		json_set_str(reply, "app_name", sim->app.name);
		json_set_str(reply, "app_id", sim->app.id);
		return;
	}
	json_set_str(reply, "url", url);
	json_set_str(reply, "team", sim->ws.name);
	json_set_str(reply, "user", call->user->name);
	json_set_str(reply, "team_id", sim->ws.team_id);
	json_set_str(reply, "user_id", call->user->id);
	json_set_str(reply, "bot_id", call->user->bot_id);
	json_set_bool(reply, "is_enterprise_install", false);
	if (call->expires_in_s > 0) {
		json_set_int(reply, "expires_in", call->expires_in_s);
	}
}

static void run_connections_open(struct api_call *call)
{
	autofree char *url = NULL;

	if (!call->sim->knobs.socket_mode) {
		api_fail(call, call->sim->knobs.socket_mode_error);
		return;
	}
	url = sockets_new_url(call->sim->sockets);
	json_set_str(call->reply, "url", url);
}

static void run_authorizations(struct api_call *call)
{
	const char *context = api_need(call, "event_context");

	if (context && !event_context_is_ours(call->sim, context)) {
		api_fail(call, "invalid_event_context");
	} else if (context) {
		json_set(call->reply, "authorizations", event_authorizations(call->sim));
		api_next_cursor(call, "authorization", NULL);
	}
}

static void run_team_info(struct api_call *call)
{
	const char *team = api_str(call, "team");
	const char *domain = api_str(call, "domain");

	if ((team && *team && !str_equal(team, call->sim->ws.team_id)) ||
	        (domain && *domain && !str_equal(domain, call->sim->ws.domain))) {
		api_fail(call, "team_not_found");
		return;
	}
	json_set(call->reply, "team", view_team(call->sim));
}

const struct api_method api_auth_methods[] = {
        {"api.test", FOR_NOBODY | TAKES_JSON, TIER_4, "", run_api_test},
        {"auth.test", FOR_BOT | FOR_APP | TAKES_JSON, TIER_MANY, "", run_auth_test},
        {"apps.connections.open", FOR_APP | ONLY_POST | ONLY_HEADER | TAKES_JSON, TIER_3,
                "connections:write", run_connections_open},
        {"apps.event.authorizations.list", FOR_APP | TAKES_JSON, TIER_MANY,
                "authorizations:read", run_authorizations},
        {"team.info", FOR_BOT | TAKES_JSON, TIER_3, "team:read", run_team_info},
        {0},
};
