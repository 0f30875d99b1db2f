#include "sim-slack/files/files.h"
#include "sim-slack/verbs.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
#include "sim-slack/blocks.h"
#include "sim-slack/emoji/emoji.h"
#include "sim-slack/text.h"

#include <stdlib.h>

/* Another integration than the app, for messages under any name. */
static const char hook_bot_id[] = "B0SIMHOOK0";

static cJSON *sent(const struct message *message, const char *event_id)
{
	cJSON *result = json_set_str(json_new(), "ts", message->ts);

	return json_set_str(result, "event_id", *event_id ? event_id : NULL);
}

/* ---- messages ---- */

bool verb_may_write(
        const struct channel *channel, const struct user *user, struct err *err)
{
	if (channel->archived) {
		return err_set(err, ERR_PERMANENT, 0, "%s is archived", channel->name);
	}
	if (!channel_has(channel, user)) {
		return err_set(err, ERR_PERMANENT, 0, "%s is not in %s", user->name,
		        channel->name);
	}
	return true;
}

bool verb_parent(const struct channel *channel, const cJSON *args,
        const struct message **out, struct err *err)
{
	const char *ts = json_str(args, "thread_ts"), *of = json_str(args, "thread_of");
	autojson cJSON *wanted =
	        json_set_str(json_set_str(json_new(), "ts", ts), "of", of);
	const struct message *message;

	*out = NULL;
	if (!ts && !of) {
		return true;
	}
	message = verb_message(channel, wanted, NULL, err);
	if (!message) {
		return false;
	}
	*out = message->thread_ts ? message_parent(message) : message;
	return *out != NULL;
}

bool verb_post(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user = verb_user(sim, args, "as", err);
	struct channel *channel = user ? verb_channel(sim, args, user, err) : NULL;
	autofree char *text = text_store(json_str_or(args, "text", ""));
	bool me = json_bool(args, "me", false);
	const struct message *parent = NULL, *message;
	char event_id[EVENT_ID_SIZE], client_id[UUID_SIZE];
	struct post post = {.channel = channel,
	        .user = user,
	        .text = text,
	        .username = json_str(args, "username"),
	        .icon_url = json_str(args, "icon_url"),
	        .blocks = json_arr(args, "blocks"),
	        .attachments = json_arr(args, "attachments"),
	        .own_blocks = !me};

	if (!channel || !verb_may_write(channel, user, err) ||
	        !verb_parent(channel, args, &parent, err)) {
		return false;
	}
	if (channel_refuses(channel, user, parent != NULL)) {
		return err_set(
		        err, ERR_PERMANENT, 0, "%s may not write there", user->name);
	}
	post.thread_ts = parent ? parent->ts : NULL;
	if (post.username) {
		post.user = NULL;
		post.bot_id = hook_bot_id;
		post.subtype = "bot_message";
	} else {
		ids_uuid(&sim->ids.names, client_id);
		post.client_msg_id = me || user->bot_id ? NULL : client_id;
		post.bot_id = user->bot_id;
		post.subtype = me ? "me_message"
		               : parent && json_bool(args, "broadcast", false)
		                       ? "thread_broadcast"
		                       : NULL;
	}
	message = act_post(sim, &post, event_id);
	*result = sent(message, event_id);
	return true;
}

/* The user, and the message in the channel; false and *err: one of them is not there. */
static bool find_message(struct sim_slack *sim, const cJSON *args, bool own,
        struct user **user, struct message **message, struct err *err)
{
	struct channel *channel;

	*user = verb_user(sim, args, "as", err);
	channel = *user ? verb_channel(sim, args, *user, err) : NULL;
	*message = channel ? verb_message(channel, args, own ? *user : NULL, err) : NULL;
	return *message != NULL;
}

bool verb_edit(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	autofree char *text = text_store(json_str_or(args, "text", ""));
	char event_id[EVENT_ID_SIZE];
	struct message *message;
	struct user *user;

	if (!find_message(sim, args, true, &user, &message, err)) {
		return false;
	}
	const cJSON *added = json_obj(args, "add_file");
	struct file *file = added ? verb_make_file(sim, added, user, err) : NULL;

	if (added && !file) {
		return false;
	}
	struct edit edit = {.text = text,
	        .files = &file,
	        .file_count = file ? 1 : 0,
	        .by = user->bot_id ? user->bot_id : user->id,
	        .own_blocks = true};
	act_edit(sim, message, &edit, event_id);
	*result = sent(message, event_id);
	return true;
}

