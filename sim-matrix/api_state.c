/* Room state: reading and writing it. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/events.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- reading ---- */

void api_state_all(struct call *call)
{
	const struct room *room = call_room(call);
	cJSON *list;
	void *event;

	if (room == NULL || !room_state_visible(room, call->user_id)) {
		call_fail(call, FAIL_STATE_FORBIDDEN, NULL);
		return;
	}
	list = cJSON_CreateArray();
	for (size_t i = 0; map_next(room->state, &i, NULL, &event);) {
		cJSON_AddItemToArray(
		        list, event_to_json(event, EVENT_STATE, call->user_id));
	}
	call_reply(call, 200, list);
}

void api_state_get(struct call *call)
{
	const struct room *room = call_room(call);
	autofree char *format = call_query(call, "format");
	const struct event *event;

	if (call_param(call, "type")[0] == '\0') {
		api_state_all(call); /* "state/" */
		return;
	}
	if (room == NULL || !room_state_visible(room, call->user_id)) {
		call_fail(call, FAIL_STATE_GET_FORBIDDEN, NULL);
		return;
	}
	event = room_state(room, call_param(call, "type"), call_param(call, "key"));
	if (event == NULL) {
		call_fail(call, FAIL_STATE_MISSING, NULL);
	} else if (format != NULL && strcasecmp(format, "event") == 0) {
		call_reply(call, 200, event_to_json(event, EVENT_RAW, call->user_id));
	} else {
		call_reply(call, 200, content_copy(event->content));
	}
}

/* ---- what conduwuit looks at before it lets state in ---- */

static bool refuse(struct call *call, enum fail_id id, const char *arg)
{
	call_fail(call, id, arg);
	return false;
}

static bool alias_is_here(struct call *call, const struct room *room, const cJSON *alias)
{
	const struct room *owner;

	if (!cJSON_IsString(alias) || alias->valuestring[0] == '\0') {
		return true;
	}
	owner = map_get(call->sim->aliases, alias->valuestring);
	if (owner == NULL) {
		return refuse(call, FAIL_ALIAS_UNRESOLVED, alias->valuestring);
	}
	return owner == room || refuse(call, FAIL_ALIAS_OTHER_ROOM, alias->valuestring);
}

static bool check_aliases(struct call *call, const struct room *room)
{
	const cJSON *alias;

	cJSON_ArrayForEach(alias, content_get(call->body, "alt_aliases"))
	{
		if (!alias_is_here(call, room, alias)) {
			return false;
		}
	}
	return alias_is_here(call, room, content_get(call->body, "alias"));
}

static bool check_member(struct call *call, const struct room *room)
{
	const char *key = call_param(call, "key");
	const char *membership = content_str(call->body, "membership");
	const char *via = content_str(call->body, "join_authorised_via_users_server");

	if (membership == NULL) {
		return refuse(call, FAIL_MEMBER_BODY, NULL);
	}
	if (!user_id_valid(key)) {
		return refuse(call, FAIL_MEMBER_KEY, NULL);
	}
	if (via == NULL) {
		return true;
	}
	if (strcmp(membership, "join") != 0) {
		return refuse(call, FAIL_JOIN_VIA,
		        "join_authorised_via_users_server is only for member joins");
	}
	return (user_is_local(call->sim, via) && room_is_joined(room, via)) ||
	       refuse(call, FAIL_INVALID_PARAM,
	               "Authorising user is not in the room, they cannot authorise the join.");
}

static bool list_holds(const cJSON *list, const char *text)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (cJSON_IsString(item) && strcmp(item->valuestring, text) == 0) {
			return true;
		}
	}
	return false;
}

/* Lists that would shut everybody, or this server, out of the room. */
static bool check_acl(struct call *call)
{
	const cJSON *allow = content_get(call->body, "allow");
	const cJSON *deny = content_get(call->body, "deny");
	bool ours = list_holds(allow, call->sim->server_name);

	if (!cJSON_IsArray(allow) || cJSON_GetArraySize(allow) == 0) {
		return refuse(call, FAIL_ACL, NULL);
	}
	if (list_holds(deny, "*") && (list_holds(allow, "*") || !ours)) {
		return refuse(call, FAIL_ACL, NULL);
	}
	return list_holds(allow, "*") || ours || refuse(call, FAIL_ACL, NULL);
}

static bool check_state(struct call *call, const struct room *room, const char *type)
{
	if (strcmp(type, "m.room.create") == 0) {
		return refuse(call, FAIL_CREATE_EVENT, NULL);
	}
	if (strcmp(type, "m.room.server_acl") == 0) {
		return check_acl(call);
	}
	if (strcmp(type, "m.room.canonical_alias") == 0) {
		return check_aliases(call, room);
	}
	return strcmp(type, "m.room.member") != 0 || check_member(call, room);
}

/* ---- writing ---- */

/* Synapse gives back the event of now if nothing would change. */
static const struct event *unchanged(
        struct call *call, const struct room *room, const char *type, const char *key)
{
	const struct event *now = room_state(room, type, key);

	if (!call->sim->profile->state_dedupes || now == NULL ||
	        strcmp(now->sender, call->user_id) != 0) {
		return NULL;
	}
	return cJSON_Compare(now->content, call->body, true) ? now : NULL;
}

void api_state_put(struct call *call)
{
	const char *type = call_param(call, "type");
	const char *key = call_param(call, "key");
	struct room *room = call_known_room(call);
	struct proposal proposal = {
	        .type = type,
	        .sender = call->user_id,
	        .state_key = key,
	        .content = call->body,
	        .ts_ms = call_timestamp(call),
	        .by_as = call->as != NULL,
	};
	const struct event *same;
	struct event *event = NULL;
	struct fail fail;

	if (room == NULL || !check_state(call, room, type)) {
		return;
	}
	same = unchanged(call, room, type, key);
	if (same != NULL) {
		call->replayed = true;
		call_reply(
		        call, 200, json_set_str(json_new(), "event_id", same->event_id));
		return;
	}
	if (!call->canonical) {
		call_fail(call, FAIL_NOT_CANONICAL, NULL);
		return;
	}
	if (!event_send(call->sim, room, &proposal, &event, &fail)) {
		call_fail_with(call, &fail);
		return;
	}
	call_reply(call, 200, json_set_str(json_new(), "event_id", event->event_id));
}
