/* What administrators do: Slack Connect, kinds of channel, the workspace, user groups. */
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
#include "sim-slack/groups/groups.h"
#include "sim-slack/verbs.h"

#include <stdlib.h>

static const char default_team[] = "T0OTHERTM0";

/* ---- channels ---- */

static bool is_shared_with(const struct channel *channel, const char *team)
{
	return array_has(channel->teams, team);
}

bool verb_share_channel(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct channel *channel = verb_channel(sim, args, NULL, err);
	const char *team = json_str_or(args, "team", default_team);

	(void)result;
	if (!channel) {
		return false;
	}
	if (is_shared_with(channel, team)) {
		return err_set(err, ERR_PERMANENT, 0, "%s is shared with %s already",
		        channel->name, team);
	}
	act_share_channel(sim, channel, team);
	return true;
}

bool verb_unshare_channel(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct channel *channel = verb_channel(sim, args, NULL, err);
	autofree char *team = xstrdup(json_str_or(args, "team", default_team));

	(void)result;
	if (!channel) {
		return false;
	}
	if (!is_shared_with(channel, team)) {
		return err_set(err, ERR_PERMANENT, 0, "%s is not shared with %s",
		        channel->name, team);
	}
	act_unshare_channel(sim, channel, team);
	return true;
}

bool verb_change_channel_id(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct channel *channel = verb_channel(sim, args, NULL, err);
	const char *id = json_str(args, "id");
	autofree char *drawn = NULL;

	if (!channel) {
		return false;
	}
	if (id && workspace_channel(&sim->ws, id)) {
		return err_set(err, ERR_PERMANENT, 0, "the ID %s is taken", id);
	}
	if (!id) {
		drawn = ids_object(&sim->ids, "C0");
		id = drawn;
	}
	act_change_channel_id(sim, channel, id);
	*result = json_set_str(json_new(), "id", channel->id);
	return true;
}

bool verb_convert(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const struct user *by = verb_user(sim, args, "by", err);
	struct channel *channel = by ? verb_channel(sim, args, NULL, err) : NULL;
	bool to_private = json_bool(args, "private", true);

	(void)result;
	if (!channel) {
		return false;
	}
	if (channel->kind != (to_private ? CHANNEL_PUBLIC : CHANNEL_PRIVATE)) {
		return err_set(
		        err, ERR_PERMANENT, 0, "%s cannot be converted", channel->name);
	}
	act_convert(sim, channel, by, to_private);
	return true;
}

bool verb_delete_channel(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const struct user *by = verb_user(sim, args, "by", err);
	struct channel *channel = by ? verb_channel(sim, args, NULL, err) : NULL;

	(void)result;
	if (!channel) {
		return false;
	}
	if (channel->kind > CHANNEL_PRIVATE || channel->general) {
		return err_set(
		        err, ERR_PERMANENT, 0, "%s cannot be deleted", channel->name);
	}
	act_delete_channel(sim, channel, by);
	return true;
}

bool verb_posting(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const struct user *by = verb_user(sim, args, "by", err);
	struct channel *channel = by ? verb_channel(sim, args, NULL, err) : NULL;
	struct posting posting = {.admins_only = json_bool(args, "admins_only", false),
	        .threads_only = json_bool(args, "threads_only", false),
	        .no_threads = json_bool(args, "no_threads", false)};

	(void)result;
	if (channel) {
		act_restrict_posting(sim, channel, by, &posting);
	}
	return channel != NULL;
}

bool verb_history_changed(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *by = verb_user(sim, args, "as", err);
	struct channel *channel = by ? verb_channel(sim, args, by, err) : NULL;

	(void)result;
	if (channel) {
		act_history_changed(sim, channel);
	}
	return channel != NULL;
}

enum { DIRECT_MAX = 9 };

bool verb_open_direct(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *users[DIRECT_MAX], *user = verb_user(sim, args, "as", err);
	const cJSON *list = json_arr(args, "with"), *item;
	const struct channel *channel;
	size_t count = 0;

	if (!user) {
		return false;
	}
	users[count++] = user;
	cJSON_ArrayForEach(item, list)
	{
		autojson cJSON *one =
		        json_set(json_new(), "user", cJSON_Duplicate(item, true));

		user = count < DIRECT_MAX ? verb_user(sim, one, "user", err) : NULL;
		if (!user) {
			return false;
		}
		users[count++] = user;
	}
	channel = act_open_direct(sim, users, count, NULL);
	*result = json_set_str(json_new(), "id", channel->id);
	json_set_str(*result, "name", channel->name);
	return true;
}

/* ---- the workspace ---- */

bool verb_change_team(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *name = json_str(args, "name"), *domain = json_str(args, "domain");
	const char *email = json_str(args, "email_domain");

	(void)result;
	(void)err;
	if (name) {
		act_rename_team(sim, name);
	}
	if (domain) {
		act_change_domain(sim, domain);
	}
	if (email) {
		act_change_email_domain(sim, email);
	}
	if (json_bool(args, "icon", false)) {
		act_change_icon(sim);
	}
	return true;
}

/* ---- user groups ---- */

/* An array of IDs for names, or NULL and *err. Caller deletes. */
static cJSON *user_ids(struct sim_slack *sim, const cJSON *names, struct err *err)
{
	cJSON *ids = cJSON_CreateArray();
	const cJSON *item;

	cJSON_ArrayForEach(item, names)
	{
		autojson cJSON *one =
		        json_set(json_new(), "user", cJSON_Duplicate(item, true));
		const struct user *user = verb_user(sim, one, "user", err);

		if (!user) {
			cJSON_Delete(ids);
			return NULL;
		}
		cJSON_AddItemToArray(ids, cJSON_CreateString(user->id));
	}
	return ids;
}

bool verb_create_group(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *handle = json_str_or(args, "handle", "");
	const struct user *by = verb_user(sim, args, "by", err);
	autojson cJSON *ids = by ? user_ids(sim, json_arr(args, "members"), err) : NULL;
	struct group *group;

	if (!ids) {
		return false;
	}
	if (!*handle || group_by_handle(sim, handle)) {
		return err_set(
		        err, ERR_PERMANENT, 0, "the handle %s cannot be taken", handle);
	}
	group = act_group_create(sim, handle, json_str_or(args, "name", handle),
	        json_str_or(args, "description", ""), by);
	if (ids->child) {
		act_group_members(sim, group, ids, by);
	}
	*result = json_set_str(json_new(), "id", group->id);
	return true;
}

bool verb_change_group(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *handle = json_str_or(args, "group", "");
	struct group *group = group_by_handle(sim, handle);
	const struct user *by = verb_user(sim, args, "by", err);
	bool disabled = json_bool(args, "disabled", false);
	struct group_change change = {.handle = json_str(args, "handle"),
	        .name = json_str(args, "name"),
	        .description = json_str(args, "description"),
	        .disabled = json_get(args, "disabled") ? &disabled : NULL};
	autojson cJSON *ids = by ? user_ids(sim, json_arr(args, "members"), err) : NULL;

	(void)result;
	if (!ids) {
		return false;
	}
	if (!group) {
		return err_set(
		        err, ERR_PERMANENT, 0, "there is no user group %s", handle);
	}
	if (json_arr(args, "members")) {
		act_group_members(sim, group, ids, by);
	}
	if (change.handle || change.name || change.description || change.disabled) {
		act_group_change(sim, group, &change, by);
	}
	return true;
}
