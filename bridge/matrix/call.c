#include "bridge/matrix/call.h"

#include "bridge/matrix/limits.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEADLINE_MS = 60000,
	MAX_URL_BYTES = 32 * 1024,
	MAX_BODY_BYTES = 256 * 1024 * 1024, /* its owner's limits are far tighter */
};

static void free_call(struct matrix_call *call)
{
	buf_finish(&call->url);
	buf_finish(&call->body);
	free(call->content_type);
	free(call->server);
	free(call->media_id);
	free(call->actor);
	free(call->as);
	free(call->room_id);
	free(call->user_id);
	free(call);
}

static void unlink_call(struct matrix_call *call)
{
	list_del(&call->link);
	timer_stop(&call->refused);
	http_req_cancel(&call->req);
	limits_ended(call);
}

/* The only place a call ends by itself. */
static void finish_call(
        struct matrix_call *call, const cJSON *answer, const struct err *err)
{
	unlink_call(call);
	call->report(call, answer, err);
	free_call(call);
}

static void handle_refused(void *arg)
{
	struct matrix_call *call = arg;
	struct err err;

	err_set(&err, ERR_PERMANENT, 0, "%s: %s", call->what,
	        call->fault != NULL ? call->fault : "the request is too long");
	if (call->crowded) {
		err_set(&err, ERR_RETRY, 0, "%s: too many requests wait", call->what);
		err.retry_after_ms = MATRIX_DEFAULT_PARK_MS;
	}
	finish_call(call, NULL, &err);
}

/* An errcode is a word of capitals; what is none does not become a name. */
static bool is_errcode(const char *text)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");

	return n > 0 && n <= 48 && text[n] == '\0';
}

static void observe(const struct matrix_call *call, const struct http_reply *reply,
        const struct err *err)
{
	const struct matrix *matrix = call->matrix;
	char status[24] = "no_answer";

	if (matrix->observer == NULL) {
		return;
	}
	if (reply != NULL) {
		snprintf(status, sizeof(status), "http_%d", reply->status);
	}
	const struct matrix_observed observed = {
	        .what = call->what,
	        .result = err->kind == ERR_NONE   ? "ok"
	                  : is_errcode(err->name) ? err->name
	                                          : status,
	        .took_ms = loop_now_ms(matrix->loop) - call->sent_ms,
	};
	matrix->observer(&observed, matrix->observer_arg);
}

static void handle_reply(
        const struct http_reply *reply, const struct err *transport, void *arg)
{
	struct matrix_call *call = arg;
	struct err err = ERR_INIT;
	autojson cJSON *answer = NULL;

	call->req = NULL;
	if (call->is_raw && reply != NULL && reply->status == 200) {
		call->raw = reply;
		observe(call, reply, &err);
		finish_call(call, NULL, &err);
		return;
	}
	if (!matrix_classify(call->effect, call->what, reply, transport, &answer, &err) &&
	        err.kind == ERR_PERMANENT && call->forgiven != NULL &&
	        strcmp(err.name, call->forgiven) == 0) {
		err = (struct err)ERR_INIT;
	}
	if (matrix_is_rate_limit(&err)) {
		limits_refused(call, &err);
	}
	limits_ended(call);
	observe(call, reply, &err);
	if (call->again != NULL && call->again(call, answer, &err)) {
		return;
	}
	finish_call(call, err.kind == ERR_NONE ? answer : NULL, &err);
}

static void send_call(struct matrix_call *call)
{
	if (call->url.failed || call->body.failed || call->fault != NULL) {
		timer_start(&call->refused, 0);
		return;
	}
	if (!limits_hold(call)) {
		matrix_call_leave(call);
	}
}

bool matrix_call_waits(const struct matrix_call *call)
{
	return call->turn.waits;
}

void matrix_call_leave(struct matrix_call *call)
{
	const struct matrix *matrix = call->matrix;

	call->sent_ms = loop_now_ms(matrix->loop);
	call->req = http_req_create(matrix->http, call->method, buf_cstr(&call->url));
	http_req_set_header(call->req, "Authorization", matrix->authorization);
	if (call->content_type != NULL) {
		http_req_set_body(call->req, call->content_type, buf_str(&call->body));
	}
	http_req_set_deadline(call->req, call->deadline_ms);
	if (call->max_reply != 0) {
		http_req_set_max_reply(call->req, call->max_reply);
	}
	http_req_start(call->req, handle_reply, call);
}

