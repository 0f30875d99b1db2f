#include "sim-slack/api.h"

#include "lib/mem.h"
#include "lib/str.h"

#include <stdlib.h>
#include <string.h>

static cJSON *metadata_of(cJSON *reply)
{
	cJSON *metadata = cJSON_GetObjectItemCaseSensitive(reply, "response_metadata");

	if (!metadata) {
		metadata = json_new();
		json_set(reply, "response_metadata", metadata);
	}
	return metadata;
}

void api_warn(struct api_call *call, const char *warning)
{
	const char *before = json_str(call->reply, "warning");
	autofree char *both =
	        before ? xasprintf("%s,%s", before, warning) : xstrdup(warning);
	cJSON *metadata = metadata_of(call->reply);
	cJSON *list = cJSON_GetObjectItemCaseSensitive(metadata, "warnings");

	json_set_str(call->reply, "warning", both);
	if (!list) {
		list = cJSON_CreateArray();
		json_set(metadata, "warnings", list);
	}
	cJSON_AddItemToArray(list, cJSON_CreateString(warning));
}

/* ---- arguments ---- */

const char *api_str(const struct api_call *call, const char *name)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(call->args, name);

	return cJSON_IsString(item) ? item->valuestring : NULL;
}

const char *api_text(const struct api_call *call, const char *name)
{
	const char *text = api_str(call, name);

	return text && text[strspn(text, " \t\r\n")] ? text : NULL;
}

char *api_next_id(const char **list)
{
	const char *p = *list + strspn(*list, ", ");
	size_t n = strcspn(p, ", ");

	*list = p + n;
	return n ? xstrndup(p, n) : NULL;
}

bool api_has_scope(const struct api_call *call, const char *any_of)
{
	return call->kind == TOKEN_CLIENT || scopes_have(call->scopes, any_of);
}

void api_fail_message(struct api_call *call, const char *message)
{
	cJSON *messages = cJSON_CreateArray();

	cJSON_AddItemToArray(messages, cJSON_CreateString(message));
	api_fail(call, "invalid_arguments");
	json_set(metadata_of(call->reply), "messages", messages);
}

const char *api_need(struct api_call *call, const char *name)
{
	const char *text = api_str(call, name);
	autofree char *message = NULL;

	if (text && *text) {
		return text;
	}
	message = xasprintf("[ERROR] missing required field: %s", name);
	api_fail_message(call, message);
	return NULL;
}

bool api_bool(const struct api_call *call, const char *name, bool otherwise)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(call->args, name);

	if (cJSON_IsBool(item)) {
		return cJSON_IsTrue(item);
	}
	if (cJSON_IsNumber(item)) {
		return item->valuedouble >= 0.5;
	}
	if (cJSON_IsString(item)) {
		return str_equal(item->valuestring, "true") ||
		       str_equal(item->valuestring, "1");
	}
	return otherwise;
}

bool api_limit(struct api_call *call, int64_t otherwise, int64_t max, int64_t *out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(call->args, "limit");

	*out = otherwise;
	if (!item || (cJSON_IsString(item) && item->valuestring[0] == '\0')) {
		return true;
	}
	if (cJSON_IsString(item) &&
	        str_to_int64(str_from(item->valuestring), 0, max, out)) {
		*out = *out ? *out : otherwise;
		return true;
	}
	if (cJSON_IsNumber(item) && item->valuedouble >= 0 &&
	        item->valuedouble <= (double)max) {
		*out = item->valuedouble >= 1 ? (int64_t)item->valuedouble : otherwise;
		return true;
	}
	api_fail(call, "invalid_limit");
	return false;
}

bool api_json(const struct api_call *call, const char *name, cJSON **out)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(call->args, name);

	*out = NULL;
	if (!item || cJSON_IsNull(item) ||
	        (cJSON_IsString(item) && item->valuestring[0] == '\0')) {
		return true;
	}
	*out = cJSON_IsString(item) ? json_parse(str_from(item->valuestring), NULL)
	                            : cJSON_Duplicate(item, true);
	return *out != NULL;
}

/* ---- conversations ---- */

bool api_is_in(const struct api_call *call, const struct channel *channel)
{
	return channel_has(channel, call->user) && !channel->archived;
}

struct channel *api_channel(struct api_call *call, enum scope_family family)
{
	const char *name = api_need(call, "channel");
	struct channel *channel;
	const char *scopes;

	if (!name) {
		return NULL;
	}
	channel = workspace_channel(&call->sim->ws, name);
	if (!channel ||
	        (channel->kind != CHANNEL_PUBLIC && !channel_has(channel, call->user))) {
		api_fail(call, "channel_not_found");
		return NULL;
	}
	scopes = scopes_for(family, channel->kind);
	if (!api_has_scope(call, scopes)) {
		api_fail_scope(call, scopes);
		return NULL;
	}
	return channel;
}

struct channel *api_own_channel(struct api_call *call, enum scope_family family)
{
	struct channel *channel = api_channel(call, family);

	/* People can read what is public. */
	bool open = call->kind >= TOKEN_USER && family == SCOPE_HISTORY && channel &&
	            channel->kind == CHANNEL_PUBLIC;

	if (channel && !open && !api_is_in(call, channel) &&
	        !(call->kind >= TOKEN_USER && channel_has(channel, call->user))) {
		api_fail(call, "not_in_channel");
		return NULL;
	}
	return channel;
}

bool api_kind(struct api_call *call, const struct channel *channel, unsigned kinds)
{
	if (kinds & (1U << channel->kind)) {
		return true;
	}
	api_fail(call, "method_not_supported_for_channel_type");
	return false;
}

struct message *api_item(struct api_call *call, const struct channel *channel)
{
	const char *ts = api_str(call, "timestamp");
	struct message *message;
	int64_t us;

	if (!ts || !*ts) {
		api_fail(call, "no_item_specified");
		return NULL;
	}
	if (!ts_parse(ts, &us)) {
		api_fail(call, "bad_timestamp");
		return NULL;
	}
	message = channel_message(channel, ts);
	if (!message) {
		api_fail(call, "message_not_found");
	}
	return message;
}

bool api_fail_unless_ok(struct api_call *call, const char *word)
{
	if (str_equal(word, "ok")) {
		return false;
	}
	api_fail(call, word);
	return true;
}

bool api_thread(
        struct api_call *call, const struct channel *channel, const char **thread_ts)
{
	const char *ts = api_str(call, "thread_ts");
	const struct message *message, *parent;

	*thread_ts = NULL;
	if (!ts || !*ts) {
		return true;
	}
	message = channel_message(channel, ts);
	if (!message) {
		return !api_fail_unless_ok(call, call->sim->knobs.unknown_thread);
	}
	parent = message_parent(message);
	*thread_ts = parent ? parent->ts : message->ts;
	return true;
}

/* ---- cursors ---- */

bool api_cursor(struct api_call *call, const char *kind, char **value)
{
	const char *cursor = api_str(call, "cursor");

	*value = NULL;
	if (!cursor || !*cursor) {
		return true;
	}
	*value = cursor_open(
	        cursor, kind, loop_wall_ms(call->sim->loop), call->sim->knobs.cursor_ttl);
	if (!*value) {
		api_fail(call, "invalid_cursor");
		return false;
	}
	return true;
}

void api_next_cursor(struct api_call *call, const char *kind, const char *value)
{
	autofree char *cursor =
	        value ? cursor_make(kind, value, loop_wall_ms(call->sim->loop),
	                        call->sim->knobs.cursor_ttl)
	              : xstrdup("");

	json_set_str(metadata_of(call->reply), "next_cursor", cursor);
}
