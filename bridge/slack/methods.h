/* methods: the Web API methods the bridge calls, and what must be known about each. */
#ifndef BRIDGE_SLACK_METHODS_H
#define BRIDGE_SLACK_METHODS_H

#include <stdbool.h>

enum slack_method {
	SLACK_AUTH_TEST,
	SLACK_APPS_CONNECTIONS_OPEN,
	SLACK_BOTS_INFO,
	SLACK_CHAT_DELETE,
	SLACK_CHAT_POST_MESSAGE,
	SLACK_CHAT_UPDATE,
	SLACK_CONVERSATIONS_HISTORY,
	SLACK_CONVERSATIONS_INFO,
	SLACK_CONVERSATIONS_INVITE,
	SLACK_CONVERSATIONS_JOIN,
	SLACK_CONVERSATIONS_KICK,
	SLACK_CONVERSATIONS_MEMBERS,
	SLACK_CONVERSATIONS_RENAME,
	SLACK_CONVERSATIONS_REPLIES,
	SLACK_CONVERSATIONS_SET_TOPIC,
	SLACK_REACTIONS_ADD,
	SLACK_REACTIONS_REMOVE,
	SLACK_EMOJI_LIST,
	SLACK_FILES_COMPLETE_UPLOAD,
	SLACK_FILES_DELETE,
	SLACK_FILES_GET_UPLOAD_URL,
	SLACK_FILES_INFO,
	SLACK_OAUTH_V2_ACCESS,
	SLACK_USERGROUPS_LIST,
	SLACK_USERS_CONVERSATIONS,
	SLACK_USERS_INFO,
	SLACK_METHODS, /* their number */
};

struct slack_method_info {
	const char *name;
	/* A repeat would be seen by people, so a lost answer must not lead to one. */
	bool writes;
	/* Requests a minute that Slack grants a workspace (docs.slack.dev "Rate limits");
	 * where it says "several hundred" the smallest number that can be meant. */
	unsigned per_minute;
	/* So many at once in a channel, then one a second; 0: no such limit. */
	unsigned burst;
};

const struct slack_method_info *slack_method_info(enum slack_method method);

#endif
