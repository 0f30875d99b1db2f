#include "bridge/slack/events.h"

#include "lib/str.h"

#include "bridge/slack/event_table.h"
#include "bridge/slack/mark.h"
#include "bridge/slack/web_api.h"

#include <string.h>

/* Longest ID, ts or type taken for one; all of Slack's are far shorter. */
enum { MAX_ID_BYTES = 255 };

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
	if (slack_subtype_row(out->subtype) == NULL) {
		return out->text[0] != '\0';
	}
	/* message_replied comes without its subtype: by nobody. */
	return out->user_id[0] != '\0' || out->bot_id[0] != '\0' ||
	       out->subtype[0] != '\0';
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

static enum slack_event_kind message_kind(
        const cJSON *event, const struct slack_event *out)
{
	const struct slack_event_row *row = slack_subtype_row(out->subtype);

	if (is_change(out)) {
		return change_kind(out);
	}
	if (row != NULL && row->kind == SLACK_EVENT_CHANNEL) {
		return out->channel_id[0] != '\0' ? SLACK_EVENT_CHANNEL
		                                  : SLACK_EVENT_IGNORED;
	}
	if (row != NULL && row->kind != SLACK_EVENT_MESSAGE) {
		return SLACK_EVENT_IGNORED;
	}
	return was_written(event, out) ? SLACK_EVENT_MESSAGE : SLACK_EVENT_IGNORED;
}

/* Of an event that has all it needs. */
static bool is_whole(
        enum slack_event_kind kind, const cJSON *event, const struct slack_event *out)
{
	switch (kind) {
	case SLACK_EVENT_CHANNEL:
		return out->channel_id[0] != '\0';
	case SLACK_EVENT_MEMBER_JOINED:
	case SLACK_EVENT_MEMBER_LEFT:
		return out->user_id[0] != '\0' && out->channel_id[0] != '\0';
	case SLACK_EVENT_CHANNEL_MOVED:
		return is_id(json_str(event, "old_channel_id")) &&
		       is_id(json_str(event, "new_channel_id"));
	case SLACK_EVENT_USER:
		return out->user_id[0] != '\0';
	case SLACK_EVENT_FILES_GONE:
		return slack_event_gone_file(out, 0) != NULL;
	case SLACK_EVENT_GROUP_CHANGED:
		return slack_event_group(event, &(struct slack_group){0});
	case SLACK_EVENT_MESSAGE:
	case SLACK_EVENT_EDITED:
	case SLACK_EVENT_DELETED:
	case SLACK_EVENT_REACTION_ADDED:
	case SLACK_EVENT_REACTION_REMOVED:
	case SLACK_EVENT_TEAM:
	case SLACK_EVENT_EMOJI_CHANGED:
	case SLACK_EVENT_TOKENS_REVOKED:
	case SLACK_EVENT_APP_UNINSTALLED:
	case SLACK_EVENT_IGNORED:
	case SLACK_EVENT_UNKNOWN:
		break;
	}
	return true;
}

static enum slack_event_kind kind_of(const cJSON *event, const struct slack_event *out)
{
	const struct slack_event_row *row = slack_event_row(out->type);

	if (row == NULL) {
		return SLACK_EVENT_UNKNOWN;
	}
	if (row->kind == SLACK_EVENT_MESSAGE) {
		return message_kind(event, out);
	}
	if (row->kind == SLACK_EVENT_REACTION_ADDED ||
	        row->kind == SLACK_EVENT_REACTION_REMOVED) {
		return reaction_kind(event, out);
	}
	return is_whole(row->kind, event, out) ? row->kind : SLACK_EVENT_IGNORED;
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
	/* Each edit of the bridge's changes the mark; what leaves it is somebody else's.
	 */
	const char *mark = mark_of_blocks(now);
	out->block_mark = strcmp(mark, mark_of_blocks(before)) == 0 ? "" : mark;
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
	        .block_mark = mark_of_blocks(event),
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

void slack_event_emoji_change(
        const struct slack_event *event, struct slack_emoji_change *out)
{
	const cJSON *raw = event->raw;

	*out = (struct slack_emoji_change){.added = "", .value = "", .renamed = ""};
	if (strcmp(event->subtype, "remove") == 0) {
		out->removed = json_arr(raw, "names");
	} else if (strcmp(event->subtype, "add") == 0) {
		out->added = id_at(raw, "name", "name");
	} else if (strcmp(event->subtype, "rename") == 0) {
		out->added = id_at(raw, "new_name", "new_name");
		out->renamed = id_at(raw, "old_name", "old_name");
	}
	out->value = json_str_or(raw, "value", "");
	if (out->value[0] == '\0') {
		out->added = out->renamed = "";
	}
}

bool slack_event_group(const cJSON *raw, struct slack_group *out)
{
	return slack_group_parse(json_obj(raw, "subteam"), out);
}

bool slack_event_has_tag(const struct slack_event *event, const char *tag)
{
	return mark_has_tag(event->block_mark, tag);
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
