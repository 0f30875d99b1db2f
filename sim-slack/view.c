#include "sim-slack/view.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/files/files.h"
#include "sim-slack/scopes.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static cJSON *set_null(cJSON *object, const char *name)
{
	cJSON_AddNullToObject(object, name);
	return object;
}

static cJSON *set_array(cJSON *object, const char *name)
{
	return json_set(object, name, cJSON_CreateArray());
}

static char *team_url(const struct sim_slack *sim)
{
	return xasprintf("https://%s.slack.com/", sim->ws.domain);
}

static void set_images(const struct sim_slack *sim, cJSON *object,
        const struct user *user, const int *sizes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		autofree char *name = xasprintf("image_%d", sizes[i]);
		autofree char *url = xasprintf("%s/avatars/%s.png?v=%s&s=%d", sim->url,
		        user->id, user->avatar_hash, sizes[i]);

		json_set_str(object, name, url);
	}
}

cJSON *view_team(const struct sim_slack *sim)
{
	autofree char *url = team_url(sim);
	autofree char *icon_url = xasprintf("%s/avatars/%s.png%s%s", sim->url,
	        sim->ws.team_id, sim->ws.icon_hash[0] ? "?v=" : "", sim->ws.icon_hash);
	cJSON *team = json_set_str(json_new(), "id", sim->ws.team_id);
	cJSON *icon = json_new();

	json_set_str(team, "name", sim->ws.name);
	json_set_str(team, "url", url);
	json_set_str(team, "domain", sim->ws.domain);
	json_set_str(team, "email_domain", sim->ws.email_domain);
	for (const char *const *size = (const char *const[]){"image_34", "image_44",
	             "image_68", "image_88", "image_102", "image_132", "image_230", NULL};
	        *size; size++) {
		json_set_str(icon, *size, icon_url);
	}
	json_set_bool(icon, "image_default", !sim->ws.icon_hash[0]);
	if (sim->ws.icon_hash[0]) {
		json_set_str(icon, "image_original", icon_url);
	}
	json_set(team, "icon", icon);
	json_set_str(team, "avatar_base_url", "https://ca.slack-edge.com/");
	return json_set_bool(team, "is_verified", false);
}

/* ---- users ---- */

static const char *team_of(const struct sim_slack *sim, const struct user *user)
{
	return user->team_id ? user->team_id : sim->ws.team_id;
}

/* From another organisation, and in no conversation with the app. */
static bool is_stranger(const struct sim_slack *sim, const struct user *user)
{
	size_t cursor = 0;
	const struct channel *channel;

	while (user->team_id && (channel = workspace_next_channel(&sim->ws, &cursor))) {
		if (channel_has(channel, user) && channel_has(channel, sim->app.bot)) {
			return false;
		}
	}
	return user->team_id != NULL;
}

cJSON *view_profile(const struct sim_slack *sim, const struct user *user)
{
	static const int sizes[] = {24, 32, 48, 72, 192, 512};
	cJSON *profile = json_set_str(json_new(), "title", user->title);

	json_set_str(profile, "phone", user->phone);
	json_set_str(profile, "skype", "");
	json_set_str(profile, "real_name", user->real_name);
	json_set_str(profile, "real_name_normalized", user->real_name);
	json_set_str(profile, "display_name", user->display_name);
	json_set_str(profile, "display_name_normalized", user->display_name);
	set_null(profile, "fields");
	json_set_str(profile, "pronouns", user->pronouns);
	json_set_str(profile, "status_text", user->status_text);
	json_set_str(profile, "status_emoji", user->status_emoji);
	json_set_int(profile, "status_expiration", user->status_expiration_s);
	json_set_str(profile, "avatar_hash", user->avatar_hash);
	if (user->email &&
	        scopes_have(sim->app.tokens[TOKEN_BOT].scopes, "users:read.email")) {
		json_set_str(profile, "email", user->email);
	}
	if (user->bot_id) {
		json_set_str(profile, "api_app_id", user->app_id);
		json_set_str(profile, "bot_id", user->bot_id);
		json_set_bool(profile, "always_active", false);
	}
	set_images(sim, profile, user, sizes, sizeof(sizes) / sizeof(sizes[0]));
	return json_set_str(profile, "team", team_of(sim, user));
}

cJSON *view_fields(const struct user *user, bool labels)
{
	cJSON *fields = user->fields ? cJSON_Duplicate(user->fields, true) : json_new();
	cJSON *field;

	cJSON_ArrayForEach(field, fields)
	{
		if (!labels) {
			cJSON_DeleteItemFromObjectCaseSensitive(field, "label");
		}
	}
	return fields;
}

