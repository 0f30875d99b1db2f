#include "sim-matrix/strict.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"

#include <stdlib.h>
#include <string.h>

enum want {
	WANT_BODY,      /* an empty body is not read as {} */
	WANT_STR,       /* a member: text, and there */
	WANT_STR_MAYBE, /* text, if there */
	WANT_THERE,     /* there, of whatever type */
	WANT_OBJECT,
	WANT_OBJECT_MAYBE,
	WANT_ARRAY,
	WANT_FILLED,    /* a text that is not empty, if there */
	WANT_ONE_OF,    /* a text among `choices`, if there */
	WANT_USERS,     /* a list of user IDs, if there */
	WANT_USER_KEYS, /* an object whose keys are user IDs and whose values are whole
	                   numbers, if there */
	WANT_QUERY_INT, /* a query parameter: a whole number, if there */
	WANT_QUERY_NATURAL, /* and not below 0 */
	WANT_QUERY_THERE,
	WANT_QUERY_ONE_OF,
	WANT_QUERY_JSON,  /* a JSON object, if there and beginning with a brace */
	WANT_QUERY_TOKEN, /* a place in the stream, if there */
	WANT_FIELD,       /* a member by the name that the path gives */
	WANT_PARAM_ONE_OF,
	WANT_PARAM_ID, /* a part of the path that begins with the letter in `choices` */
};

struct rule {
	const char *route; /* records' name for it */
	const char *type;  /* only for this type of event or field of a profile; NULL:
	                      all */
	enum want want;
	const char *name;
	const char *choices; /* "|public|private|" */
	int status;
	const char *errcode;
	const char *text;
};

#define M_MSG "m.room.message"
#define M_POWER "m.room.power_levels"

