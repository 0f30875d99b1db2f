#include "bridge/matrix/client.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "bridge/matrix/call.h"
#include "bridge/matrix/limits.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct matrix *matrix_create(struct loop *loop, struct http_client *http,
        const char *address, const char *domain, const char *as_token,
        const char *bot_localpart)
{
	struct matrix *matrix = xcalloc(1, sizeof(*matrix));
	size_t length = strlen(address);

	while (length > 0 && address[length - 1] == '/') {
		length--;
	}
	matrix->loop = loop;
	matrix->http = http;
	matrix->address = xstrndup(address, length);
	matrix->domain = xstrdup(domain);
	matrix->authorization = xasprintf("Bearer %s", as_token);
	matrix->bot_mxid = matrix_mxid(matrix, bot_localpart);
	list_init(&matrix->calls);
	matrix->limits = map_create();
	return matrix;
}

void matrix_destroy(struct matrix **matrix)
{
	if (*matrix == NULL) {
		return;
	}
	assert(list_empty(&(*matrix)->calls));
	limits_finish(*matrix);
	free((*matrix)->address);
	free((*matrix)->domain);
	free((*matrix)->authorization);
	free((*matrix)->bot_mxid);
	free(*matrix);
	*matrix = NULL;
}

void matrix_set_observer(struct matrix *matrix, matrix_observer_fn *observer, void *arg)
{
	matrix->observer = observer;
	matrix->observer_arg = arg;
}

char *matrix_mxid(const struct matrix *matrix, const char *localpart)
{
	return xasprintf("@%s:%s", localpart, matrix->domain);
}

const char *matrix_bot_mxid(const struct matrix *matrix)
{
	return matrix->bot_mxid;
}

const char *matrix_domain(const struct matrix *matrix)
{
	return matrix->domain;
}

char *matrix_txn_id(const char *first, ...)
{
	struct buf all;
	va_list parts;

	buf_init(&all, JSON_MAX_BYTES);
	va_start(parts, first);
	/* With its length before each part, ("ab", "c") and ("a", "bc") differ. */
	for (const char *part = first; part != NULL; part = va_arg(parts, const char *)) {
		buf_printf(&all, "%zu:%s,", strlen(part), part);
	}
	va_end(parts);
	assert(!all.failed);
	char *id = sha256_base64url(buf_str(&all));
	buf_finish(&all);
	return id;
}

/* ---------------------------------------------------------------- the homeserver */

struct matrix_call *matrix_versions(
        struct matrix *matrix, matrix_json_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "versions", MATRIX_READS,
	        "GET", "/_matrix/client/versions", NULL);

	matrix_call_start(
	        call, matrix_report_json, (union matrix_done){.json = done}, arg);
	return call;
}

struct matrix_call *matrix_whoami(struct matrix *matrix, matrix_text_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "whoami", MATRIX_READS,
	        "GET", "/_matrix/client/v3/account/whoami", NULL);

	matrix_call_as(call, NULL);
	call->path = "user_id";
	matrix_call_start(
	        call, matrix_report_text, (union matrix_done){.text = done}, arg);
	return call;
}

struct matrix_call *matrix_ping(
        struct matrix *matrix, const char *appservice_id, matrix_ok_fn *done, void *arg)
{
	struct matrix_call *call = matrix_call_create(matrix, "ping", MATRIX_REPEATABLE,
	        "POST", "/_matrix/client/v1/appservice/{}/ping",
	        MATRIX_PARTS(appservice_id));
	autofree char *number =
	        xasprintf("ping-%llu", (unsigned long long)++matrix->pings);
	autojson cJSON *body = json_set_str(json_new(), "transaction_id", number);

	matrix_call_as(call, NULL);
	matrix_call_json(call, body);
	matrix_call_start(call, matrix_report_ok, (union matrix_done){.ok = done}, arg);
	return call;
}
