#include "bridge/slack/web_api.h"

#include "lib/list.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"

#include "bridge/slack/call.h"
#include "bridge/slack/errors.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEADLINE_MS = 30000,
	MAX_FORM_BYTES = 1024 * 1024,
	ASLEEP_RETRY_MS = 5 * 60 * 1000, /* whoever wakes it hurries the queue */
};

struct slack_api {
	struct loop *loop;
	struct http_client *http;
	char *base_url;        /* ends in a slash */
	char *authorization;   /* the header's value; NULL: none */
	char *cookie;          /* likewise */
	char *audited;         /* the workspace, for the audit log; NULL: not audited */
	struct list calls;     /* slack_call::link */
	slack_guard_fn *guard; /* NULL: none */
	void *guard_arg;
	bool asleep;
	unsigned token_number; /* counts set_token() */
	struct pace paces[SLACK_METHODS];
	slack_observer_fn *observer; /* NULL: none */
	void *observer_arg;
};

/* ---------------------------------------------------------------- one call */

static struct pace *pace_of(const struct slack_call *call)
{
	return &call->api->paces[call->method];
}

static void free_call(struct slack_call *call)
{
	buf_finish(&call->form);
	free(call->cursor);
	free(call->mark);
	free(call->block_mark);
	free(call->found_ts);
	free(call->channel_id);
	free(call->ts);
	free(call);
}

/* Leaves no trace of it in the API object. */
static void unlink_call(struct slack_call *call)
{
	list_del(&call->link);
	timer_stop(&call->refused);
	http_req_cancel(&call->req);
	pace_ended(pace_of(call), &call->turn);
}

static bool is_plain(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                        "0123456789-_.");

	return n > 0 && n <= 64 && text[n] == '\0';
}

/* The only place a call ends by itself. */
static void finish_call(
        struct slack_call *call, const cJSON *answer, const struct err *err)
{
	unlink_call(call);
	call->report(call, answer, err);
	free_call(call);
}

static void handle_refused(void *arg)
{
	struct slack_call *call = arg;

	finish_call(call, NULL, &call->refusal);
}

/* True: the call ends by itself. */
static bool is_asleep(struct slack_call *call)
{
	if (!call->api->asleep) {
		return false;
	}
	err_set(&call->refusal, ERR_RETRY, 0, "%s: the token is refused by Slack",
	        slack_method_info(call->method)->name);
	err_set_name(&call->refusal, "asleep");
	call->refusal.retry_after_ms = ASLEEP_RETRY_MS;
	timer_start(&call->refused, 0);
	return true;
}

static void queue_call(struct slack_call *call)
{
	/* One that cannot leave must not use up the budget. */
	if (is_asleep(call)) {
		return;
	}
	call->queued_ms = loop_now_ms(call->api->loop);
	if (call->form.failed) {
		err_set(&call->refusal, ERR_PERMANENT, 0,
		        "%s: the arguments are too long",
		        slack_method_info(call->method)->name);
	} else if (pace_enter(pace_of(call), &call->turn)) {
		return;
	} else {
		err_set(&call->refusal, ERR_RETRY, 0, "%s: too many calls wait",
		        slack_method_info(call->method)->name);
		call->refusal.retry_after_ms = SLACK_DEFAULT_PARK_MS;
	}
	timer_start(&call->refused, 0);
}

/* SEC-04. Nothing of what was asked or answered but these; what came from outside is a
 * plain word or is not shown. */
static void audit(const struct slack_call *call, const struct http_reply *reply,
        const cJSON *answer, const struct err *err)
{
	const struct slack_api *api = call->api;
	const char *request =
	        reply == NULL ? NULL : http_reply_header(reply, "X-Slack-Req-Id");
	const char *workspace = api->audited;
	char status[24] = "no_answer";

	if (workspace == NULL) {
		return;
	}
	if (workspace[0] == '\0') {
		workspace = json_str_or(answer, "team_id", "");
	}
	if (reply != NULL) {
		snprintf(status, sizeof(status), "http_%d", reply->status);
	}
	REQ("SEC-04");
	log_info("audit", "workspace=%s method=%s result=%s duration_ms=%lld request=%s",
	        is_plain(workspace) ? workspace : "-",
	        slack_method_info(call->method)->name,
	        err->kind == ERR_NONE ? "ok"
	        : is_plain(err->name) ? err->name
	                              : status,
	        (long long)(loop_now_ms(api->loop) - call->sent_ms),
	        request != NULL && is_plain(request) ? request : "-");
}

