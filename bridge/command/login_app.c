/* login app: asks for the two tokens of a Slack app, verifies them, stores them and
 * connects.
 *
 * The app-level token (xapp-, scope connections:write) opens the connection, the bot
 * token (xoxb-) does everything else. The messages that carried them are redacted where
 * the bot may. */
#include "bridge/command/command.h"

#include "bridge/ops/secrets.h"
#include "bridge/slack/scopes.h"
#include "bridge/slack/tokens.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum { MAX_SCOPES_BYTES = 8 * 1024 };

/* What is known so far about the tokens being verified. */
struct memory {
	struct slack_api *bot_api, *app_api;
	char *team_id, *team, *url, *user_id, *bot_id, *app_id, *scopes;
	bool bot_verified, app_verified;
	struct err refused;
};
_Static_assert(sizeof(struct memory) <= COMMAND_MEMORY_BYTES, "command memory");

void command_login_app_finish(void *arg)
{
	struct memory *memory = arg;

	slack_api_destroy(&memory->bot_api);
	slack_api_destroy(&memory->app_api);
	free(memory->team_id);
	free(memory->team);
	free(memory->url);
	free(memory->user_id);
	free(memory->bot_id);
	free(memory->app_id);
	free(memory->scopes);
}

/* ---------------------------------------------------------------- asking */

static enum step_rc ask(struct command_call *call, const char *want,
        const char *bot_token, const char *before, const char *question)
{
	cJSON *dialogue = json_new();
	autofree char *sealed =
	        bot_token == NULL ? NULL : secrets_seal(call->app->secrets, bot_token);

	json_set_str(dialogue, "want", want);
	json_set_str(dialogue, "bot_token", sealed);
	command_ask(call, "login app", dialogue);
	command_reply(call, "%s%s", before, question);
	return STEP_DONE;
}

static const char bot_question[] =
        "Please send the bot token of the Slack app. It begins with `xoxb-` and stands under "
        "\"OAuth & Permissions\". Say `cancel` to stop.";
static const char app_question[] =
        "Please send the app-level token of the Slack app. It begins with `xapp-`, has the scope "
        "connections:write and stands under \"Basic Information\", \"App-Level Tokens\".";

static enum step_rc ask_bot_token(struct command_call *call, const char *before)
{
	return ask(call, "bot_token", NULL, before, bot_question);
}

static enum step_rc ask_app_token(
        struct command_call *call, const char *bot_token, const char *before)
{
	return ask(call, "app_token", bot_token, before, app_question);
}

/* ---------------------------------------------------------------- verifying */

static void handle_identity(
        const struct slack_identity *identity, const struct err *err, void *arg)
{
	struct command_call *call = arg;
	struct memory *memory = call->memory;
	static const struct err none = ERR_INIT;

	if (err->kind == ERR_PERMANENT) {
		memory->refused = *err;
		flow_continue(call->flow, &none);
		return;
	}
	if (err->kind == ERR_NONE) {
		memory->bot_verified = true;
		str_replace(&memory->team_id, identity->team_id);
		str_replace(&memory->team, identity->team);
		str_replace(&memory->url, identity->url);
		str_replace(&memory->user_id, identity->user_id);
		str_replace(&memory->bot_id, identity->bot_id);
		str_replace(&memory->app_id, identity->app_id);
		str_replace(&memory->scopes, identity->scopes);
	}
	flow_continue(call->flow, err);
}

static void handle_opened(const char *url, const struct err *err, void *arg)
{
	struct command_call *call = arg;
	struct memory *memory = call->memory;
	static const struct err none = ERR_INIT;

	(void)url; /* proves the token; the connection fetches its own */
	if (err->kind == ERR_PERMANENT) {
		memory->refused = *err;
		flow_continue(call->flow, &none);
		return;
	}
	memory->app_verified = err->kind == ERR_NONE;
	flow_continue(call->flow, err);
}

/* "https://sim-team.slack.com/" gives "sim-team". Caller frees. */
static char *domain_of(const char *url)
{
	const char *host = strstr(url, "://");
	host = host == NULL ? url : host + 3;
	return xstrndup(host, strcspn(host, "./:"));
}

/* What the app was not allowed, and what that costs (AUTH-04); NULL: nothing is missing,
 * or Slack did not say. Caller frees. */
static char *missing_scopes(const char *granted)
{
	struct buf text;
	bool any = false;

	buf_init(&text, MAX_SCOPES_BYTES);
	for (const struct slack_scope *scope = slack_scopes; scope->name != NULL;
	        scope++) {
		if (!slack_scope_is_in(scope->name, granted)) {
			buf_printf(&text, "\n`%s`: without it no %s", scope->name,
			        scope->without);
			any = true;
		}
	}
	char *missing = any && granted[0] != '\0' ? buf_take(&text) : NULL;
	buf_finish(&text);
	return missing;
}

