/* logout, list-logins: the logins somebody has - of a workspace's app, and their own as a
 * Slack user - and the end of one. */
#include "bridge/command/command.h"

#include "bridge/flow/credentials.h"
#include "bridge/flow/room_cleanup.h"
#include "bridge/flow/user_logins.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { MAX_REPLY_BYTES = 16 * 1024 };

static bool may_touch(const struct command_call *call, const char *owner)
{
	return str_equal(owner, call->sender) ||
	       config_permission(call->app->config, call->sender) >= PERM_ADMIN;
}

static void list_app(struct buf *text, const struct login *login)
{
	const char *trouble = credentials_trouble(login->credentials);

	buf_printf(text, "`%s` %s (%s), app %s, by %s: %s\n", login->team_id,
	        login->team_name, login->team_domain, login->app_id, login->owner_mxid,
	        trouble[0] != '\0'
	                ? trouble
	                : socket_mode_state_to_str(socket_mode_state(login->socket)));
}

static void list_user(struct buf *text, const struct user_login *user)
{
	const char *trouble = credentials_trouble(user->credentials);
	autofree char *name = user_login_name(user);
	bool has_app = logins_by_team(user->app->logins, user->team_id) != NULL;

	buf_printf(text, "`%s` %s as %s, by %s: %s\n", name, user->team_name,
	        user->user_name, user->mxid,
	        trouble[0] != '\0' ? trouble
	        : has_app          ? "ready"
	                           : "waits for a `login app` of this workspace");
}

enum step_rc command_list_logins(struct command_call *call)
{
	struct login *login;
	struct user_login *user;
	struct buf text;

	buf_init(&text, MAX_REPLY_BYTES);
	for (size_t i = 0; logins_next(call->app->logins, &i, &login);) {
		if (may_touch(call, login->owner_mxid)) {
			list_app(&text, login);
		}
	}
	for (size_t i = 0; user_logins_next(call->app->users, &i, &user);) {
		if (may_touch(call, user->mxid)) {
			list_user(&text, user);
		}
	}
	while (text.len > 0 && text.data[text.len - 1] == '\n') {
		text.data[--text.len] = '\0';
	}
	command_reply(call, "%s",
	        text.len > 0
	                ? buf_cstr(&text)
	                : "You are not logged in to any workspace. Say `login app` to log in.");
	buf_finish(&text);
	return STEP_DONE;
}

/* ---------------------------------------------------------------- the end of one */

struct meant {
	struct login *login;
	struct user_login *user;
	size_t count;
};

/* How well a name fits: its own name, or that of its workspace. */
enum fit { FIT_NOT, FIT_TEAM, FIT_NAME };

static enum fit fit_login(const struct login *login, const char *name)
{
	bool is_team =
	        str_equal(login->team_domain, name) || str_equal(login->team_name, name);

	return str_equal(login->team_id, name) ? FIT_NAME : is_team ? FIT_TEAM : FIT_NOT;
}

static enum fit fit_user(const struct user_login *user, const char *given)
{
	autofree char *name = user_login_name(user);
	const struct login *login = logins_by_team(user->app->logins, user->team_id);
	bool is_team = str_equal(user->team_id, given) ||
	               str_equal(user->team_name, given) ||
	               (login != NULL && str_equal(login->team_domain, given));

	return str_equal(name, given) ? FIT_NAME : is_team ? FIT_TEAM : FIT_NOT;
}

static bool is_meant(
        const struct command_call *call, const char *owner, enum fit fit, enum fit least)
{
	bool is_own = str_equal(owner, call->sender);

	if (call->args[0] == '\0') {
		return is_own;
	}
	return may_touch(call, owner) && fit >= least;
}

static void find_meant(const struct command_call *call, enum fit least, struct meant *out)
{
	struct login *login;
	struct user_login *user;

	*out = (struct meant){0};
	for (size_t i = 0; logins_next(call->app->logins, &i, &login);) {
		if (is_meant(call, login->owner_mxid, fit_login(login, call->args),
		            least)) {
			out->login = login;
			out->count++;
		}
	}
	for (size_t i = 0; user_logins_next(call->app->users, &i, &user);) {
		if (is_meant(call, user->mxid, fit_user(user, call->args), least)) {
			out->user = user;
			out->count++;
		}
	}
}

static void end_app(struct command_call *call, struct login *login)
{
	log_info("logout", "team=%s by=%s", login->team_id, call->sender);
	command_reply(call,
	        "Logged out of %s. Its tokens are forgotten; its rooms stay, and work again "
	        "after `login app`. To make the tokens worthless, revoke them in Slack.",
	        login->team_name);
	room_cleanup_add(call->app, flow_tx(call->flow), login->team_id,
	        login->owner_mxid, CLEANUP_MANUAL, call->flow->key);
	logins_end(login, flow_tx(call->flow));
}

static void end_user(struct command_call *call, struct user_login *user)
{
	log_info("logout", "team=%s user=%s by=%s", user->team_id, user->user_id,
	        call->sender);
	command_reply(call,
	        "Logged out of %s as %s. The token and the cookie are forgotten; what %s "
	        "writes goes to Slack through the bridge's bot from now on. To make them "
	        "worthless, sign out of that browser.",
	        user->team_name, user->user_name, user->mxid);
	room_cleanup_add(call->app, flow_tx(call->flow), user->team_id, user->mxid,
	        CLEANUP_MANUAL, call->flow->key);
	user_logins_end(user, flow_tx(call->flow));
}

enum step_rc command_logout(struct command_call *call)
{
	struct meant meant;

	find_meant(call, FIT_NAME, &meant);
	if (meant.count == 0) {
		find_meant(call, FIT_TEAM, &meant);
	}
	if (meant.count > 1) {
		command_reply(call,
		        "%zu logins could be meant; say which: `logout <name>`. "
		        "`list-logins` names them.",
		        meant.count);
	} else if (meant.count == 0) {
		command_reply(call, "You are not logged in to %s.",
		        call->args[0] == '\0' ? "any workspace" : "that workspace");
	} else if (meant.login != NULL) {
		end_app(call, meant.login);
	} else {
		end_user(call, meant.user);
	}
	return STEP_DONE;
}
