/* login app: asks for the tokens of a Slack app, verifies them, stores them and connects.
 *
 * The app-level token (xapp-, scope connections:write) opens the connection, the bot
 * token (xoxb-) does everything else; one that expires (xoxe.xoxb-) comes with a refresh
 * token (xoxe-). The messages that carried them are redacted where
 * the bot may. */
#include "bridge/command/command.h"

#include "bridge/flow/login_check.h"
#include "bridge/ops/secrets.h"
#include "bridge/slack/tokens.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct login_check) <= COMMAND_MEMORY_BYTES, "command memory");

void command_login_app_finish(void *memory)
{
	login_check_finish(memory);
}

/* ---------------------------------------------------------------- asking */

/* What has been said so far. */
static void remember(
        struct command_call *call, cJSON *dialogue, const char *name, const char *token)
{
	autofree char *sealed =
	        token == NULL ? NULL : secrets_seal(call->app->secrets, token);

	json_set_str(dialogue, name, sealed);
}

static enum step_rc ask(struct command_call *call, const char *want,
        const struct login_tokens *tokens, const char *before, const char *question)
{
	cJSON *dialogue = json_new();

	json_set_str(dialogue, "want", want);
	remember(call, dialogue, "bot_token", tokens->bot);
	remember(call, dialogue, "refresh_token", tokens->refresh);
	command_ask(call, "login app", dialogue);
	command_reply(call, "%s%s", before, question);
	return STEP_DONE;
}

static const char bot_question[] =
        "Please send the bot token of the Slack app. It begins with `xoxb-` and stands under "
        "\"OAuth & Permissions\". Say `cancel` to stop.";
static const char refresh_question[] =
        "That bot token expires and is renewed with a refresh token. Please send that one; it "
        "begins with `xoxe-` and stands beside the bot token.";
static const char app_question[] =
        "Please send the app-level token of the Slack app. It begins with `xapp-`, has the scope "
        "connections:write and stands under \"Basic Information\", \"App-Level Tokens\".";

static enum step_rc ask_bot_token(struct command_call *call, const char *before)
{
	static const struct login_tokens no_tokens = {0};

	return ask(call, "bot_token", &no_tokens, before, bot_question);
}

static bool needs_refresh(const struct login_tokens *tokens)
{
	return slack_token_rotates(tokens->bot) && tokens->refresh == NULL;
}

/* For the first that is missing. */
static enum step_rc ask_next(
        struct command_call *call, const struct login_tokens *tokens, const char *before)
{
	if (slack_token_rotates(tokens->bot) && !config_can_rotate(call->app->config)) {
		return ask_bot_token(call,
		        "That bot token expires (`xoxe.xoxb-`), and to renew it the bridge needs "
		        "the app's client ID and secret: network.client_id and "
		        "network.client_secret in its configuration are not set. ");
	}
	if (needs_refresh(tokens)) {
		return ask(call, "refresh_token", tokens, before, refresh_question);
	}
	return ask(call, "app_token", tokens, before, app_question);
}

/* ---------------------------------------------------------------- verifying */

static enum step_rc store_login(
        struct command_call *call, const struct login_tokens *tokens)
{
	const struct login_check *check = call->memory;
	autofree char *missing = login_check_missing_scopes(check);

	REQ("AUTH-02");
	login_check_store(call->flow, check, tokens, call->sender, "");
	command_ask(call, NULL, NULL);
	flow_set_fact(call->flow, "missing_scopes", missing);
	flow_set_fact(call->flow, "login", check->team_id);
	return STEP_DONE;
}

static enum step_rc verify(struct command_call *call, const struct login_tokens *tokens)
{
	struct login_check *check = call->memory;
	enum step_rc rc = login_check_run(call->flow, check, tokens);

	if (rc != STEP_DONE) {
		return rc;
	}
	if (check->refused.kind != ERR_NONE) {
		autofree char *before =
		        xasprintf("Slack refuses the %s token: %s. Let us begin again. ",
		                check->refused_kind, check->refused.name);
		return ask_bot_token(call, before);
	}
	return store_login(call, tokens);
}

/* ---------------------------------------------------------------- the command */