static const struct rule rules[] = {
        {"POST createRoom", NULL, WANT_BODY, "", NULL, 400, "M_NOT_JSON",
                "Content not JSON."},
        {"POST createRoom", NULL, WANT_STR_MAYBE, "room_version", NULL, 400, "M_BAD_JSON",
                "room_version must be a string"},
        {"POST createRoom", NULL, WANT_USERS, "invite", NULL, 400, "M_UNKNOWN",
                "Invalid user_id"},
        {"POST createRoom", NULL, WANT_STR_MAYBE, "name", NULL, 400, "M_UNKNOWN",
                "'name' not a string type"},
        {"POST createRoom", NULL, WANT_ONE_OF, "preset",
                "|private_chat|public_chat|trusted_private_chat|", 400, "M_BAD_JSON",
                "not a valid preset"},
        {"POST receipt", NULL, WANT_BODY, "", NULL, 400, "M_NOT_JSON",
                "Content not JSON."},
        {"POST receipt", NULL, WANT_FILLED, "thread_id", NULL, 400, "M_INVALID_PARAM",
                "thread_id field must be a non-empty string"},
        {"PUT send", NULL, WANT_QUERY_NATURAL, "ts", NULL, 400, "M_INVALID_PARAM",
                "Query parameter ts must be a positive integer."},
        {"PUT send", M_MSG, WANT_STR, "body", NULL, 400, "M_UNKNOWN",
                "'body' not in content"},
        {"PUT send", M_MSG, WANT_STR, "msgtype", NULL, 400, "M_UNKNOWN",
                "'msgtype' not in content"},
        {"PUT send", "m.room.topic", WANT_THERE, "", NULL, 400, "M_UNKNOWN",
                "'m.room.topic' must be state events"},
        {"PUT send", "m.room.name", WANT_THERE, "", NULL, 400, "M_UNKNOWN",
                "'m.room.name' must be state events"},
        {"PUT send", "m.room.member", WANT_THERE, "", NULL, 500, "M_UNKNOWN",
                "Tried to send member event through non-member codepath"},
        {"PUT send", "m.room.create", WANT_THERE, "", NULL, 500, "M_UNKNOWN",
                "Internal server error"},
        {"PUT send", "m.room.redaction", WANT_STR, "redacts", NULL, 500, "M_UNKNOWN",
                "Internal server error"},
        {"PUT state", NULL, WANT_QUERY_NATURAL, "ts", NULL, 400, "M_INVALID_PARAM",
                "Query parameter ts must be a positive integer."},
        {"PUT state", "m.room.create", WANT_THERE, "", NULL, 500, "M_UNKNOWN",
                "Internal server error"},
        {"PUT state", "m.room.member", WANT_STR, "membership", NULL, 400, "M_UNKNOWN",
                "Invalid membership (must be a string)"},
        {"PUT state", "m.room.member", WANT_ONE_OF, "membership",
                "|join|leave|invite|ban|knock|", 400, "M_UNKNOWN",
                "Invalid membership key"},
        {"PUT state", "m.room.member", WANT_PARAM_ID, "key", "@", 400, "M_INVALID_PARAM",
                "Expected UserID string to start with '@'"},
        {"PUT state", M_POWER, WANT_USER_KEYS, "users", NULL, 400, "M_BAD_JSON",
                "not of type 'integer'"},
        {"PUT account_data", NULL, WANT_PARAM_ID, "room", "!", 400, "M_INVALID_PARAM",
                "not a valid room ID"},
        {"POST join", NULL, WANT_PARAM_ID, "id", "!#", 400, "M_UNKNOWN",
                "not a legal room ID or room alias"},
        {"POST invite", NULL, WANT_STR, "user_id", NULL, 400, "M_MISSING_PARAM",
                "Missing params: user_id"},
        {"POST filter", NULL, WANT_OBJECT_MAYBE, "room", NULL, 500, "M_UNKNOWN",
                "Internal server error"},
        {"GET filter", NULL, WANT_PARAM_ID, "filter", "0123456789", 400, "M_UNKNOWN",
                "Invalid filter_id"},
        {"POST delete_devices", NULL, WANT_ARRAY, "devices", NULL, 400, "M_MISSING_PARAM",
                "Field required"},
        {"POST keys_query", NULL, WANT_OBJECT, "device_keys", NULL, 400, "M_BAD_JSON",
                "'device_keys' must be a JSON object"},
        {"POST keys_upload", NULL, WANT_OBJECT_MAYBE, "one_time_keys", NULL, 500,
                "M_UNKNOWN", "Internal server error"},
        {"GET keys_changes", NULL, WANT_QUERY_THERE, "from", NULL, 400, "M_MISSING_PARAM",
                "Missing string query parameter 'from'"},
        {"POST login", NULL, WANT_THERE, "type", NULL, 400, "M_UNKNOWN",
                "Missing JSON keys."},
        {"POST search", NULL, WANT_OBJECT, "search_categories", NULL, 400, "M_UNKNOWN",
                "Invalid search query"},
        {"PUT pushrules", NULL, WANT_PARAM_ONE_OF, "kind",
                "|override|underride|sender|room|content|", 400, "M_UNKNOWN",
                "Unknown template"},
        {"POST register", NULL, WANT_STR_MAYBE, "username", NULL, 400, "M_UNKNOWN",
                "Invalid username"},
        {"GET messages", NULL, WANT_QUERY_ONE_OF, "dir", "|b|f|", 400, "M_INVALID_PARAM",
                "Query parameter 'dir' must be one of ['b', 'f']"},
        {"GET messages", NULL, WANT_QUERY_NATURAL, "limit", NULL, 400, "M_INVALID_PARAM",
                "Query parameter limit must be a positive integer."},
        {"GET messages", NULL, WANT_QUERY_TOKEN, "from", NULL, 400, "M_UNKNOWN",
                "'from' parameter is invalid"},
        {"GET messages", NULL, WANT_QUERY_JSON, "filter", NULL, 400, "M_NOT_JSON",
                "Query parameter filter must be a valid JSON object"},
        {"GET sync", NULL, WANT_QUERY_INT, "timeout", NULL, 400, "M_INVALID_PARAM",
                "Query parameter timeout must be an integer"},
        {"GET sync", NULL, WANT_QUERY_ONE_OF, "set_presence",
                "|online|offline|unavailable|", 400, "M_INVALID_PARAM",
                "Query parameter 'set_presence' must be one of "
                "['online', 'offline', 'unavailable']"},
        {"GET sync", NULL, WANT_QUERY_JSON, "filter", NULL, 400, "M_NOT_JSON",
                "Invalid filter JSON"},
        {"GET sync", NULL, WANT_QUERY_TOKEN, "since", NULL, 400, "M_UNKNOWN",
                "Invalid stream token"},
        {"PUT sendToDevice", NULL, WANT_THERE, "messages", NULL, 400, "M_MISSING_PARAM",
                "Missing params: ['messages']"},
        {"PUT presence", NULL, WANT_STR, "presence", NULL, 400, "M_UNKNOWN",
                "Unable to parse state"},
        {"PUT presence", NULL, WANT_ONE_OF, "presence",
                "|online|offline|unavailable|busy|", 400, "M_UNKNOWN",
                "Invalid presence state"},
        {"PUT typing", NULL, WANT_THERE, "typing", NULL, 500, "M_UNKNOWN",
                "Internal server error"},
        {"POST user_directory", NULL, WANT_STR, "search_term", NULL, 400, "M_UNKNOWN",
                "`search_term` is required field"},
        {"GET publicRooms", NULL, WANT_QUERY_INT, "limit", NULL, 400, "M_INVALID_PARAM",
                "Query parameter limit must be an integer"},
        {"PUT directory", NULL, WANT_ONE_OF, "visibility", "|public|private|", 400,
                "M_BAD_JSON", "Input should be 'public' or 'private'"},
        {"PUT profile", NULL, WANT_FIELD, "field", NULL, 400, "M_MISSING_PARAM",
                "Missing key"},
        {"PUT profile", "displayname", WANT_STR, "displayname", NULL, 400,
                "M_INVALID_PARAM", "'displayname' must be a string"},
        {"PUT profile", "avatar_url", WANT_STR, "avatar_url", NULL, 400,
                "M_INVALID_PARAM", "'avatar_url' must be a string"},
        {"PUT alias", NULL, WANT_PARAM_ID, "alias", "#", 400, "M_INVALID_PARAM",
                "Room alias invalid"},
        {"GET alias", NULL, WANT_PARAM_ID, "alias", "#", 400, "M_INVALID_PARAM",
                "Room alias invalid"},
        {"GET profile", NULL, WANT_PARAM_ID, "user", "@", 400, "M_INVALID_PARAM",
                "Invalid user id"},
        {"GET thumbnail", NULL, WANT_QUERY_THERE, "width", NULL, 400, "M_MISSING_PARAM",
                "Missing required integer query parameter width"},
};

