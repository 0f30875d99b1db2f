/* The ping: an appservice asks whether the homeserver reaches it. */
#include "lib/http_client.h"
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/appservice.h"
#include "sim-matrix/push.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ping { /* owned by the parked call */
	struct call *call;
	struct http_req *req;
	int64_t started_ms;
};

static void ping_free(struct call *call)
{
	struct ping *ping = call->waiting;

	http_req_cancel(&ping->req);
	free(ping);
}

static void reply_bad_status(struct call *call, const struct http_reply *reply)
{
	struct fail fail;
	struct fail_text text;
	char status[16];
	cJSON *json;

	snprintf(status, sizeof(status), "%d", reply->status);
	fail_set(&fail, FAIL_PING_STATUS, status);
	if (!call->sim->profile->ping_errors_by_spec) {
		call_fail_with(call, &fail);
		return;
	}
	fail_describe(call->sim->profile, &fail, &text);
	json = json_set_str(json_new(), "errcode", text.errcode);
	json_set_str(json, "error", text.text);
	json_set_int(json, "status", reply->status);
	if (str_is_utf8(reply->body)) {
		autofree char *body =
		        xstrndup(reply->body.n > 0 ? reply->body.p : "", reply->body.n);
		json_set_str(json, "body", body);
	}
	snprintf(call->errcode, sizeof(call->errcode), "%s", text.errcode);
	call_reply(call, text.status, json);
}

static void handle_answer(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	struct ping *ping = arg;
	struct call *call = ping->call;
	int64_t took = loop_now_ms(call->sim->loop) - ping->started_ms;

	ping->req = NULL;
	if (reply == NULL) {
		bool timed_out = err->kind == ERR_UNSURE &&
		                 took >= (int64_t)call->sim->profile->push_timeout_ms;
		call_fail(call, timed_out ? FAIL_PING_TIMEOUT : FAIL_PING_REFUSED, NULL);
	} else if (reply->status < 200 || reply->status > 299) {
		reply_bad_status(call, reply);
	} else {
		call_reply(call, 200, json_set_int(json_new(), "duration_ms", took));
	}
}

static void send_ping(struct call *call)
{
	const struct appservice *as = call->as;
	struct ping *ping = xcalloc(1, sizeof(*ping));
	const char *txn = json_str(call->body, "transaction_id");
	autofree char *url = xasprintf("%s/_matrix/app/v1/ping%s%s", as->reg.url,
	        call->sim->profile->push_query_token ? "?access_token=" : "",
	        call->sim->profile->push_query_token ? as->reg.hs_token : "");
	autojson cJSON *body = json_set_str(json_new(), "transaction_id", txn);
	autofree char *text = json_print(body);

	ping->call = call;
	ping->started_ms = loop_now_ms(call->sim->loop);
	ping->req = http_req_create(call->sim->http, "POST", url);
	push_set_headers(as, as->reg.hs_token, ping->req);
	http_req_set_body(ping->req, "application/json", str_from(text));
	http_req_set_deadline(ping->req, call->sim->profile->push_timeout_ms);
	call_park(call, ping, ping_free);
	http_req_start(ping->req, handle_answer, ping);
}

void api_appservice_ping(struct call *call)
{
	bool strict = call->sim->profile->strict;

	if (strict && call->as == NULL && call->device == NULL) {
		call_fail(call, FAIL_MISSING_TOKEN, NULL);
	} else if (call->as == NULL) {
		call_fail(call, FAIL_APPSERVICES_ONLY, NULL);
	} else if (strcmp(call->as->reg.id, call_param(call, "id")) != 0) {
		call_fail(call, FAIL_WRONG_APPSERVICE, NULL);
	} else if (!appservice_has_url(call->as)) {
		call_fail(call, FAIL_URL_NOT_SET, NULL);
	} else if (strict && call->request.body.n == 0) {
		call_fail(call, FAIL_NOT_JSON, NULL);
	} else {
		send_ping(call);
	}
}
