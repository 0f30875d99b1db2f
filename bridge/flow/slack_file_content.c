/* What a file from Slack looks like on Matrix (client-server API, "m.room.message"
 * msgtypes; captions and file names as since version 1.10; voice messages as in MSC3245
 * with the fields of MSC1767). */
#include "bridge/flow/files.h"
#include "bridge/flow/slack_file.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_NAME_BYTES = 255, WAVE_SAMPLES = 120 };

static bool has_type(const struct slack_file *file, const char *type)
{
	return strncasecmp(file->mimetype, type, strlen(type)) == 0;
}

static const char *msgtype_of(const struct slack_file *file)
{
	if (has_type(file, "image/") && !has_type(file, "image/svg")) {
		return "m.image"; /* what may hold scripts is a file */
	}
	return has_type(file, "video/")   ? "m.video"
	       : has_type(file, "audio/") ? "m.audio"
	                                  : "m.file";
}

/* What is read on Slack is known there by its title. At most so many bytes, cut between
 * characters. */
static char *name_of(const struct slack_file *file)
{
	bool has_title = file->kind == SLACK_FILE_PAGE && file->title[0] != '\0';
	const char *name = has_title               ? file->title
	                   : file->name[0] == '\0' ? "file"
	                                           : file->name;
	size_t n = strlen(name);

	if (n > MAX_NAME_BYTES) {
		n = MAX_NAME_BYTES;
		while (n > 0 && ((unsigned char)name[n] & 0xC0) == 0x80) {
			n--;
		}
	}
	return xstrndup(name, n);
}

static void set_number(cJSON *obj, const char *key, int64_t value)
{
	if (value >= 0) {
		json_set_int(obj, key, value);
	}
}

static cJSON *info_of(const struct slack_file *file, const char *thumbnail)
{
	cJSON *info = json_new();

	json_set_str(info, "mimetype",
	        file->mimetype[0] == '\0' ? "application/octet-stream" : file->mimetype);
	set_number(info, "size", file->bytes);
	set_number(info, "w", file->width);
	set_number(info, "h", file->height);
	set_number(info, "duration", file->duration_ms);
	if (thumbnail != NULL) {
		cJSON *small = json_new();
		set_number(small, "w", file->preview.width);
		set_number(small, "h", file->preview.height);
		json_set_str(info, "thumbnail_url", thumbnail);
		json_set(info, "thumbnail_info", small);
	}
	return info;
}

/* From 0..100 to 0..1024, and not more of them than a client shows. */
static void add_voice(cJSON *content, const struct slack_file *file)
{
	cJSON *audio = json_new(), *wave = cJSON_CreateArray();
	int samples = 0;
	const cJSON *sample;

	cJSON_ArrayForEach(sample, file->waveform)
	{
		double value = cJSON_IsNumber(sample) ? sample->valuedouble : 0;
		value = value < 0 ? 0 : value > 100 ? 100 : value;
		if (samples++ < WAVE_SAMPLES) {
			cJSON_AddItemToArray(
			        wave, cJSON_CreateNumber((int)(value * 1024 / 100)));
		}
	}
	set_number(audio, "duration", file->duration_ms);
	json_set(audio, "waveform", wave);
	json_set(content, "org.matrix.msc1767.audio", audio);
	json_set(content, "org.matrix.msc3245.voice", json_new());
}

cJSON *slack_file_content(
        const struct slack_file *file, const char *media, const char *thumbnail)
{
	cJSON *content = json_new();
	autofree char *name = name_of(file);

	json_set_str(content, "msgtype", msgtype_of(file));
	json_set_str(content, "body", name);
	json_set_str(content, "filename", name);
	json_set_str(content, "url", media);
	json_set(content, "info", info_of(file, thumbnail));
	if (file->is_voice && str_equal(msgtype_of(file), "m.audio")) {
		add_voice(content, file);
	}
	/* Always there, so that no server guesses mentions from the text. */
	return json_set(content, "m.mentions", json_new());
}

cJSON *slack_file_notice(const struct slack_file *file, const char *why)
{
	cJSON *content = json_new();
	autofree char *name = name_of(file);
	bool has_size = file->bytes > 0 && file->kind != SLACK_FILE_PAGE;
	autofree char *size = has_size ? files_size_text(file->bytes) : NULL;
	const char *link = file->permalink[0] != '\0' ? file->permalink : file->url;
	bool is_link = str_starts(link, "https://") || str_starts(link, "http://");
	autofree char *body = xasprintf("\xF0\x9F\x93\x8E %s%s%s%s%s%s%s%s", name,
	        size == NULL ? "" : " (", size == NULL ? "" : size,
	        size == NULL ? "" : ")", why[0] == '\0' ? "" : ": ", why,
	        is_link ? "\n" : "", is_link ? link : "");

	json_set_str(content, "msgtype", "m.notice");
	json_set_str(content, "body", body);
	return json_set(content, "m.mentions", json_new());
}
