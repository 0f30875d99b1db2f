#include "sim-slack/api.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
#include "sim-slack/view.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAME_MAX_CHARS = 80,
	TOPIC_MAX_CHARS = 250,
	DIRECT_USERS_MAX = 8,
	INVITE_USERS_MAX = 100,
};

#define MANAGE_SCOPES "groups:write,im:write,mpim:write,channels:write,channels:manage"
#define TOPIC_SCOPES                                                                     \
	"channels:write.topic,groups:write.topic,mpim:write.topic,im:write.topic,"       \
	"channels:manage,groups:write,im:write,mpim:write"

/* ---- open and close ---- */

/* The users argument and the app's own user; false and the call failed. */
static bool read_direct_users(struct api_call *call, const char *list,
        struct user *users[DIRECT_USERS_MAX + 1], size_t *count)
{
	struct user *bot = call->user;

	users[0] = bot;
	*count = 1;
	for (;;) {
		autofree char *id = api_next_id(&list);
		struct user *user = id ? workspace_user(&call->sim->ws, id) : NULL;

		if (!id) {
			break;
		}
		if (!user || user->deleted) {
			api_fail(call, user ? "user_disabled" : "user_not_found");
			return false;
		}
		if (user == bot) {
			continue;
		}
		if (*count > DIRECT_USERS_MAX) {
			api_fail(call, "too_many_users");
			return false;
		}
		users[(*count)++] = user;
	}
	if (*count == 1) {
		api_fail(call, "not_enough_users");
		return false;
	}
	return true;
}

static void reply_opened(struct api_call *call, struct channel *channel, bool made)
{
	cJSON *object = json_set_str(json_new(), "id", channel->id);

	if (api_bool(call, "return_im", false)) {
		cJSON_Delete(object);
		object = view_channel(call->sim, call->user, channel, VIEW_MEMBERSHIP);
	}
	if (!made && !channel->closed) {
		json_set_bool(call->reply, "no_op", true);
		json_set_bool(call->reply, "already_open", true);
	}
	channel->closed = false;
	json_set(call->reply, "channel", object);
}

static void run_close(struct api_call *call)
{
	struct channel *channel = api_channel(call, SCOPE_WRITE);

	if (!channel || !api_kind(call, channel, 1U << CHANNEL_IM | 1U << CHANNEL_MPIM)) {
		return;
	}
	if (channel->closed) {
		json_set_bool(call->reply, "no_op", true);
		json_set_bool(call->reply, "already_closed", true);
	}
	channel->closed = true;
}

static void run_open(struct api_call *call)
{
	const char *list = api_str(call, "users"), *scopes;
	struct user *users[DIRECT_USERS_MAX + 1];
	struct channel *channel;
	size_t count;
	bool made;

	if (!list || !*list) {
		if (!api_str(call, "channel")) {
			api_fail(call, "users_list_not_supplied");
			return;
		}
		channel = api_channel(call, SCOPE_WRITE);
		if (channel &&
		        api_kind(call, channel, 1U << CHANNEL_IM | 1U << CHANNEL_MPIM)) {
			reply_opened(call, channel, false);
		}
		return;
	}
	if (!read_direct_users(call, list, users, &count)) {
		return;
	}
	scopes = scopes_for(SCOPE_WRITE, count > 2 ? CHANNEL_MPIM : CHANNEL_IM);
	if (!api_has_scope(call, scopes)) {
		api_fail_scope(call, scopes);
		return;
	}
	if (api_bool(call, "prevent_creation", false) &&
	        !workspace_find_direct(&call->sim->ws,
	                count > 2 ? CHANNEL_MPIM : CHANNEL_IM, users, count)) {
		api_fail(call, "channel_not_found");
		return;
	}
	channel = act_open_direct(call->sim, users, count, &made);
	reply_opened(call, channel, made);
}

/* ---- join, leave, invite, kick ---- */

