#include "bridge/flow/app.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

const struct flow_def *const all_flows[] = {
        &slack_message_flow,
        &slack_edit_flow,
        &slack_deletion_flow,
        &slack_reaction_flow,
        &slack_file_flow,
        &slack_file_carry_flow,
        &slack_file_gone_flow,
        &catch_up_flow,
        &open_portal_flow,
        &invite_owner_flow,
        &login_sync_flow,
        &login_look_flow,
        &slack_channel_flow,
        &slack_user_flow,
        &room_end_flow,
        &matrix_state_flow,
        &matrix_member_flow,
        &slack_member_flow,
        &channel_moved_flow,
        &matrix_message_flow,
        &matrix_edit_flow,
        &matrix_redaction_flow,
        &matrix_reaction_flow,
        &matrix_file_flow,
        &matrix_file_carry_flow,
        &file_delete_flow,
        &invite_flow,
        &command_flow,
        &notice_flow,
        &tell_owner_flow,
        &declared_login_flow,
        &wait_mark_flow,
        &wait_clear_flow,
        &left_out_flow,
        &room_cleanup_flow,
        &slack_limited_flow,
        &emoji_list_flow,
        &group_list_flow,
        NULL,
};

struct slack_api *app_slack_api(
        const struct app *app, const char *token, const char *workspace)
{
	struct slack_api *api =
	        slack_api_create(app->loop, app->http, app->config->slack.api_url, token);

	if (!app->config->slack.rate_limits) {
		slack_api_unlimit(api);
	}
	slack_api_set_observer(api, app->slack_observer, app->slack_observer_arg);
	if (app->config->slack.audit_log) {
		slack_api_set_audit(api, workspace);
	}
	return api;
}

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

/* What stands in a ghost's localpart where the template has the user: *inner, within
 * mxid. False if it is no ghost's. */
static bool ghost_part(const struct app *app, const char *mxid, struct str *inner)
{
	/* The template around a mark that no user ID can hold: what stands before and
	 * after it. */
	autofree char *pattern = config_ghost_localpart(app->config, "\x01");
	const char *colon = strchr(mxid, ':');

	if (mxid[0] != '@' || colon == NULL ||
	        strcmp(colon + 1, matrix_domain(app->matrix)) != 0) {
		return false;
	}
	size_t before = strcspn(pattern, "\x01");
	const char *after = pattern + before + (pattern[before] == '\0' ? 0 : 1);
	size_t localpart = (size_t)(colon - mxid) - 1;
	size_t after_len = strlen(after);
	if (localpart < before + after_len || strncmp(mxid + 1, pattern, before) != 0 ||
	        strncmp(colon - after_len, after, after_len) != 0) {
		return false;
	}
	*inner = (struct str){mxid + 1 + before, localpart - before - after_len};
	return true;
}

bool app_is_own_user(const struct app *app, const char *mxid)
{
	struct str inner;

	return strcmp(mxid, matrix_bot_mxid(app->matrix)) == 0 ||
	       ghost_part(app, mxid, &inner);
}

static void to_upper(char *text)
{
	for (; *text != '\0'; text++) {
		*text = (char)(*text >= 'a' && *text <= 'z' ? *text - 'a' + 'A' : *text);
	}
}

char *app_slack_user(const struct app *app, const char *team_id, const char *mxid)
{
	struct str inner;

	if (!ghost_part(app, mxid, &inner)) {
		return NULL;
	}
	/* "team-user", in lower case (ghosts.c); Slack's IDs have none. */
	autofree char *id = xstrndup(inner.p, inner.n);
	char *user = strchr(id, '-');
	to_upper(id);
	if (user == NULL || user[1] == '\0') {
		return NULL;
	}
	*user++ = '\0';
	return strcmp(id, team_id) == 0 ? xstrdup(user) : NULL;
}
