/* Media: up and down. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void api_media_upload(struct call *call)
{
	autofree char *filename = call_query(call, "filename");
	autofree char *id = NULL;
	autofree char *uri = NULL;

	if (call->request.body.n > MEDIA_MAX_BYTES) {
		call_fail(call, FAIL_TOO_LARGE_BODY, NULL);
		return;
	}
	id = media_put(
	        call->sim, call->request.content_type, filename, call->request.body);
	if (id == NULL) {
		call_fail(call, FAIL_MEDIA_FULL, NULL);
		return;
	}
	uri = xasprintf("mxc://%s/%s", call->sim->server_name, id);
	call_reply(call, 200, json_set_str(json_new(), "content_uri", uri));
}

/* Types that a browser may show in place; everything else is to be saved. */
static bool shown_inline(const char *type)
{
	static const char *const safe[] = {"text/css", "text/plain", "text/csv",
	        "application/json", "application/ld+json", "image/", "video/", "audio/"};

	for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++) {
		if (str_starts(type, safe[i])) {
			return strncmp(type, "image/svg", strlen("image/svg")) != 0;
		}
	}
	return false;
}

/* The name in quotes; bytes that would end the header or the quotes are left out. */
static void add_disposition(struct call *call, const char *type, const char *filename)
{
	const char *how = shown_inline(type) ? "inline" : "attachment";
	autofree char *clean = xstrdup(filename != NULL ? filename : "");
	autofree char *value = NULL;
	char *to = clean;

	for (const char *from = clean; *from != '\0'; from++) {
		if ((unsigned char)*from >= ' ' && *from != '"' && *from != '\\' &&
		        *from != 0x7F) {
			*to++ = *from;
		}
	}
	*to = '\0';
	value = clean[0] != '\0' ? xasprintf("%s; filename=\"%s\"", how, clean)
	                         : xstrdup(how);
	call_add_header(call, "Content-Disposition", value);
}

void api_media_download(struct call *call)
{
	const char *name = call_param(call, "name");
	const struct media *media = NULL;
	const char *type;

	if (strcmp(call_param(call, "server"), call->sim->server_name) != 0) {
		call_fail(call, FAIL_MEDIA_REMOTE, NULL);
		return;
	}
	media = media_get(call->sim, call_param(call, "id"));
	if (media == NULL) {
		call_fail(call, FAIL_MEDIA_MISSING, NULL);
		return;
	}
	type = media->content_type != NULL ? media->content_type
	                                   : "application/octet-stream";
	add_disposition(call, type, name[0] != '\0' ? name : media->filename);
	call_add_header(call, "Cross-Origin-Resource-Policy", "cross-origin");
	call_add_header(call, "Cache-Control", "public,max-age=31536000,immutable");
	call_reply_bytes(call, type, (struct str){media->data, media->bytes});
}

void api_media_config(struct call *call)
{
	call_reply(call, 200, json_set_int(json_new(), "m.upload.size", MEDIA_MAX_BYTES));
}

void api_media_preview(struct call *call)
{
	call_fail(call, FAIL_MEDIA_PREVIEW, NULL);
}
