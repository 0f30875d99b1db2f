#include "bridge/flow/app.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

const struct flow_def *const all_flows[] = {
        &slack_message_flow,
        &catch_up_flow,
        &open_portal_flow,
        &invite_owner_flow,
        &login_sync_flow,
        &matrix_message_flow,
        &invite_flow,
        &command_flow,
        &notice_flow,
        NULL,
};

char *lane_from_slack(const char *team_id, const char *channel_id)
{
	return xasprintf("s %s %s", team_id, channel_id);
}

char *lane_from_matrix(const char *room_id)
{
	return xasprintf("m %s", room_id);
}

const char *app_command_text(const struct app *app, const char *body)
{
	static const char spaces[] = " \t\r\n";
	const char *prefix = app->config->bridge.command_prefix;
	const char *text = body + strspn(body, spaces);

	if (!str_starts(text, prefix)) {
		return NULL;
	}
	text += strlen(prefix);
	if (text[0] != '\0' && strchr(spaces, text[0]) == NULL) {
		return NULL;
	}
	return text + strspn(text, spaces);
}

bool app_is_own_user(const struct app *app, const char *mxid)
{
	/* The template around a mark that no user ID can hold: what stands before and
	 * after it. */
	autofree char *pattern = config_ghost_localpart(app->config, "\x01");
	const char *colon = strchr(mxid, ':');

	if (strcmp(mxid, matrix_bot_mxid(app->matrix)) == 0) {
		return true;
	}
	if (mxid[0] != '@' || colon == NULL ||
	        strcmp(colon + 1, matrix_domain(app->matrix)) != 0) {
		return false;
	}
	size_t before = strcspn(pattern, "\x01");
	const char *after = pattern + before + (pattern[before] == '\0' ? 0 : 1);
	size_t localpart = (size_t)(colon - mxid) - 1;
	size_t after_len = strlen(after);
	return localpart >= before + after_len &&
	       strncmp(mxid + 1, pattern, before) == 0 &&
	       strncmp(colon - after_len, after, after_len) == 0;
}