static enum step_rc store_login(
        struct command_call *call, const char *bot_token, const char *app_token)
{
	struct app *app = call->app;
	struct memory *memory = call->memory;
	struct store_tx *tx = flow_tx(call->flow);
	autofree char *domain = domain_of(memory->url);
	autofree char *key = xasprintf("sync:%s", call->flow->key);
	autofree char *lane = xasprintf("l %s", memory->team_id);
	autojson cJSON *payload = json_set_str(json_new(), "team", memory->team_id);
	json_set_str(payload, "owner", call->sender);
	autofree char *text = json_print(payload);

	autofree char *sealed_bot = secrets_seal(app->secrets, bot_token);
	autofree char *sealed_app = secrets_seal(app->secrets, app_token);
	store_tx_add(tx, STMT_LOGIN_PUT, "sssssssssi", memory->team_id, memory->team,
	        domain, memory->app_id, memory->user_id, memory->bot_id, call->sender,
	        sealed_bot, sealed_app, loop_wall_ms(app->loop));
	queue_add(app->queue, tx, key, lane, FLOW_LOGIN_SYNC, text);
	command_ask(call, NULL, NULL);
	autofree char *missing = missing_scopes(memory->scopes);
	flow_set_fact(call->flow, "missing_scopes", missing);
	flow_set_fact(call->flow, "login", memory->team_id);
	log_info("login stored", "team=%s owner=%s", memory->team_id, call->sender);
	return STEP_DONE;
}

static enum step_rc verify(
        struct command_call *call, const char *bot_token, const char *app_token)
{
	struct app *app = call->app;
	struct memory *memory = call->memory;

	if (memory->bot_api == NULL) {
		const char *url = app->config->slack.api_url;
		memory->bot_api = slack_api_create(app->loop, app->http, url, bot_token);
		memory->app_api = slack_api_create(app->loop, app->http, url, app_token);
	}
	if (memory->refused.kind != ERR_NONE) {
		autofree char *before = xasprintf(
		        "Slack refuses the %s token: %s. Let us begin again. ",
		        memory->bot_verified ? "app-level" : "bot", memory->refused.name);
		return ask_bot_token(call, before);
	}
	if (!memory->bot_verified) {
		return wait_slack(call->flow,
		        slack_auth_test(memory->bot_api, handle_identity, call));
	}
	if (!memory->app_verified) {
		return wait_slack(call->flow,
		        slack_connections_open(memory->app_api, handle_opened, call));
	}
	return store_login(call, bot_token, app_token);
}

/* ---------------------------------------------------------------- the command */

static enum step_rc take_bot_token(struct command_call *call)
{
	if (slack_token_is_app(call->args)) {
		return ask_bot_token(call,
		        "That is an app-level token (`xapp-`); it comes "
		        "second. First the other one: ");
	}
	if (str_starts(call->args, "xoxp-") || str_starts(call->args, "xoxc-")) {
		return ask_bot_token(call, "That is the token of a user, not of a bot. ");
	}
	if (!slack_token_is_bot(call->args)) {
		return ask_bot_token(call, "That does not look like a bot token. ");
	}
	return ask_app_token(call, call->args, "");
}

static enum step_rc take_app_token(struct command_call *call)
{
	autofree char *bot_token = secrets_open(call->app->secrets,
	        json_str_or(call->dialogue, "bot_token", ""), &call->flow->err);

	if (bot_token == NULL) {
		return STEP_FAIL;
	}
	if (slack_token_is_bot(call->args)) {
		return ask_app_token(call, bot_token,
		        "That is a bot token (`xoxb-`) again; now the other one is needed. ");
	}
	if (!slack_token_is_app(call->args)) {
		return ask_app_token(
		        call, bot_token, "That does not look like an app-level token. ");
	}
	return verify(call, bot_token, call->args);
}

/* Both tokens in one message, in any order; one alone is the answer to its question. */
static enum step_rc take_words(struct command_call *call)
{
	const char *args = call->args;
	size_t first = strcspn(args, " \t\r\n");
	const char *rest = args + first + strspn(args + first, " \t\r\n");
	autofree char *one = xstrndup(args, first);

	if (rest[0] == '\0') {
		return take_bot_token(call);
	}
	if (slack_token_is_bot(one) && slack_token_is_app(rest)) {
		return verify(call, one, rest);
	}
	if (slack_token_is_app(one) && slack_token_is_bot(rest)) {
		return verify(call, rest, one);
	}
	return ask_bot_token(call,
	        "That is not a bot token (`xoxb-`) and an app-level token "
	        "(`xapp-`). One at a time, please. ");
}

enum step_rc command_login_app(struct command_call *call)
{
	if (call->dialogue == NULL && call->args[0] == '\0') {
		return ask_bot_token(call, "");
	}
	command_redact(call);
	if (call->dialogue == NULL) {
		return take_words(call);
	}
	if (str_equal(json_str(call->dialogue, "want"), "app_token")) {
		return take_app_token(call);
	}
	return take_bot_token(call);
}
