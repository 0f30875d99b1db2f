#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
#include "sim-slack/api.h"
#include "sim-slack/files/files.h"
#include "sim-slack/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILES_MAX = 100, /* not documented; clients send ten */
	CHANNELS_MAX = 100,
	ALT_TEXT_MAX = 1000,
	SNIPPET_MAX_BYTES = 1024 * 1024,
	PAGE_DEFAULT = 100,
};

/* ---- uploading ---- */

/* False and the call failed. */
static bool read_snippet(struct api_call *call, int64_t bytes, const struct kind **out)
{
	const char *type = api_str(call, "snippet_type");

	*out = NULL;
	if (!type || !*type) {
		return true;
	}
	*out = kind_of_filetype(type);
	if (!*out) {
		api_fail(call, "unknown_snippet_type");
	} else if (bytes > SNIPPET_MAX_BYTES) {
		api_fail(call, "snippet_too_large");
	}
	return json_bool(call->reply, "ok", false);
}

static void run_upload_url(struct api_call *call)
{
	struct sim_slack *sim = call->sim;
	const char *name = api_need(call, "filename");
	const char *length = name ? api_need(call, "length") : NULL;
	const char *alt = api_str(call, "alt_txt");
	autofree char *url = NULL;
	const struct kind *snippet;
	struct file *file;
	int64_t bytes;

	if (!length) {
		return;
	}
	if (!str_to_int64(str_from(length), 1, INT64_MAX, &bytes)) {
		api_fail_message(
		        call, "[ERROR] must be greater than 0 [json-pointer:/length]");
		return;
	}
	if (bytes > sim->knobs.upload_max_bytes) {
		api_fail(call, "file_upload_size_restricted");
		return;
	}
	alt = alt && *alt ? alt : api_str(call, "alt_text"); /* the node SDK's word */
	if (alt && text_length(alt) > ALT_TEXT_MAX) {
		api_fail(call, "alt_txt_too_large");
		return;
	}
	if (!read_snippet(call, bytes, &snippet)) {
		return;
	}
	file = file_create(sim, name, call->user);
	file->awaited_bytes = bytes;
	file->alt_text = xstrdup_null(alt);
	if (snippet) {
		file->kind = snippet;
		file->snippet = true;
	}
	url = xasprintf("%s/upload/v1/%s", sim->url, file->secret);
	json_set_str(call->reply, "upload_url", url);
	json_set_str(call->reply, "file_id", file->id);
}

/* What files.completeUploadExternal is to do. */
struct completion {
	struct file *files[FILES_MAX];
	size_t count;
	const cJSON *items;
	struct channel *channels[CHANNELS_MAX];
	size_t channel_count;
	const char *thread_ts;
	char *text;
	cJSON *blocks;
};

/* False and the call failed. */
static bool read_files(struct api_call *call, const cJSON *items, struct completion *out)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, items)
	{
		struct file *file = file_find(call->sim, json_str_or(item, "id", ""));

		if (out->count == FILES_MAX) {
			api_fail(call, "invalid_arguments");
			return false;
		}
		if (!file || file->user != call->user || file->state > FILE_UPLOADED) {
			api_fail(call, "file_not_found");
			return false;
		}
		if (file->state == FILE_AWAITED) {
			api_fail(call, "file_update_failed");
			return false;
		}
		out->files[out->count++] = file;
	}
	return true;
}

/* Where the app may share, or NULL and the call failed. */
static struct channel *share_target(struct api_call *call, const char *id)
{
	struct channel *channel = workspace_channel(&call->sim->ws, id);
	bool member = channel && channel_has(channel, call->user);

	if (!channel || (channel->kind != CHANNEL_PUBLIC && !member)) {
		api_fail(call, "channel_not_found");
	} else if (channel->archived) {
		api_fail(call, call->sim->knobs.upload_archived);
	} else if (!member) {
		api_fail(call, "not_in_channel");
	} else {
		return channel;
	}
	return NULL;
}

/* False and the call failed. */
static bool read_channels(struct api_call *call, struct completion *out)
{
	const char *list = api_str(call, "channel_id");

	list = list && *list ? list : api_str(call, "channels");
	for (char *id; list && (id = api_next_id(&list)); free(id)) {
		struct channel *channel = NULL;

		if (out->channel_count == CHANNELS_MAX) {
			api_fail(call, "channels_limit_exceeded");
		} else {
			channel = share_target(call, id);
		}
		if (!channel) {
			free(id);
			return false;
		}
		out->channels[out->channel_count++] = channel;
	}
	call->channel = out->channel_count ? out->channels[0] : NULL;
	return true;
}

/* False and the call failed. */
static bool read_comment(struct api_call *call, struct completion *out)
{
	const char *comment = api_str(call, "initial_comment");

	if (out->channel_count == 1 &&
	        !api_thread(call, out->channels[0], &out->thread_ts)) {
		return false;
	}
	if (comment && *comment) {
		out->text = text_store(comment);
		return true;
	}
	return api_blocks(call, &out->blocks);
}