static enum step_rc take_bot_token(struct command_call *call)
{
	if (slack_token_is_app(call->args)) {
		REQ("AUTH-01");
		return ask_bot_token(call,
		        "That is an app-level token (`xapp-`); it comes "
		        "second. First the other one: ");
	}
	if (str_starts(call->args, "xoxp-") || str_starts(call->args, "xoxc-")) {
		return ask_bot_token(call, "That is the token of a user, not of a bot. ");
	}
	if (slack_token_is_refresh(call->args)) {
		return ask_bot_token(call,
		        "That is a refresh token (`xoxe-`); the bot token it came with comes "
		        "first. ");
	}
	if (!slack_token_is_bot(call->args)) {
		return ask_bot_token(call, "That does not look like a bot token. ");
	}
	return ask_next(call, &(struct login_tokens){.bot = call->args}, "");
}

static enum step_rc take_refresh_token(
        struct command_call *call, struct login_tokens *tokens)
{
	tokens->refresh = NULL;
	if (!slack_token_is_refresh(call->args)) {
		return ask_next(
		        call, tokens, "That does not look like a refresh token. ");
	}
	tokens->refresh = call->args;
	return ask_next(call, tokens, "");
}

static enum step_rc take_app_token(struct command_call *call, struct login_tokens *tokens)
{
	if (slack_token_is_bot(call->args)) {
		return ask_next(call, tokens,
		        "That is a bot token (`xoxb-`) again; now the other one is needed. ");
	}
	if (!slack_token_is_app(call->args)) {
		return ask_next(
		        call, tokens, "That does not look like an app-level token. ");
	}
	tokens->app = call->args;
	return verify(call, tokens);
}

/* The answer to a question: what was said before is in the dialogue. */
static enum step_rc take_answer(struct command_call *call)
{
	const struct secrets *secrets = call->app->secrets;
	const char *want = json_str_or(call->dialogue, "want", "");
	const char *kept = json_str(call->dialogue, "refresh_token");

	if (str_equal(want, "bot_token")) {
		return take_bot_token(call);
	}
	autofree char *bot = secrets_open(
	        secrets, json_str_or(call->dialogue, "bot_token", ""), &call->flow->err);
	autofree char *refresh =
	        kept == NULL ? NULL : secrets_open(secrets, kept, &call->flow->err);
	if (bot == NULL || (kept != NULL && refresh == NULL)) {
		return STEP_FAIL;
	}
	struct login_tokens tokens = {.bot = bot, .refresh = refresh};
	return str_equal(want, "refresh_token") ? take_refresh_token(call, &tokens)
	                                        : take_app_token(call, &tokens);
}

/* Where a token of this kind goes; NULL: it is none, or there is one already. */
static const char **place_of(struct login_tokens *tokens, const char *word)
{
	const char **place = slack_token_is_bot(word)       ? &tokens->bot
	                     : slack_token_is_app(word)     ? &tokens->app
	                     : slack_token_is_refresh(word) ? &tokens->refresh
	                                                    : NULL;

	return place != NULL && *place == NULL ? place : NULL;
}

/* All tokens in one message, in any order; one alone is the answer to its question. */
static enum step_rc take_words(struct command_call *call)
{
	static const char spaces[] = " \t\r\n";
	autofree char *text = xstrdup(call->args);
	struct login_tokens tokens = {0};

	if (strpbrk(text, spaces) == NULL) {
		return take_bot_token(call);
	}
	for (char *word = text; *word != '\0';) {
		char *end = word + strcspn(word, spaces);
		char *next = end + strspn(end, spaces);
		*end = '\0';
		const char **place = place_of(&tokens, word);
		if (place == NULL) {
			tokens.bot = NULL;
			break;
		}
		*place = word;
		word = next;
	}
	if (tokens.bot == NULL) {
		return ask_bot_token(call,
		        "That is not a bot token (`xoxb-`) and an app-level token "
		        "(`xapp-`). One at a time, please. ");
	}
	if (tokens.app == NULL || needs_refresh(&tokens) ||
	        (slack_token_rotates(tokens.bot) &&
	                !config_can_rotate(call->app->config))) {
		return ask_next(call, &tokens, "");
	}
	return verify(call, &tokens);
}

enum step_rc command_login_app(struct command_call *call)
{
	if (call->dialogue == NULL && call->args[0] == '\0') {
		return ask_bot_token(call, "");
	}
	command_redact(call);
	return call->dialogue == NULL ? take_words(call) : take_answer(call);
}
