#include "sim-slack/api.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/api_args.h"
#include "sim-slack/oauth/oauth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECORDED_ARGUMENT_MAX = 4000 };

struct calls {
	struct sim_slack *sim;
	struct list all; /* api_call::link: not yet answered */
};

static const struct api_method *const tables[] = {api_auth_methods, api_users_methods,
        api_conversations_methods, api_membership_methods, api_chat_methods,
        api_items_methods, api_views_methods, api_files_methods, api_emoji_methods,
        api_groups_methods, api_oauth_methods, api_clients_methods};

static const struct api_method *find_method(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct api_method *method = tables[i]; method->name;
		        method++) {
			if (str_equal(method->name, name)) {
				return method;
			}
		}
	}
	return NULL;
}

struct calls *calls_create(struct sim_slack *sim)
{
	struct calls *calls = xcalloc(1, sizeof(*calls));

	calls->sim = sim;
	list_init(&calls->all);
	return calls;
}

static void call_free(struct api_call *call)
{
	timer_stop(&call->timer);
	list_del(&call->link);
	answer_finish(&call->answer);
	cJSON_Delete(call->args);
	cJSON_Delete(call->reply);
	free(call->name);
	free(call->token);
	free(call->body);
	free(call);
}

void calls_destroy(struct calls **calls)
{
	if (!*calls) {
		return;
	}
	list_for_each(link, &(*calls)->all)
	{
		call_free(container_of(link, struct api_call, link));
	}
	free(*calls);
	*calls = NULL;
}

void calls_pending(const struct calls *calls, cJSON *sentences)
{
	list_for_each(link, &calls->all)
	{
		const struct api_call *call = container_of(link, struct api_call, link);
		autofree char *text =
		        xasprintf("the answer to a call of %s is held back", call->name);

		cJSON_AddItemToArray(sentences, cJSON_CreateString(text));
	}
}

/* ---- answering ---- */

static bool is_long(const cJSON *item)
{
	return cJSON_IsString(item) && strlen(item->valuestring) > RECORDED_ARGUMENT_MAX;
}

/* What the scenario sees of it; long values (blocks, big texts) are cut. Lent to the
 * record: nobody needs them after it. */
static void add_args(cJSON *record, cJSON *args)
{
	cJSON *item;

	cJSON_ArrayForEach(item, args)
	{
		if (is_long(item)) {
			size_t end = RECORDED_ARGUMENT_MAX;

			while (end > 0 && (item->valuestring[end] & 0xC0) == 0x80) {
				end--; /* not in the middle of a character */
			}
			item->valuestring[end] = '\0';
		}
	}
	json_set(record, "args", cJSON_CreateObjectReference(args->child));
}

static void report_call(struct api_call *call, const char *answered, bool lost)
{
	static const char *const kinds[] = {"bot", "app", "user", "client"};
	cJSON *record = sim_record("call", call->channel);

	json_set_str(record, "call", call->name);
	json_set_str(record, "answered", answered);
	json_set_int(record, "status", call->status);
	json_set_str(record, "token",
	        call->kind >= 0 ? kinds[call->kind]
	        : call->token   ? "unknown"
	                        : "none");
	json_set_str(record, "text", json_str(call->args, "text"));
	json_set_str(record, "username", json_str(call->args, "username"));
	add_args(record, call->args);
	if (lost) {
		json_set_bool(record, "lost", true);
	}
	if (call->retry_after_s >= 0) {
		json_set_int(record, "retry_after", call->retry_after_s);
	}
	sim_report(call->sim, record);
}

static void add_headers(struct api_call *call)
{
	bool known = call->kind >= 0 && call->kind != TOKEN_CLIENT;
	char id[33];

	ids_hex(&call->sim->ids.names, id, 32);
	http_request_add_header(call->req, "X-Slack-Req-Id", id);
	if (known) {
		http_request_add_header(call->req, "X-OAuth-Scopes", call->scopes);
	}
	if (known && call->method && *call->method->scopes) {
		http_request_add_header(
		        call->req, "X-Accepted-OAuth-Scopes", call->method->scopes);
	}
	if (call->answer.retry_after[0] != '\0') {
		http_request_add_header(
		        call->req, "Retry-After", call->answer.retry_after);
	} else if (call->retry_after_s >= 0) {
		autofree char *text = xasprintf("%lld", (long long)call->retry_after_s);
		http_request_add_header(call->req, "Retry-After", text);
	}
}

