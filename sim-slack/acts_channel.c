#include "sim-slack/acts.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/events.h"
#include "sim-slack/text.h"
#include "sim-slack/view.h"

#include <stdio.h>
#include <stdlib.h>

enum { MPIM_NAME_MAX = 400 };

static void report_channel(struct sim_slack *sim, const struct channel *channel,
        const char *kind, const char *what, const struct user *by)
{
	cJSON *record = json_set_str(sim_record(kind, channel), kind, what);

	json_set_str(record, "by", by ? by->name : NULL);
	sim_report(sim, record);
}

static void report_member(struct sim_slack *sim, const struct channel *channel,
        const struct user *user, const char *what, const struct user *by)
{
	cJSON *record = json_set_str(sim_record("member", channel), "member", what);

	json_set_str(record, "user", user->name);
	json_set_str(record, "by", by ? by->name : NULL);
	sim_report(sim, record);
}

/* A note and its text "<@U...> did something". */
static void note(struct sim_slack *sim, struct channel *channel, const struct user *user,
        const char *what, const char *done, cJSON *extra)
{
	autofree char *subtype = xasprintf("channel_%s", what);
	autofree char *text = xasprintf("<@%s> %s", user->id, done);

	act_note(sim, channel, user, subtype, text, extra);
}

static void touch(struct sim_slack *sim, struct channel *channel)
{
	channel->updated_ms = loop_wall_ms(sim->loop);
}

/* ---- membership ---- */

static cJSON *member_event(struct sim_slack *sim, const struct channel *channel,
        const struct user *user, const char *type)
{
	cJSON *inner = json_set_str(event_new(type), "user", user->id);

	json_set_str(inner, "channel", channel->id);
	/* Recorded as C for everything whose ID begins with C. */
	json_set_str(inner, "channel_type", channel->id[0] == 'G' ? "G" : "C");
	return json_set_str(
	        inner, "team", user->team_id ? user->team_id : sim->ws.team_id);
}

static void emit_member(
        struct sim_slack *sim, const struct channel *channel, cJSON *inner)
{
	struct event event = {json_str(inner, "type"),
	        scopes_for(SCOPE_READ, channel->kind), channel, true};

	event_emit(sim, &event, event_stamp(sim, inner), NULL);
}

void act_join(struct sim_slack *sim, struct channel *channel, struct user *user,
        const struct user *inviter)
{
	cJSON *inner = member_event(sim, channel, user, "member_joined_channel");
	cJSON *extra = NULL;

	channel_join(channel, user);
	report_member(sim, channel, user, "joined", inviter);
	if (inviter) {
		json_set_str(inner, "inviter", inviter->id);
		extra = json_set_str(json_new(), "inviter", inviter->id);
	}
	emit_member(sim, channel, inner);
	note(sim, channel, user, "join", "has joined the channel", extra);
}

/* About the app's own user: it is out already, so this is not an event of the channel's.
 */
static void emit_own_left(
        struct sim_slack *sim, const struct channel *channel, const struct user *actor)
{
	bool open = channel->kind == CHANNEL_PUBLIC;
	struct event event = {open ? "channel_left" : "group_left",
	        scopes_for(SCOPE_READ, channel->kind), channel, false};
	cJSON *inner = json_set_str(event_new(event.name), "channel", channel->id);

	json_set_str(inner, "actor_id", actor->id);
	event_emit(sim, &event, event_stamp(sim, inner), NULL);
}

void act_leave(struct sim_slack *sim, struct channel *channel, struct user *user,
        const struct user *actor)
{
	channel_part(channel, user);
	report_member(sim, channel, user, "left", actor != user ? actor : NULL);
	if (user == sim->app.bot) {
		if (sim->knobs.own_left_events) {
			emit_own_left(sim, channel, actor);
		}
	} else {
		emit_member(sim, channel,
		        member_event(sim, channel, user, "member_left_channel"));
	}
	note(sim, channel, user, "leave", "has left the channel", NULL);
}

/* ---- channels ---- */

struct channel *act_create_channel(struct sim_slack *sim, const char *name,
        enum channel_kind kind, struct user *creator)
{
	autofree char *id = ids_object(&sim->ids, "C0");
	struct channel *channel = workspace_add_channel(
	        &sim->ws, id, name, kind, creator->id, loop_wall_ms(sim->loop));

