#include "bridge/slack/scopes.h"

#include <stddef.h>
#include <string.h>

const struct slack_scope slack_scopes[] = {
        {"chat:write", "messages to Slack"},
        {"chat:write.customize", "names and pictures of Matrix users on Slack"},
        {"channels:read", "rooms of public channels"},
        {"channels:join", "going on by itself in public channels that were unarchived"},
        {"channels:write.topic", "topics of public channels, set on Matrix"},
        {"channels:write.invites", "inviting people to public channels from Matrix"},
        {"channels:history", "messages of public channels"},
        {"groups:read", "rooms of private channels"},
        {"groups:write", "names and members of private channels, changed on Matrix"},
        {"groups:write.topic", "topics of private channels, set on Matrix"},
        {"groups:write.invites", "inviting people to private channels from Matrix"},
        {"groups:history", "messages of private channels"},
        {"im:read", "rooms of direct messages"},
        {"im:history", "direct messages"},
        {"mpim:read", "rooms of group messages"},
        {"mpim:history", "group messages"},
        {"users:read", "names of Slack users"},
        {"team:read", "the workspace's name"},
        {"files:read", "files from Slack"},
        {"files:write", "files to Slack"},
        {"reactions:read", "reactions from Slack"},
        {"reactions:write", "reactions to Slack"},
        {"emoji:read", "custom emoji from Slack"},
        {"usergroups:read", "names of user groups"},
        {NULL, NULL},
};

bool slack_scope_is_in(const char *name, const char *granted)
{
	size_t n = strlen(name);

	while (*granted != '\0') {
		granted += strspn(granted, ", ");
		size_t word = strcspn(granted, ", ");
		if (word == n && n > 0 && strncmp(granted, name, n) == 0) {
			return true;
		}
		granted += word;
	}
	return false;
}
