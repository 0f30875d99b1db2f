#include "bridge/slack/events.h"

#include "lib/str.h"

#include "bridge/slack/web_api.h"

#include <string.h>

/* Longest ID, ts or type taken for one; all of Slack's are far shorter. */
enum { MAX_ID_BYTES = 255 };

/* Events that an app may subscribe to and that have no effect here. */
static const char *const known_events[] = {
        "agent_session_started",
        "app_deleted",
        "app_home_opened",
        "app_installed",
        "app_mention", /* comes in addition to the message itself */
        "app_requested",
        "app_uninstalled_team",
        "assistant_thread_context_changed",
        "assistant_thread_started",
        "channel_archive",
        "channel_created",
        "channel_deleted",
        "channel_history_changed",
        "channel_id_changed",
        "channel_joined",
        "channel_left",
        "channel_rename",
        "channel_shared",
        "channel_unarchive",
        "channel_unshared",
        "email_domain_changed",
        "emoji_changed",
        "file_change",
        "file_created",
        "file_deleted",
        "file_public",
        "file_shared",
        "file_unshared",
        "group_archive",
        "group_deleted",
        "group_history_changed",
        "group_joined",
        "group_left",
        "group_rename",
        "group_unarchive",
        "im_close",
        "im_created",
        "im_history_changed",
        "im_open",
        "member_joined_channel",
        "member_left_channel",
        "message",
        "message_metadata_deleted",
        "message_metadata_posted",
        "message_metadata_updated",
        "pin_added",
        "pin_removed",
        "reaction_added",
        "reaction_removed",
        "subteam_created",
        "subteam_members_changed",
        "subteam_updated",
        "team_domain_change",
        "team_join",
        "team_rename",
        "user_change",
        "user_huddle_changed",
        "user_profile_changed",
        "user_status_changed",
        NULL,
};

/* Message subtypes somebody wrote. */
static const char *const written_subtypes[] = {
        "", "bot_message", "me_message", "thread_broadcast", "file_share", NULL};

/* Message subtypes by which Slack reports a change of the channel or of another message,
 * or withholds one. Most carry a text for Slack's own clients. */
static const char *const report_subtypes[] = {
        "app_conversation_join",
        "app_conversation_leave",
        "assistant_app_thread",
        "bot_add",
        "bot_disable",
        "bot_enable",
        "bot_remove",
        "channel_archive",
        "channel_convert_to_private",
        "channel_convert_to_public",
        "channel_join",
        "channel_leave",
        "channel_name",
        "channel_posting_permission",
        "channel_posting_permissions",
        "channel_purpose",
        "channel_topic",
        "channel_unarchive",
        "ekm_access_denied",
        "group_archive",
        "group_join",
        "group_leave",
        "group_name",
        "group_purpose",
        "group_topic",
        "group_unarchive",
        "message_changed",
        "message_deleted",
        "message_locked",
        "message_replied",
        "pinned_item",
        "reply_broadcast",
        "sh_room_created",
        "tombstone",
        "unpinned_item",
        NULL,
};

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (strcmp(word, *list) == 0) {
			return true;
		}
	}
	return false;
}

static bool is_id(const char *text)
{
	return text != NULL && text[0] != '\0' && strlen(text) <= MAX_ID_BYTES;
}

/* An ID at one of two places, "" if at neither. */
static const char *id_at(const cJSON *event, const char *path, const char *other_path)
{
	const char *id = json_str(event, path);

	if (!is_id(id)) {
		id = json_str(event, other_path);
	}
	return is_id(id) ? id : "";
}

/* `channel` is an ID or an object with one, by event; pins and files say channel_id. */
static const char *channel_of(const cJSON *event)
{
	const char *id = id_at(event, "channel", "channel.id");

	return id[0] != '\0' ? id : id_at(event, "channel_id", "item.channel");
}

static const char *mark_of(const cJSON *event)
{
	const char *type = json_str_or(event, "metadata.event_type", "");

	if (strcmp(type, SLACK_METADATA_TYPE) != 0) {
		return "";
	}
	return json_str_or(event, "metadata.event_payload.event_id", "");
}