static bool is_one_of(const char *text, const char *choices)
{
	autofree char *wanted = xasprintf("|%s|", text);

	return strstr(choices, wanted) != NULL;
}

static bool all_users(const cJSON *list)
{
	const cJSON *item;

	if (!cJSON_IsArray(list)) {
		return false;
	}
	cJSON_ArrayForEach(item, list)
	{
		if (!cJSON_IsString(item) || !user_id_valid(item->valuestring)) {
			return false;
		}
	}
	return true;
}

static bool levels_of_users(const cJSON *levels)
{
	const cJSON *level;

	cJSON_ArrayForEach(level, levels)
	{
		if (!cJSON_IsNumber(level) || !user_id_valid(level->string)) {
			return false;
		}
	}
	return true;
}

static bool body_fits(const struct call *call, const struct rule *rule)
{
	const cJSON *item = content_get(call->body, rule->name);

	switch (rule->want) {
	case WANT_STR:
		return cJSON_IsString(item);
	case WANT_STR_MAYBE:
		return item == NULL || cJSON_IsString(item);
	case WANT_THERE:
		return item != NULL;
	case WANT_OBJECT:
		return cJSON_IsObject(item);
	case WANT_OBJECT_MAYBE:
		return item == NULL || cJSON_IsObject(item);
	case WANT_ARRAY:
		return cJSON_IsArray(item);
	case WANT_FILLED:
		return item == NULL ||
		       (cJSON_IsString(item) && item->valuestring[0] != '\0');
	case WANT_ONE_OF:
		return item == NULL ||
		       (cJSON_IsString(item) &&
		               is_one_of(item->valuestring, rule->choices));
	case WANT_USERS:
		return item == NULL || all_users(item);
	case WANT_USER_KEYS:
		return item == NULL || levels_of_users(item);
	case WANT_BODY:
	case WANT_FIELD:
	case WANT_QUERY_INT:
	case WANT_QUERY_NATURAL:
	case WANT_QUERY_THERE:
	case WANT_QUERY_ONE_OF:
	case WANT_QUERY_JSON:
	case WANT_QUERY_TOKEN:
	case WANT_PARAM_ONE_OF:
	case WANT_PARAM_ID:
		break;
	}
	return true;
}

