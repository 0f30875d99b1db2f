/* login token: a Matrix user logs in as a Slack user of their own, with the token and the
 * cookie of their Slack client (AUTH-05), in one message or asked for one by one. The
 * messages that carried them are redacted where the bot may. */
#include "bridge/command/command.h"

#include "bridge/flow/user_check.h"
#include "bridge/ops/secrets.h"
#include "bridge/slack/tokens.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(struct user_check) <= COMMAND_MEMORY_BYTES, "command memory");

void command_login_token_finish(void *memory)
{
	user_check_finish(memory);
}

/* ---------------------------------------------------------------- asking */

static const char token_question[] =
        "Please send the token of your Slack client. It begins with `xoxc-` (or `xoxs-`): in a "
        "browser that is signed in to the workspace it stands in the local storage, under "
        "`localConfig_v2`. Say `cancel` to stop.";
static const char cookie_question[] =
        "Please send the cookie `d` of the same browser. It begins with `xoxd-`.";

/* token: what has been said so far; NULL: nothing. */
static enum step_rc ask(struct command_call *call, const char *token, const char *before)
{
	cJSON *dialogue = json_new();
	autofree char *sealed =
	        token == NULL ? NULL : secrets_seal(call->app->secrets, token);

	json_set_str(dialogue, "want", token == NULL ? "token" : "cookie");
	json_set_str(dialogue, "token", sealed);
	command_ask(call, "login token", dialogue);
	command_reply(
	        call, "%s%s", before, token == NULL ? token_question : cookie_question);
	return STEP_DONE;
}

/* What it is instead of a client's token, for people. */
static const char *other_kind(const char *text)
{
	if (slack_token_is_bot(text)) {
		return "That is the token of a bot (`xoxb-`): it belongs to `login app`. ";
	}
	if (slack_token_is_app(text)) {
		return "That is an app-level token (`xapp-`): it belongs to `login app`. ";
	}
	if (slack_token_is_refresh(text)) {
		return "That is a refresh token (`xoxe-`): it belongs to `login app`. ";
	}
	if (str_starts(text, "xoxp-") || str_starts(text, "xoxe.xoxp-")) {
		return "That is a user token of an app (`xoxp-`), not of a Slack client. ";
	}
	if (str_starts(text, "xoxd-") || str_starts(text, "d=xoxd-")) {
		return "That is the cookie; it comes second. First the other one: ";
	}
	return "That does not look like the token of a Slack client. ";
}

/* ---------------------------------------------------------------- verifying */

static enum step_rc verify(
        struct command_call *call, const char *token, const char *cookie)
{
	struct user_check *check = call->memory;
	enum step_rc rc = user_check_run(call->flow, check, token, cookie);

	if (rc != STEP_DONE) {
		return rc;
	}
	if (check->refused[0] != '\0') {
		command_ask(call, NULL, NULL);
		command_reply(call, "You are not logged in: %s.", check->refused);
		return STEP_DONE;
	}
	user_check_store(call->flow, check, token, cookie, call->sender, "");
	command_ask(call, NULL, NULL);
	flow_set_fact(call->flow, "user_login", check->team_id);
	return STEP_DONE;
}

/* ---------------------------------------------------------------- the command */

static enum step_rc take_cookie(
        struct command_call *call, const char *token, const char *text)
{
	autofree char *cookie = slack_token_cookie(text);

	if (cookie == NULL) {
		return ask(call, token,
		        slack_token_is_client(text)
		                ? "That is the token again; now the cookie is needed. "
		                : "That does not look like the cookie. ");
	}
	return verify(call, token, cookie);
}

static enum step_rc take_token(struct command_call *call, const char *text)
{
	return slack_token_is_client(text) ? ask(call, text, "")
	                                   : ask(call, NULL, other_kind(text));
}

/* Both in one message, in any order; one alone is the token. */
static enum step_rc take_words(struct command_call *call)
{
	static const char spaces[] = " \t\r\n";
	autofree char *text = xstrdup(call->args);
	char *second = strpbrk(text, spaces);

	if (second == NULL) {
		return take_token(call, text);
	}
	*second++ = '\0';
	second += strspn(second, spaces);
	const char *token = slack_token_is_client(second) ? second : text;
	if (strpbrk(second, spaces) != NULL) {
		return ask(call, NULL, "That is more than a token and a cookie. ");
	}
	if (!slack_token_is_client(token)) {
		return ask(call, NULL, other_kind(text));
	}
	return take_cookie(call, token, token == text ? second : text);
}

static enum step_rc take_answer(struct command_call *call)
{
	if (str_equal(json_str(call->dialogue, "want"), "token")) {
		return take_words(call);
	}
	char *token = secrets_open(call->app->secrets,
	        json_str_or(call->dialogue, "token", ""), &call->flow->err);
	if (token == NULL) {
		return STEP_FAIL;
	}
	enum step_rc rc = take_cookie(call, token, call->args);
	secrets_wipe(token);
	return rc;
}

enum step_rc command_login_token(struct command_call *call)
{
	if (call->dialogue == NULL && call->args[0] == '\0') {
		return ask(call, NULL, "");
	}
	command_redact(call);
	return call->dialogue == NULL ? take_words(call) : take_answer(call);
}