static void observe(const struct slack_call *call, const struct http_reply *reply,
        const struct err *err)
{
	const struct slack_api *api = call->api;
	char status[24] = "no_answer";

	if (api->observer == NULL) {
		return;
	}
	if (reply != NULL) {
		snprintf(status, sizeof(status), "http_%d", reply->status);
	}
	const struct slack_observed observed = {
	        .method = slack_method_info(call->method)->name,
	        .result = err->kind == ERR_NONE ? "ok"
	                  : is_plain(err->name) ? err->name
	                                        : status,
	        .took_ms = loop_now_ms(api->loop) - call->sent_ms,
	        .waited_ms = call->sent_ms - call->queued_ms,
	};
	api->observer(&observed, api->observer_arg);
}

static void handle_reply(
        const struct http_reply *reply, const struct err *transport, void *arg)
{
	struct slack_call *call = arg;
	const struct slack_method_info *method = slack_method_info(call->method);
	struct err err = ERR_INIT;
	autojson cJSON *answer = NULL;

	call->req = NULL;
	slack_classify(method, reply, transport, &answer, &err);
	audit(call, reply, answer, &err);
	observe(call, reply, &err);
	if (slack_is_dead_token(&err) && call->api->guard != NULL) {
		err.kind = ERR_RETRY;
		/* An answer to the token before says nothing of this one. */
		if (call->token_number == call->api->token_number) {
			err.retry_after_ms = ASLEEP_RETRY_MS;
			call->api->guard(err.name, call->api->guard_arg);
		}
	}
	if (slack_is_rate_limit(&err)) {
		log_debug("slack method parked", "method=%s park_ms=%u", method->name,
		        err.retry_after_ms);
		pace_park(pace_of(call), err.retry_after_ms);
	}
	if (call->again != NULL && call->again(call, answer, &err)) {
		pace_ended(pace_of(call), &call->turn);
		queue_call(call);
		return;
	}
	call->reply = reply;
	finish_call(call, err.kind == ERR_NONE ? answer : NULL, &err);
}

static char *call_body(const struct slack_call *call)
{
	autofree char *cursor = call->cursor == NULL ? NULL : url_encode(call->cursor);
	const char *form = buf_cstr(&call->form);

	if (cursor == NULL) {
		return xstrdup(form);
	}
	return xasprintf("%s%scursor=%s", form, form[0] == '\0' ? "" : "&", cursor);
}

static void send_call(struct pace_turn *turn)
{
	struct slack_call *call = container_of(turn, struct slack_call, turn);
	const struct slack_api *api = call->api;

	if (is_asleep(call)) {
		return;
	}
	autofree char *url =
	        xasprintf("%s%s", api->base_url, slack_method_info(call->method)->name);
	autofree char *body = call_body(call);

	call->token_number = api->token_number;
	call->sent_ms = loop_now_ms(api->loop);
	call->req = http_req_create(api->http, "POST", url);
	if (api->authorization != NULL) {
		http_req_set_header(call->req, "Authorization", api->authorization);
	}
	if (api->cookie != NULL) {
		http_req_set_header(call->req, "Cookie", api->cookie);
	}
	http_req_set_body(call->req, "application/x-www-form-urlencoded", str_from(body));
	http_req_set_deadline(call->req, DEADLINE_MS);
	http_req_start(call->req, handle_reply, call);
}

struct slack_call *slack_call_create(struct slack_api *api, enum slack_method method)
{
	struct slack_call *call = xcalloc(1, sizeof(*call));

	call->api = api;
	call->method = method;
	list_init(&call->link);
	list_init(&call->turn.link);
	buf_init(&call->form, MAX_FORM_BYTES);
	timer_init(&call->refused, api->loop, handle_refused, call);
	return call;
}

void slack_call_set(struct slack_call *call, const char *name, const char *value)
{
	if (value == NULL) {
		return;
	}
	autofree char *encoded = url_encode(value);
	buf_printf(&call->form, "%s%s=%s", call->form.len == 0 ? "" : "&", name, encoded);
}

