#include "bridge/matrix/media.h"

#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/matrix/call.h"

#include <stdlib.h>

static struct http_req *request(struct matrix *matrix, struct http_client *http,
        const char *method, const char *path)
{
	autofree char *as = url_encode(matrix->bot_mxid);
	autofree char *url = xasprintf("%s%suser_id=%s", matrix->address, path, as);
	struct http_req *req = http_req_create(http, method, url);

	http_req_set_header(req, "Authorization", matrix->authorization);
	return req;
}

struct http_req *matrix_media_fetch(
        struct matrix *matrix, struct http_client *http, const char *mxc, bool old_way)
{
	autofree char *server = NULL;
	autofree char *media_id = NULL;

	if (!matrix_mxc_split(mxc, &server, &media_id)) {
		return NULL;
	}
	autofree char *encoded = url_encode(server);
	autofree char *path = xasprintf("/_matrix/%s/download/%s/%s?",
	        old_way ? "media/v3" : "client/v1/media", encoded, media_id);
	return request(matrix, http, "GET", path);
}

static bool errcode_is(const struct http_reply *reply, const char *errcode)
{
	autojson cJSON *answer = json_parse(reply->body, NULL);
	return str_equal(json_str(answer, "errcode"), errcode);
}

bool matrix_media_wants_old_way(const struct http_reply *reply)
{
	return reply->status == 404 && errcode_is(reply, "M_UNRECOGNIZED");
}

void matrix_media_fetch_error(const struct http_reply *reply, struct err *err)
{
	static const struct err none = ERR_INIT;
	cJSON *answer = NULL;

	matrix_classify(MATRIX_READS, "download", reply, &none, &answer, err);
	cJSON_Delete(answer);
	if (err->kind == ERR_NONE) { /* a 2xx is no error to ask about */
		matrix_unusable(MATRIX_READS, "download", "content", err);
	} else if (str_equal(err->name, "M_NOT_YET_UPLOADED")) {
		err->kind = ERR_RETRY;
	}
}

struct http_req *matrix_media_send(
        struct matrix *matrix, struct http_client *http, const char *filename)
{
	autofree char *name = filename == NULL ? NULL : url_encode(filename);
	autofree char *path =
	        name == NULL ? xstrdup("/_matrix/media/v3/upload?")
	                     : xasprintf("/_matrix/media/v3/upload?filename=%s&", name);

	return request(matrix, http, "POST", path);
}

char *matrix_media_sent(const struct http_reply *reply, struct err *err)
{
	static const struct err none = ERR_INIT;
	autojson cJSON *answer = NULL;

	if (reply->status == 413) { /* perhaps from a proxy, in no form of Matrix */
		err_set(err, ERR_PERMANENT, 413,
		        "it is larger than the homeserver allows");
		err_set_name(err, "M_TOO_LARGE");
		return NULL;
	}
	if (!matrix_classify(MATRIX_REPEATABLE, "upload", reply, &none, &answer, err)) {
		return NULL;
	}
	const char *mxc = json_str(answer, "content_uri");
	autofree char *server = NULL;
	autofree char *media_id = NULL;
	if (!matrix_mxc_split(mxc, &server, &media_id)) {
		matrix_unusable(MATRIX_REPEATABLE, "upload", "content_uri", err);
		return NULL;
	}
	return xstrdup(mxc);
}

struct matrix_call *matrix_media_config(
        struct matrix *matrix, matrix_json_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "media config",
	        MATRIX_READS, "GET", "/_matrix/client/v1/media/config", NULL);

	matrix_call_as(call, NULL);
	call->forgiven = "M_UNRECOGNIZED";
	matrix_call_start(
	        call, matrix_report_json, (union matrix_done){.json = done}, arg);
	return call;
}
