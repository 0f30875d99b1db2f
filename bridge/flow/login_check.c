#include "bridge/flow/login_check.h"

#include "bridge/flow/wait.h"
#include "bridge/ops/secrets.h"
#include "bridge/slack/scopes.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_SCOPES_BYTES = 8 * 1024 };

static const struct err none = ERR_INIT;

/* A refusal is an answer too. */
static void go_on(struct login_check *check, const char *kind, const struct err *err)
{
	if (err->kind == ERR_PERMANENT) {
		check->refused = *err;
		check->refused_kind = kind;
		err = &none;
	}
	flow_continue(check->flow, err);
}

/* ---------------------------------------------------------------- the bot token */

static void handle_identity(
        const struct slack_identity *identity, const struct err *err, void *arg)
{
	struct login_check *check = arg;
	const struct app *app = check->flow->app;

	if (err->kind == ERR_NONE) {
		check->bot_verified = true;
		str_replace(&check->team_id, identity->team_id);
		str_replace(&check->team, identity->team);
		str_replace(&check->url, identity->url);
		str_replace(&check->user_id, identity->user_id);
		str_replace(&check->bot_id, identity->bot_id);
		str_replace(&check->app_id, identity->app_id);
		str_replace(&check->scopes, identity->scopes);
		/* If Slack does not say, it is renewed at once. */
		check->expires_ms = loop_wall_ms(app->loop) + identity->expires_in_ms;
	}
	go_on(check, "bot", err);
}

/* ---------------------------------------------------------------- a new pair */

static void handle_pair(const struct slack_pair *pair, const struct err *err, void *arg)
{
	struct login_check *check = arg;
	const struct app *app = check->flow->app;

	if (err->kind == ERR_NONE) {
		autofree char *bot = secrets_seal(app->secrets, pair->access_token);
		autofree char *refresh = secrets_seal(app->secrets, pair->refresh_token);
		flow_set_fact(check->flow, "new_bot_token", bot);
		flow_set_fact(check->flow, "new_refresh_token", refresh);
		flow_set_fact(check->flow, "pair", "new");
	}
	go_on(check, "refresh", err);
}

static enum step_rc renew(struct flow *flow, struct login_check *check)
{
	const struct app *app = flow->app;
	const struct config *config = app->config;

	check->refused = none;
	if (check->oauth_api == NULL) {
		check->oauth_api = app_slack_api(app, NULL, "");
	}
	return wait_slack(
	        flow, slack_oauth_refresh(check->oauth_api, config->slack.client_id,
	                      config->slack.client_secret, check->refresh_token,
	                      handle_pair, check));
}

/* The tokens given, or the pair that has come since. False: it cannot be opened. */
static bool take_tokens(
        struct flow *flow, struct login_check *check, const struct login_tokens *tokens)
{
	const struct app *app = flow->app;
	const char *bot = flow_fact(flow, "new_bot_token");
	const char *refresh = flow_fact(flow, "new_refresh_token");

	slack_api_destroy(&check->bot_api);
	secrets_wipe(check->bot_token);
	secrets_wipe(check->refresh_token);
	check->bot_token = bot == NULL ? xstrdup(tokens->bot)
	                               : secrets_open(app->secrets, bot, &flow->err);
	check->refresh_token =
	        refresh != NULL ? secrets_open(app->secrets, refresh, &flow->err)
	                        : xstrdup(tokens->refresh == NULL ? "" : tokens->refresh);
	if (check->bot_token == NULL || check->refresh_token == NULL) {
		return false;
	}
	check->bot_api = app_slack_api(app, check->bot_token, "");
	return true;
}

/* ---------------------------------------------------------------- the app-level token */

static void handle_opened(const char *url, const struct err *err, void *arg)
{
	struct login_check *check = arg;

	(void)url; /* proves the token; the connection fetches its own */
	check->app_verified = err->kind == ERR_NONE;
	go_on(check, "app-level", err);
}

/* ---------------------------------------------------------------- all of it */

static bool can_renew(const struct flow *flow, const struct login_check *check)
{
	const struct app *app = flow->app;

	return str_equal(check->refused.name, "token_expired") &&
	       check->refresh_token[0] != '\0' && config_can_rotate(app->config) &&
	       flow_fact(flow, "new_bot_token") == NULL;
}

