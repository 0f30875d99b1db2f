#include "bridge/matrix/events.h"

#include <string.h>

/* The bound for IDs and types (client-server API, "Size limits"). */
enum { MAX_ID_BYTES = 255 };

static bool need_id(
        const cJSON *event, const char *key, const char **out, struct err *err)
{
	const char *text = json_str(event, key);

	if (text == NULL || text[0] == '\0' || strlen(text) > MAX_ID_BYTES) {
		return err_set(err, ERR_PERMANENT, 0, "%s is missing or no ID", key);
	}
	*out = text;
	return true;
}

/* Matrix keys hold dots, which json_get() takes for steps. */
static const cJSON *member(const cJSON *obj, const char *key)
{
	return cJSON_IsObject(obj) ? cJSON_GetObjectItemCaseSensitive(obj, key) : NULL;
}

static bool is_poll(const char *type)
{
	return strcmp(type, "m.poll.start") == 0 ||
	       strcmp(type, "org.matrix.msc3381.poll.start") == 0;
}

static enum matrix_event_kind message_kind(const char *rel_type)
{
	return strcmp(rel_type, "m.replace") == 0 ? MATRIX_EVENT_EDIT
	                                          : MATRIX_EVENT_MESSAGE;
}

static enum matrix_event_kind kind_of(
        const struct matrix_event *e, const char *rel_type, bool is_state)
{
	if (strcmp(e->type, "m.room.member") == 0 && is_state) {
		return MATRIX_EVENT_MEMBER;
	}
	if (is_state) {
		return MATRIX_EVENT_OTHER;
	}
	if (strcmp(e->type, "m.room.message") == 0 || is_poll(e->type)) {
		return message_kind(rel_type);
	}
	if (strcmp(e->type, "m.sticker") == 0) {
		return MATRIX_EVENT_MESSAGE;
	}
	if (strcmp(e->type, "m.reaction") == 0) {
		return MATRIX_EVENT_REACTION;
	}
	return strcmp(e->type, "m.room.redaction") == 0 ? MATRIX_EVENT_REDACTION
	                                                : MATRIX_EVENT_OTHER;
}

/* "" unless it can be the ID of an event. */
static const char *event_id_or_none(const cJSON *obj, const char *key)
{
	const cJSON *id = member(obj, key);
	const char *text = cJSON_IsString(id) ? id->valuestring : "";

	return strlen(text) > MAX_ID_BYTES ? "" : text;
}

/* Matrix specification, "Forming relationships between events" and its modules. */
static void read_relations(
        const cJSON *event, const cJSON *content, struct matrix_event *e)
{
	const cJSON *relates = member(content, "m.relates_to");
	const char *rel_type = json_str_or(relates, "rel_type", "");
	const cJSON *new_content = member(content, "m.new_content");
	bool is_thread = strcmp(rel_type, "m.thread") == 0;

	e->kind = kind_of(e, rel_type, json_str(event, "state_key") != NULL);
	e->reply_to = event_id_or_none(member(relates, "m.in_reply_to"), "event_id");
	e->thread = is_thread ? event_id_or_none(relates, "event_id") : "";
	e->key = json_str_or(relates, "key", "");
	e->target = "";
	if (e->kind == MATRIX_EVENT_EDIT) {
		e->target = event_id_or_none(relates, "event_id");
		e->content = cJSON_IsObject(new_content) ? new_content : content;
	} else if (e->kind == MATRIX_EVENT_REACTION) {
		e->target = event_id_or_none(relates, "event_id");
	} else if (e->kind == MATRIX_EVENT_REDACTION) {
		/* Rooms before version 11 have it beside the content. */
		const char *inside = event_id_or_none(content, "redacts");
		e->target =
		        inside[0] != '\0' ? inside : event_id_or_none(event, "redacts");
	}
}

bool matrix_event_parse(const cJSON *event, struct matrix_event *out, struct err *err)
{
	struct matrix_event e = {.kind = MATRIX_EVENT_OTHER};
	const cJSON *content = json_obj(event, "content");
	const char *state_key = json_str(event, "state_key");

	if (!need_id(event, "event_id", &e.event_id, err) ||
	        !need_id(event, "room_id", &e.room_id, err) ||
	        !need_id(event, "sender", &e.sender, err) ||
	        !need_id(event, "type", &e.type, err)) {
		return false;
	}
	e.ts_ms = json_int(event, "origin_server_ts", 0);
	e.content = content;
	read_relations(event, content, &e);
	bool is_message = strcmp(e.type, "m.room.message") == 0;
	e.msgtype = is_message ? json_str_or(e.content, "msgtype", "") : e.type;
	e.body = json_str_or(e.content, "body", "");
	e.is_state = state_key != NULL;
	e.state_key = state_key == NULL ? "" : state_key;
	e.membership = json_str_or(content, "membership", "");
	e.displayname = json_str_or(content, "displayname", "");
	e.is_direct = json_bool(content, "is_direct", false);
	*out = e;
	return true;
}