bool verb_delete(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	char event_id[EVENT_ID_SIZE];
	struct message *message;
	struct user *user;
	cJSON *about;

	if (!find_message(sim, args, !json_str(args, "ts"), &user, &message, err)) {
		return false;
	}
	if (message->user != user && !user->admin) {
		return err_set(err, ERR_PERMANENT, 0, "%s may not delete it", user->name);
	}
	about = json_set_str(json_new(), "ts", message->ts);
	act_delete(sim, message, event_id);
	*result = json_set_str(about, "event_id", *event_id ? event_id : NULL);
	return true;
}

/* What Slack finds behind a link comes later, as a change that is no edit. */
bool verb_unfurl(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct message *message;
	struct user *user;
	const char *url = json_str_or(args, "url", "https://example.org/");
	const char *title = json_str_or(args, "title", "A page");
	cJSON *one, *before;

	(void)result;
	if (!find_message(sim, args, false, &user, &message, err)) {
		return false;
	}
	before = act_message_before(sim, message);
	one = json_set_str(json_new(), "from_url", url);
	json_set_str(one, "original_url", url);
	json_set_str(one, "fallback", title);
	json_set_str(one, "title", title);
	json_set_str(one, "title_link", url);
	json_set_str(one, "text", json_str(args, "text"));
	json_set_str(one, "image_url", json_str(args, "image_url"));
	json_set_str(one, "service_name", json_str_or(args, "service", "Example"));
	if (!message->attachments) {
		message->attachments = cJSON_CreateArray();
	}
	cJSON_AddItemToArray(message->attachments, one);
	attachments_name(message->attachments);
	act_message_changed(sim, message, before);
	return true;
}

static bool react(struct sim_slack *sim, const cJSON *args, bool add, struct err *err)
{
	const char *wanted = json_str_or(args, "name", "");
	char name[EMOJI_NAME_BYTES];
	struct message *message;
	struct user *user;

	if (!find_message(sim, args, false, &user, &message, err)) {
		return false;
	}
	if (!emoji_known(sim, wanted, name)) {
		return err_set(err, ERR_PERMANENT, 0, "there is no emoji %s", wanted);
	}
	if (reaction_has(message_reaction(message, name), user->id) == add) {
		return err_set(err, ERR_PERMANENT, 0, "%s has %s reacted so", user->name,
		        add ? "already" : "not");
	}
	act_react(sim, message, user, name, add);
	return true;
}

bool verb_react(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)result;
	return react(sim, args, true, err);
}

bool verb_unreact(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)result;
	return react(sim, args, false, err);
}

static bool pin(struct sim_slack *sim, const cJSON *args, bool add, struct err *err)
{
	struct message *message;
	struct user *user;

	if (!find_message(sim, args, false, &user, &message, err)) {
		return false;
	}
	if ((message->pinned_by != NULL) == add) {
		return err_set(
		        err, ERR_PERMANENT, 0, "it is%s pinned", add ? "" : " not");
	}
	act_pin(sim, message, user, add);
	return true;
}

bool verb_pin(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)result;
	return pin(sim, args, true, err);
}

bool verb_unpin(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)result;
	return pin(sim, args, false, err);
}

/* ---- channels ---- */

static void join_everybody(struct sim_slack *sim, struct channel *channel)
{
	size_t cursor = 0;
	struct user *user;

	while ((user = workspace_next_user(&sim->ws, &cursor))) {
		if (!user->bot_id && !user->deleted &&
		        !str_equal(user->id, "USLACKBOT") &&
		        !channel_has(channel, user)) {
			act_join(sim, channel, user, NULL);
		}
	}
}

/* False and *err: somebody in the list is nobody. Checks only, or joins them. */
static bool join_listed(struct sim_slack *sim, struct channel *channel,
        const cJSON *members, const struct user *by, struct err *err)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, members)
	{
		const char *name = cJSON_IsString(item) ? item->valuestring : "?";
		struct user *user = str_equal(name, "bot")
		                            ? sim->app.bot
		                            : workspace_find_user(&sim->ws, name);

		if (!user) {
			return err_set(
			        err, ERR_PERMANENT, 0, "there is no user %s", name);
		}
		if (channel && !channel_has(channel, user)) {
			act_join(sim, channel, user, by);
		}
	}
	return true;
}

