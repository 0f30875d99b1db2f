/* Profiles and presence. */
#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/presence.h"

#include <string.h>

/* ---- profile ---- */

static struct user *profile_owner(struct call *call)
{
	struct user *user = user_find(call->sim, call_param(call, "user"));

	if (user == NULL && call->sim->profile->strict) {
		call_fail_as(call, 404, "M_UNKNOWN", "No row found (profiles)");
	} else if (user == NULL) {
		call_fail(call, FAIL_NO_PROFILE, NULL);
	}
	return user;
}

void api_profile_get(struct call *call)
{
	const struct user *user = profile_owner(call);
	cJSON *json;

	if (user != NULL) {
		json = content_copy(user->profile_extra);
		json_set_str(json, "avatar_url", user->avatar_url);
		json_set_str(json, "displayname", user->displayname);
		call_reply(call, 200, json);
	}
}

void api_profile_field_get(struct call *call)
{
	const struct user *user = profile_owner(call);
	const char *field = call_param(call, "field");
	cJSON *json;

	if (user == NULL) {
		return;
	}
	json = json_new();
	if (strcmp(field, "displayname") == 0) {
		json_set_str(json, field, user->displayname);
	} else if (strcmp(field, "avatar_url") == 0) {
		json_set_str(json, field, user->avatar_url);
	} else if (content_get(user->profile_extra, field) != NULL) {
		json_set(json, field,
		        content_copy(content_get(user->profile_extra, field)));
	} else {
		cJSON_Delete(json);
		call_fail(call, FAIL_NO_PROFILE, NULL);
		return;
	}
	call_reply(call, 200, json);
}

static bool may_write_profile(const struct call *call, const char *user_id)
{
	return strcmp(user_id, call->user_id) == 0 ||
	       (call->as != NULL && call->sim->profile->profile_of_anyone);
}

void api_profile_field_put(struct call *call)
{
	const char *field = call_param(call, "field");
	const cJSON *value = content_get(call->body, field);
	const char *text = cJSON_IsString(value) && value->valuestring[0] != '\0'
	                           ? value->valuestring
	                           : NULL;
	struct user *user;

	if (!may_write_profile(call, call_param(call, "user"))) {
		call_fail(call, FAIL_PROFILE_OF_OTHER, NULL);
		return;
	}
	user = user_find(call->sim, call_param(call, "user"));
	if (user == NULL) {
		/* conduwuit writes the profile of a user who does not exist, to no effect
		 */
		call_reply_empty(call);
		return;
	}
	if (strcmp(field, "displayname") == 0) {
		profile_set_displayname(call->sim, user, text, call->as != NULL);
	} else if (strcmp(field, "avatar_url") == 0) {
		profile_set_avatar(call->sim, user, text, call->as != NULL);
	} else if (value != NULL) {
		json_set(user->profile_extra, field, content_copy(value));
	}
	call_reply_empty(call);
}

/* ---- presence ---- */

void api_presence_get(struct call *call)
{
	const struct user *user = user_find(call->sim, call_param(call, "user"));

	if (user == NULL || user->presence == NULL) {
		call_fail(call, FAIL_NO_PROFILE, NULL);
		return;
	}
	call_reply(call, 200, content_copy(user->presence));
}

void api_presence_put(struct call *call)
{
	const char *presence;

	if (strcmp(call_param(call, "user"), call->user_id) != 0) {
		call_fail(call, FAIL_PRESENCE_OTHER, NULL);
		return;
	}
	if (!call_need_str(call, "presence", &presence)) {
		return;
	}
	if (call->user != NULL) {
		presence_set(call->sim, call->user, presence,
		        json_str(call->body, "status_msg"));
	}
	call_reply_empty(call);
}