static void send_answer(struct api_call *call)
{
	bool json = call->body[0] == '{';
	const char *type =
	        json ? "application/json; charset=utf-8" : "text/html; charset=utf-8";
	struct str body = str_from(call->body);

	if (call->answer.lost == LOST_AFTER) {
		http_request_drop(call->req, HTTP_DROP_RESET);
	} else if (call->answer.cut_at >= 0) {
		add_headers(call);
		http_request_reply_cut(
		        call->req, call->status, type, body, (size_t)call->answer.cut_at);
	} else {
		add_headers(call);
		http_request_reply(call->req, call->status, type, body);
	}
	call_free(call);
}

static void handle_late_answer(void *arg)
{
	send_answer(arg);
}

static void finish(struct api_call *call)
{
	bool ok = json_bool(call->reply, "ok", false);
	bool withheld = call->answer.lost == LOST_AFTER || call->answer.cut_at >= 0;
	const char *answered = ok ? "ok" : json_str_or(call->reply, "error", "not_ok");
	autofree char *word = NULL;

	if (!call->body) {
		call->body = json_print(call->reply);
	} else if (!call->reply) {
		word = xasprintf("http_%d", call->status);
		answered = word;
	}
	report_call(call, answered, withheld);
	if (call->answer.delay_ms > 0) {
		timer_init(&call->timer, call->sim->loop, handle_late_answer, call);
		timer_start(&call->timer, call->answer.delay_ms);
		return;
	}
	send_answer(call);
}

void api_fail(struct api_call *call, const char *error)
{
	cJSON_Delete(call->reply);
	call->reply =
	        json_set_str(json_set_bool(json_new(), "ok", false), "error", error);
}

void api_fail_scope(struct api_call *call, const char *needed)
{
	api_fail(call, "missing_scope");
	json_set_str(call->reply, "needed", needed);
	json_set_str(call->reply, "provided", call->scopes);
}

/* ---- the faults that replace a call's effect ---- */

static void set_rate_limited(struct api_call *call, int64_t retry_after_s)
{
	api_fail(call, "ratelimited");
	call->status = 429;
	call->retry_after_s = retry_after_s;
}

/* True if the rule leaves nothing for the method to do. */
static bool answer_instead(struct api_call *call)
{
	const struct answer *answer = &call->answer;

	call->retry_after_s = answer->retry_after_s;
	if (answer->status) {
		call->status = answer->status;
	}
	if (answer->body) {
		call->body = xstrdup(answer->body);
		return true;
	}
	if (answer->error[0]) {
		api_fail(call, answer->error);
		return true;
	}
	if (answer->status == 429) {
		api_fail(call, "ratelimited");
		return true;
	}
	if (answer->status >= 300) {
		call->body = xasprintf(
		        "<html><body><h1>%d</h1></body></html>\n", answer->status);
		return true;
	}
	return false;
}

/* ---- checking ---- */

/* Sets call->kind. False and the call failed: no good token. */
static bool check_token(struct api_call *call)
{
	static const unsigned allowed[] = {
	        FOR_BOT, FOR_APP, FOR_BOT | FOR_USER, FOR_BOT | FOR_USER | FOR_CLIENT};
	unsigned flags = call->method->flags;

	if (!(flags & (FOR_BOT | FOR_APP | FOR_USER | FOR_CLIENT))) {
		return true;
	}
	if (!call->token) {
		api_fail(call, "not_authed");
		return false;
	}
	if (call->kind < 0) {
		api_fail(call, "invalid_auth");
		return false;
	}
	if (call->token_error[0]) {
		api_fail(call, call->token_error);
		return false;
	}
	if (!(flags & allowed[call->kind])) {
		api_fail(call, "not_allowed_token_type");
		return false;
	}
	return true;
}