static void run_join(struct api_call *call)
{
	struct channel *channel = api_channel(call, SCOPE_JOIN);

	if (!channel || !api_kind(call, channel, 1U << CHANNEL_PUBLIC)) {
		return;
	}
	if (channel->archived) {
		api_fail(call, "is_archived");
		return;
	}
	if (channel_has(channel, call->user)) {
		api_warn(call, "already_in_channel");
	} else {
		act_join(call->sim, channel, call->user, NULL);
	}
	json_set(call->reply, "channel",
	        view_channel(call->sim, call->user, channel, VIEW_MEMBERSHIP));
}

static void run_leave(struct api_call *call)
{
	struct channel *channel = api_channel(call, SCOPE_WRITE);
	struct user *bot = call->user;

	if (!channel || !api_kind(call, channel, ANY_GROUP)) {
		return;
	}
	if (channel->archived) {
		api_fail(call, "is_archived");
	} else if (!channel_has(channel, bot)) {
		/* As documented: not ok, and no error either. */
		json_set_bool(call->reply, "ok", false);
		json_set_bool(call->reply, "not_in_channel", true);
	} else if (channel->general) {
		api_fail(call, "cant_leave_general");
	} else if (map_count(channel->members) == 1 && channel->kind != CHANNEL_PUBLIC) {
		api_fail(call, "last_member");
	} else {
		act_leave(call->sim, channel, bot, bot);
	}
}

static bool is_in_any(const struct sim_slack *sim, const struct user *user)
{
	size_t cursor = 0;
	const struct channel *channel;

	while ((channel = workspace_next_channel(&sim->ws, &cursor))) {
		if (channel->kind <= CHANNEL_PRIVATE && channel_has(channel, user)) {
			return true;
		}
	}
	return false;
}

static const char *why_not_invite(const struct api_call *call,
        const struct channel *channel, const struct user *user)
{
	return !user                        ? "user_not_found"
	       : user == call->user         ? "cant_invite_self"
	       : user->deleted              ? "cant_invite"
	       : channel_has(channel, user) ? "already_in_channel"
	       : user->team_id && !array_has(channel->teams, user->team_id)
	               ? "org_user_not_in_team"
	       : user->ultra_restricted && is_in_any(call->sim, user) ? "ura_max_channels"
	                                                              : NULL;
}

static void add_invite_error(cJSON *errors, const char *error, const char *id)
{
	cJSON *item = json_set_bool(json_new(), "ok", false);

	json_set_str(item, "error", error);
	cJSON_AddItemToArray(errors, json_set_str(item, "user", id));
}

/* Each user's error; the first of them fails the call, and without force nobody is
 * invited. */
static void invite_all(struct api_call *call, struct channel *channel, const char *list)
{
	bool force = api_bool(call, "force", false);
	cJSON *errors = cJSON_CreateArray();
	const char *p = list;
	char *id;

	for (; (id = api_next_id(&p)); free(id)) {
		const struct user *user = workspace_user(&call->sim->ws, id);
		const char *why = why_not_invite(call, channel, user);

		if (why) {
			add_invite_error(errors, why, id);
		}
	}
	if (cJSON_GetArraySize(errors) == 0 || force) {
		for (p = list; (id = api_next_id(&p)); free(id)) {
			struct user *user = workspace_user(&call->sim->ws, id);

			if (user && !why_not_invite(call, channel, user)) {
				act_join(call->sim, channel, user, call->user);
			}
		}
	}
	if (cJSON_GetArraySize(errors) > 0) {
		api_fail(call, json_str(cJSON_GetArrayItem(errors, 0), "error"));
		json_set(call->reply, "errors", errors);
		return;
	}
	cJSON_Delete(errors);
	json_set(call->reply, "channel",
	        view_channel(call->sim, call->user, channel, VIEW_MEMBERSHIP));
}

static size_t count_ids(const char *list)
{
	size_t count = 0;
	char *id;

	for (; (id = api_next_id(&list)); free(id)) {
		count++;
	}
	return count;
}