static void set_url(
        struct matrix_call *call, const char *pattern, const char *const *parts)
{
	buf_clear(&call->url);
	buf_puts(&call->url, call->matrix->address);
	for (const char *p = pattern; *p != '\0';) {
		if (p[0] == '{' && p[1] == '}') {
			autofree char *part = url_encode(*parts++);
			buf_puts(&call->url, part);
			p += 2;
		} else {
			buf_add(&call->url, p++, 1);
		}
	}
}

struct matrix_call *matrix_call_create(struct matrix *matrix, const char *what,
        enum matrix_effect effect, const char *method, const char *pattern,
        const char *const *parts)
{
	struct matrix_call *call = xcalloc(1, sizeof(*call));

	call->matrix = matrix;
	call->what = what;
	call->effect = effect;
	call->method = method;
	call->deadline_ms = DEADLINE_MS;
	list_init(&call->link);
	list_init(&call->turn.link);
	timer_init(&call->refused, matrix->loop, handle_refused, call);
	buf_init(&call->url, MAX_URL_BYTES);
	buf_init(&call->body, MAX_BODY_BYTES);
	set_url(call, pattern, parts);
	return call;
}

void matrix_call_query(struct matrix_call *call, const char *name, const char *value)
{
	autofree char *encoded = url_encode(value);
	bool first = strchr(buf_cstr(&call->url), '?') == NULL;

	buf_printf(&call->url, "%s%s=%s", first ? "?" : "&", name, encoded);
}

void matrix_call_as(struct matrix_call *call, const char *as)
{
	const char *actor = as == NULL ? call->matrix->bot_mxid : as;

	str_replace(&call->actor, actor);
	matrix_call_query(call, "user_id", actor);
}

void matrix_call_body(struct matrix_call *call, const char *content_type, struct str body)
{
	str_replace(&call->content_type, content_type);
	buf_add_str(&call->body, body);
}

void matrix_call_json(struct matrix_call *call, const cJSON *content)
{
	autofree char *text = content == NULL ? xstrdup("{}") : json_print(content);

	matrix_call_body(call, "application/json", str_from(text));
}

void matrix_call_start(struct matrix_call *call, matrix_report_fn *report,
        union matrix_done done, void *arg)
{
	call->report = report;
	call->done = done;
	call->arg = arg;
	list_add_tail(&call->matrix->calls, &call->link);
	send_call(call);
}

void matrix_call_restart(struct matrix_call *call, enum matrix_effect effect,
        const char *method, const char *pattern, const char *const *parts, const char *as)
{
	call->effect = effect;
	call->method = method;
	set_url(call, pattern, parts);
	matrix_call_as(call, as);
	str_replace(&call->content_type, NULL);
	buf_clear(&call->body);
	send_call(call);
}

void matrix_call_cancel(struct matrix_call **call)
{
	if (*call == NULL) {
		return;
	}
	unlink_call(*call);
	free_call(*call);
	*call = NULL;
}

/* ---------------------------------------------------------------- reports */

void matrix_report_ok(
        struct matrix_call *call, const cJSON *answer, const struct err *err)
{
	(void)answer;
	call->done.ok(err, call->arg);
}

void matrix_report_text(
        struct matrix_call *call, const cJSON *answer, const struct err *err)
{
	const char *text = json_str_or(answer, call->path, "");
	struct err unusable;

	if (answer != NULL && text[0] == '\0') {
		matrix_unusable(call->effect, call->what, call->path, &unusable);
		err = &unusable;
	}
	call->done.text(err->kind == ERR_NONE ? text : NULL, err, call->arg);
}

void matrix_report_json(
        struct matrix_call *call, const cJSON *answer, const struct err *err)
{
	const cJSON *value = call->path == NULL ? answer : json_get(answer, call->path);
	bool is_right =
	        value != NULL && (call->is_right == NULL || call->is_right(value));
	struct err unusable;

	if (answer != NULL && !is_right) {
		matrix_unusable(call->effect, call->what, call->path, &unusable);
		err = &unusable;
	}
	call->done.json(err->kind == ERR_NONE ? value : NULL, err, call->arg);
}
