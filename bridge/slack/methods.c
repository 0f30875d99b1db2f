#include "bridge/slack/methods.h"

#include <assert.h>

enum { TIER_2 = 20, TIER_3 = 50, TIER_4 = 100, SPECIAL_HUNDREDS = 600, POSTS = 300 };

static const struct slack_method_info methods[SLACK_METHODS] = {
        [SLACK_AUTH_TEST] = {"auth.test", false, SPECIAL_HUNDREDS, 0},
        /* Socket Mode keeps a stricter budget of its own. */
        [SLACK_APPS_CONNECTIONS_OPEN] = {"apps.connections.open", false, TIER_3, 0},
        [SLACK_BOTS_INFO] = {"bots.info", false, TIER_3, 0},
        [SLACK_CHAT_DELETE] = {"chat.delete", true, TIER_3, 0},
        /* "Short bursts" are granted: how short is nowhere said. */
        [SLACK_CHAT_POST_MESSAGE] = {"chat.postMessage", true, POSTS, 3},
        [SLACK_CHAT_UPDATE] = {"chat.update", true, TIER_3, 0},
        [SLACK_CONVERSATIONS_HISTORY] = {"conversations.history", false, TIER_3, 0},
        [SLACK_CONVERSATIONS_INFO] = {"conversations.info", false, TIER_3, 0},
        /* Twice done is as once. */
        [SLACK_CONVERSATIONS_INVITE] = {"conversations.invite", false, TIER_3, 0},
        [SLACK_CONVERSATIONS_JOIN] = {"conversations.join", false, TIER_3, 0},
        [SLACK_CONVERSATIONS_KICK] = {"conversations.kick", false, TIER_3, 0},
        [SLACK_CONVERSATIONS_MEMBERS] = {"conversations.members", false, TIER_4, 0},
        [SLACK_CONVERSATIONS_RENAME] = {"conversations.rename", false, TIER_2, 0},
        [SLACK_CONVERSATIONS_SET_TOPIC] = {"conversations.setTopic", false, TIER_2, 0},
        [SLACK_CONVERSATIONS_REPLIES] = {"conversations.replies", false, TIER_3, 0},
        /* Twice done is as once: neither is unsure. */
        [SLACK_REACTIONS_ADD] = {"reactions.add", false, TIER_3, 0},
        [SLACK_REACTIONS_REMOVE] = {"reactions.remove", false, TIER_2, 0},
        [SLACK_EMOJI_LIST] = {"emoji.list", false, TIER_2, 0},
        [SLACK_FILES_COMPLETE_UPLOAD] = {"files.completeUploadExternal", true, TIER_4, 0},
        [SLACK_FILES_DELETE] = {"files.delete", true, TIER_3, 0},
        /* What is reserved and not completed is never seen. */
        [SLACK_FILES_GET_UPLOAD_URL] = {"files.getUploadURLExternal", false, TIER_4, 0},
        [SLACK_FILES_INFO] = {"files.info", false, TIER_4, 0},
        /* A refresh token can be used again for a while. */
        [SLACK_OAUTH_V2_ACCESS] = {"oauth.v2.access", false, SPECIAL_HUNDREDS, 0},
        [SLACK_USERGROUPS_LIST] = {"usergroups.list", false, TIER_2, 0},
        [SLACK_USERS_CONVERSATIONS] = {"users.conversations", false, TIER_3, 0},
        [SLACK_USERS_INFO] = {"users.info", false, TIER_4, 0},
};

const struct slack_method_info *slack_method_info(enum slack_method method)
{
	assert(method < SLACK_METHODS);
	return &methods[method];
}