static bool is_object(const char *text)
{
	autojson cJSON *json = json_parse(str_from(text), NULL);

	return cJSON_IsObject(json);
}

static bool query_fits(const struct call *call, const struct rule *rule)
{
	autofree char *text = call_query(call, rule->name);
	int64_t number;

	if (text == NULL) {
		return rule->want != WANT_QUERY_THERE;
	}
	switch (rule->want) {
	case WANT_QUERY_INT:
		return str_to_int64(str_from(text), INT64_MIN, INT64_MAX, &number);
	case WANT_QUERY_NATURAL:
	case WANT_QUERY_TOKEN:
		return str_to_int64(str_from(text), 0, INT64_MAX, &number);
	case WANT_QUERY_ONE_OF:
		return is_one_of(text, rule->choices);
	case WANT_QUERY_JSON:
		return text[0] != '{' || is_object(text);
	case WANT_QUERY_THERE:
	case WANT_BODY:
	case WANT_STR:
	case WANT_STR_MAYBE:
	case WANT_THERE:
	case WANT_OBJECT:
	case WANT_OBJECT_MAYBE:
	case WANT_ARRAY:
	case WANT_FILLED:
	case WANT_ONE_OF:
	case WANT_USERS:
	case WANT_USER_KEYS:
	case WANT_FIELD:
	case WANT_PARAM_ONE_OF:
	case WANT_PARAM_ID:
		break;
	}
	return true;
}

static bool fits(const struct call *call, const struct rule *rule)
{
	if (rule->want == WANT_BODY) {
		return call->request.body.n > 0;
	}
	if (rule->want == WANT_FIELD) {
		return content_get(call->body, call_param(call, rule->name)) != NULL;
	}
	if (rule->want == WANT_PARAM_ONE_OF) {
		return is_one_of(call_param(call, rule->name), rule->choices);
	}
	if (rule->want == WANT_PARAM_ID) {
		const char *value = call_param(call, rule->name);
		return value[0] == '\0' || strchr(rule->choices, value[0]) != NULL;
	}
	return rule->want >= WANT_QUERY_INT ? query_fits(call, rule)
	                                    : body_fits(call, rule);
}

/* Most routes name a type; a profile's field stands in the same place. */
static const char *type_of(const struct call *call)
{
	const char *type = call_param(call, "type");

	return type[0] != '\0' ? type : call_param(call, "field");
}

static void refuse(struct call *call, const struct rule *rule)
{
	call_fail_as(call, rule->status, rule->errcode, rule->text);
}

bool strict_check(struct call *call)
{
	if (!call->sim->profile->strict) {
		return true;
	}
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct rule *rule = &rules[i];
		if (strcmp(rule->route, call->route->name) == 0 &&
		        (rule->type == NULL || strcmp(rule->type, type_of(call)) == 0) &&
		        !fits(call, rule)) {
			refuse(call, rule);
			return false;
		}
	}
	return true;
}
