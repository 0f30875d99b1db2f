/* Media: up and down. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ANNOUNCED_MS = 24 * 60 * 60 * 1000,
	AWAIT_MS = 20000, /* how long a download waits for its upload */
	AWAIT_MAX_MS = 60000,
};

static bool fits(struct call *call)
{
	if (call->request.body.n > call->sim->upload_max) {
		call_fail(call, FAIL_TOO_LARGE_BODY, NULL);
		return false;
	}
	return true;
}

static void reply_uri(struct call *call, const char *id, bool announced)
{
	autofree char *uri = xasprintf("mxc://%s/%s", call->sim->server_name, id);
	cJSON *json = json_set_str(json_new(), "content_uri", uri);

	if (announced) {
		json_set_int(json, "unused_expires_at",
		        loop_wall_ms(call->sim->loop) + ANNOUNCED_MS);
	}
	call_reply(call, 200, json);
}

void api_media_upload(struct call *call)
{
	autofree char *filename = call_query(call, "filename");
	autofree char *id = NULL;

	if (!fits(call)) {
		return;
	}
	id = media_put(
	        call->sim, call->request.content_type, filename, call->request.body);
	if (id == NULL) {
		call_fail(call, FAIL_MEDIA_FULL, NULL);
		return;
	}
	reply_uri(call, id, false);
}

/* ---- up, announced before (specification 1.7) ---- */

void api_media_create(struct call *call)
{
	autofree char *id = media_announce(call->sim, call->user_id, ANNOUNCED_MS);

	reply_uri(call, id, true);
}

static void serve(struct call *call, const struct media *media);

/* Those who wait for it get it now. */
static void serve_waiting(struct sim_matrix *sim, const struct media *media)
{
	list_for_each(it, &sim->calls)
	{
		struct call *call = container_of(it, struct call, link);
		if (call->parked && call->route->run == api_media_download &&
		        media_get(sim, call_param(call, "id")) == media) {
			serve(call, media);
		}
	}
}

void api_media_upload_announced(struct call *call)
{
	autofree char *filename = call_query(call, "filename");
	struct media *media = media_get(call->sim, call_param(call, "id"));

	if (media == NULL ||
	        strcmp(call_param(call, "server"), call->sim->server_name) != 0) {
		call_fail(call, FAIL_MEDIA_UNKNOWN, NULL);
	} else if (!str_equal(media->owner, call->user_id)) {
		call_fail(call, FAIL_MEDIA_OWNER, NULL);
	} else if (!media->awaited) {
		call_fail(call, FAIL_MEDIA_OVERWRITE, NULL);
	} else if (!fits(call)) {
		return;
	} else if (!media_fill(call->sim, media, call->request.content_type, filename,
	                   call->request.body)) {
		call_fail(call, FAIL_MEDIA_FULL, NULL);
	} else {
		call_reply_empty(call);
		serve_waiting(call->sim, media);
	}
}

/* ---- down ---- */

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

/* A name that Synapse writes down without quotes. */
static bool is_token(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7F ||
		        strchr("()<>@,;:\\\"/[]?={}", *text) != NULL) {
			return false;
		}
	}
	return true;
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
	if (clean[0] == '\0') {
		value = xstrdup(how);
	} else if (!call->sim->profile->strict) {
		value = xasprintf("%s; filename=\"%s\"", how, clean);
	} else if (is_token(clean)) {
		value = xasprintf("%s; filename=%s", how, clean);
	} else {
		autofree char *encoded = url_encode(filename);
		value = xasprintf("%s; filename*=utf-8''%s", how, encoded);
	}
	call_add_header(call, "Content-Disposition", value);
}

static void serve(struct call *call, const struct media *media)
{
	const char *name = call_param(call, "name");
	const char *type = media->content_type != NULL ? media->content_type
	                                               : "application/octet-stream";

	autofree char *with_charset = NULL;

	add_disposition(call, type, name[0] != '\0' ? name : media->filename);
	/* Synapse takes a text whose encoding nobody said for UTF-8. */
	if (call->sim->profile->strict && str_starts(type, "text/") &&
	        strstr(type, "charset") == NULL) {
		with_charset = xasprintf("%s; charset=UTF-8", type);
		type = with_charset;
	}
	call_add_header(call, "Cross-Origin-Resource-Policy", "cross-origin");
	call_add_header(call, "Cache-Control", "public,max-age=31536000,immutable");
	if (media->fd >= 0) {
		call_reply_file(call, type, media->fd, media->bytes);
	} else {
		call_reply_bytes(call, type, (struct str){media->data, media->bytes});
	}
}

static void handle_not_yet(void *arg)
{
	call_fail(arg, FAIL_MEDIA_NOT_YET, NULL);
}

static void wait_for(struct call *call)
{
	int64_t span = call_query_int(call, "timeout_ms", AWAIT_MS);

	span = span < 0 ? 0 : (span > AWAIT_MAX_MS ? AWAIT_MAX_MS : span);
	call_park(call, NULL, NULL);
	timer_init(&call->timer, call->sim->loop, handle_not_yet, call);
	timer_start(&call->timer, span);
}

/* Synapse shows what was uploaded to those alone who have an account, and makes pictures
 * of nothing that is none. False: answered. */
static bool may_be_shown(struct call *call, const struct media *media)
{
	bool thumbnail = strcmp(call->route->name, "GET thumbnail") == 0;

	if (!call->sim->profile->strict) {
		return true;
	}
	if (call->route->auth == AUTH_NONE) {
		call_fail(call, FAIL_MEDIA_MISSING, NULL);
		return false;
	}
	if (thumbnail && !str_starts(media->content_type, "image/")) {
		call_fail_as(call, 400, "M_UNKNOWN",
		        "Cannot find any thumbnails for the requested media");
		return false;
	}
	return true;
}

void api_media_download(struct call *call)
{
	const struct media *media;

	if (strcmp(call_param(call, "server"), call->sim->server_name) != 0) {
		call_fail(call, FAIL_MEDIA_REMOTE, NULL);
		return;
	}
	media = media_get(call->sim, call_param(call, "id"));
	if (media == NULL) {
		call_fail(call, FAIL_MEDIA_MISSING, NULL);
	} else if (media->awaited) {
		wait_for(call);
	} else if (may_be_shown(call, media)) {
		serve(call, media);
	}
}

void api_media_config(struct call *call)
{
	call_reply(call, 200,
	        json_set_int(
	                json_new(), "m.upload.size", (int64_t)call->sim->upload_max));
}

void api_media_preview(struct call *call)
{
	call_fail(call, FAIL_MEDIA_PREVIEW, NULL);
}
