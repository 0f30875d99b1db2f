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

static bool replaces_another(const cJSON *content)
{
	const char *rel_type =
	        json_str_or(member(content, "m.relates_to"), "rel_type", "");

	return strcmp(rel_type, "m.replace") == 0;
}

static enum matrix_event_kind kind_of(const struct matrix_event *e, bool is_state)
{
	if (strcmp(e->type, "m.room.message") == 0 && !is_state && !e->is_edit) {
		return MATRIX_EVENT_MESSAGE;
	}
	if (strcmp(e->type, "m.room.member") == 0 && is_state) {
		return MATRIX_EVENT_MEMBER;
	}
	return MATRIX_EVENT_OTHER;
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
	e.msgtype = json_str_or(content, "msgtype", "");
	e.body = json_str_or(content, "body", "");
	e.is_edit = replaces_another(content);
	e.state_key = state_key == NULL ? "" : state_key;
	e.membership = json_str_or(content, "membership", "");
	e.displayname = json_str_or(content, "displayname", "");
	e.is_direct = json_bool(content, "is_direct", false);
	e.kind = kind_of(&e, state_key != NULL);
	*out = e;
	return true;
}