bool verb_create_channel(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *name = json_str_or(args, "name", "");
	const cJSON *members = json_arr(args, "members");
	bool closed = json_bool(args, "private", false);
	struct user *by = verb_user(sim, args, "by", err);
	struct channel *channel;

	if (!by || !join_listed(sim, NULL, members, by, err)) {
		return false;
	}
	if (!*name || workspace_find_channel(&sim->ws, name)) {
		return err_set(
		        err, ERR_PERMANENT, 0, "the name %s cannot be taken", name);
	}
	channel = act_create_channel(
	        sim, name, closed ? CHANNEL_PRIVATE : CHANNEL_PUBLIC, by);
	if (members) {
		join_listed(sim, channel, members, by, err);
	} else if (!closed) {
		join_everybody(sim, channel);
	}
	*result = json_set_str(json_new(), "id", channel->id);
	return true;
}

/* The channel that `in` names, to be changed by the user `field` names: both must exist,
 * the channel be no archived one. */
static struct channel *changeable(struct sim_slack *sim, const cJSON *args,
        const char *field, struct user **by, struct err *err)
{
	struct channel *channel;

	*by = verb_user(sim, args, field, err);
	channel = *by ? verb_channel(sim, args, *by, err) : NULL;
	if (channel && channel->archived) {
		err_set(err, ERR_PERMANENT, 0, "%s is archived", channel->name);
		return NULL;
	}
	return channel;
}

static struct user *subject(struct sim_slack *sim, const cJSON *args, struct err *err)
{
	if (json_bool(args, "bot", false)) {
		return sim->app.bot;
	}
	if (!json_str(args, "user")) {
		err_set(err, ERR_PERMANENT, 0, "say user or bot: true");
		return NULL;
	}
	return verb_user(sim, args, "user", err);
}

bool verb_invite(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *by, *user = subject(sim, args, err);
	struct channel *channel = user ? changeable(sim, args, "by", &by, err) : NULL;

	(void)result;
	if (!channel) {
		return false;
	}
	if (channel_has(channel, user)) {
		return err_set(err, ERR_PERMANENT, 0, "%s is in %s already", user->name,
		        channel->name);
	}
	act_join(sim, channel, user, by);
	return true;
}

bool verb_kick(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *by, *user = subject(sim, args, err);
	struct channel *channel = user ? changeable(sim, args, "by", &by, err) : NULL;

	(void)result;
	if (!channel) {
		return false;
	}
	if (!channel_has(channel, user)) {
		return err_set(err, ERR_PERMANENT, 0, "%s is not in %s", user->name,
		        channel->name);
	}
	act_leave(sim, channel, user, by);
	return true;
}

bool verb_join(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user;
	struct channel *channel = changeable(sim, args, "as", &user, err);

	(void)result;
	if (!channel) {
		return false;
	}
	if (channel->kind != CHANNEL_PUBLIC || channel_has(channel, user)) {
		return err_set(err, ERR_PERMANENT, 0, "%s cannot join %s", user->name,
		        channel->name);
	}
	act_join(sim, channel, user, NULL);
	return true;
}

bool verb_leave(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user;
	struct channel *channel = changeable(sim, args, "as", &user, err);

	(void)result;
	if (!channel) {
		return false;
	}
	if (!channel_has(channel, user)) {
		return err_set(err, ERR_PERMANENT, 0, "%s is not in %s", user->name,
		        channel->name);
	}
	act_leave(sim, channel, user, user);
	return true;
}

bool verb_archive(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *by;
	struct channel *channel = changeable(sim, args, "by", &by, err);

	(void)result;
	if (channel) {
		act_archive(sim, channel, by);
	}
	return channel != NULL;
}

bool verb_unarchive(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *by = verb_user(sim, args, "by", err);
	struct channel *channel = by ? verb_channel(sim, args, by, err) : NULL;

	(void)result;
	if (!channel) {
		return false;
	}
	if (!channel->archived) {
		return err_set(
		        err, ERR_PERMANENT, 0, "%s is not archived", channel->name);
	}
	act_unarchive(sim, channel, by);
	return true;
}

bool verb_rename(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	const char *name = json_str_or(args, "name", "");
	struct user *by;
	struct channel *channel = changeable(sim, args, "by", &by, err);

	(void)result;
	if (!channel) {
		return false;
	}
	if (!*name || workspace_find_channel(&sim->ws, name)) {
		return err_set(
		        err, ERR_PERMANENT, 0, "the name %s cannot be taken", name);
	}
	act_rename(sim, channel, by, name);
	return true;
}

bool verb_topic(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *by;
	struct channel *channel = changeable(sim, args, "by", &by, err);

	(void)result;
	if (channel) {
		act_topic(sim, channel, by, json_str_or(args, "text", ""),
		        json_bool(args, "purpose", false));
	}
	return channel != NULL;
}