	report_channel(sim, channel, "channel", "created", creator);
	if (kind == CHANNEL_PUBLIC) {
		cJSON *inner = event_new("channel_created");

		json_set(inner, "channel", view_channel(sim, sim->app.bot, channel, 0));
		event_channel(sim, channel, "created", event_stamp(sim, inner));
	}
	act_join(sim, channel, creator, NULL);
	return channel;
}

static char *mpim_name(struct user *const *users, size_t count)
{
	struct buf name;

	buf_init(&name, MPIM_NAME_MAX);
	buf_puts(&name, "mpdm-");
	for (size_t i = 0; i < count; i++) {
		buf_printf(&name, "%s%s", i ? "--" : "", users[i]->name);
	}
	buf_puts(&name, "-1");
	return name.failed ? xstrdup("mpdm-many-1") : buf_take(&name);
}

/* People know a conversation by the other's name; one of two others has both. Caller
 * frees. */
static char *im_name(const struct sim_slack *sim, struct user *const *users, size_t count)
{
	const struct user *other =
	        count > 1 && users[0] == sim->app.bot ? users[1] : users[0];

	if (count > 1 && users[0] != sim->app.bot && users[1] != sim->app.bot) {
		return xasprintf("@%s,@%s", users[0]->name, users[1]->name);
	}
	return xasprintf("@%s", other->name);
}

struct channel *act_open_direct(
        struct sim_slack *sim, struct user *const *users, size_t count, bool *made)
{
	enum channel_kind kind = count > 2 ? CHANNEL_MPIM : CHANNEL_IM;
	struct channel *channel = workspace_find_direct(&sim->ws, kind, users, count);
	autofree char *id = NULL, *name = NULL;

	if (made) {
		*made = channel == NULL;
	}
	if (channel) {
		return channel;
	}
	id = ids_object(&sim->ids, kind == CHANNEL_MPIM ? "G0" : "D0");
	name = kind == CHANNEL_MPIM ? mpim_name(users, count)
	                            : im_name(sim, users, count);
	channel = workspace_add_channel(
	        &sim->ws, id, name, kind, users[0]->id, loop_wall_ms(sim->loop));
	for (size_t i = 0; i < count; i++) {
		channel_join(channel, users[i]);
	}
	report_channel(sim, channel, "channel", "opened", users[0]);
	return channel;
}

static void emit_archive(struct sim_slack *sim, const struct channel *channel,
        const struct user *user, bool archive)
{
	cJSON *inner = json_set_str(json_new(), "channel", channel->id);

	/* group_unarchive alone says actor_id. */
	if (channel->kind == CHANNEL_PUBLIC || archive) {
		json_set_str(inner, "user", user->id);
	} else {
		json_set_str(inner, "actor_id", user->id);
	}
	if (archive) {
		json_set_int(inner, "is_moved", 0);
	}
	event_channel(
	        sim, channel, archive ? "archive" : "unarchive", event_stamp(sim, inner));
}

void act_archive(struct sim_slack *sim, struct channel *channel, const struct user *user)
{
	struct user *bot = sim->app.bot;
	bool had_bot = channel_has(channel, bot);

	channel->archived = true;
	touch(sim, channel);
	report_channel(sim, channel, "archive", "archived", user);
	if (sim->knobs.archive_event_first) {
		emit_archive(sim, channel, user, true);
	}
	note(sim, channel, user, "archive", "archived the channel", NULL);
	if (!sim->knobs.archive_event_first) {
		emit_archive(sim, channel, user, true);
	}
	/* Private channels keep their members for the day of their return. */
	if (had_bot && channel->kind == CHANNEL_PUBLIC) {
		channel_part(channel, bot);
		report_member(sim, channel, bot, "left", user);
	}
	if (had_bot && sim->knobs.archive_member_events) {
		emit_own_left(sim, channel, user);
	}
}

static void empty_channel(struct channel *channel)
{
	size_t cursor = 0;
	struct user *member;

	while ((member = channel_next_member(channel, &cursor))) {
		channel_part(channel, member);
	}
}

void act_unarchive(struct sim_slack *sim, struct channel *channel, struct user *user)
{
	channel->archived = false;
	touch(sim, channel);
	if (channel->kind == CHANNEL_PUBLIC) {
		empty_channel(channel);
	}
	if (!channel_has(channel, user)) {
		channel_join(channel, user);
	}
	report_channel(sim, channel, "archive", "unarchived", user);
	emit_archive(sim, channel, user, false);
	note(sim, channel, user, "unarchive", "un-archived the channel", NULL);
}

