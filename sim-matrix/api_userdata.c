/* What a user keeps on the server: account data, tags, filters. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/content.h"

#include <stdlib.h>
#include <string.h>

enum { FILTERS_MAX = 1000 };

static const char tags_type[] = "m.tag";

/* The user of {user}, if the caller may touch their data; else NULL and answered. */
static struct user *data_owner(struct call *call)
{
	const char *user_id = call_param(call, "user");
	struct user *user = user_find(call->sim, user_id);

	if (strcmp(user_id, call->user_id) != 0 && call->as == NULL) {
		call_fail(call, FAIL_ACCOUNT_DATA_OTHER, NULL);
		return NULL;
	}
	if (user == NULL) {
		call_fail(call, FAIL_NO_ACCOUNT_DATA, NULL);
	}
	return user;
}

/* ---- account data ---- */

static void get_data(struct call *call, const char *room_id)
{
	const struct user *user = data_owner(call);
	const cJSON *content;

	if (user == NULL) {
		return;
	}
	content = account_data_get(user, room_id, call_param(call, "type"));
	if (content == NULL) {
		call_fail(call, FAIL_NO_ACCOUNT_DATA, NULL);
	} else {
		call_reply(call, 200, content_copy(content));
	}
}

static void put_data(struct call *call, const char *room_id)
{
	const char *type = call_param(call, "type");
	struct user *user = data_owner(call);

	if (user == NULL) {
		return;
	}
	if (strcmp(type, "m.fully_read") == 0 || strcmp(type, "m.push_rules") == 0) {
		call_fail(call, FAIL_ACCOUNT_DATA_TYPE, type);
		return;
	}
	account_data_set(call->sim, user, room_id, type, content_copy(call->body));
	call_reply_empty(call);
}

void api_account_data_get(struct call *call)
{
	get_data(call, NULL);
}

void api_account_data_put(struct call *call)
{
	put_data(call, NULL);
}

void api_room_account_data_get(struct call *call)
{
	get_data(call, call_param(call, "room"));
}

void api_room_account_data_put(struct call *call)
{
	put_data(call, call_param(call, "room"));
}

/* ---- tags ---- */

/* {"tags":{..}} of now. Caller deletes. */
static cJSON *tags_of(const struct user *user, const char *room_id)
{
	const cJSON *content = account_data_get(user, room_id, tags_type);

	return content != NULL ? content_copy(content)
	                       : json_set(json_new(), "tags", json_new());
}

void api_tags_get(struct call *call)
{
	const struct user *user = data_owner(call);

	if (user != NULL) {
		call_reply(call, 200, tags_of(user, call_param(call, "room")));
	}
}

static void change_tag(struct call *call, bool add)
{
	const char *room_id = call_param(call, "room");
	struct user *user = data_owner(call);
	cJSON *content, *tags;

	if (user == NULL) {
		return;
	}
	content = tags_of(user, room_id);
	tags = cJSON_GetObjectItemCaseSensitive(content, "tags");
	cJSON_DeleteItemFromObjectCaseSensitive(tags, call_param(call, "tag"));
	if (add) {
		json_set(tags, call_param(call, "tag"), content_copy(call->body));
	}
	account_data_set(call->sim, user, room_id, tags_type, content);
	call_reply_empty(call);
}

void api_tag_put(struct call *call)
{
	change_tag(call, true);
}

void api_tag_delete(struct call *call)
{
	change_tag(call, false);
}

/* ---- filters ---- */

void api_filter_post(struct call *call)
{
	struct user *user = data_owner(call);
	autofree char *id = NULL;

	if (user == NULL) {
		return;
	}
	id = xasprintf("%llu", (unsigned long long)(user->next_filter++ % FILTERS_MAX));
	cJSON_Delete(map_set(user->filters, id, content_copy(call->body)));
	call_reply(call, 200, json_set_str(json_new(), "filter_id", id));
}

void api_filter_get(struct call *call)
{
	const struct user *user = data_owner(call);
	const cJSON *filter;

	if (user == NULL) {
		return;
	}
	filter = map_get(user->filters, call_param(call, "filter"));
	if (filter == NULL) {
		call_fail(call, FAIL_NO_FILTER, NULL);
	} else {
		call_reply(call, 200, content_copy(filter));
	}
}