static void set_author(const struct api_call *call, struct file *file)
{
	if (!api_has_scope(call, "chat:write.customize")) {
		return;
	}
	file->username = xstrdup_null(api_text(call, "username"));
	file->icon_url = xstrdup_null(api_text(call, "icon_url"));
	file->icon_emoji = xstrdup_null(api_text(call, "icon_emoji"));
}

static void complete(struct api_call *call, struct completion *completion)
{
	cJSON *list = cJSON_CreateArray();
	const cJSON *item = completion->items->child;

	for (size_t i = 0; i < completion->count; i++, item = item->next) {
		struct file *file = completion->files[i];
		const char *title = json_str(item, "title");

		if (title && *title) {
			str_replace(&file->title, title);
		}
		if (file->state == FILE_UPLOADED) {
			set_author(call, file);
			act_file_created(call->sim, file);
		}
		cJSON_AddItemToArray(list, view_file(call->sim, file, true));
	}
	json_set(call->reply, "files", list);
	for (size_t i = 0; i < completion->channel_count; i++) {
		struct sharing sharing = {.channel = completion->channels[i],
		        .user = call->user,
		        .files = completion->files,
		        .count = completion->count,
		        .text = completion->text,
		        .blocks = completion->blocks,
		        .thread_ts = completion->thread_ts};

		act_share_later(call->sim, &sharing);
	}
}

static void run_complete(struct api_call *call)
{
	struct completion *completion = xcalloc(1, sizeof(*completion));
	autojson cJSON *items = NULL;

	if (!api_json(call, "files", &items) || cJSON_GetArraySize(items) == 0 ||
	        !cJSON_IsArray(items)) {
		api_fail_message(call, "[ERROR] missing required field: files");
	} else {
		completion->items = items;
		if (read_files(call, items, completion) &&
		        read_channels(call, completion) &&
		        read_comment(call, completion)) {
			complete(call, completion);
		}
	}
	free(completion->text);
	cJSON_Delete(completion->blocks);
	free(completion);
}

/* ---- what is there ---- */

/* The file argument as its user may see it, or NULL and the call failed. */
static struct file *read_file(struct api_call *call)
{
	const char *id = api_need(call, "file");
	struct file *file = id ? file_find(call->sim, id) : NULL;

	if (!id) {
		return NULL;
	}
	if (!file || file->state < FILE_COMPLETE ||
	        !file_seen_by(call->sim, file, call->user)) {
		api_fail(call, "file_not_found");
		return NULL;
	}
	if (file->state == FILE_DELETED) {
		api_fail(call, "file_deleted");
		return NULL;
	}
	return file;
}

static void run_info(struct api_call *call)
{
	const struct file *file = read_file(call);

	if (file) {
		json_set(call->reply, "file", view_file(call->sim, file, true));
		json_set(call->reply, "comments", cJSON_CreateArray());
		api_next_cursor(call, "comment", NULL);
	}
}

static void run_delete(struct api_call *call)
{
	struct file *file = read_file(call);

	if (!file) {
		return;
	}
	if (file->user != call->user && !call->user->admin) {
		api_fail(call, "cant_delete_file");
		return;
	}
	act_delete_file(call->sim, file, call->user);
}

static void set_public(struct sim_slack *sim, struct file *file, const void *arg)
{
	(void)sim;
	(void)arg;
	file->public_url = true;
}

static void run_shared_public(struct api_call *call)
{
	struct file *file = read_file(call);

	if (!file) {
		return;
	}
	if (file->public_url || file->user != call->user) {
		api_fail(call, file->public_url ? "already_public" : "not_allowed");
		return;
	}
	act_change_file(call->sim, file, set_public, NULL);
	json_set(call->reply, "file", view_file(call->sim, file, true));
}

/* As JSON text or comma-separated. Caller deletes; NULL: malformed. */
static cJSON *id_list(const struct api_call *call, const char *name)
{
	const char *text = api_text(call, name);
	cJSON *list = NULL;

	if (!text || *text == '[') {
		api_json(call, name, &list);
		return list ? list : text ? NULL : cJSON_CreateArray();
	}
	list = cJSON_CreateArray();
	for (char *id; (id = api_next_id(&text)); free(id)) {
		cJSON_AddItemToArray(list, cJSON_CreateString(id));
	}
	return list;
}

bool api_file_ids(struct api_call *call, struct file **files, size_t max, size_t *count)
{
	autojson cJSON *list = id_list(call, "file_ids");
	const cJSON *item;

	*count = 0;
	cJSON_ArrayForEach(item, list)
	{
		struct file *file = cJSON_IsString(item)
		                            ? file_find(call->sim, item->valuestring)
		                            : NULL;

		if (*count == max) {
			api_fail(call, "max_file_sharing_exceeded");
			return false;
		}
		if (!file || file->user != call->user || file->state < FILE_COMPLETE) {
			api_fail(call, "file_not_found");
			return false;
		}
		if (file->state == FILE_DELETED) {
			api_fail(call, "file_is_deleted");
			return false;
		}
		files[(*count)++] = file;
	}
	if (!list) {
		api_fail(call, "invalid_arguments");
	}
	return list != NULL;
}

