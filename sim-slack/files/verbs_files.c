/* What people do with files. */
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
#include "sim-slack/files/files.h"
#include "sim-slack/picture.h"
#include "sim-slack/text.h"
#include "sim-slack/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 20 };

/* ---- making one ---- */

/* "640x480". */
static bool store_picture(
        struct sim_slack *sim, const char *size, struct blob *blob, struct err *err)
{
	const char *x = strchr(size, 'x');
	int64_t width, height;
	struct buf png;
	bool good;

	if (!x ||
	        !str_to_int64((struct str){size, (size_t)(x - size)}, 1, PICTURE_SIDE_MAX,
	                &width) ||
	        !str_to_int64(str_from(x + 1), 1, PICTURE_SIDE_MAX, &height)) {
		return err_set(
		        err, ERR_PERMANENT, 0, "picture is no size such as 640x480");
	}
	buf_init(&png, PICTURE_MAX_BYTES);
	picture_png(&png, (unsigned)width, (unsigned)height, "4a154b");
	good = files_store(sim->files, buf_str(&png), blob, err);
	buf_finish(&png);
	return good;
}

static bool store_hex(
        struct sim_slack *sim, const char *hex, struct blob *blob, struct err *err)
{
	autofree char *bytes = hex_decode(hex);

	if (!bytes) {
		return err_set(err, ERR_PERMANENT, 0, "hex is not pairs of hex digits");
	}
	return files_store(sim->files, (struct str){bytes, strlen(hex) / 2}, blob, err);
}

/* content, hex, picture or size. */
static bool store(
        struct sim_slack *sim, const cJSON *from, struct blob *blob, struct err *err)
{
	const char *content = json_str(from, "content");
	int64_t size = json_int(from, "size", 1000);

	if (content) {
		return files_store(sim->files, str_from(content), blob, err);
	}
	if (json_str(from, "hex")) {
		return store_hex(sim, json_str(from, "hex"), blob, err);
	}
	if (json_str(from, "picture")) {
		return store_picture(sim, json_str(from, "picture"), blob, err);
	}
	if (size < 0 || size > sim->knobs.upload_max_bytes) {
		return err_set(err, ERR_PERMANENT, 0, "size is out of range");
	}
	return files_store_pattern(sim->files, (uint64_t)size, blob, err);
}

/* NULL and *err. */
struct file *verb_make_file(struct sim_slack *sim, const cJSON *from,
        const struct user *user, struct err *err)
{
	const char *name = json_str_or(
	        from, "name", json_str(from, "picture") ? "image.png" : "file.bin");
	struct blob blob = {0};
	struct file *file;

	if (!json_str(from, "external_url") && !store(sim, from, &blob, err)) {
		return NULL;
	}
	file = file_create(sim, name, user);
	file_fill(sim, file, &blob);
	if (json_str(from, "title")) {
		str_replace(&file->title, json_str(from, "title"));
	}
	file->mimetype = xstrdup_null(json_str(from, "type"));
	file->alt_text = xstrdup_null(json_str(from, "alt"));
	file->external_url = xstrdup_null(json_str(from, "external_url"));
	file->check_info = json_bool(from, "check_info", false);
	file->voice_ms = json_int(from, "voice", 0);
	file->canvas = json_bool(from, "canvas", false);
	if (file->external_url) {
		file->external_type =
		        xstrdup(json_str_or(from, "external_type", "gdrive"));
	}
	act_file_created(sim, file);
	return file;
}

bool verb_upload(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct user *user = verb_user(sim, args, "as", err);
	struct channel *channel = user ? verb_channel(sim, args, user, err) : NULL;
	autofree char *text = text_store(json_str_or(args, "text", ""));
	const cJSON *list = json_arr(args, "files"), *item;
	const struct message *parent = NULL, *message;
	struct file *files[FILES_MAX];
	char event_id[EVENT_ID_SIZE];
	cJSON *ids;
	size_t count = 0;

	if (!channel || !verb_may_write(channel, user, err) ||
	        !verb_parent(channel, args, &parent, err)) {
		return false;
	}
	if (cJSON_GetArraySize(list) > FILES_MAX) {
		return err_set(err, ERR_PERMANENT, 0, "more than %d files", FILES_MAX);
	}
	for (item = list ? list->child : args; item; item = list ? item->next : NULL) {
		files[count] = verb_make_file(sim, item, user, err);
		if (!files[count++]) {
			return false;
		}
	}
	if (count == 0) {
		return err_set(err, ERR_PERMANENT, 0, "files is empty");
	}
	struct sharing sharing = {.channel = channel,
	        .user = user,
	        .files = files,
	        .count = count,
	        .text = text,
	        .thread_ts = parent ? parent->ts : NULL,
	        .broadcast = parent && json_bool(args, "broadcast", false)};
	message = act_share(sim, &sharing, event_id);
	*result = json_set_str(json_new(), "ts", message->ts);
	json_set_str(*result, "event_id", *event_id ? event_id : NULL);
	json_set_str(*result, "file_id", files[0]->id);
	json_set_str(*result, "sha256", files[0]->blob.sha256);
	ids = cJSON_CreateArray();
	for (size_t i = 0; i < count; i++) {
		cJSON_AddItemToArray(ids, cJSON_CreateString(files[i]->id));
	}
	json_set(*result, "file_ids", ids);
	return true;
}

/* ---- changing one ---- */

/* By ID or by name: the last one so named. */
static struct file *verb_file(
        const struct sim_slack *sim, const cJSON *args, struct err *err)
{
	const char *name = json_str_or(args, "file", "");
	struct file *found = file_find(sim, name), *file;
	size_t cursor = 0;

	while (!found && (file = file_next(sim, &cursor))) {
		if (str_equal(file->name, name) && file->state == FILE_COMPLETE) {
			found = file;
		}
	}
	if (!found || found->state < FILE_COMPLETE || found->state == FILE_DELETED) {
		err_set(err, ERR_PERMANENT, 0, "there is no file %s", name);
		return NULL;
	}
	return found;
}

bool verb_delete_file(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct file *file = verb_file(sim, args, err);
	const struct user *user = file ? verb_user(sim, args, "as", err) : NULL;

	(void)result;
	if (!user) {
		return false;
	}
	if (file->user != user && !user->admin) {
		return err_set(err, ERR_PERMANENT, 0, "%s may not delete it", user->name);
	}
	act_delete_file(sim, file, user);
	return true;
}

static void change(struct sim_slack *sim, struct file *file, const void *arg)
{
	const cJSON *args = arg;
	const char *title = json_str(args, "title"), *name = json_str(args, "name");

	(void)sim;
	if (title) {
		str_replace(&file->title, title);
	}
	if (name) {
		str_replace(&file->name, name);
	}
	if (json_get(args, "hidden")) {
		file->state =
		        json_bool(args, "hidden", false) ? FILE_HIDDEN : FILE_COMPLETE;
	}
	file->public_url = json_bool(args, "public", file->public_url);
	file->check_info = json_bool(args, "check_info", file->check_info);
}

bool verb_change_file(void *arg, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_slack *sim = arg;
	struct file *file = verb_file(sim, args, err);

	(void)result;
	if (file) {
		act_change_file(sim, file, change, args);
	}
	return file != NULL;
}
