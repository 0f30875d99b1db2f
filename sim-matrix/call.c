#include "sim-matrix/call.h"

#include "lib/mem.h"

#include "sim-matrix/appservice.h"
#include "sim-matrix/auth.h"
#include "sim-matrix/canonical.h"
#include "sim-matrix/rates.h"
#include "sim-matrix/records.h"
#include "sim-matrix/route.h"
#include "sim-matrix/strict.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- ending ---- */

static void call_free(struct call *call)
{
	list_del(&call->link);
	timer_stop(&call->timer);
	if (call->parked && call->unpark != NULL) {
		call->unpark(call);
	}
	route_params_finish(call);
	for (size_t i = 0; i < call->header_count; i++) {
		free(call->headers[i].value);
	}
	cJSON_Delete(call->body);
	free(call->effect.body);
	free(call->user_id);
	free(call->room_id);
	free(call->txn);
	free(call->owned_type);
	free(call->out);
	free(call);
}

/* The only place a call ends: gives the answer. Touch nothing after. */
static void deliver(struct call *call, enum call_end end)
{
	struct call_answer answer = {
	        .end = end,
	        .status = call->status,
	        .content_type = call->content_type,
	        .body = {call->out, call->out_fd < 0 ? call->out_bytes : 0},
	        .fd = call->out_fd,
	        .body_bytes = call->out_bytes,
	        .cut_at = call->effect.cut_at,
	        .headers = call->headers,
	        .header_count = call->header_count,
	};

	call->answer(&answer, call->answer_arg);
	call_free(call);
}

static enum call_end end_of(const struct call *call)
{
	if (call->effect.lost != LOST_NO) {
		return CALL_RESET;
	}
	return call->effect.cut ? CALL_CUT : CALL_ANSWER;
}

static void handle_delay(void *arg)
{
	struct call *call = arg;

	deliver(call, end_of(call));
}

static const char *errcode_for(int status)
{
	switch (status) {
	case 401:
		return "M_UNKNOWN_TOKEN";
	case 403:
		return "M_FORBIDDEN";
	case 404:
		return "M_NOT_FOUND";
	case 413:
		return "M_TOO_LARGE";
	case 429:
		return "M_LIMIT_EXCEEDED";
	default:
		return "M_UNKNOWN";
	}
}

/* What a prepared answer says instead. */
static void write_prepared(struct call *call)
{
	const struct fault_effect *effect = &call->effect;
	cJSON *json;

	free(call->out);
	call->out_fd = -1;
	call->status = effect->status != 0 ? effect->status : 200;
	snprintf(call->errcode, sizeof(call->errcode), "%s",
	        call->status < 300 ? "" : effect->errcode);
	if (call->status >= 300 && call->errcode[0] == '\0') {
		snprintf(call->errcode, sizeof(call->errcode), "%s",
		        errcode_for(call->status));
	}
	call->content_type = "application/json";
	if (effect->body != NULL) {
		call->out = xstrdup(effect->body);
		call->content_type =
		        effect->body[0] == '<' ? "text/html" : call->content_type;
	} else {
		json = json_new();
		if (call->errcode[0] != '\0') {
			json_set_str(json, "errcode", call->errcode);
			json_set_str(json, "error", "Prepared answer");
		}
		if (effect->retry_after_ms > 0) {
			json_set_int(json, "retry_after_ms", effect->retry_after_ms);
		}
		call->out = json_print(json);
		cJSON_Delete(json);
	}
	call->out_bytes = strlen(call->out);
	if (effect->retry_after_ms > 0) {
		char seconds[24];
		snprintf(seconds, sizeof(seconds), "%lld",
		        (long long)((effect->retry_after_ms + 999) / 1000));
		call_add_header(call, "Retry-After", seconds);
	}
}

/* The answer stands; what may still befall it on its way? */
static void finish(struct call *call)
{
	if (call->effect.hit && (call->effect.status != 0 || call->effect.body != NULL ||
	                                !call->answered)) {
		write_prepared(call);
	}
	records_request(call->sim, call);
	if (call->effect.delay_ms > 0) {
		timer_init(&call->timer, call->sim->loop, handle_delay, call);
		timer_start(&call->timer, call->effect.delay_ms);
		return;
	}
	deliver(call, end_of(call));
}

