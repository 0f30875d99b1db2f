/* What the content of a Matrix message says of its file (client-server API, "m.image" and
 * the others; the name and the caption as since version 1.10). */
#include "bridge/flow/matrix_file.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_NAME_BYTES = 200, MAX_VOICE_MS = 24 * 3600 * 1000 };

static const struct {
	const char *mimetype, *ending;
} endings[] = {
        {"image/png", ".png"},
        {"image/jpeg", ".jpg"},
        {"image/gif", ".gif"},
        {"image/webp", ".webp"},
        {"image/svg+xml", ".svg"},
        {"video/mp4", ".mp4"},
        {"video/webm", ".webm"},
        {"audio/ogg", ".ogg"},
        {"audio/mpeg", ".mp3"},
        {"audio/mp4", ".m4a"},
        {"application/pdf", ".pdf"},
        {"text/plain", ".txt"},
};

bool matrix_file_is(const char *msgtype, const cJSON *content)
{
	static const char *const types[] = {
	        "m.image", "m.file", "m.audio", "m.video", "m.sticker"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (str_equal(msgtype, types[i])) {
			return content != NULL;
		}
	}
	return false;
}

/* For keys with dots in them. */
static bool has(const cJSON *content, const char *key)
{
	return cJSON_IsObject(content) &&
	       cJSON_GetObjectItemCaseSensitive(content, key) != NULL;
}

void matrix_file_parse(const cJSON *content, struct matrix_file *out)
{
	const cJSON *encrypted = json_obj(content, "file");
	const char *name = json_str_or(content, "filename", "");
	const char *body = json_str_or(content, "body", "");

	*out = (struct matrix_file){
	        .mxc = json_str_or(content, "url", ""),
	        .mimetype = json_str_or(content, "info.mimetype", ""),
	        .is_encrypted = encrypted != NULL,
	        .has_caption =
	                name[0] != '\0' && body[0] != '\0' && !str_equal(name, body),
	        .bytes = json_int(content, "info.size", -1),
	        .duration_ms = json_int(content, "info.duration", -1),
	        .is_voice = has(content, "org.matrix.msc3245.voice") ||
	                    has(content, "org.matrix.msc3245.voice.v2"),
	};
}

/* What stands after the last slash, without what no name holds. */
static char *clean(const char *name)
{
	const char *start = name;

	for (const char *p = name; *p != '\0'; p++) {
		start = *p == '/' || *p == '\\' ? p + 1 : start;
	}
	size_t n = strlen(start);
	if (n > MAX_NAME_BYTES) {
		n = MAX_NAME_BYTES;
		while (n > 0 && ((unsigned char)start[n] & 0xC0) == 0x80) {
			n--;
		}
	}
	char *copy = xstrndup(start, n);
	for (char *p = copy; *p != '\0'; p++) {
		*p = iscntrl((unsigned char)*p) ? ' ' : *p;
	}
	return copy;
}

char *matrix_file_name(const cJSON *content, const char *type)
{
	const char *given = json_str_or(content, "filename", "");
	const char *body = json_str_or(content, "body", "");
	const char *mimetype =
	        json_str_or(content, "info.mimetype", type == NULL ? "" : type);
	autofree char *name = clean(given[0] != '\0' ? given : body);
	const char *ending = "";

	/* Slack tells the type by the name. */
	for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
		if (strchr(name, '.') == NULL &&
		        str_equal(mimetype, endings[i].mimetype)) {
			ending = endings[i].ending;
		}
	}
	bool is_blank = name[strspn(name, " .")] == '\0';
	return xasprintf("%s%s", is_blank ? "file" : name, ending);
}

char *matrix_file_title(const cJSON *content)
{
	struct matrix_file file;
	char *name = matrix_file_name(content, NULL);

	matrix_file_parse(content, &file);
	if (!file.is_voice || file.duration_ms < 0 || file.duration_ms > MAX_VOICE_MS) {
		return name;
	}
	int64_t seconds = (file.duration_ms + 500) / 1000;
	char *title = xasprintf("%s (%lld:%02lld)", name, (long long)seconds / 60,
	        (long long)seconds % 60);
	free(name);
	return title;
}
