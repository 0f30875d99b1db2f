/* Files in Slack's JSON shapes (recorded file objects). */
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/files/files.h"

#include <stdlib.h>
#include <string.h>

static const unsigned sides[] = {64, 80, 160, 360, 480, 720, 800, 960, 1024};
enum { SIDES = sizeof(sides) / sizeof(sides[0]), SQUARES = 3 };

/* The squares and 360 exist of every picture, larger ones as far as it is larger than the
 * one before. */
unsigned thumb_side(const struct file *file, unsigned k)
{
	unsigned larger = file->width > file->height ? file->width : file->height;

	if (larger == 0 || k >= SIDES) {
		return 0;
	}
	return k > SQUARES && larger <= sides[k - 1] ? 0 : sides[k];
}

void thumb_size(const struct file *file, unsigned side, unsigned *width, unsigned *height)
{
	unsigned w = file->width, h = file->height;
	unsigned larger = w > h ? w : h;

	if (side <= sides[SQUARES - 1]) {
		*width = *height = side;
		return;
	}
	if (larger > side) {
		w = (unsigned)((uint64_t)w * side / larger);
		h = (unsigned)((uint64_t)h * side / larger);
	}
	*width = w ? w : 1;
	*height = h ? h : 1;
}

/* The name as it stands in URLs: lower case letters, digits, "._-"; all else is "_". */
static char *url_name(const char *name)
{
	char *out = xstrdup(name);

	for (char *p = out; *p; p++) {
		if (*p >= 'A' && *p <= 'Z') {
			*p = (char)(*p - 'A' + 'a');
		} else if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789._-", *p)) {
			*p = '_';
		}
	}
	return out;
}

static void set_thumbs(
        const struct sim_slack *sim, cJSON *object, const struct file *file)
{
	autofree char *name = url_name(file->name);
	char *dot = strrchr(name, '.');
	unsigned side;

	if (dot) {
		*dot = '\0';
	}
	for (unsigned k = 0; (side = thumb_side(file, k)) > 0; k++) {
		autofree char *key = xasprintf("thumb_%u", side);
		autofree char *key_w = xasprintf("thumb_%u_w", side);
		autofree char *key_h = xasprintf("thumb_%u_h", side);
		autofree char *url =
		        xasprintf("%s/files-tmb/%s-%s-%.10s/%s_%u.png", sim->url,
		                sim->ws.team_id, file->id, file->blob.sha256, name, side);
		unsigned width, height;

		json_set_str(object, key, url);
		if (k >= SQUARES) {
			thumb_size(file, side, &width, &height);
			json_set_int(object, key_w, width);
			json_set_int(object, key_h, height);
		}
	}
	if (file->width) {
		json_set_int(object, "original_w", file->width);
		json_set_int(object, "original_h", file->height);
	}
}

static void set_urls(const struct sim_slack *sim, cJSON *object, const struct file *file)
{
	autofree char *name = url_name(file->name);
	autofree char *private_url = xasprintf(
	        "%s/files-pri/%s-%s/%s", sim->url, sim->ws.team_id, file->id, name);
	autofree char *download = xasprintf("%s/files-pri/%s-%s/download/%s", sim->url,
	        sim->ws.team_id, file->id, name);
	autofree char *permalink = xasprintf("https://%s.slack.com/files/%s/%s/%s",
	        sim->ws.domain, file->user->id, file->id, name);
	autofree char *open = xasprintf("%s/files-pub/%s-%s-%.10s", sim->url,
	        sim->ws.team_id, file->id, file->secret);

	if (file->external_url) {
		json_set_str(object, "url_private", file->external_url);
	} else {
		json_set_str(object, "url_private", private_url);
		json_set_str(object, "url_private_download", download);
		json_set_str(object, "permalink_public", open);
	}
	json_set_str(object, "permalink", permalink);
}