static bool was_written(const cJSON *event, const struct slack_event *out)
{
	if (json_bool(event, "hidden", false)) {
		return false;
	}
	if (out->channel_id[0] == '\0' || out->ts[0] == '\0') {
		return false;
	}
	if (is_one_of(out->subtype, written_subtypes)) {
		/* message_replied comes without its subtype: by nobody. */
		return out->user_id[0] != '\0' || out->bot_id[0] != '\0' ||
		       out->subtype[0] != '\0';
	}
	return !is_one_of(out->subtype, report_subtypes) && out->text[0] != '\0';
}

const char *slack_event_gone_file(const struct slack_event *event, unsigned index)
{
	const cJSON *file;

	if (strcmp(event->type, "file_deleted") == 0) {
		const char *id = json_str(event->message, "file_id");
		return index == 0 && is_id(id) ? id : NULL;
	}
	cJSON_ArrayForEach(file, json_arr(event->message, "files"))
	{
		const char *id = json_str(file, "id");
		if (strcmp(json_str_or(file, "mode", ""), "tombstone") == 0 &&
		        is_id(id) && index-- == 0) {
			return id;
		}
	}
	return NULL;
}

/* A change of a message is about the message it carries. */
static enum slack_event_kind change_kind(const struct slack_event *out)
{
	if (out->channel_id[0] == '\0' || out->target_ts[0] == '\0') {
		return SLACK_EVENT_IGNORED;
	}
	if (strcmp(out->subtype, "message_deleted") == 0 ||
	        strcmp(json_str_or(out->message, "subtype", ""), "tombstone") == 0) {
		return SLACK_EVENT_DELETED;
	}
	return json_obj(out->raw, "message") != NULL ? SLACK_EVENT_EDITED
	                                             : SLACK_EVENT_IGNORED;
}

static enum slack_event_kind reaction_kind(
        const cJSON *event, const struct slack_event *out)
{
	bool whole = out->user_id[0] != '\0' && out->channel_id[0] != '\0' &&
	             out->target_ts[0] != '\0' && out->reaction[0] != '\0';

	if (!whole || strcmp(json_str_or(event, "item.type", ""), "message") != 0) {
		return SLACK_EVENT_IGNORED; /* to a file, of old */
	}
	return strcmp(out->type, "reaction_added") == 0 ? SLACK_EVENT_REACTION_ADDED
	                                                : SLACK_EVENT_REACTION_REMOVED;
}

static bool is_change(const struct slack_event *out)
{
	return strcmp(out->type, "message") == 0 &&
	       (strcmp(out->subtype, "message_changed") == 0 ||
	               strcmp(out->subtype, "message_deleted") == 0);
}

static enum slack_event_kind kind_of(const cJSON *event, const struct slack_event *out)
{
	if (is_change(out)) {
		return change_kind(out);
	}
	if (strcmp(out->type, "message") == 0) {
		return was_written(event, out) ? SLACK_EVENT_MESSAGE
		                               : SLACK_EVENT_IGNORED;
	}
	if (strcmp(out->type, "file_deleted") == 0) {
		return slack_event_gone_file(out, 0) != NULL ? SLACK_EVENT_FILES_GONE
		                                             : SLACK_EVENT_IGNORED;
	}
	if (str_starts(out->type, "reaction_")) {
		return reaction_kind(event, out);
	}
	if (strcmp(out->type, "member_joined_channel") == 0) {
		bool whole = out->user_id[0] != '\0' && out->channel_id[0] != '\0';
		return whole ? SLACK_EVENT_MEMBER_JOINED : SLACK_EVENT_IGNORED;
	}
	if (strcmp(out->type, "tokens_revoked") == 0) {
		return SLACK_EVENT_TOKENS_REVOKED;
	}
	if (strcmp(out->type, "app_uninstalled") == 0) {
		return SLACK_EVENT_APP_UNINSTALLED;
	}
	return is_one_of(out->type, known_events) ? SLACK_EVENT_IGNORED
	                                          : SLACK_EVENT_UNKNOWN;
}

