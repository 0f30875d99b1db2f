#include "bridge/command/meant.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

static bool is_named(const struct portal *portal, const char *text)
{
	const char *bare = text[0] == '#' ? text + 1 : text;
	const char *name = portal->name[0] == '#' ? portal->name + 1 : portal->name;
	autofree char *both = xasprintf("%s-%s", portal->team_id, portal->channel_id);

	return str_equal(portal->channel_id, text) || str_equal(both, text) ||
	       (bare[0] != '\0' && str_equal(name, bare));
}

const struct portal *meant_portal(struct command_call *call)
{
	const struct portals *portals = call->app->portals;
	const struct portal *portal, *found = NULL;
	size_t count = 0;

	if (call->args[0] == '\0') {
		found = portals_by_room(portals, call->room_id);
		if (found == NULL) {
			command_reply(call,
			        "This room is not bridged. Say it in one that is, "
			        "or name the channel.");
		}
		return found;
	}
	for (size_t i = 0; portals_next(portals, &i, &portal);) {
		if (is_named(portal, call->args)) {
			found = portal;
			count++;
		}
	}
	if (count == 0) {
		command_reply(call, "No room is bridged with that channel.");
	} else if (count > 1) {
		command_reply(call,
		        "%zu bridged channels have that name: say the ID of the one you "
		        "mean, or say it in its room.",
		        count);
	}
	return count == 1 ? found : NULL;
}

bool meant_may(struct command_call *call, const char *team_id)
{
	const struct app *app = call->app;
	const struct login *login = logins_by_team(app->logins, team_id);

	if (config_permission(app->config, call->sender) >= PERM_ADMIN ||
	        (login != NULL && str_equal(login->owner_mxid, call->sender))) {
		return true;
	}
	command_reply(call, "Only who logged in to that workspace, and administrators of "
	                    "the bridge, can do that.");
	return false;
}

/* Has it the form of a conversation's ID? */
static bool is_id(const char *text)
{
	size_t n = strlen(text);

	return n >= 3 && n <= 32 && strchr("CGD", text[0]) != NULL &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == n;
}

static bool is_own(const struct command_call *call, const struct login *login)
{
	return str_equal(login->owner_mxid, call->sender) ||
	       config_permission(call->app->config, call->sender) >= PERM_ADMIN;
}

struct login *meant_conversation(struct command_call *call, char **channel_id)
{
	const char *dash = strchr(call->args, '-');
	autofree char *team =
	        dash == NULL ? NULL : xstrndup(call->args, (size_t)(dash - call->args));
	struct login *login, *own = NULL;
	size_t count = 0;

	*channel_id = NULL;
	if (team != NULL && is_id(dash + 1)) {
		own = logins_by_team(call->app->logins, team);
		count = own != NULL && is_own(call, own);
		*channel_id = count == 1 ? xstrdup(dash + 1) : NULL;
	}
	for (size_t i = 0; count == 0 && logins_next(call->app->logins, &i, &login);) {
		if (is_own(call, login)) {
			count += own != NULL;
			own = login;
		}
	}
	if (own == NULL) {
		command_reply(call, "You are not logged in to any workspace.");
		return NULL;
	}
	if (count > 1) {
		command_reply(call, "You have several workspaces: name the channel as "
		                    "<workspace ID>-<channel ID>.");
		return NULL;
	}
	if (*channel_id == NULL && is_id(call->args)) {
		*channel_id = xstrdup(call->args);
	}
	return own;
}