static void set_snippet(cJSON *object, const struct file *file)
{
	if (!file->snippet) {
		return;
	}
	json_set_str(object, "preview", file->preview);
	json_set_int(object, "lines", file->lines);
	json_set_int(object, "lines_more", file->lines > 5 ? file->lines - 5 : 0);
	json_set_bool(object, "preview_is_truncated", file->lines > 5);
}

static const char *mode_of(const struct file *file)
{
	return file->external_url ? "external"
	       : file->canvas     ? "quip"
	       : file->snippet    ? "snippet"
	                          : "hosted";
}

static const char *media_type(const struct file *file)
{
	const char *type = file->mimetype ? file->mimetype : file->kind->mimetype;

	return str_starts(type, "audio/")   ? "audio"
	       : str_starts(type, "video/") ? "video"
	                                    : "unknown";
}

/* channels, groups, ims and shares, from where it lies. */
static void set_places(
        const struct sim_slack *sim, cJSON *object, const struct file *file, bool shares)
{
	static const char *const names[] = {"channels", "groups", "ims"};
	cJSON *lists[3], *places[2] = {NULL, NULL};
	const cJSON *share;

	for (int i = 0; i < 3; i++) {
		lists[i] = cJSON_CreateArray();
		json_set(object, names[i], lists[i]);
	}
	cJSON_ArrayForEach(share, file->shares)
	{
		const char *id = json_str_or(share, "channel", "");
		const struct channel *channel = workspace_channel(&sim->ws, id);
		bool open = channel && channel->kind == CHANNEL_PUBLIC;
		cJSON *list = lists[open                                     ? 0
		                    : channel && channel->kind == CHANNEL_IM ? 2
		                                                             : 1];
		cJSON **place = &places[open ? 0 : 1];
		cJSON *one = json_set_str(json_new(), "ts", json_str(share, "ts"));
		cJSON *those;

		if (!array_has(list, id)) {
			cJSON_AddItemToArray(list, cJSON_CreateString(id));
		}
		json_set_str(one, "thread_ts", json_str(share, "thread_ts"));
		json_set(one, "reply_users", cJSON_CreateArray());
		json_set_int(one, "reply_users_count", 0);
		json_set_int(one, "reply_count", 0);
		json_set_str(one, "channel_name", channel ? channel->name : NULL);
		json_set_str(one, "team_id", sim->ws.team_id);
		json_set_str(one, "share_user_id", file->user->id);
		json_set_str(one, "source", "UNKNOWN");
		json_set_bool(one, "is_silent_share", false);
		*place = *place ? *place : json_new();
		those = cJSON_GetObjectItemCaseSensitive(*place, id);
		if (!those) {
			those = cJSON_CreateArray();
			json_set(*place, id, those);
		}
		cJSON_AddItemToArray(those, one);
	}
	if (shares) {
		cJSON *both = json_new();

		if (places[0]) {
			json_set(both, "public", places[0]);
		}
		if (places[1]) {
			json_set(both, "private", places[1]);
		}
		json_set(object, "shares", both);
	} else {
		cJSON_Delete(places[0]);
		cJSON_Delete(places[1]);
	}
}

static cJSON *gone(const struct file *file, const char *mode)
{
	return json_set_str(json_set_str(json_new(), "id", file->id), "mode", mode);
}

/* As recorded of a clip: its loudness from 0 to 100, a hundred times. */
static void set_voice(cJSON *object, const struct file *file)
{
	cJSON *wave = cJSON_CreateArray();

	for (int i = 0; i < 100; i++) {
		cJSON_AddItemToArray(wave, cJSON_CreateNumber(i));
	}
	json_set_str(object, "subtype", "slack_audio");
	json_set_int(object, "duration_ms", file->voice_ms);
	json_set(object, "audio_wave_samples", wave);
}

