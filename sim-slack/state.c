#include "sim-slack/state.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/groups/groups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void user_free(void *value)
{
	struct user *user = value;

	free(user->id);
	free(user->name);
	free(user->real_name);
	free(user->display_name);
	free(user->email);
	free(user->title);
	free(user->phone);
	free(user->pronouns);
	free(user->status_text);
	free(user->status_emoji);
	free(user->team_id);
	cJSON_Delete(user->fields);
	free(user->bot_id);
	free(user->app_id);
	free(user);
}

static void channel_free(void *value)
{
	struct channel *channel = value;

	channel_clear(channel);
	map_destroy(&channel->members, NULL);
	cJSON_Delete(channel->previous_names);
	cJSON_Delete(channel->teams);
	free(channel->topic.text);
	free(channel->topic.creator);
	free(channel->purpose.text);
	free(channel->purpose.creator);
	free(channel->id);
	free(channel->name);
	free(channel->creator);
	free(channel);
}

void workspace_init(
        struct workspace *ws, const char *id, const char *name, const char *domain)
{
	ws->team_id = xstrdup(id);
	ws->name = xstrdup(name);
	ws->domain = xstrdup(domain);
	ws->users = map_create();
	ws->channels = map_create();
	ws->gone = map_create();
	ws->groups = map_create();
	ws->emoji = map_create();
	ws->email_domain = xstrdup("");
}

void workspace_finish(struct workspace *ws)
{
	map_destroy(&ws->groups, group_free);
	map_destroy(&ws->channels, channel_free);
	map_destroy(&ws->gone, channel_free);
	free(ws->email_domain);
	map_destroy(&ws->users, user_free);
	map_destroy(&ws->emoji, free);
	free(ws->team_id);
	free(ws->name);
	free(ws->domain);
}

/* ---- users ---- */

struct user *workspace_add_user(struct workspace *ws, const char *id, const char *name)
{
	struct user *user = xcalloc(1, sizeof(*user));

	user->id = xstrdup(id);
	user->name = xstrdup(name);
	user->real_name = xstrdup(name);
	user->display_name = xstrdup("");
	user->title = xstrdup("");
	user->phone = xstrdup("");
	user->status_text = xstrdup("");
	user->status_emoji = xstrdup("");
	map_set(ws->users, id, user);
	return user;
}

struct user *workspace_user(const struct workspace *ws, const char *id)
{
	return map_get(ws->users, id);
}

struct user *workspace_next_user(const struct workspace *ws, size_t *cursor)
{
	void *value;

	return map_next(ws->users, cursor, NULL, &value) ? value : NULL;
}

struct user *workspace_find_user(const struct workspace *ws, const char *name)
{
	size_t cursor = 0;
	struct user *user;

	if (*name == '@') {
		name++;
	}
	user = workspace_user(ws, name);
	if (user) {
		return user;
	}
	while ((user = workspace_next_user(ws, &cursor))) {
		if (str_equal(user->name, name)) {
			return user;
		}
	}
	cursor = 0;
	while ((user = workspace_next_user(ws, &cursor))) {
		if (*name && str_equal(user->display_name, name)) {
			return user;
		}
	}
	return NULL;
}

/* ---- channels ---- */

struct channel *workspace_add_channel(struct workspace *ws, const char *id,
        const char *name, enum channel_kind kind, const char *creator, int64_t now_ms)
{
	struct channel *channel = xcalloc(1, sizeof(*channel));

	channel->id = xstrdup(id);
	channel->name = xstrdup(name);
	channel->kind = kind;
	channel->creator = xstrdup(creator);
	channel->created_s = now_ms / 1000;
	channel->updated_ms = now_ms;
	channel->topic.text = xstrdup("");
	channel->topic.creator = xstrdup("");
	channel->purpose.text = xstrdup("");
	channel->purpose.creator = xstrdup("");
	channel->previous_names = cJSON_CreateArray();
	channel->teams = cJSON_CreateArray();
	channel->members = map_create();
	snprintf(channel->last_read, TS_SIZE, "0000000000.000000");
	map_set(ws->channels, id, channel);
	return channel;
}

struct channel *workspace_channel(const struct workspace *ws, const char *id)
{
	return map_get(ws->channels, id);
}

struct channel *workspace_next_channel(const struct workspace *ws, size_t *cursor)
{
	void *value;

	return map_next(ws->channels, cursor, NULL, &value) ? value : NULL;
}

struct channel *workspace_find_channel(const struct workspace *ws, const char *name)
{
	size_t cursor = 0;
	struct channel *channel;

	if (*name == '#') {
		name++;
	}
	channel = workspace_channel(ws, name);
	if (channel) {
		return channel;
	}
	while ((channel = workspace_next_channel(ws, &cursor))) {
		if (*name && str_equal(channel->name, name)) {
			return channel;
		}
	}
	return NULL;
}

void workspace_rename_channel_id(
        struct workspace *ws, struct channel *channel, const char *id)
{
	map_del(ws->channels, channel->id);
	str_replace(&channel->id, id);
	map_set(ws->channels, id, channel);
}

void workspace_remove_channel(struct workspace *ws, struct channel *channel)
{
	map_del(ws->channels, channel->id);
	map_set(ws->gone, channel->id, channel);
}

static bool has_exactly(
        const struct channel *channel, struct user *const *users, size_t count)
{
	if (map_count(channel->members) != count) {
		return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!channel_has(channel, users[i])) {
			return false;
		}
	}
	return true;
}

struct channel *workspace_find_direct(const struct workspace *ws, enum channel_kind kind,
        struct user *const *users, size_t count)
{
	size_t cursor = 0;
	struct channel *channel;

	while ((channel = workspace_next_channel(ws, &cursor))) {
		if (channel->kind == kind && has_exactly(channel, users, count)) {
			return channel;
		}
	}
	return NULL;
}

const char *channel_refuses(
        const struct channel *channel, const struct user *user, bool in_thread)
{
	const struct posting *posting = &channel->posting;

	if (in_thread) {
		return posting->no_threads ? "restricted_action_non_threadable_channel"
		                           : NULL;
	}
	if (posting->threads_only) {
		return "restricted_action_thread_only_channel";
	}
	return posting->admins_only && !user->admin
	               ? "restricted_action_read_only_channel"
	               : NULL;
}

bool channel_has(const struct channel *channel, const struct user *user)
{
	return map_get(channel->members, user->id) != NULL;
}

void channel_join(struct channel *channel, struct user *user)
{
	map_set(channel->members, user->id, user);
}

void channel_part(struct channel *channel, const struct user *user)
{
	map_del(channel->members, user->id);
}

void channel_rename(struct channel *channel, const char *name)
{
	cJSON_AddItemToArray(channel->previous_names, cJSON_CreateString(channel->name));
	str_replace(&channel->name, name);
}

void topic_set(struct topic *topic, const char *text, const char *by, int64_t now_s)
{
	str_replace(&topic->text, text);
	str_replace(&topic->creator, by);
	topic->set_s = now_s;
}

struct user *channel_next_member(const struct channel *channel, size_t *cursor)
{
	void *value;

	return map_next(channel->members, cursor, NULL, &value) ? value : NULL;
}

struct user *channel_partner(const struct channel *channel, const struct user *user)
{
	size_t cursor = 0;
	struct user *member, *self = NULL;

	while ((member = channel_next_member(channel, &cursor))) {
		if (member != user) {
			return member;
		}
		self = member;
	}
	return self;
}

bool array_has(const cJSON *array, const char *text)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, array)
	{
		if (str_equal(item->valuestring, text)) {
			return true;
		}
	}
	return false;
}