/* Of a deleted one only what it was is left. */
static void read_changed(const cJSON *event, struct slack_event *out)
{
	const cJSON *now = json_obj(event, "message");
	const cJSON *before = json_obj(event, "previous_message");
	bool is_gone =
	        now == NULL || strcmp(json_str_or(now, "subtype", ""), "tombstone") == 0;
	const cJSON *author = is_gone ? before : now;

	if (out->target_ts[0] == '\0') {
		out->target_ts = id_at(now, "ts", "ts");
	}
	out->user_id = id_at(author, "user", "user.id");
	out->bot_id = id_at(author, "bot_id", "bot_profile.id");
	out->app_id = id_at(author, "app_id", "bot_profile.app_id");
	out->username = json_str_or(author, "username", "");
	out->text = json_str_or(author, "text", "");
	out->thread_ts = id_at(author, "thread_ts", "thread_ts");
	out->edited_ts = id_at(now, "edited.ts", "edited.ts");
	out->message = now != NULL ? now : before;
}

/* All that the inner event itself says. */
static void read_event(const cJSON *event, struct slack_event *out)
{
	*out = (struct slack_event){
	        .type = json_str_or(event, "type", ""),
	        .subtype = json_str_or(event, "subtype", ""),
	        .event_id = "",
	        .team_id = "",
	        .channel_id = channel_of(event),
	        .user_id = id_at(event, "user", "user.id"),
	        .bot_id = id_at(event, "bot_id", "bot_profile.id"),
	        .app_id = id_at(event, "app_id", "bot_profile.app_id"),
	        .username = json_str_or(event, "username", ""),
	        .text = json_str_or(event, "text", ""),
	        .ts = id_at(event, "ts", "event_ts"),
	        .thread_ts = id_at(event, "thread_ts", "thread_ts"),
	        .mark = mark_of(event),
	        .target_ts = id_at(event, "item.ts", "deleted_ts"),
	        .edited_ts = id_at(event, "edited.ts", "edited.ts"),
	        .reaction = id_at(event, "reaction", "reaction"),
	        .raw = event,
	        .message = event,
	};
	if (is_change(out)) {
		read_changed(event, out);
	}
	/* The parent of a thread carries its own ts there: it is outside, too. */
	if (strcmp(out->thread_ts, out->ts) == 0 ||
	        strcmp(out->thread_ts, out->target_ts) == 0) {
		out->thread_ts = "";
	}
}

void slack_event_from_history(
        const cJSON *message, const char *channel_id, struct slack_event *out)
{
	read_event(message, out);
	out->channel_id = channel_id;
	out->kind = kind_of(message, out);
	if (strcmp(out->subtype, "tombstone") == 0 && out->ts[0] != '\0') {
		out->kind = SLACK_EVENT_DELETED;
		out->target_ts = out->ts;
	}
}

bool slack_event_reaction(const struct slack_event *message, size_t *cursor,
        const char **name, const char **user_id)
{
	const cJSON *reaction;
	size_t at = 0;

	cJSON_ArrayForEach(reaction, json_arr(message->message, "reactions"))
	{
		const cJSON *users = json_arr(reaction, "users");
		const cJSON *user;
		int listed = cJSON_GetArraySize(users);
		if (json_int(reaction, "count", listed) != listed) {
			continue;
		}
		cJSON_ArrayForEach(user, users)
		{
			if (at++ == *cursor && cJSON_IsString(user)) {
				*name = json_str_or(reaction, "name", "");
				*user_id = user->valuestring;
				++*cursor;
				return true;
			}
		}
	}
	return false;
}

const char *slack_event_latest_reply(const struct slack_event *message)
{
	return id_at(message->message, "latest_reply", "latest_reply");
}

bool slack_event_parse(const cJSON *payload, struct slack_event *out, struct err *err)
{
	const char *event_id = json_str(payload, "event_id");
	const cJSON *event = json_obj(payload, "event");
	const char *type = json_str(event, "type");

	if (!is_id(event_id) || !is_id(type)) {
		/* app_rate_limited has a type of its own at the outer level and no event.
		 */
		err_set(err, ERR_PERMANENT, 0, "%s is missing",
		        !is_id(event_id) ? "event_id" : "event.type");
		err_set_name(err, json_str_or(payload, "type", ""));
		return false;
	}

	struct slack_event e;
	read_event(event, &e);
	e.event_id = event_id;
	e.team_id = id_at(payload, "team_id", "event.team");
	e.kind = kind_of(event, &e);
	*out = e;
	return true;
}
