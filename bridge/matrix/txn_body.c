#include "bridge/matrix/txn_body.h"

#include "bridge/matrix/json_skip.h"

#include <stdlib.h>

static void refuse(struct err *err, int status, const char *errcode, const char *why)
{
	err_set(err, ERR_PERMANENT, status, "%s", why);
	err_set_name(err, errcode);
}

/* Takes events; gives them back if they may be handed on. */
static cJSON *check_events(cJSON *events, struct err *err)
{
	if (!cJSON_IsArray(events)) {
		refuse(err, 400, "M_BAD_JSON", "events is missing or no array");
	} else if (cJSON_GetArraySize(events) > TXN_MAX_EVENTS) {
		refuse(err, 413, "M_TOO_LARGE", "too many events");
	} else {
		return events;
	}
	cJSON_Delete(events);
	return NULL;
}

static void add_event(cJSON *events, struct str text)
{
	cJSON *event = json_parse(text, NULL);

	if (event == NULL) {
		event = cJSON_CreateNull();
	}
	if (!cJSON_AddItemToArray(events, event)) {
		abort();
	}
}

/* p: at the array's bracket. Returns its end, or NULL if it is no valid array. */
static const char *split_events(const char *p, const char *end, cJSON *events)
{
	p = json_skip_space(p + 1, end);
	if (p < end && *p == ']') {
		return p + 1;
	}
	for (size_t count = 0; p < end && count <= TXN_MAX_EVENTS; count++) {
		const char *start = json_skip_space(p, end);
		p = json_skip_value(start, end);
		if (p == NULL) {
			return NULL;
		}
		add_event(events, (struct str){start, (size_t)(p - start)});
		p = json_skip_space(p, end);
		if (p == end || (*p != ',' && *p != ']')) {
			return NULL;
		}
		if (*p++ == ']') {
			return p;
		}
	}
	return NULL;
}

/* p: after the body's opening bracket. Walks its members; *events is made from the first
 * array named so. True if all of it is valid. */
static bool split_members(const char *p, const char *end, cJSON **events)
{
	for (;;) {
		const char *key = json_skip_space(p, end);
		p = json_skip_string(key, end);
		if (p == NULL) {
			return false;
		}
		bool is_events =
		        str_is((struct str){key, (size_t)(p - key)}, "\"events\"");
		p = json_skip_space(p, end);
		if (p == end || *p != ':') {
			return false;
		}
		p = json_skip_space(p + 1, end);
		if (is_events && *events == NULL && p < end && *p == '[') {
			*events = cJSON_CreateArray();
			p = split_events(p, end, *events);
		} else {
			p = json_skip_value(p, end);
		}
		p = p == NULL ? NULL : json_skip_space(p, end);
		if (p == NULL || p == end) {
			return false;
		}
		if (*p == '}') {
			return json_skip_space(p + 1, end) == end;
		}
		if (*p++ != ',') {
			return false;
		}
	}
}

/* For a body that does not parse as a whole. */
static cJSON *split_body(struct str body, struct err *err)
{
	cJSON *events = NULL;
	const char *end = body.n == 0 ? body.p : body.p + body.n;
	const char *p = json_skip_space(body.p, end);

	bool valid = p < end && *p == '{' && str_is_utf8(body) &&
	             split_members(p + 1, end, &events);
	if (valid || cJSON_GetArraySize(events) > TXN_MAX_EVENTS) {
		return check_events(events, err);
	}
	cJSON_Delete(events);
	refuse(err, 400, "M_NOT_JSON", "the body is no JSON object");
	return NULL;
}

cJSON *txn_body_events(struct str body, struct err *err)
{
	autojson cJSON *whole = json_parse(body, NULL);

	if (whole == NULL) {
		return split_body(body, err);
	}
	if (!cJSON_IsObject(whole)) {
		refuse(err, 400, "M_BAD_JSON", "the body is no JSON object");
		return NULL;
	}
	return check_events(
	        cJSON_DetachItemFromObjectCaseSensitive(whole, "events"), err);
}