static void run_invite(struct api_call *call)
{
	struct channel *channel = api_channel(call, SCOPE_INVITE);
	const char *users = api_str(call, "users");

	if (!channel || !api_kind(call, channel, ANY_CHANNEL)) {
		return;
	}
	if (channel->archived) {
		api_fail(call, "is_archived");
	} else if (!channel_has(channel, call->user)) {
		api_fail(call, "not_in_channel");
	} else if (!users || count_ids(users) == 0) {
		api_fail(call, "no_user");
	} else if (count_ids(users) > INVITE_USERS_MAX) {
		api_fail(call, "too_many_users");
	} else {
		invite_all(call, channel, users);
	}
}

static void run_kick(struct api_call *call)
{
	struct channel *channel = api_channel(call, SCOPE_KICK);
	const char *id = channel ? api_need(call, "user") : NULL;
	struct user *user = id ? workspace_user(&call->sim->ws, id) : NULL;

	if (!id || !api_kind(call, channel, ANY_CHANNEL)) {
		return;
	}
	if (!user) {
		api_fail(call, "user_not_found");
	} else if (user == call->user) {
		api_fail(call, "cant_kick_self");
	} else if (channel->general) {
		api_fail(call, "cant_kick_from_general");
	} else if (!channel_has(channel, call->user) || !channel_has(channel, user)) {
		api_fail(call, "not_in_channel");
	} else {
		act_leave(call->sim, channel, user, call->user);
	}
}

/* ---- create, rename, topic, archive ---- */

/* An error word for a channel's name, or NULL. */
static const char *name_error(const struct sim_slack *sim, const char *name)
{
	bool letters = false;

	if (!*name) {
		return "invalid_name_required";
	}
	if (strlen(name) > NAME_MAX_CHARS) {
		return "invalid_name_maxlength";
	}
	for (const unsigned char *p = (const unsigned char *)name; *p; p++) {
		letters |= isalnum(*p) || *p >= 0x80;
		if (isupper(*p) ||
		        (*p < 0x80 && !isalnum(*p) && *p != '-' && *p != '_')) {
			return "invalid_name_specials";
		}
	}
	if (!letters) {
		return "invalid_name_punctuation";
	}
	return workspace_find_channel(&sim->ws, name) ? "name_taken" : NULL;
}

static void run_create(struct api_call *call)
{
	const char *name = api_str(call, "name");
	enum channel_kind kind =
	        api_bool(call, "is_private", false) ? CHANNEL_PRIVATE : CHANNEL_PUBLIC;
	const char *scopes = scopes_for(SCOPE_WRITE, kind);
	const char *error = name_error(call->sim, name ? name : "");
	struct channel *channel;

	if (!api_has_scope(call, scopes)) {
		api_fail_scope(call, scopes);
		return;
	}
	if (error) {
		api_fail(call, error);
		return;
	}
	channel = act_create_channel(call->sim, name, kind, call->user);
	json_set(call->reply, "channel",
	        view_channel(call->sim, call->user, channel, VIEW_MEMBERSHIP));
}

/* For what changes a channel: fails with is_archived or not_in_channel as well. */
static struct channel *changeable(
        struct api_call *call, enum scope_family family, unsigned kinds)
{
	struct channel *channel = api_channel(call, family);

	if (!channel || !api_kind(call, channel, kinds)) {
		return NULL;
	}
	if (channel->archived) {
		api_fail(call, "is_archived");
		return NULL;
	}
	if (!channel_has(channel, call->user)) {
		api_fail(call, "not_in_channel");
		return NULL;
	}
	return channel;
}

static void run_rename(struct api_call *call)
{
	struct channel *channel = changeable(call, SCOPE_WRITE, ANY_CHANNEL);
	const char *name = api_str(call, "name");
	const char *error = name_error(call->sim, name ? name : "");

	if (!channel) {
		return;
	}
	if (error) {
		api_fail(call, error);
		return;
	}
	act_rename(call->sim, channel, call->user, name);
	json_set(call->reply, "channel",
	        view_channel(call->sim, call->user, channel, VIEW_MEMBERSHIP));
}

