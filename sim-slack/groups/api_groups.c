#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/api.h"
#include "sim-slack/groups/groups.h"

#include <stdlib.h>

static void run_list(struct api_call *call)
{
	cJSON *list = cJSON_CreateArray();
	bool users = api_bool(call, "include_users", false);
	bool count = api_bool(call, "include_count", false);
	bool all = api_bool(call, "include_disabled", false);
	void *value;

	for (size_t i = 0; map_next(call->sim->ws.groups, &i, NULL, &value);) {
		const struct group *group = value;

		if (all || !group->deleted_s) {
			cJSON_AddItemToArray(
			        list, view_group(call->sim, group, users, count));
		}
	}
	json_set(call->reply, "usergroups", list);
}

/* The usergroup argument, or NULL and the call failed. */
static struct group *read_group(struct api_call *call)
{
	const char *id = api_need(call, "usergroup");
	struct group *group = id ? group_find(call->sim, id) : NULL;

	if (id && !group) {
		api_fail(call, "no_such_subteam");
	}
	return group;
}

static void reply_group(struct api_call *call, const struct group *group)
{
	json_set(call->reply, "usergroup", view_group(call->sim, group, true, true));
}

static void run_users_list(struct api_call *call)
{
	const struct group *group = read_group(call);
	autojson cJSON *object = group ? view_group(call->sim, group, true, false) : NULL;

	if (group) {
		json_set(call->reply, "users",
		        cJSON_DetachItemFromObjectCaseSensitive(object, "users"));
	}
}

static void run_create(struct api_call *call)
{
	const char *name = api_need(call, "name");
	const char *handle = api_text(call, "handle");

	if (!name) {
		return;
	}
	handle = handle ? handle : name;
	if (group_by_handle(call->sim, handle)) {
		api_fail(call, "handle_already_exists");
		return;
	}
	reply_group(call,
	        act_group_create(call->sim, handle, name,
	                api_str(call, "description") ? api_str(call, "description") : "",
	                call->user));
}

static void run_update(struct api_call *call)
{
	struct group *group = read_group(call);
	struct group_change change = {.handle = api_text(call, "handle"),
	        .name = api_text(call, "name"),
	        .description = api_str(call, "description")};
	const struct group *other =
	        change.handle ? group_by_handle(call->sim, change.handle) : NULL;

	if (!group) {
		return;
	}
	if (other && other != group) {
		api_fail(call, "handle_already_exists");
		return;
	}
	act_group_change(call->sim, group, &change, call->user);
	reply_group(call, group);
}

static void switch_group(struct api_call *call, bool disabled)
{
	struct group *group = read_group(call);
	struct group_change change = {.disabled = &disabled};

	if (group) {
		act_group_change(call->sim, group, &change, call->user);
		reply_group(call, group);
	}
}

static void run_disable(struct api_call *call)
{
	switch_group(call, true);
}

static void run_enable(struct api_call *call)
{
	switch_group(call, false);
}

static void run_users_update(struct api_call *call)
{
	struct group *group = read_group(call);
	const char *list = group ? api_need(call, "users") : NULL;
	autojson cJSON *users = cJSON_CreateArray();

	if (!list) {
		return;
	}
	for (char *id; (id = api_next_id(&list)); free(id)) {
		if (!workspace_user(&call->sim->ws, id)) {
			api_fail(call, "invalid_users");
			free(id);
			return;
		}
		cJSON_AddItemToArray(users, cJSON_CreateString(id));
	}
	act_group_members(call->sim, group, users, call->user);
	reply_group(call, group);
}

const struct api_method api_groups_methods[] = {
        {"usergroups.list", FOR_BOT | FOR_USER, TIER_2, "usergroups:read", run_list},
        {"usergroups.users.list", FOR_BOT | FOR_USER, TIER_2, "usergroups:read",
                run_users_list},
        {"usergroups.create", FOR_BOT | FOR_USER | TAKES_JSON, TIER_2, "usergroups:write",
                run_create},
        {"usergroups.update", FOR_BOT | FOR_USER | TAKES_JSON, TIER_2, "usergroups:write",
                run_update},
        {"usergroups.disable", FOR_BOT | FOR_USER | TAKES_JSON, TIER_2,
                "usergroups:write", run_disable},
        {"usergroups.enable", FOR_BOT | FOR_USER | TAKES_JSON, TIER_2, "usergroups:write",
                run_enable},
        {"usergroups.users.update", FOR_BOT | FOR_USER | TAKES_JSON, TIER_2,
                "usergroups:write", run_users_update},
        {0},
};
