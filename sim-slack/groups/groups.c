#include "sim-slack/groups/groups.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/events.h"

#include <stdlib.h>

void group_free(void *value)
{
	struct group *group = value;

	map_destroy(&group->members, NULL);
	free(group->id);
	free(group->handle);
	free(group->name);
	free(group->description);
	free(group);
}

struct group *group_find(const struct sim_slack *sim, const char *id)
{
	return map_get(sim->ws.groups, id);
}

struct group *group_by_handle(const struct sim_slack *sim, const char *handle)
{
	void *value;

	handle += *handle == '@';
	for (size_t i = 0; map_next(sim->ws.groups, &i, NULL, &value);) {
		struct group *group = value;

		if (str_equal(group->handle, handle)) {
			return group;
		}
	}
	return NULL;
}

static cJSON *member_ids(const struct group *group)
{
	cJSON *ids = cJSON_CreateArray();
	const char *id;

	for (size_t i = 0; map_next(group->members, &i, &id, NULL);) {
		cJSON_AddItemToArray(ids, cJSON_CreateString(id));
	}
	return ids;
}

cJSON *view_group(
        const struct sim_slack *sim, const struct group *group, bool users, bool count)
{
	cJSON *object = json_set_str(json_new(), "id", group->id), *prefs = json_new();

	json_set_str(object, "team_id", sim->ws.team_id);
	json_set_bool(object, "is_usergroup", true);
	json_set_bool(object, "is_subteam", true);
	json_set_str(object, "name", group->name);
	json_set_str(object, "description", group->description);
	json_set_str(object, "handle", group->handle);
	json_set_bool(object, "is_external", false);
	json_set_int(object, "date_create", group->created_s);
	json_set_int(object, "date_update", group->updated_s);
	json_set_int(object, "date_delete", group->deleted_s);
	cJSON_AddNullToObject(object, "auto_type");
	json_set_bool(object, "auto_provision", false);
	json_set_str(object, "enterprise_subteam_id", "");
	json_set_str(object, "created_by", group->creator->id);
	json_set_str(object, "updated_by", group->updater->id);
	cJSON_AddNullToObject(object, "deleted_by");
	json_set(prefs, "channels", cJSON_CreateArray());
	json_set(prefs, "groups", cJSON_CreateArray());
	json_set(object, "prefs", prefs);
	if (users) {
		json_set(object, "users", member_ids(group));
	}
	if (count) {
		json_set_int(object, "user_count", (int64_t)map_count(group->members));
		json_set_int(object, "channel_count", 0);
	}
	return object;
}

/* ---- acts ---- */

static void report(struct sim_slack *sim, const struct group *group, const char *what,
        const struct user *by)
{
	cJSON *record = json_set_str(sim_record("group", NULL), "group", group->handle);

	json_set_str(record, "action", what);
	sim_report(sim, json_set_str(record, "by", by->name));
}

static void emit(struct sim_slack *sim, cJSON *inner)
{
	struct event event = {json_str(inner, "type"), "usergroups:read", NULL, false};

	event_emit(sim, &event, event_stamp(sim, inner), NULL);
}

static cJSON *about(
        const struct sim_slack *sim, const struct group *group, const char *type)
{
	return json_set(event_new(type), "subteam", view_group(sim, group, true, true));
}

struct group *act_group_create(struct sim_slack *sim, const char *handle,
        const char *name, const char *description, const struct user *by)
{
	struct group *group = xcalloc(1, sizeof(*group));

	group->id = ids_object(&sim->ids, "S0");
	group->handle = xstrdup(handle);
	group->name = xstrdup(name);
	group->description = xstrdup(description);
	group->members = map_create();
	group->creator = group->updater = by;
	group->created_s = group->updated_s = sim_now_s(sim);
	map_set(sim->ws.groups, group->id, group);
	report(sim, group, "created", by);
	emit(sim, about(sim, group, "subteam_created"));
	return group;
}

static void touch(struct sim_slack *sim, struct group *group, const struct user *by)
{
	group->updater = by;
	group->updated_s = sim_now_s(sim);
}

void act_group_change(struct sim_slack *sim, struct group *group,
        const struct group_change *change, const struct user *by)
{
	if (change->handle) {
		str_replace(&group->handle, change->handle);
	}
	if (change->name) {
		str_replace(&group->name, change->name);
	}
	if (change->description) {
		str_replace(&group->description, change->description);
	}
	if (change->disabled) {
		group->deleted_s = *change->disabled ? sim_now_s(sim) : 0;
	}
	touch(sim, group, by);
	report(sim, group, "changed", by);
	emit(sim, about(sim, group, "subteam_updated"));
}

/* The IDs of `from` that are not in `to`. */
static cJSON *missing(const cJSON *from, const cJSON *to)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *item;

	cJSON_ArrayForEach(item, from)
	{
		if (!array_has(to, item->valuestring)) {
			cJSON_AddItemToArray(list, cJSON_CreateString(item->valuestring));
		}
	}
	return list;
}

void act_group_members(struct sim_slack *sim, struct group *group, const cJSON *users,
        const struct user *by)
{
	autojson cJSON *before = member_ids(group);
	cJSON *inner = json_set_str(
	        event_new("subteam_members_changed"), "subteam_id", group->id);
	cJSON *added = missing(users, before), *removed = missing(before, users);
	const cJSON *item;

	json_set_str(inner, "team_id", sim->ws.team_id);
	json_set_int(inner, "date_previous_update", group->updated_s);
	map_destroy(&group->members, NULL);
	group->members = map_create();
	cJSON_ArrayForEach(item, users)
	{
		map_set(group->members, item->valuestring,
		        workspace_user(&sim->ws, item->valuestring));
	}
	touch(sim, group, by);
	json_set_int(inner, "date_update", group->updated_s);
	json_set_int(inner, "added_users_count", cJSON_GetArraySize(added));
	json_set(inner, "added_users", added);
	json_set_int(inner, "removed_users_count", cJSON_GetArraySize(removed));
	json_set(inner, "removed_users", removed);
	report(sim, group, "members", by);
	emit(sim, inner);
}