static bool check_limits(struct api_call *call)
{
	int64_t retry_after_s;
	const char *channel = json_str(call->args, "channel");

	if (call->channel) {
		channel = call->channel->id;
	}
	if (call->kind < 0 || limits_take(call->sim->limits, call->name,
	                              call->method->tier, channel, &retry_after_s)) {
		return true;
	}
	set_rate_limited(call, retry_after_s);
	return false;
}

/* False and the call failed. */
static bool check(struct api_call *call)
{
	const struct api_method *method = call->method;

	if (!method) {
		api_fail(call, "unknown_method");
		json_set_str(call->reply, "req_method", call->name);
		return false;
	}
	if (method->flags & ONLY_POST &&
	        !str_equal(http_request_method(call->req), "POST")) {
		api_fail(call, "insecure_request");
		return false;
	}
	if (!check_token(call) || !check_limits(call)) {
		return false;
	}
	if (call->bad_args) {
		api_fail(call, call->bad_args);
		return false;
	}
	if (call->kind >= 0 && !api_has_scope(call, method->scopes)) {
		api_fail_scope(call, method->scopes);
		return false;
	}
	return true;
}

static void run(struct api_call *call)
{
	if (call->answer.lost == LOST_BEFORE) {
		call->status = 0;
		report_call(call, "lost", true);
		http_request_drop(call->req, HTTP_DROP_RESET);
		call_free(call);
		return;
	}
	if (!(call->faulted && answer_instead(call))) {
		call->reply = json_set_bool(json_new(), "ok", true);
		if (check(call)) {
			call->sim->client_acts = call->kind == TOKEN_CLIENT;
			call->method->run(call);
			call->sim->client_acts = false;
		}
		if (call->charset_warning) {
			api_warn(call, call->charset_warning);
		}
	}
	finish(call);
}

static void handle_held(void *arg)
{
	run(arg);
}

/* ---- arriving ---- */

static void read_token(struct api_call *call)
{
	struct credential credential;

	credential_read(call->sim, call->req, call->token, &credential);
	call->kind = credential.kind;
	call->user = credential.user;
	call->scopes = credential.scopes;
	call->token_error = credential.error;
	call->grant = credential.grant;
	call->expires_in_s = credential.expires_in_s;
}

/* What the call is about, for rules and records; a user's ID means their conversation
 * with the app, if there is one already. */
static const struct channel *channel_argument(const struct api_call *call)
{
	const struct workspace *ws = &call->sim->ws;
	const char *name = json_str(call->args, "channel");
	struct user *users[2] = {call->user, name ? workspace_user(ws, name) : NULL};

	if (users[1]) {
		return workspace_find_direct(ws, CHANNEL_IM, users, 2);
	}
	return name ? workspace_find_channel(ws, name) : NULL;
}

static struct api_call *call_create(struct calls *calls, struct http_request *req)
{
	struct api_call *call = xcalloc(1, sizeof(*call));
	struct api_args args;

	call->sim = calls->sim;
	call->req = req;
	call->name = xstrdup(http_request_path(req) + strlen("/api/"));
	call->method = find_method(call->name);
	call->status = 200;
	call->retry_after_s = -1;
	answer_init(&call->answer);
	api_args_read(&args, req, call->method && call->method->flags & TAKES_JSON);
	call->args = args.args;
	call->token = args.token;
	call->bad_args = args.error;
	call->charset_warning = args.warning;
	if (call->method && call->method->flags & ONLY_HEADER && !args.in_header) {
		str_replace(&call->token, NULL);
	}
	read_token(call);
	call->channel = channel_argument(call);
	timer_init(&call->timer, call->sim->loop, handle_held, call);
	list_add_tail(&calls->all, &call->link);
	return call;
}

void calls_handle_request(struct calls *calls, struct http_request *req)
{
	struct api_call *call = call_create(calls, req);

	call->faulted = faults_match(
	        calls->sim->faults, call->name, call->channel, &call->answer);
	if (call->answer.hold_ms > 0) {
		timer_start(&call->timer, call->answer.hold_ms);
	} else {
		run(call);
	}
}
