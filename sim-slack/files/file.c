/* One file: how it comes to be, and who may see it. */
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/files/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES = 64 * 1024, SNIPPET_MAX_BYTES = 1024 * 1024, PREVIEW_LINES = 5 };

struct file *file_create(struct sim_slack *sim, const char *name, const struct user *user)
{
	struct file *file = xcalloc(1, sizeof(*file));

	file->id = ids_object(&sim->ids, "F0");
	file->name = xstrdup(name);
	file->title = xstrdup(name);
	file->user = user;
	file->kind = kind_of(name, (struct str){0});
	file->created_s = sim_now_s(sim);
	file->shares = cJSON_CreateArray();
	ids_hex(&sim->ids.secrets, file->secret, 32);
	map_set(sim->files->all, file->id, file);
	return file;
}

/* The first lines of a text. */
static void preview(struct file *file, struct str head)
{
	size_t n = 0;

	file->lines = 1;
	for (size_t i = 0; i < head.n; i++) {
		file->lines += head.p[i] == '\n' && i + 1 < head.n;
		if (file->lines <= PREVIEW_LINES && n + 1 < FILE_PREVIEW_MAX) {
			n = i + 1;
		}
	}
	n = n < FILE_PREVIEW_MAX ? n : FILE_PREVIEW_MAX - 1;
	while (n > 0 && n < head.n && ((unsigned char)head.p[n] & 0xC0) == 0x80) {
		n--; /* not inside a character */
	}
	memcpy(file->preview, head.p, n);
	file->preview[n] = '\0';
	if (!str_is_utf8((struct str){file->preview, n})) {
		file->preview[0] = '\0';
	}
}

void file_fill(struct sim_slack *sim, struct file *file, const struct blob *blob)
{
	autofree char *bytes = NULL;
	struct str head;

	file_drop_bytes(sim, file);
	file->blob = *blob;
	file->state = FILE_UPLOADED;
	bytes = files_read(sim->files, blob, HEAD_BYTES, &head.n);
	head.p = bytes;
	if (!file->snippet) {
		file->kind = kind_of(file->name, head);
		file->snippet = file->kind->is_text && blob->bytes <= SNIPPET_MAX_BYTES;
	}
	if (file->snippet) {
		preview(file, head);
	}
	if (!picture_size(head, &file->width, &file->height)) {
		file->width = file->height = 0;
	}
}

/* ---- finding ---- */

struct file *file_find(const struct sim_slack *sim, const char *id)
{
	return map_get(sim->files->all, id);
}

struct file *file_next(const struct sim_slack *sim, size_t *cursor)
{
	void *value;

	return map_next(sim->files->all, cursor, NULL, &value) ? value : NULL;
}

struct file *file_by_secret(const struct sim_slack *sim, const char *secret)
{
	size_t cursor = 0;
	struct file *file;

	while ((file = file_next(sim, &cursor))) {
		if (str_equal(file->secret, secret)) {
			return file;
		}
	}
	return NULL;
}

/* ---- where it lies ---- */

void file_add_share(struct file *file, const struct message *message)
{
	cJSON *share = json_set_str(json_new(), "channel", message->channel->id);

	json_set_str(share, "ts", message->ts);
	json_set_str(share, "thread_ts", message->thread_ts);
	cJSON_AddItemToArray(file->shares, share);
}

void file_remove_share(struct file *file, const struct message *message)
{
	for (int i = cJSON_GetArraySize(file->shares) - 1; i >= 0; i--) {
		const cJSON *share = cJSON_GetArrayItem(file->shares, i);

		if (str_equal(json_str(share, "channel"), message->channel->id) &&
		        str_equal(json_str(share, "ts"), message->ts)) {
			cJSON_DeleteItemFromArray(file->shares, i);
		}
	}
}

bool file_in_channel(const struct file *file, const struct channel *channel)
{
	const cJSON *share;

	cJSON_ArrayForEach(share, file->shares)
	{
		if (str_equal(json_str(share, "channel"), channel->id)) {
			return true;
		}
	}
	return false;
}

bool file_is_public(const struct sim_slack *sim, const struct file *file)
{
	const cJSON *share;

	cJSON_ArrayForEach(share, file->shares)
	{
		const struct channel *channel =
		        workspace_channel(&sim->ws, json_str_or(share, "channel", ""));

		if (channel && channel->kind == CHANNEL_PUBLIC) {
			return true;
		}
	}
	return false;
}

bool file_seen_by(
        const struct sim_slack *sim, const struct file *file, const struct user *user)
{
	const cJSON *share;

	if (file->user == user || file_is_public(sim, file)) {
		return true;
	}
	cJSON_ArrayForEach(share, file->shares)
	{
		const struct channel *channel =
		        workspace_channel(&sim->ws, json_str_or(share, "channel", ""));

		if (channel && channel_has(channel, user)) {
			return true;
		}
	}
	return false;
}
