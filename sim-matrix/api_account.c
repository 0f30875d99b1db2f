/* One's own account: password, its end, tokens for others. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/login_tokens.h"
#include "sim-matrix/uia.h"

#include <stdlib.h>
#include <string.h>

enum {
	TOKEN_LENGTH = 32,
	OPENID_SECONDS = 3600,
	TOKENS_MAX = 1000,
};

static void end_devices(struct call *call, const struct device *but)
{
	void *device;

	for (size_t i = 0; map_next(call->user->devices, &i, NULL, &device);) {
		if (device != but) {
			device_end(call->sim, device);
		}
	}
}

void api_password(struct call *call)
{
	const char *wanted;

	if (!uia_passed(call) || !call_need_str(call, "new_password", &wanted)) {
		return;
	}
	str_replace(&call->user->password, wanted);
	if (json_bool(call->body, "logout_devices", true)) {
		end_devices(call, call->device);
	}
	call_reply_empty(call);
}

/* The name and picture go, all rooms are left, nobody logs in any more. */
void api_deactivate(struct call *call)
{
	struct user *user = call->user;
	const char *room_id;
	struct fail fail;
	cJSON *json;

	if (!uia_passed(call)) {
		return;
	}
	profile_set_displayname(call->sim, user, NULL, false);
	profile_set_avatar(call->sim, user, NULL, false);
	for (size_t i = 0; map_next(user->rooms, &i, &room_id, NULL);) {
		struct room *room = room_find(call->sim, room_id);
		const char *now = room_membership(room, user->user_id);
		if (str_equal(now, "join") || str_equal(now, "invite") ||
		        str_equal(now, "knock")) {
			members_leave(call->sim, room, call_actor(call), NULL, &fail);
		}
	}
	str_replace(&user->password, NULL);
	user->deactivated = true;
	end_devices(call, NULL);
	json = json_set_str(json_new(), "id_server_unbind_result", "no-support");
	call_reply(call, 200, json);
}

void api_threepids(struct call *call)
{
	call_reply(call, 200, json_set(json_new(), "threepids", cJSON_CreateArray()));
}

/* ---- tokens ---- */

void api_login_get_token(struct call *call)
{
	char text[LOGIN_TOKEN_LENGTH + 1];
	cJSON *json;

	if (!uia_passed(call)) {
		return;
	}
	if (!login_token_make(call->sim, call->user, text)) {
		call_fail(call, FAIL_RATE_LIMITED, NULL);
		return;
	}
	json = json_set_str(json_new(), "login_token", text);
	call_reply(call, 200, json_set_int(json, "expires_in_ms", LOGIN_TOKEN_MS));
}

void api_openid_token(struct call *call)
{
	char text[TOKEN_LENGTH + 1];
	cJSON *json;

	if (call->user == NULL || strcmp(call_param(call, "user"), call->user_id) != 0) {
		call_fail(call, FAIL_OPENID_OTHER, NULL);
		return;
	}
	rand_text(&call->sim->rand, text, TOKEN_LENGTH);
	if (map_count(call->sim->openid) >= TOKENS_MAX) {
		call_fail(call, FAIL_RATE_LIMITED, NULL);
		return;
	}
	map_set(call->sim->openid, text, call->user);
	json = json_set_str(json_new(), "access_token", text);
	json_set_str(json, "token_type", "Bearer");
	json_set_str(json, "matrix_server_name", call->sim->server_name);
	call_reply(call, 200, json_set_int(json, "expires_in", OPENID_SECONDS));
}

/* The side of the one who was given the token (federation API, "OpenID"). */
void api_openid_userinfo(struct call *call)
{
	autofree char *text = call_query(call, "access_token");
	const struct user *user = text != NULL ? map_get(call->sim->openid, text) : NULL;

	if (user == NULL) {
		call_fail(call, FAIL_OPENID_UNKNOWN, NULL);
		return;
	}
	call_reply(call, 200, json_set_str(json_new(), "sub", user->user_id));
}