/* ---- answering ---- */

static void set_answer(struct call *call, int status, const char *content_type)
{
	assert(!call->answered);
	call->answered = true;
	call->status = status;
	call->content_type = content_type;
	if (call->parked) {
		call->parked = false;
		timer_stop(&call->timer);
		if (call->unpark != NULL) {
			call->unpark(call);
		}
		finish(call);
	}
}

void call_reply(struct call *call, int status, cJSON *json)
{
	call->out = json_print(json);
	call->out_bytes = strlen(call->out);
	cJSON_Delete(json);
	set_answer(call, status, "application/json");
}

void call_reply_empty(struct call *call)
{
	call_reply(call, 200, json_new());
}

void call_reply_bytes(struct call *call, const char *content_type, struct str body)
{
	call->out = xmalloc(body.n + 1);
	if (body.n > 0) {
		memcpy(call->out, body.p, body.n);
	}
	call->out_bytes = body.n;
	call->owned_type = xstrdup(content_type);
	set_answer(call, 200, call->owned_type);
}

void call_reply_file(struct call *call, const char *content_type, int fd, size_t bytes)
{
	call->out_fd = fd;
	call->out_bytes = bytes;
	call->owned_type = xstrdup(content_type);
	set_answer(call, 200, call->owned_type);
}

void call_fail_with(struct call *call, const struct fail *fail)
{
	struct fail_text text;
	cJSON *json = json_new();

	fail_describe(call->sim->profile, fail, &text);
	json_set_str(json, "errcode", text.errcode);
	json_set_str(json, "error", text.text);
	if (fail->id == FAIL_UNKNOWN_TOKEN) {
		json_set_bool(json, "soft_logout", false);
	}
	snprintf(call->errcode, sizeof(call->errcode), "%s", text.errcode);
	call_reply(call, text.status, json);
}

void call_fail(struct call *call, enum fail_id id, const char *arg)
{
	struct fail fail;

	fail_set(&fail, id, arg);
	call_fail_with(call, &fail);
}

void call_fail_as(struct call *call, int status, const char *errcode, const char *text)
{
	cJSON *json = json_set_str(json_new(), "errcode", errcode);

	json_set_str(json, "error", text);
	if (strcmp(errcode, "M_UNKNOWN_TOKEN") == 0) {
		json_set_bool(json, "soft_logout", false);
	}
	snprintf(call->errcode, sizeof(call->errcode), "%s", errcode);
	call_reply(call, status, json);
}

void call_add_header(struct call *call, const char *name, const char *value)
{
	if (call->header_count < CALL_HEADERS_MAX) {
		call->headers[call->header_count].name = name;
		call->headers[call->header_count].value = xstrdup(value);
		call->header_count++;
	}
}

void call_park(struct call *call, void *waiting, void (*unpark)(struct call *call))
{
	call->parked = true;
	call->waiting = waiting;
	call->unpark = unpark;
}

/* ---- asking ---- */

const char *call_param(const struct call *call, const char *name)
{
	for (size_t i = 0; i < call->param_count; i++) {
		if (call->params[i].name_length == strlen(name) &&
		        memcmp(call->params[i].name, name, strlen(name)) == 0) {
			return call->params[i].value;
		}
	}
	return "";
}

char *call_query(const struct call *call, const char *name)
{
	return form_get(str_from(call->request.query), name);
}

int64_t call_query_int(const struct call *call, const char *name, int64_t otherwise)
{
	autofree char *text = call_query(call, name);
	int64_t value;

	return text != NULL && str_to_int64(str_from(text), INT64_MIN, INT64_MAX, &value)
	               ? value
	               : otherwise;
}

struct room *call_room(struct call *call)
{
	return room_find(call->sim, call_param(call, "room"));
}

bool call_need_str(struct call *call, const char *key, const char **out)
{
	const char *text = json_str(call->body, key);

	if (text == NULL) {
		call_fail(call, FAIL_MISSING_PARAM, key);
		return false;
	}
	*out = text;
	return true;
}