cJSON *view_user(const struct sim_slack *sim, const struct user *user)
{
	cJSON *object = json_set_str(json_new(), "id", user->id);

	json_set_str(object, "team_id", team_of(sim, user));
	json_set_str(object, "name", user->name);
	json_set_bool(object, "deleted", user->deleted);
	if (!user->deleted) {
		autofree char *color = xasprintf("%.6s", user->avatar_hash);

		json_set_str(object, "color", color);
		json_set_str(object, "real_name", user->real_name);
		json_set_str(object, "tz", "Europe/London");
		json_set_str(object, "tz_label", "Greenwich Mean Time");
		json_set_int(object, "tz_offset", 0);
	}
	json_set(object, "profile", view_profile(sim, user));
	if (!user->deleted) {
		json_set_bool(object, "is_admin", user->admin);
		json_set_bool(object, "is_owner", user->admin);
		json_set_bool(object, "is_primary_owner", user->admin);
		json_set_bool(object, "is_restricted",
		        user->restricted || user->ultra_restricted);
		json_set_bool(object, "is_ultra_restricted", user->ultra_restricted);
	}
	json_set_bool(object, "is_bot", user->bot_id != NULL);
	json_set_bool(object, "is_app_user", false);
	if (user->team_id) {
		json_set_bool(object, "is_stranger", is_stranger(sim, user));
	}
	json_set_int(object, "updated", user->updated_s);
	json_set_bool(object, "is_email_confirmed", user->email != NULL);
	return json_set_str(object, "who_can_share_contact_card", "EVERYONE");
}

static cJSON *icons(const struct sim_slack *sim, const struct user *bot)
{
	static const int sizes[] = {36, 48, 72};
	cJSON *object = json_new();

	set_images(sim, object, bot, sizes, sizeof(sizes) / sizeof(sizes[0]));
	return object;
}

static cJSON *bot_common(const struct user *bot)
{
	cJSON *object = json_set_str(json_new(), "id", bot->bot_id);

	json_set_bool(object, "deleted", bot->deleted);
	json_set_str(object, "name", bot->real_name);
	json_set_int(object, "updated", bot->updated_s);
	return json_set_str(object, "app_id", bot->app_id);
}

cJSON *view_bot(const struct sim_slack *sim, const struct user *bot)
{
	cJSON *object = json_set_str(bot_common(bot), "user_id", bot->id);

	return json_set(object, "icons", icons(sim, bot));
}

static cJSON *bot_profile(const struct sim_slack *sim, const struct user *bot)
{
	cJSON *object = json_set(bot_common(bot), "icons", icons(sim, bot));

	return json_set_str(object, "team_id", sim->ws.team_id);
}

/* ---- conversations ---- */

static cJSON *view_topic(const struct topic *topic)
{
	cJSON *object = json_set_str(json_new(), "value", topic->text);

	json_set_str(object, "creator", topic->creator);
	return json_set_int(object, "last_set", topic->set_s);
}

static cJSON *view_im(const struct sim_slack *sim, const struct user *viewer,
        const struct channel *channel)
{
	const struct user *partner = channel_partner(channel, viewer);
	cJSON *object = json_set_str(json_new(), "id", channel->id);

	json_set_int(object, "created", channel->created_s);
	json_set_bool(object, "is_archived", false);
	json_set_bool(object, "is_im", true);
	json_set_bool(object, "is_org_shared", false);
	json_set_str(object, "context_team_id", sim->ws.team_id);
	json_set_int(object, "updated", channel->updated_ms);
	json_set_str(object, "user", partner ? partner->id : "");
	json_set_bool(object, "is_user_deleted", partner && partner->deleted);
	return json_set_int(object, "priority", 0);
}

static void set_kind(cJSON *object, const struct channel *channel)
{
	bool open = channel->kind == CHANNEL_PUBLIC;
	bool mpim = channel->kind == CHANNEL_MPIM;

	/* A private channel made since 2021 has a C id and is a channel, not a group. */
	json_set_bool(object, "is_channel", !mpim);
	json_set_bool(object, "is_group", false);
	json_set_bool(object, "is_im", false);
	json_set_bool(object, "is_mpim", mpim);
	json_set_bool(object, "is_private", !open);
}

static void set_connected(
        const struct sim_slack *sim, cJSON *object, const struct channel *channel)
{
	cJSON *own = cJSON_CreateArray();

	cJSON_AddItemToArray(own, cJSON_CreateString(sim->ws.team_id));
	json_set(object, "internal_team_ids", own);
	json_set(object, "connected_team_ids", cJSON_Duplicate(channel->teams, true));
	json_set_str(object, "conversation_host_id", sim->ws.team_id);
}