void act_rename(struct sim_slack *sim, struct channel *channel, const struct user *user,
        const char *name)
{
	autofree char *old = xstrdup(channel->name);
	autofree char *done =
	        xasprintf("has renamed the channel from \"%s\" to \"%s\"", old, name);
	cJSON *extra = json_set_str(json_new(), "old_name", old);
	cJSON *inner = json_new(), *about = json_set_str(json_new(), "id", channel->id);

	channel_rename(channel, name);
	touch(sim, channel);
	report_channel(sim, channel, "rename", name, user);
	json_set_str(about, "name", name);
	json_set_str(about, "name_normalized", name);
	json_set_int(about, "created", channel->created_s);
	json_set_bool(about, "is_channel", true);
	json_set_bool(about, "is_mpim", false);
	json_set(inner, "channel", about);
	event_channel(sim, channel, "rename", event_stamp(sim, inner));
	note(sim, channel, user, "name", done, json_set_str(extra, "name", name));
}

void act_topic(struct sim_slack *sim, struct channel *channel, const struct user *user,
        const char *text, bool purpose)
{
	const char *what = purpose ? "purpose" : "topic";
	autofree char *stored = text_store(text);
	autofree char *done = *text ? xasprintf("set the channel %s: %s", what, stored)
	                            : xasprintf("cleared the channel %s", what);

	topic_set(purpose ? &channel->purpose : &channel->topic, stored, user->id,
	        sim_now_s(sim));
	touch(sim, channel);
	report_channel(sim, channel, what, text, user);
	note(sim, channel, user, what, done, json_set_str(json_new(), what, stored));
}

/* ---- users and the app ---- */

static void emit_user(struct sim_slack *sim, const struct user *user, const char *type)
{
	struct event event = {type, "users:read", NULL, false};
	cJSON *inner = json_set(event_new(type), "user", view_user(sim, user));

	json_set_int(inner, "cache_ts", sim_now_s(sim));
	event_emit(sim, &event, event_stamp(sim, inner), NULL);
}

static void report_user(struct sim_slack *sim, const struct user *user, const char *what)
{
	cJSON *record = json_set_str(sim_record("user", NULL), "user", user->name);

	sim_report(sim, json_set_str(record, "action", what));
}

struct user *act_add_user(
        struct sim_slack *sim, const char *name, user_change_fn *fill, const void *arg)
{
	autofree char *id = ids_object(&sim->ids, "U0");
	autofree char *email = xasprintf("%s@%s.example", name, sim->ws.domain);
	struct user *user = workspace_add_user(&sim->ws, id, name);

	str_replace(&user->email, email);
	ids_hex(&sim->ids.names, user->avatar_hash, 12);
	user->updated_s = sim_now_s(sim);
	if (fill) {
		fill(sim, user, arg);
	}
	report_user(sim, user, "added");
	if (!user->team_id) {
		emit_user(sim, user, "team_join");
	}
	return user;
}

void act_change_user(
        struct sim_slack *sim, struct user *user, user_change_fn *change, const void *arg)
{
	autofree char *status = xasprintf("%s %s", user->status_emoji, user->status_text);
	autofree char *now = NULL;
	autojson cJSON *before = view_user(sim, user), *after = NULL;

	change(sim, user, arg);
	now = xasprintf("%s %s", user->status_emoji, user->status_text);
	report_user(sim, user, "changed");
	/* Of custom fields alone user_change says nothing (section 2.2). */
	after = view_user(sim, user);
	if (!cJSON_Compare(before, after, true)) {
		user->updated_s = sim_now_s(sim);
		emit_user(sim, user, "user_change");
	}
	if (!str_equal(status, now)) {
		emit_user(sim, user, "user_status_changed");
	}
	emit_user(sim, user, "user_profile_changed");
}

void act_tokens_revoked(struct sim_slack *sim, const struct user *user)
{
	struct event event = {"tokens_revoked", "", NULL, false};
	cJSON *ids = cJSON_CreateArray(), *tokens = json_new();

	cJSON_AddItemToArray(ids, cJSON_CreateString(user->id));
	json_set(tokens, "oauth", user->bot_id ? cJSON_CreateArray() : ids);
	json_set(tokens, "bot", user->bot_id ? ids : cJSON_CreateArray());
	event_emit(sim, &event,
	        event_stamp(sim, json_set(event_new("tokens_revoked"), "tokens", tokens)),
	        NULL);
}

void act_uninstalled(struct sim_slack *sim)
{
	struct event event = {"app_uninstalled", "", NULL, false};

	event_emit(sim, &event, event_stamp(sim, event_new("app_uninstalled")), NULL);
}