/* ---- files.list: pages of old, with numbers ---- */

struct filter {
	const struct channel *channel;
	const char *user, *types;
	int64_t from_us, to_us;
};

static bool is_of_types(const struct file *file, const char *types)
{
	const char *type = file->mimetype ? file->mimetype : file->kind->mimetype;
	const char *own = str_starts(type, "image/")                 ? "images"
	                  : file->snippet                            ? "snippets"
	                  : str_equal(file->kind->filetype, "pdf")   ? "pdfs"
	                  : str_equal(file->kind->filetype, "zip")   ? "zips"
	                  : str_equal(file->external_type, "gdrive") ? "gdocs"
	                                                             : "";

	return !types || !*types || scopes_have(types, "all") ||
	       (*own && scopes_have(types, own));
}

static bool is_listed(
        const struct api_call *call, const struct file *file, const struct filter *filter)
{
	int64_t at_us = file->created_s * 1000000;

	return file->state == FILE_COMPLETE &&
	       file_seen_by(call->sim, file, call->user) &&
	       (!filter->channel || file_in_channel(file, filter->channel)) &&
	       (!filter->user || str_equal(file->user->id, filter->user)) &&
	       at_us >= filter->from_us && at_us <= filter->to_us &&
	       is_of_types(file, filter->types);
}

static int64_t number(const struct api_call *call, const char *name, int64_t otherwise)
{
	const char *text = api_str(call, name);
	int64_t value;

	return text && str_to_int64(str_from(text), 1, 1000, &value) ? value : otherwise;
}

/* Newest first. */
static void list_page(struct api_call *call, const struct filter *filter)
{
	int64_t count = number(call, "count", PAGE_DEFAULT),
	        page = number(call, "page", 1);
	cJSON *all = cJSON_CreateArray(), *files = cJSON_CreateArray(), *paging;
	int64_t total, first;
	const struct file *file;
	size_t cursor = 0;

	while ((file = file_next(call->sim, &cursor))) {
		if (is_listed(call, file, filter)) {
			cJSON_AddItemToArray(all, cJSON_CreateString(file->id));
		}
	}
	total = cJSON_GetArraySize(all);
	first = total - (page - 1) * count;
	for (int64_t i = first - 1; i >= 0 && i >= first - count; i--) {
		const cJSON *id = cJSON_GetArrayItem(all, (int)i);

		cJSON_AddItemToArray(
		        files, view_file(call->sim, file_find(call->sim, id->valuestring),
		                       true));
	}
	cJSON_Delete(all);
	json_set(call->reply, "files", files);
	paging = json_set_int(json_new(), "count", count);
	json_set_int(paging, "total", total);
	json_set_int(paging, "page", page);
	json_set_int(paging, "pages", (total + count - 1) / count);
	json_set(call->reply, "paging", paging);
}

static void run_list(struct api_call *call)
{
	struct filter filter = {.user = api_text(call, "user"),
	        .types = api_text(call, "types"),
	        .to_us = INT64_MAX};
	const char *from = api_text(call, "ts_from"), *to = api_text(call, "ts_to");

	if (filter.user && !workspace_user(&call->sim->ws, filter.user)) {
		api_fail(call, "user_not_found");
		return;
	}
	if (api_text(call, "channel")) {
		filter.channel = api_channel(call, SCOPE_NONE);
		if (!filter.channel) {
			return;
		}
	}
	if ((from && !ts_parse(from, &filter.from_us)) ||
	        (to && !ts_parse(to, &filter.to_us))) {
		api_fail(call, "invalid_arguments");
		return;
	}
	list_page(call, &filter);
}

/* Gone since 2025-11-12. */
static void run_upload(struct api_call *call)
{
	api_fail(call, "method_deprecated");
}

const struct api_method api_files_methods[] = {
        {"files.getUploadURLExternal", FOR_BOT, TIER_4, "files:write", run_upload_url},
        {"files.completeUploadExternal", FOR_BOT | TAKES_JSON, TIER_4, "files:write",
                run_complete},
        {"files.upload", FOR_BOT, TIER_2, "files:write", run_upload},
        {"files.info", FOR_BOT, TIER_4, "files:read", run_info},
        {"files.list", FOR_BOT, TIER_3, "files:read", run_list},
        {"files.delete", FOR_BOT | TAKES_JSON, TIER_3, "files:write", run_delete},
        {"files.sharedPublicURL", FOR_USER | TAKES_JSON, TIER_3, "files:write",
                run_shared_public},
        {0},
};