cJSON *view_file(const struct sim_slack *sim, const struct file *file, bool shares)
{
	const struct kind *kind = file->kind;
	cJSON *object;

	if (file->state == FILE_DELETED) {
		return gone(file, "tombstone");
	}
	if (file->state == FILE_HIDDEN) {
		object = gone(file, "hidden_by_limit");
		json_set_int(object, "created", file->created_s);
		return json_set_str(object, "user", file->user->id);
	}
	object = json_set_str(json_new(), "id", file->id);
	json_set_int(object, "created", file->created_s);
	json_set_int(object, "timestamp", file->created_s);
	json_set_str(object, "name", file->name);
	json_set_str(object, "title", file->title);
	json_set_str(
	        object, "mimetype", file->mimetype ? file->mimetype : kind->mimetype);
	json_set_str(object, "filetype", file->canvas ? "quip" : kind->filetype);
	json_set_str(object, "pretty_type", file->canvas ? "Canvas" : kind->pretty);
	json_set_str(object, "user", file->user->id);
	json_set_str(object, "user_team", sim->ws.team_id);
	json_set_bool(object, "editable", file->snippet);
	json_set_int(object, "size", (int64_t)file->blob.bytes);
	json_set_str(object, "mode", mode_of(file));
	json_set_bool(object, "is_external", file->external_url != NULL);
	json_set_str(
	        object, "external_type", file->external_type ? file->external_type : "");
	json_set_bool(object, "is_public", file_is_public(sim, file));
	json_set_bool(object, "public_url_shared", file->public_url);
	json_set_bool(object, "display_as_bot", false);
	json_set_str(object, "username", file->username ? file->username : "");
	set_urls(sim, object, file);
	json_set_str(object, "media_display_type", media_type(file));
	set_thumbs(sim, object, file);
	if (file->voice_ms > 0) {
		set_voice(object, file);
	}
	set_snippet(object, file);
	json_set_str(object, "alt_txt", file->alt_text);
	set_places(sim, object, file, shares);
	json_set_bool(object, "has_rich_preview", false);
	if (shares) {
		json_set_bool(object, "has_more_shares", false);
		json_set_int(object, "comments_count", 0);
	}
	return json_set_str(object, "file_access", "visible");
}

cJSON *view_message_file(const struct sim_slack *sim, const struct file *file)
{
	cJSON *object;

	/* As recorded in a Slack Connect channel. */
	if (file->check_info && file->state == FILE_COMPLETE) {
		object = gone(file, "file_access");
		json_set_str(object, "file_access", "check_file_info");
		json_set_int(object, "created", 0);
		json_set_int(object, "timestamp", 0);
		return json_set_str(object, "user", "");
	}
	object = view_file(sim, file, false);
	/* Where it lies is files.info's to say. */
	cJSON_DeleteItemFromObjectCaseSensitive(object, "channels");
	cJSON_DeleteItemFromObjectCaseSensitive(object, "groups");
	cJSON_DeleteItemFromObjectCaseSensitive(object, "ims");
	return object;
}

void record_files(cJSON *record, struct file *const *files, size_t count)
{
	cJSON *list;

	if (count == 0) {
		return;
	}
	list = cJSON_CreateArray();
	for (size_t i = 0; i < count; i++) {
		const struct file *file = files[i];
		cJSON *one = json_set_str(json_new(), "id", file->id);

		json_set_str(one, "name", file->name);
		json_set_str(one, "title", file->title);
		json_set_str(one, "mimetype",
		        file->mimetype ? file->mimetype : file->kind->mimetype);
		json_set_int(one, "size", (int64_t)file->blob.bytes);
		json_set_str(one, "sha256", file->blob.sha256);
		json_set_bool(one, "deleted", file->state == FILE_DELETED);
		cJSON_AddItemToArray(list, one);
	}
	/* The first one's once more, flat: most messages have but one. */
	for (const char *const *name = (const char *const[]){"title", "mimetype", "size",
	             "sha256", NULL};
	        *name; name++) {
		json_set(record, *name,
		        cJSON_Duplicate(
		                json_get(cJSON_GetArrayItem(list, 0), *name), true));
	}
	json_set_str(record, "file", files[0]->name);
	json_set_str(record, "file_id", files[0]->id);
	json_set_int(record, "file_count", (int64_t)count);
	json_set(record, "files", list);
}
