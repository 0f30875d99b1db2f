#include "sim-slack/api.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
#include "sim-slack/view.h"

#include <stdio.h>
#include <stdlib.h>

enum { LIST_MAX = 1000 };

static cJSON *user_with_locale(const struct api_call *call, const struct user *user)
{
	cJSON *object = view_user(call->sim, user);

	return api_bool(call, "include_locale", false)
	               ? json_set_str(object, "locale", "en-GB")
	               : object;
}

static void run_users_info(struct api_call *call)
{
	const char *id = api_need(call, "user");
	const struct user *user = id ? workspace_user(&call->sim->ws, id) : NULL;

	if (user) {
		json_set(call->reply, "user", user_with_locale(call, user));
	} else if (id) {
		api_fail(call, "user_not_found");
	}
}

static void run_users_list(struct api_call *call)
{
	autofree char *from = NULL;
	struct user *user;
	size_t cursor = 0;
	int64_t limit, count = 0;
	cJSON *members = cJSON_CreateArray();

	if (!api_limit(call, LIST_MAX, LIST_MAX, &limit) ||
	        !api_cursor(call, "user", &from)) {
		cJSON_Delete(members);
		return;
	}
	json_set(call->reply, "members", members);
	if (from && !workspace_user(&call->sim->ws, from)) {
		api_fail(call, "invalid_cursor");
		return;
	}
	while ((user = workspace_next_user(&call->sim->ws, &cursor))) {
		if (from && !str_equal(from, user->id)) {
			continue;
		}
		str_replace(&from, NULL);
		if (count++ == limit) {
			break;
		}
		cJSON_AddItemToArray(members, user_with_locale(call, user));
	}
	json_set_int(call->reply, "cache_ts", sim_now_s(call->sim));
	api_next_cursor(call, "user", user ? user->id : NULL);
}

static void run_profile_get(struct api_call *call)
{
	const char *id = api_str(call, "user");
	const struct user *user =
	        id && *id ? workspace_user(&call->sim->ws, id) : call->user;

	cJSON *profile;

	if (!user) {
		api_fail(call, "user_not_found");
		return;
	}
	profile = view_profile(call->sim, user);
	json_set(profile, "fields",
	        view_fields(user, api_bool(call, "include_labels", false)));
	json_set(call->reply, "profile", profile);
}

/* What a person may say of themselves, from a JSON object or a name and a value. */
static void set_profile(struct sim_slack *sim, struct user *user, const void *arg)
{
	const cJSON *profile = arg, *item;
	const struct {
		const char *name;
		char **field;
	} texts[] = {{"display_name", &user->display_name},
	        {"real_name", &user->real_name}, {"title", &user->title},
	        {"phone", &user->phone}, {"pronouns", &user->pronouns},
	        {"status_text", &user->status_text},
	        {"status_emoji", &user->status_emoji}};

	(void)sim;
	cJSON_ArrayForEach(item, profile)
	{
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
			if (cJSON_IsString(item) &&
			        str_equal(item->string, texts[i].name)) {
				str_replace(texts[i].field, item->valuestring);
			}
		}
	}
	user->status_expiration_s =
	        json_int(profile, "status_expiration", user->status_expiration_s);
}

static void run_profile_set(struct api_call *call)
{
	const char *name = api_text(call, "name"), *value = api_str(call, "value");
	const char *id = api_text(call, "user");
	autojson cJSON *profile = NULL;

	if (id && !str_equal(id, call->user->id)) {
		api_fail(call, "not_admin");
		return;
	}
	if (!api_json(call, "profile", &profile) ||
	        (profile && !cJSON_IsObject(profile)) || (!profile && !(name && value))) {
		api_fail(call, "invalid_profile");
		return;
	}
	if (!profile) {
		profile = json_set_str(json_new(), name, value);
	}
	act_change_user(call->sim, call->user, set_profile, profile);
	json_set(call->reply, "profile", view_profile(call->sim, call->user));
}

static void run_bots_info(struct api_call *call)
{
	const char *id = api_str(call, "bot");
	size_t cursor = 0;
	struct user *user;

	if (!id || !*id) {
		return; /* Slack answers a bare ok */
	}
	while ((user = workspace_next_user(&call->sim->ws, &cursor))) {
		if (user->bot_id && str_equal(user->bot_id, id)) {
			json_set(call->reply, "bot", view_bot(call->sim, user));
			return;
		}
	}
	api_fail(call, "bot_not_found");
}

const struct api_method api_users_methods[] = {
        {"users.info", FOR_BOT, TIER_4, "users:read", run_users_info},
        {"users.list", FOR_BOT, TIER_2, "users:read", run_users_list},
        {"users.profile.get", FOR_BOT, TIER_4, "users.profile:read", run_profile_get},
        {"users.profile.set", FOR_USER | TAKES_JSON, TIER_PROFILE, "users.profile:write",
                run_profile_set},
        {"bots.info", FOR_BOT, TIER_3, "users:read", run_bots_info},
        {0},
};