void slack_call_start(struct slack_call *call, slack_report_fn *report,
        union slack_done done, void *arg)
{
	call->report = report;
	call->done = done;
	call->arg = arg;
	list_add_tail(&call->api->calls, &call->link);
	queue_call(call);
}

void slack_call_cancel(struct slack_call **call)
{
	static const struct err cancelled = {.kind = ERR_CANCELLED, .name = "cancelled"};

	if (*call == NULL) {
		return;
	}
	if ((*call)->req != NULL) {
		audit(*call, NULL, NULL, &cancelled);
	}
	unlink_call(*call);
	free_call(*call);
	*call = NULL;
}

/* ---------------------------------------------------------------- all of them */

struct slack_api *slack_api_create(struct loop *loop, struct http_client *http,
        const char *base_url, const char *token)
{
	struct slack_api *api = xcalloc(1, sizeof(*api));

	api->loop = loop;
	api->http = http;
	api->base_url = xasprintf("%s%s", base_url, str_ends(base_url, "/") ? "" : "/");
	api->authorization = token == NULL ? NULL : xasprintf("Bearer %s", token);
	list_init(&api->calls);
	for (enum slack_method method = 0; method < SLACK_METHODS; method++) {
		const struct slack_method_info *info = slack_method_info(method);
		const struct pace_limits limits = {
		        .per_minute = info->per_minute,
		        .burst = info->burst,
		};
		pace_init(&api->paces[method], loop, limits, send_call);
	}
	return api;
}

const char *slack_api_url(const struct slack_api *api)
{
	return api->base_url;
}

const char *slack_api_authorization(const struct slack_api *api)
{
	return api->authorization;
}

const char *slack_api_cookie(const struct slack_api *api)
{
	return api->cookie;
}

static void wipe(char *secret)
{
	if (secret != NULL) {
		explicit_bzero(secret, strlen(secret));
		free(secret);
	}
}

/* As browsers keep it: percent-encoded. What is encoded already stays. */
void slack_api_set_cookie(struct slack_api *api, const char *cookie)
{
	autofree char *encoded = cookie == NULL || strchr(cookie, '%') != NULL
	                                 ? xstrdup_null(cookie)
	                                 : url_encode(cookie);

	wipe(api->cookie);
	api->cookie = encoded == NULL ? NULL : xasprintf("d=%s", encoded);
	api->token_number++;
}

void slack_api_set_token(struct slack_api *api, const char *token)
{
	free(api->authorization);
	api->authorization = xasprintf("Bearer %s", token);
	api->token_number++;
}

void slack_api_resume(struct slack_api *api)
{
	for (enum slack_method method = 0; method < SLACK_METHODS; method++) {
		pace_resume(&api->paces[method]);
	}
}

void slack_api_unlimit(struct slack_api *api)
{
	for (enum slack_method method = 0; method < SLACK_METHODS; method++) {
		pace_finish(&api->paces[method]);
		pace_init(&api->paces[method], api->loop, (struct pace_limits){0},
		        send_call);
	}
}

bool slack_call_waits(const struct slack_call *call)
{
	return call->turn.waits;
}

void slack_api_set_audit(struct slack_api *api, const char *workspace)
{
	free(api->audited);
	api->audited = xstrdup(workspace);
}

void slack_api_set_observer(struct slack_api *api, slack_observer_fn *observer, void *arg)
{
	api->observer = observer;
	api->observer_arg = arg;
}

void slack_api_set_guard(struct slack_api *api, slack_guard_fn *guard, void *arg)
{
	api->guard = guard;
	api->guard_arg = arg;
}

void slack_api_set_asleep(struct slack_api *api, bool asleep)
{
	api->asleep = asleep;
}

void slack_api_destroy(struct slack_api **api)
{
	if (*api == NULL) {
		return;
	}
	assert(list_empty(&(*api)->calls));
	for (enum slack_method method = 0; method < SLACK_METHODS; method++) {
		pace_finish(&(*api)->paces[method]);
	}
	free((*api)->base_url);
	free((*api)->authorization);
	wipe((*api)->cookie);
	free((*api)->audited);
	free(*api);
	*api = NULL;
}
