#include "sim-slack/scopes.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

/* A bridge's manifest as it is in the wild (32 scopes), and channels:join. */
const char scopes_default[] =
        "channels:history,channels:read,channels:write.invites,channels:write.topic,chat:write,"
        "chat:write.customize,conversations.connect:write,emoji:read,files:read,files:write,"
        "groups:history,groups:read,groups:write,groups:write.invites,groups:write.topic,"
        "im:history,im:read,im:write,im:write.topic,mpim:history,mpim:read,mpim:write,"
        "mpim:write.topic,pins:read,pins:write,reactions:read,reactions:write,team:read,"
        "usergroups:read,users:read,users.profile:read,users:read.email,channels:join";

const char subscriptions_default[] =
        "app_uninstalled,channel_archive,channel_created,channel_deleted,"
        "channel_history_changed,channel_id_changed,channel_left,channel_rename,channel_shared,"
        "channel_unarchive,channel_unshared,email_domain_changed,emoji_changed,group_archive,"
        "group_deleted,group_history_changed,group_left,group_rename,group_unarchive,"
        "im_history_changed,member_joined_channel,member_left_channel,message.channels,"
        "message.groups,message.im,message.mpim,pin_added,pin_removed,reaction_added,"
        "reaction_removed,team_domain_change,team_join,team_rename,user_change";

const char *scopes_for(enum scope_family family, enum channel_kind kind)
{
	static const char *const table[][CHANNEL_KINDS] = {
	        [SCOPE_READ] = {"channels:read", "groups:read", "mpim:read", "im:read"},
	        [SCOPE_HISTORY] = {"channels:history", "groups:history", "mpim:history",
	                "im:history"},
	        [SCOPE_WRITE] = {"channels:manage,channels:write", "groups:write",
	                "mpim:write", "im:write"},
	        [SCOPE_INVITE] = {"channels:write.invites,channels:manage",
	                "groups:write.invites,groups:write", "mpim:write", "im:write"},
	        [SCOPE_TOPIC] = {"channels:write.topic,channels:manage",
	                "groups:write.topic,groups:write", "mpim:write.topic,mpim:write",
	                "im:write.topic,im:write"},
	        [SCOPE_KICK] = {"channels:manage", "groups:write", "groups:write",
	                "groups:write"},
	        [SCOPE_JOIN] = {"channels:join", "", "", ""},
	        [SCOPE_NONE] = {"", "", "", ""},
	};

	return table[family][kind];
}

static bool list_has(const char *list, const char *name, size_t n)
{
	while (*list) {
		size_t length = strcspn(list, ",");

		if (length == n && memcmp(list, name, n) == 0) {
			return true;
		}
		list += length + (list[length] == ',');
	}
	return false;
}

bool scopes_have(const char *granted, const char *any_of)
{
	if (*any_of == '\0') {
		return true;
	}
	while (*any_of) {
		size_t length = strcspn(any_of, ",");

		if (list_has(granted, any_of, length)) {
			return true;
		}
		any_of += length + (any_of[length] == ',');
	}
	return false;
}

void scopes_change(char **list, const char *name, bool add)
{
	size_t n = strlen(name);
	char *out = xstrdup("");

	for (const char *p = *list; *p;) {
		size_t length = strcspn(p, ",");

		if (length != n || memcmp(p, name, n) != 0) {
			char *longer = xasprintf(
			        "%s%s%.*s", out, *out ? "," : "", (int)length, p);
			free(out);
			out = longer;
		}
		p += length + (p[length] == ',');
	}
	if (add) {
		char *longer = xasprintf("%s%s%s", out, *out ? "," : "", name);
		free(out);
		out = longer;
	}
	free(*list);
	*list = out;
}
