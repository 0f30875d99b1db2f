/* file objects */
#include "bridge/slack/files.h"

#include "lib/str.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *field, *word;
	enum slack_file_kind kind;
} marks[] = {
        {"mode", "tombstone", SLACK_FILE_DELETED},
        {"mode", "hidden_by_limit", SLACK_FILE_HIDDEN},
        {"mode", "external", SLACK_FILE_EXTERNAL},
        {"mode", "quip", SLACK_FILE_PAGE},
        {"mode", "canvas", SLACK_FILE_PAGE},
        {"mode", "space", SLACK_FILE_PAGE},
        {"mode", "docs", SLACK_FILE_PAGE},
        {"mode", "post", SLACK_FILE_PAGE},
        {"mode", "list", SLACK_FILE_PAGE},
        {"file_access", "file_not_found", SLACK_FILE_DELETED},
        {"file_access", "access_denied", SLACK_FILE_DENIED},
        {"file_access", "check_file_info", SLACK_FILE_ASK},
};

static enum slack_file_kind kind_of(const cJSON *file, const struct slack_file *out)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		if (str_equal(json_str(file, marks[i].field), marks[i].word)) {
			return marks[i].kind;
		}
	}
	if (json_bool(file, "is_external", false)) {
		return SLACK_FILE_EXTERNAL;
	}
	return out->url[0] == '\0' || out->bytes < 0 ? SLACK_FILE_ASK : SLACK_FILE_HOSTED;
}

static struct slack_picture picture(const cJSON *file, const char *prefix)
{
	char width[40], height[40];

	snprintf(width, sizeof(width), "%s_w", prefix);
	snprintf(height, sizeof(height), "%s_h", prefix);
	return (struct slack_picture){
	        .url = json_str_or(file, prefix, ""),
	        .width = json_int(file, width, -1),
	        .height = json_int(file, height, -1),
	};
}

/* The largest that is still small. */
static struct slack_picture preview_of(const cJSON *file)
{
	static const char *const sizes[] = {
	        "thumb_480", "thumb_360", "thumb_video", "thumb_pdf", "thumb_160"};
	struct slack_picture none = {"", -1, -1};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct slack_picture found = picture(file, sizes[i]);
		if (found.url[0] != '\0') {
			return found;
		}
	}
	return none;
}

static const char *first_text(const cJSON *file, const char *one, const char *other)
{
	const char *text = json_str_or(file, one, "");
	return text[0] != '\0' ? text : json_str_or(file, other, "");
}

bool slack_file_parse(const cJSON *file, struct slack_file *out)
{
	struct slack_file f = {
	        .id = json_str_or(file, "id", ""),
	        .name = first_text(file, "name", "title"),
	        .title = json_str_or(file, "title", ""),
	        .mimetype = json_str_or(file, "mimetype", ""),
	        .url = first_text(file, "url_private_download", "url_private"),
	        .permalink = json_str_or(file, "permalink", ""),
	        .alt_text = json_str_or(file, "alt_txt", ""),
	        .bytes = json_int(file, "size", -1),
	        .width = json_int(file, "original_w", -1),
	        .height = json_int(file, "original_h", -1),
	        .duration_ms = json_int(file, "duration_ms", -1),
	        .is_voice = str_equal(json_str(file, "subtype"), "slack_audio"),
	        .preview = preview_of(file),
	        .waveform = json_arr(file, "audio_wave_samples"),
	};

	if (f.id[0] == '\0' || strlen(f.id) > 64) {
		return false;
	}
	f.kind = kind_of(file, &f);
	if (f.kind == SLACK_FILE_EXTERNAL) {
		f.url = first_text(file, "url_private", "permalink");
	}
	*out = f;
	return true;
}

/* shares: {public|private: {channel: [{ts, ...}, ...]}} */
const char *slack_file_share(const cJSON *file, const char *channel_id)
{
	static const char *const kinds[] = {"public", "private"};
	const cJSON *shares = json_obj(file, "shares");
	const char *newest = NULL;

	for (size_t i = 0; i < 2; i++) {
		const cJSON *share;
		const cJSON *of_kind = json_obj(shares, kinds[i]);
		cJSON_ArrayForEach(
		        share, cJSON_GetObjectItemCaseSensitive(of_kind, channel_id))
		{
			const char *ts = json_str(share, "ts");
			if (ts != NULL && ts[0] != '\0' && strlen(ts) < 40 &&
			        (newest == NULL || strcmp(ts, newest) > 0)) {
				newest = ts;
			}
		}
	}
	return newest;
}

/* ---------------------------------------------------------------- log-in pages */

static bool has_prefix(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool looks_like_a_page(struct str first)
{
	static const char *const beginnings[] = {"<!doctype html", "<html"};

	while (first.n > 0 && strchr(" \t\r\n", first.p[0]) != NULL) {
		first.p++;
		first.n--;
	}
	for (size_t i = 0; i < 2; i++) {
		size_t n = strlen(beginnings[i]);
		if (first.n >= n && strncasecmp(first.p, beginnings[i], n) == 0) {
			return true;
		}
	}
	return false;
}

bool slack_is_login_page(
        const struct http_reply *head, struct str first, const char *mimetype)
{
	bool may_be_html = has_prefix(mimetype, "text/") || mimetype[0] == '\0' ||
	                   has_prefix(mimetype, "application/vnd.slack-docs") ||
	                   strstr(mimetype, "html") != NULL;

	if (has_prefix(head->content_type, "text/html")) {
		/* Of a text the length decides, which the file object knows. */
		return !may_be_html;
	}
	return !may_be_html && looks_like_a_page(first);
}