static void set_posting(cJSON *object, const struct posting *posting)
{
	cJSON *who, *properties;

	if (!posting->admins_only && !posting->threads_only && !posting->no_threads) {
		return;
	}
	who = cJSON_CreateArray();
	cJSON_AddItemToArray(who, cJSON_CreateString("admin"));
	properties = json_set(
	        json_new(), "posting_restricted_to", json_set(json_new(), "type", who));
	json_set(object, "properties", properties);
	json_set_bool(object, "is_read_only", posting->admins_only);
	json_set_bool(object, "is_thread_only", posting->threads_only);
	json_set_bool(object, "is_non_threadable", posting->no_threads);
}

cJSON *view_channel(const struct sim_slack *sim, const struct user *viewer,
        const struct channel *channel, unsigned what)
{
	bool shared = cJSON_GetArraySize(channel->teams) > 0;
	cJSON *object, *teams;

	if (channel->kind == CHANNEL_IM) {
		return view_im(sim, viewer, channel);
	}
	object = json_set_str(json_new(), "id", channel->id);
	json_set_str(object, "name", channel->name);
	set_kind(object, channel);
	json_set_int(object, "created", channel->created_s);
	json_set_bool(object, "is_archived", channel->archived);
	json_set_bool(object, "is_general", channel->general);
	json_set_int(object, "unlinked", 0);
	json_set_str(object, "name_normalized", channel->name);
	json_set_bool(object, "is_shared", shared);
	json_set_bool(object, "is_org_shared", false);
	json_set_bool(object, "is_pending_ext_shared", false);
	set_array(object, "pending_shared");
	json_set_str(object, "context_team_id", sim->ws.team_id);
	json_set_int(object, "updated", channel->updated_ms);
	set_null(object, "parent_conversation");
	json_set_str(object, "creator", channel->creator);
	json_set_bool(object, "is_ext_shared", shared);
	teams = cJSON_Duplicate(channel->teams, true);
	cJSON_AddItemToArray(teams, cJSON_CreateString(sim->ws.team_id));
	json_set(object, "shared_team_ids", teams);
	if (shared) {
		set_connected(sim, object, channel);
	}
	set_posting(object, &channel->posting);
	set_array(object, "pending_connected_team_ids");
	if (what & VIEW_MEMBERSHIP) {
		json_set_bool(object, "is_member",
		        channel_has(channel, viewer) && !channel->archived);
	}
	if (what & VIEW_LAST_READ) {
		json_set_str(object, "last_read", channel->last_read);
	}
	json_set(object, "topic", view_topic(&channel->topic));
	json_set(object, "purpose", view_topic(&channel->purpose));
	json_set(
	        object, "previous_names", cJSON_Duplicate(channel->previous_names, true));
	if (what & VIEW_NUM_MEMBERS) {
		json_set_int(object, "num_members", (int64_t)map_count(channel->members));
	}
	return object;
}

const char *view_channel_type(const struct channel *channel)
{
	static const char *const types[CHANNEL_KINDS] = {
	        "channel", "group", "mpim", "im"};

	return types[channel->kind];
}

/* ---- messages ---- */

static void set_author(
        const struct sim_slack *sim, cJSON *object, const struct message *message)
{
	const struct user *bot =
	        message->user && message->user->bot_id ? message->user : NULL;

	if (message->user) {
		json_set_str(object, "user", message->user->id);
	}
	if (message->bot_id) {
		json_set_str(object, "bot_id", message->bot_id);
		if (str_equal(message->bot_id, sim->app.bot->bot_id)) {
			json_set_str(object, "app_id", sim->app.id);
		}
	}
	json_set_str(object, "username", message->username);
	if (message->icon_emoji) {
		json_set(object, "icons",
		        json_set_str(json_new(), "emoji", message->icon_emoji));
	} else if (message->icon_url) {
		cJSON *set = json_set_str(json_new(), "image_36", message->icon_url);

		json_set_str(set, "image_48", message->icon_url);
		json_set(object, "icons",
		        json_set_str(set, "image_72", message->icon_url));
	}
	if (!message->subtype) {
		const char *team =
		        message->user ? team_of(sim, message->user) : sim->ws.team_id;

		json_set_str(object, "team", team);
		if (message->user && message->user->team_id) {
			json_set_str(object, "user_team", team);
			json_set_str(object, "source_team", team);
		}
	}
	if (bot && !message->subtype) {
		json_set(object, "bot_profile", bot_profile(sim, bot));
	}
}

static void set_metadata(cJSON *object, const struct message *message, unsigned what)
{
	if (!message->metadata) {
		return;
	}
	if (what & VIEW_METADATA) {
		json_set(object, "metadata", cJSON_Duplicate(message->metadata, true));
	} else {
		json_set(object, "metadata",
		        json_set_str(json_new(), "event_type",
		                json_str(message->metadata, "event_type")));
	}
}

