/* logout, list-logins: which workspaces somebody has logged in to, and the end of that.
 */
#include "bridge/command/command.h"

#include "bridge/flow/credentials.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/str.h"

enum { MAX_REPLY_BYTES = 16 * 1024 };

static bool may_touch(const struct command_call *call, const struct login *login)
{
	return str_equal(login->owner_mxid, call->sender) ||
	       config_permission(call->app->config, call->sender) >= PERM_ADMIN;
}

static bool is_named(const struct login *login, const char *name)
{
	return str_equal(login->team_id, name) || str_equal(login->team_domain, name) ||
	       str_equal(login->team_name, name);
}

enum step_rc command_list_logins(struct command_call *call)
{
	struct login *login;
	struct buf text;
	bool any = false;

	buf_init(&text, MAX_REPLY_BYTES);
	for (size_t i = 0; logins_next(call->app->logins, &i, &login);) {
		if (!may_touch(call, login)) {
			continue;
		}
		buf_printf(&text, "%s`%s` %s (%s), app %s, by %s: %s", any ? "\n" : "",
		        login->team_id, login->team_name, login->team_domain,
		        login->app_id, login->owner_mxid,
		        credentials_trouble(login->credentials)[0] != '\0'
		                ? credentials_trouble(login->credentials)
		                : socket_mode_state_to_str(
		                          socket_mode_state(login->socket)));
		any = true;
	}
	command_reply(call, "%s",
	        any ? buf_cstr(&text)
	            : "You are not logged in to any workspace. Say `login app` to log in.");
	buf_finish(&text);
	return STEP_DONE;
}

/* The one that is meant, NULL if none is or several could be. */
static struct login *find_meant(const struct command_call *call, size_t *count)
{
	struct login *login, *meant = NULL;

	*count = 0;
	for (size_t i = 0; logins_next(call->app->logins, &i, &login);) {
		bool is_meant = call->args[0] == '\0'
		                        ? str_equal(login->owner_mxid, call->sender)
		                        : is_named(login, call->args);
		if (is_meant && may_touch(call, login)) {
			meant = login;
			(*count)++;
		}
	}
	return *count == 1 ? meant : NULL;
}

enum step_rc command_logout(struct command_call *call)
{
	size_t count;
	struct login *login = find_meant(call, &count);

	if (login == NULL && count > 1) {
		command_reply(call,
		        "You are logged in to %zu workspaces; say which: `logout "
		        "<team>`. `list-logins` names them.",
		        count);
		return STEP_DONE;
	}
	if (login == NULL) {
		command_reply(call, "You are not logged in to %s.",
		        call->args[0] == '\0' ? "any workspace" : "that workspace");
		return STEP_DONE;
	}
	log_info("logout", "team=%s by=%s", login->team_id, call->sender);
	command_reply(call,
	        "Logged out of %s. Its tokens are forgotten; its rooms stay, and work again "
	        "after `login app`. To make the tokens worthless, revoke them in Slack.",
	        login->team_name);
	logins_end(login, flow_tx(call->flow));
	return STEP_DONE;
}