int64_t call_timestamp(const struct call *call)
{
	int64_t ts = call->as != NULL ? call_query_int(call, "ts", 0) : 0;

	return ts > 0 ? ts : 0;
}

/* ---- starting ---- */

/* False and answered if the body is not what the method wants. */
static bool read_body(struct call *call)
{
	struct str text = call->request.body;
	bool is_post = strcmp(call->request.method, "POST") == 0;
	bool is_put = strcmp(call->request.method, "PUT") == 0;

	if (call->route->flags & ROUTE_RAW || (!is_post && !is_put && text.n == 0)) {
		return true;
	}
	call->body = json_parse(text, NULL);
	call->canonical = call->body != NULL && canonical_numbers(text);
	if (call->body != NULL && !cJSON_IsObject(call->body)) {
		if (call->sim->profile->strict) {
			call_fail_as(call, 400, "M_BAD_JSON",
			        "Content must be a JSON object.");
			return false;
		}
		cJSON_Delete(call->body);
		call->body = NULL;
	}
	if (is_post && call->sim->profile->lenient_post && !call->canonical) {
		cJSON_Delete(call->body);
		call->body = NULL;
	}
	if (call->body != NULL) {
		return true;
	}
	if (is_post && (call->sim->profile->lenient_post || text.n == 0)) {
		call->body = json_new();
		call->canonical = true;
		return true;
	}
	if (call->sim->profile->errors == ERRORS_CONDUWUIT) {
		call_fail(call, FAIL_BAD_JSON, "expected value at line 1 column 1");
	} else {
		call_fail(call, FAIL_NOT_JSON, NULL);
	}
	return false;
}

static void dispatch(struct call *call)
{
	enum route_match match = route_find(call, api_routes);
	const char *room = call_param(call, "room");

	if (match != ROUTE_FOUND) {
		call_fail(call,
		        match == ROUTE_WRONG_METHOD && call->sim->profile->exact_405
		                ? FAIL_METHOD
		                : FAIL_UNRECOGNIZED,
		        NULL);
		return;
	}
	if (room[0] != '\0') {
		call->room_id = xstrdup(room);
	}
	if (call_param(call, "txn")[0] != '\0') {
		call->txn = xstrdup(call_param(call, "txn"));
	}
	if (!auth_check(call)) {
		return;
	}
	faults_meet(call->sim->faults, call, &call->effect);
	if (call->effect.skip || !read_body(call) || !strict_check(call)) {
		return;
	}
	if (rates_allow(call)) {
		call->route->run(call);
	}
}

void call_start(struct sim_matrix *sim, const struct call_request *request,
        call_answer_fn *answer, void *arg)
{
	struct call *call = xcalloc(1, sizeof(*call));

	call->sim = sim;
	call->out_fd = -1;
	call->request = *request;
	call->answer = answer;
	call->answer_arg = arg;
	timer_init(&call->timer, sim->loop, handle_delay, call);
	list_add_tail(&sim->calls, &call->link);
	if (sim->is_down) {
		deliver(call, CALL_RESET);
		return;
	}
	if (strcmp(request->method, "OPTIONS") == 0) {
		call_reply_empty(call);
		deliver(call, CALL_ANSWER);
		return;
	}
	dispatch(call);
	if (!call->parked) {
		finish(call);
	}
}

/* ---- all of them ---- */

void calls_reset_all(struct sim_matrix *sim)
{
	while (!list_empty(&sim->calls)) {
		deliver(container_of(sim->calls.next, struct call, link), CALL_RESET);
	}
}

void calls_forget_appservice(struct sim_matrix *sim, const struct appservice *as)
{
	list_for_each(it, &sim->calls)
	{
		struct call *call = container_of(it, struct call, link);
		if (call->as == as) {
			call->as = NULL;
		}
	}
}

void calls_pending(const struct sim_matrix *sim, cJSON *sentences)
{
	list_for_each(it, &sim->calls)
	{
		const struct call *call = container_of(it, struct call, link);
		if (call->answered && timer_active(&call->timer)) {
			autofree char *text = xasprintf(
			        "an answer to %s is held back", call->route->name);
			cJSON_AddItemToArray(sentences, cJSON_CreateString(text));
		}
	}
}