static void set_topic(struct api_call *call, bool purpose)
{
	struct channel *channel = changeable(call, SCOPE_TOPIC, ANY_CONVERSATION);
	const char *text = api_str(call, purpose ? "purpose" : "topic");

	if (!channel) {
		return;
	}
	if (!text) {
		api_need(call, purpose ? "purpose" : "topic");
		return;
	}
	if (strlen(text) > TOPIC_MAX_CHARS) {
		api_fail(call, "too_long");
		return;
	}
	act_topic(call->sim, channel, call->user, text, purpose);
	json_set(call->reply, "channel",
	        view_channel(call->sim, call->user, channel, VIEW_MEMBERSHIP));
}

static void run_set_topic(struct api_call *call)
{
	set_topic(call, false);
}

static void run_set_purpose(struct api_call *call)
{
	set_topic(call, true);
}

static void run_archive(struct api_call *call)
{
	struct channel *channel = api_channel(call, SCOPE_WRITE);

	if (!channel || !api_kind(call, channel, ANY_GROUP)) {
		return;
	}
	if (channel->archived) {
		api_fail(call, "already_archived");
	} else if (channel->general) {
		api_fail(call, "cant_archive_general");
	} else if (!channel_has(channel, call->user)) {
		api_fail(call, "not_in_channel");
	} else {
		act_archive(call->sim, channel, call->user);
	}
}

/* Bots cannot: they are members of no archived channel. */
static void run_unarchive(struct api_call *call)
{
	struct channel *channel = api_channel(call, SCOPE_WRITE);

	if (!channel || !api_kind(call, channel, ANY_GROUP)) {
		return;
	}
	if (!channel->archived) {
		api_fail(call, "not_archived");
	} else if (call->kind >= TOKEN_USER ||
	           !api_fail_unless_ok(call, call->sim->knobs.unarchive_by_bot)) {
		act_unarchive(call->sim, channel, call->user);
	}
}

static void run_mark(struct api_call *call)
{
	struct channel *channel = api_own_channel(call, SCOPE_WRITE);
	const char *ts = channel ? api_need(call, "ts") : NULL;
	int64_t us;

	if (!ts) {
		return;
	}
	if (!ts_parse(ts, &us)) {
		api_fail(call, "invalid_timestamp");
		return;
	}
	ts_format(us, channel->last_read);
}

const struct api_method api_membership_methods[] = {
        {"conversations.open", FOR_BOT | TAKES_JSON, TIER_3,
                "channels:manage,groups:write,im:write,mpim:write", run_open},
        {"conversations.close", FOR_BOT | TAKES_JSON, TIER_2, MANAGE_SCOPES, run_close},
        {"conversations.join", FOR_BOT | TAKES_JSON, TIER_3, "channels:join", run_join},
        {"conversations.leave", FOR_BOT | TAKES_JSON, TIER_3, MANAGE_SCOPES, run_leave},
        {"conversations.invite", FOR_BOT | TAKES_JSON, TIER_3,
                "channels:write.invites,groups:write.invites,channels:manage,groups:write,"
                "im:write,mpim:write",
                run_invite},
        {"conversations.kick", FOR_BOT | TAKES_JSON, TIER_3,
                "groups:write,channels:manage", run_kick},
        {"conversations.create", FOR_BOT | TAKES_JSON, TIER_2, MANAGE_SCOPES, run_create},
        {"conversations.rename", FOR_BOT | TAKES_JSON, TIER_2, MANAGE_SCOPES, run_rename},
        {"conversations.setTopic", FOR_BOT | TAKES_JSON, TIER_2, TOPIC_SCOPES,
                run_set_topic},
        {"conversations.setPurpose", FOR_BOT | TAKES_JSON, TIER_2, TOPIC_SCOPES,
                run_set_purpose},
        {"conversations.archive", FOR_BOT | TAKES_JSON, TIER_2, MANAGE_SCOPES,
                run_archive},
        {"conversations.unarchive", FOR_BOT | TAKES_JSON, TIER_2, MANAGE_SCOPES,
                run_unarchive},
        {"conversations.mark", FOR_BOT | TAKES_JSON, TIER_3, MANAGE_SCOPES, run_mark},
        {0},
};