enum step_rc login_check_run(
        struct flow *flow, struct login_check *check, const struct login_tokens *tokens)
{
	const struct app *app = flow->app;

	check->flow = flow;
	if (flow_fact(flow, "pair") != NULL) {
		flow_set_fact(flow, "pair", NULL);
		slack_api_destroy(&check->bot_api);
		return STEP_SAVE; /* before it is used */
	}
	if (check->bot_api == NULL && !take_tokens(flow, check, tokens)) {
		return STEP_FAIL;
	}
	if (can_renew(flow, check)) {
		return renew(flow, check);
	}
	if (check->refused.kind != ERR_NONE) {
		return STEP_DONE;
	}
	if (!check->bot_verified) {
		return wait_slack(
		        flow, slack_auth_test(check->bot_api, handle_identity, check));
	}
	if (!check->app_verified) {
		if (check->app_api == NULL) {
			check->app_api = app_slack_api(app, tokens->app, check->team_id);
		}
		return wait_slack(flow,
		        slack_connections_open(check->app_api, handle_opened, check));
	}
	return STEP_DONE;
}

/* "https://sim-team.slack.com/" gives "sim-team". Caller frees. */
static char *domain_of(const char *url)
{
	const char *host = strstr(url, "://");
	host = host == NULL ? url : host + 3;
	return xstrndup(host, strcspn(host, "./:"));
}

void login_check_store(struct flow *flow, const struct login_check *check,
        const struct login_tokens *tokens, const char *owner_mxid, const char *declared)
{
	struct app *app = flow->app;
	struct store_tx *tx = flow_tx(flow);
	bool rotates = check->refresh_token[0] != '\0';
	autofree char *domain = domain_of(check->url);
	autofree char *key = xasprintf("sync:%s", flow->key);
	autofree char *lane = xasprintf("l %s", check->team_id);
	autojson cJSON *payload = json_set_str(json_new(), "team", check->team_id);
	json_set_str(payload, "owner", owner_mxid);
	autofree char *text = json_print(payload);
	autofree char *bot = secrets_seal(app->secrets, check->bot_token);
	autofree char *app_token = secrets_seal(app->secrets, tokens->app);
	autofree char *refresh = secrets_seal(app->secrets, check->refresh_token);

	store_tx_add(tx, STMT_LOGIN_PUT, "sssssssssisis", check->team_id, check->team,
	        domain, check->app_id, check->user_id, check->bot_id, owner_mxid, bot,
	        app_token, loop_wall_ms(app->loop), refresh,
	        rotates ? check->expires_ms : (int64_t)0, declared);
	queue_add(app->queue, tx, key, lane, FLOW_LOGIN_SYNC, text);
	flow_set_fact(flow, "new_bot_token", NULL);
	flow_set_fact(flow, "new_refresh_token", NULL);
	log_info("login stored", "team=%s owner=%s", check->team_id, owner_mxid);
}

char *login_check_missing_scopes(const struct login_check *check)
{
	const char *granted = check->scopes;
	struct buf text;
	bool any = false;

	buf_init(&text, MAX_SCOPES_BYTES);
	for (const struct slack_scope *scope = slack_scopes; scope->name != NULL;
	        scope++) {
		if (!slack_scope_is_in(scope->name, granted)) {
			buf_printf(&text, "\n`%s`: without it no %s", scope->name,
			        scope->without);
			REQ("AUTH-04");
			any = true;
		}
	}
	char *missing = any && granted[0] != '\0' ? buf_take(&text) : NULL;
	buf_finish(&text);
	return missing;
}

void login_check_finish(struct login_check *check)
{
	slack_api_destroy(&check->bot_api);
	slack_api_destroy(&check->app_api);
	slack_api_destroy(&check->oauth_api);
	free(check->team_id);
	free(check->team);
	free(check->url);
	free(check->user_id);
	free(check->bot_id);
	free(check->app_id);
	free(check->scopes);
	secrets_wipe(check->bot_token);
	secrets_wipe(check->refresh_token);
}