static void set_thread(cJSON *object, const struct message *message, unsigned what)
{
	const struct message *parent = message_parent(message);
	cJSON *few;

	if (message->thread_ts) {
		json_set_str(object, "thread_ts", message->thread_ts);
		if (parent && parent->user) {
			json_set_str(object, "parent_user_id", parent->user->id);
		}
	} else if (message->reply_count) {
		json_set_str(object, "thread_ts", message->ts);
	}
	if (!(what & VIEW_THREAD) || !message->reply_count) {
		return;
	}
	json_set_int(object, "reply_count", (int64_t)message->reply_count);
	json_set_int(
	        object, "reply_users_count", cJSON_GetArraySize(message->reply_users));
	json_set_str(object, "latest_reply", message->latest_reply);
	few = cJSON_CreateArray();
	for (int i = 0; i < 5 && i < cJSON_GetArraySize(message->reply_users); i++) {
		cJSON_AddItemToArray(
		        few, cJSON_Duplicate(
		                     cJSON_GetArrayItem(message->reply_users, i), true));
	}
	json_set(object, "reply_users", few);
	json_set_bool(object, "is_locked", false);
	json_set_bool(object, "subscribed", false);
}

static void set_copy(cJSON *object, const char *name, const cJSON *value)
{
	if (value) {
		json_set(object, name, cJSON_Duplicate(value, true));
	}
}

/* A reply sent to the channel as well shows what it replies to. */
static void set_root(
        const struct sim_slack *sim, cJSON *object, const struct message *message)
{
	const struct message *parent = message_parent(message);

	if (parent && str_equal(message->subtype, "thread_broadcast")) {
		json_set(object, "root", view_message(sim, parent, VIEW_THREAD));
	}
}

static void set_files(
        const struct sim_slack *sim, cJSON *object, const struct message *message)
{
	cJSON *files;

	if (message->file_count == 0) {
		return;
	}
	files = cJSON_CreateArray();
	for (size_t i = 0; i < message->file_count; i++) {
		cJSON_AddItemToArray(files, view_message_file(sim, message->files[i]));
	}
	json_set(object, "files", files);
	json_set_bool(object, "upload", false);
	json_set_bool(object, "display_as_bot", false);
}

cJSON *view_message(
        const struct sim_slack *sim, const struct message *message, unsigned what)
{
	cJSON *object = json_set_str(json_new(), "type", "message");
	const cJSON *item;

	json_set_str(object, "subtype", message->subtype);
	set_author(sim, object, message);
	json_set_str(object, "text", message->text);
	json_set_str(object, "ts", message->ts);
	json_set_str(object, "client_msg_id", message->client_msg_id);
	set_copy(object, "blocks", message->blocks);
	set_copy(object, "attachments", message->attachments);
	set_files(sim, object, message);
	cJSON_ArrayForEach(item, message->extra)
	{
		set_copy(object, item->string, item);
	}
	if (message->edited_by) {
		autofree char *ts =
		        xasprintf("%lld.000000", (long long)message->edited_s);
		cJSON *edited = json_set_str(json_new(), "user", message->edited_by);

		json_set(object, "edited", json_set_str(edited, "ts", ts));
	}
	set_metadata(object, message, what);
	set_thread(object, message, what);
	set_root(sim, object, message);
	if (what & VIEW_THREAD) {
		set_copy(object, "reactions", message->reactions);
		if (message->pinned_by) {
			cJSON *where = cJSON_CreateArray();

			cJSON_AddItemToArray(
			        where, cJSON_CreateString(message->channel->id));
			json_set(object, "pinned_to", where);
		}
	}
	return object;
}

cJSON *view_message_event(const struct sim_slack *sim, const struct message *message)
{
	unsigned what = sim->knobs.event_metadata_payload ? VIEW_METADATA : 0;
	cJSON *object = view_message(sim, message, what);

	json_set_str(object, "channel", message->channel->id);
	json_set_str(object, "event_ts", message->ts);
	return json_set_str(object, "channel_type", view_channel_type(message->channel));
}

char *view_permalink(const struct sim_slack *sim, const struct message *message)
{
	autofree char *base = xasprintf("https://%s.slack.com/archives/%s/p%.10s%s",
	        sim->ws.domain, message->channel->id, message->ts, message->ts + 11);

	if (!message->thread_ts) {
		return xstrdup(base);
	}
	return xasprintf(
	        "%s?thread_ts=%s&cid=%s", base, message->thread_ts, message->channel->id);
}
