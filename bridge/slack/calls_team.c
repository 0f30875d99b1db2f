/* auth.test, oauth.v2.access, apps.connections.open, users.info, bots.info */
#include "bridge/slack/web_api.h"

#include "lib/str.h"

#include "bridge/slack/call.h"
#include "bridge/slack/errors.h"
#include "bridge/slack/tokens.h"

enum { LONGEST_LIFE_S = 100 * 24 * 3600 };

static int64_t expires_in_ms(const cJSON *answer)
{
	int64_t seconds = json_int(answer, "expires_in", 0);

	return seconds > 0 && seconds <= LONGEST_LIFE_S ? seconds * 1000 : 0;
}

static void report_identity(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	const char *scopes =
	        answer == NULL ? NULL : http_reply_header(call->reply, "X-OAuth-Scopes");
	struct slack_identity identity = {
	        .team_id = json_str_or(answer, "team_id", ""),
	        .team = json_str_or(answer, "team", ""),
	        .url = json_str_or(answer, "url", ""),
	        .user_id = json_str_or(answer, "user_id", ""),
	        .user = json_str_or(answer, "user", ""),
	        .bot_id = json_str_or(answer, "bot_id", ""),
	        .app_id = json_str_or(answer, "app_id", ""),
	        .scopes = scopes == NULL ? "" : scopes,
	        .expires_in_ms = expires_in_ms(answer),
	};
	struct err unusable;

	if (answer != NULL &&
	        (identity.team_id[0] == '\0' || identity.user_id[0] == '\0')) {
		slack_unusable(
		        slack_method_info(call->method), "team or user", &unusable);
		err = &unusable;
	}
	call->done.identity(err->kind == ERR_NONE ? &identity : NULL, err, call->arg);
}

struct slack_call *slack_auth_test(
        struct slack_api *api, slack_identity_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_AUTH_TEST);

	slack_call_start(
	        call, report_identity, (union slack_done){.identity = done}, arg);
	return call;
}

static void report_pair(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	struct slack_pair pair = {
	        .access_token = json_str_or(answer, "access_token", ""),
	        .refresh_token = json_str_or(answer, "refresh_token", ""),
	        .expires_in_ms = expires_in_ms(answer),
	};
	struct err unusable;

	if (answer != NULL && (!slack_token_is_bot(pair.access_token) ||
	                              !slack_token_is_refresh(pair.refresh_token))) {
		slack_unusable(
		        slack_method_info(call->method), "pair of tokens", &unusable);
		err = &unusable;
	}
	call->done.pair(err->kind == ERR_NONE ? &pair : NULL, err, call->arg);
}

struct slack_call *slack_oauth_refresh(struct slack_api *api, const char *client_id,
        const char *client_secret, const char *refresh_token, slack_pair_fn *done,
        void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_OAUTH_V2_ACCESS);

	slack_call_set(call, "client_id", client_id);
	slack_call_set(call, "client_secret", client_secret);
	slack_call_set(call, "grant_type", "refresh_token");
	slack_call_set(call, "refresh_token", refresh_token);
	slack_call_start(call, report_pair, (union slack_done){.pair = done}, arg);
	return call;
}

static void report_url(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	const char *url = json_str(answer, "url");
	struct err unusable;

	if (answer != NULL && (url == NULL || !(str_starts(url, "wss://") ||
	                                              str_starts(url, "ws://")))) {
		slack_unusable(
		        slack_method_info(call->method), "WebSocket URL", &unusable);
		err = &unusable;
	}
	call->done.url(err->kind == ERR_NONE ? url : NULL, err, call->arg);
}

struct slack_call *slack_connections_open(
        struct slack_api *api, slack_url_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_APPS_CONNECTIONS_OPEN);

	slack_call_start(call, report_url, (union slack_done){.url = done}, arg);
	return call;
}

/* The first of the paths where there is a text that is not empty, otherwise "". */
static const char *first_text(const cJSON *obj, const char *const *paths)
{
	for (; *paths != NULL; paths++) {
		const char *text = json_str_or(obj, *paths, "");
		if (text[0] != '\0') {
			return text;
		}
	}
	return "";
}

struct slack_user slack_user_read(const cJSON *obj)
{
	static const char *const real_names[] = {"profile.real_name", "real_name", NULL};
	static const char *const avatars[] = {
	        "profile.image_512", "profile.image_192", "profile.image_original", NULL};

	return (struct slack_user){
	        .id = json_str_or(obj, "id", ""),
	        .team_id = json_str_or(obj, "team_id", ""),
	        .name = json_str_or(obj, "name", ""),
	        .real_name = first_text(obj, real_names),
	        .display_name = json_str_or(obj, "profile.display_name", ""),
	        .avatar_url = first_text(obj, avatars),
	        .first_name = json_str_or(obj, "profile.first_name", ""),
	        .last_name = json_str_or(obj, "profile.last_name", ""),
	        .title = json_str_or(obj, "profile.title", ""),
	        .pronouns = json_str_or(obj, "profile.pronouns", ""),
	        .email = json_str_or(obj, "profile.email", ""),
	        .phone = json_str_or(obj, "profile.phone", ""),
	        .tz = json_str_or(obj, "tz", ""),
	        .tz_label = json_str_or(obj, "tz_label", ""),
	        .tz_offset_s = json_int(obj, "tz_offset", 0),
	        .is_bot = json_bool(obj, "is_bot", false),
	        .deleted = json_bool(obj, "deleted", false),
	};
}

static void report_user(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	struct slack_user user = slack_user_read(json_obj(answer, "user"));
	struct err unusable;

	if (answer != NULL && user.id[0] == '\0') {
		slack_unusable(slack_method_info(call->method), "user", &unusable);
		err = &unusable;
	}
	call->done.user(err->kind == ERR_NONE ? &user : NULL, err, call->arg);
}

struct slack_call *slack_users_info(
        struct slack_api *api, const char *user_id, slack_user_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_USERS_INFO);

	call->turn.urgency = PACE_PROFILE;
	slack_call_set(call, "user", user_id);
	slack_call_start(call, report_user, (union slack_done){.user = done}, arg);
	return call;
}

static void report_bot(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	static const char *const avatars[] = {
	        "icons.image_72", "icons.image_48", "icons.image_36", NULL};
	const cJSON *obj = json_obj(answer, "bot");
	struct slack_user bot = {
	        .id = json_str_or(obj, "id", ""),
	        .team_id = "",
	        .name = json_str_or(obj, "name", ""),
	        .real_name = json_str_or(obj, "name", ""),
	        .display_name = "",
	        .avatar_url = first_text(obj, avatars),
	        .is_bot = true,
	        .deleted = json_bool(obj, "deleted", false),
	};
	struct err unusable;

	if (answer != NULL && bot.id[0] == '\0') {
		slack_unusable(slack_method_info(call->method), "bot", &unusable);
		err = &unusable;
	}
	call->done.user(err->kind == ERR_NONE ? &bot : NULL, err, call->arg);
}

struct slack_call *slack_bots_info(
        struct slack_api *api, const char *bot_id, slack_user_fn *done, void *arg)
{
	struct slack_call *call = slack_call_create(api, SLACK_BOTS_INFO);

	call->turn.urgency = PACE_PROFILE;
	slack_call_set(call, "bot", bot_id);
	slack_call_start(call, report_bot, (union slack_done){.user = done}, arg);
	return call;
}
