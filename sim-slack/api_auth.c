#include "sim-slack/api.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
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
	const struct user *who = call->client ? call->client : sim->app.bot;
	cJSON *reply = call->reply;

	if (call->kind == TOKEN_APP) {
		json_set_str(reply, "app_name", sim->app.name);
		json_set_str(reply, "app_id", sim->app.id);
		return;
	}
	json_set_str(reply, "url", url);
	json_set_str(reply, "team", sim->ws.name);
	json_set_str(reply, "user", who->name);
	json_set_str(reply, "team_id", sim->ws.team_id);
	json_set_str(reply, "user_id", who->id);
	json_set_str(reply, "bot_id", who->bot_id);
	json_set_bool(reply, "is_enterprise_install", false);
}

/* A bot token that was revoked is answered account_inactive from then on, an app's
 * invalid_auth. */
static void run_auth_revoke(struct api_call *call)
{
	struct token *token = &call->sim->app.tokens[call->kind];
	bool test = api_bool(call, "test", false);

	json_set_bool(call->reply, "revoked", !test);
	if (test) {
		return;
	}
	snprintf(token->error, sizeof(token->error), "%s",
	        call->kind == TOKEN_BOT ? "account_inactive" : "invalid_auth");
	if (call->kind == TOKEN_BOT) {
		act_tokens_revoked(call->sim);
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
        {"auth.test", FOR_BOT | FOR_APP | FOR_CLIENT | TAKES_JSON, TIER_MANY, "",
                run_auth_test},
        {"auth.revoke", FOR_BOT | FOR_APP, TIER_3, "", run_auth_revoke},
        {"apps.connections.open", FOR_APP | ONLY_POST | ONLY_HEADER | TAKES_JSON, TIER_3,
                "connections:write", run_connections_open},
        {"team.info", FOR_BOT | TAKES_JSON, TIER_3, "team:read", run_team_info},
        {0},
};
