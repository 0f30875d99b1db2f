#include "tests/unit/sim_slack_fixture.h"

#define IN_GENERAL "channel=C0GENERAL0"

/* ---- tokens, arguments, scopes ---- */

static void test_tokens(void **state)
{
	struct fixture *f = *state;
	const struct {
		const char *method, *token, *form, *error; /* NULL: ok */
	} cases[] = {
	        {"api.test", NULL, "", NULL},
	        {"auth.test", NULL, "", "not_authed"},
	        {"auth.test", "xoxb-wrong", "", "invalid_auth"},
	        {"auth.test", f->bot, "", NULL},
	        {"auth.test", f->app, "", NULL},
	        {"users.info", f->app, "user=U0SIMALICE", "not_allowed_token_type"},
	        {"apps.connections.open", f->bot, "", "not_allowed_token_type"},
	        {"apps.connections.open", f->app, "", NULL},
	        {"no.such.method", NULL, "", "unknown_method"},
	        {"", NULL, "", "unknown_method"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *path = xasprintf("/api/%s", cases[i].method);
		const cJSON *reply = request(f, "POST", path, cases[i].token,
		        "application/x-www-form-urlencoded", cases[i].form);

		assert_int_equal(f->status, 200);
		assert_true(str_equal(json_str(reply, "error"), cases[i].error));
		assert_int_equal(json_bool(reply, "ok", false), cases[i].error == NULL);
	}
	assert_int_equal(count_records(f, "call", "token", "none"), 4);
	assert_int_equal(count_records(f, "call", "token", "unknown"), 1);
}

static void test_token_places(void **state)
{
	struct fixture *f = *state;
	autofree char *form = xasprintf("token=%s", f->bot);
	autofree char *app_form = xasprintf("token=%s", f->app);
	autofree char *query = xasprintf("/api/auth.test?token=%s", f->bot);
	autofree char *json = xasprintf("{\"token\":\"%s\"}", f->bot);
	const char *type = "application/x-www-form-urlencoded";

	request(f, "POST", "/api/auth.test", NULL, type, form);
	assert_true(json_bool(f->reply, "ok", false));
	request(f, "POST", "/api/auth.test", NULL, "application/json", json);
	assert_string_equal(json_str(f->reply, "error"), "not_authed");
	request(f, "GET", query, NULL, NULL, NULL);
	assert_string_equal(json_str(f->reply, "error"), "not_authed");
	request(f, "POST", "/api/apps.connections.open", NULL, type, app_form);
	assert_string_equal(json_str(f->reply, "error"), "not_authed");
	request(f, "GET", "/api/apps.connections.open", f->app, NULL, NULL);
	assert_string_equal(json_str(f->reply, "error"), "insecure_request");

	const cJSON *record;
	cJSON_ArrayForEach(record, f->records)
	{
		autofree char *text = json_print(record);
		assert_null(strstr(text, f->bot));
		assert_null(strstr(text, f->app));
	}
}

static void test_argument_styles(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *http_method, *path, *type, *body, *error, *warning;
	} cases[] = {
	        {"GET", "/api/users.info?user=U0SIMALICE", NULL, NULL, NULL, NULL},
	        {"POST", "/api/users.info", "application/x-www-form-urlencoded",
	                "user=U0SIM%41LICE", NULL, NULL},
	        {"POST", "/api/users.info",
	                "application/x-www-form-urlencoded; charset=utf-8",
	                "user=U0SIMALICE", NULL, "superfluous_charset"},
	        {"POST", "/api/conversations.join", "application/json;charset=utf-8",
	                "{\"channel\":\"C0GENERAL0\"}", NULL, NULL},
	        {"POST", "/api/conversations.join", "application/json",
	                "{\"channel\":\"C0RANDOM00\"}", NULL, "missing_charset"},
	        {"POST", "/api/conversations.join", "application/json; charset=utf-8",
	                "{", "invalid_json", NULL},
	        {"POST", "/api/conversations.join", "application/json; charset=utf-8",
	                "[1]", "json_not_object", NULL},
	        {"POST", "/api/auth.test", "application/json; charset=utf-8", "", NULL,
	                NULL},
	        {"POST", "/api/users.info", "application/json; charset=utf-8",
	                "{\"user\":\"U0SIMALICE\"}", "invalid_arguments", NULL},
	        {"POST", "/api/users.info", "image/png", "x", "invalid_post_type", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const cJSON *reply = request(f, cases[i].http_method, cases[i].path,
		        f->bot, cases[i].type, cases[i].body);

		if (!str_equal(json_str(reply, "error"), cases[i].error) ||
		        !str_equal(json_str(reply, "warning"), cases[i].warning)) {
			fail_msg("case %zu: %s", i, f->body);
		}
	}
}

/* A request that trickles in, one byte at a time, is the same request. */
static void test_byte_at_a_time(void **state)
{
	struct fixture *f = *state;
	static const char form[] = "channel=C0GENERAL0&text=%C3%BC+%26";
	autofree char *text = xasprintf(
	        "POST /api/chat.postMessage HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
	        "%s\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	        "Content-Length: %zu\r\n\r\n%s",
	        f->bot, strlen(form), form);
	int fd = connect_raw(f);
	char answer[4096] = "";

	say(f, "invite", "{\"in\":\"general\",\"bot\":true}");
	for (size_t i = 0; i < strlen(text); i++) {
		send_all(fd, text + i, 1);
		loop_drain(f->loop);
	}
	for (int i = 0; i < TURNS_MAX && !answer[0]; i++) {
		loop_drain(f->loop);
		(void)!recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT);
	}
	close(fd);
	assert_non_null(strstr(answer, "\"ok\":true"));
	assert_string_equal(json_str(last_record(f, "message", "by", "app"), "text"),
	        "\xc3\xbc &amp;");
}

/* No prefix of a body does harm, and none is taken for the whole. */
static void test_every_prefix_of_bodies(void **state)
{
	struct fixture *f = *state;
	static const char form[] =
	        "channel=C0GENERAL0&text=%F0%9F%91%8B&metadata=%7B%22a%22%3A1%7D";
	static const char json[] =
	        "{\"channel\":\"C0GENERAL0\",\"blocks\":[{\"type\":\"x\"}],"
	        "\"text\":\"\\u00fc\"}";

	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	for (size_t n = 0; n < strlen(form); n++) {
		autofree char *prefix = xstrndup(form, n);
		call(f, "chat.postMessage", prefix);
		assert_false(json_bool(f->reply, "ok", true));
	}
	for (size_t n = 0; n < strlen(json); n++) {
		autofree char *prefix = xstrndup(json, n);
		request(f, "POST", "/api/chat.postMessage", f->bot,
		        "application/json; charset=utf-8", prefix);
		assert_string_equal(json_str(f->reply, "error"),
		        n ? "invalid_json" : "invalid_arguments");
	}
}

static void test_missing_scope(void **state)
{
	struct fixture *f = *state;

	call_ok(f, "conversations.join", IN_GENERAL);
	say(f, "app", "{\"ungrant\":[\"reactions:write\",\"channels:history\"]}");
	call_error(f, "reactions.add", IN_GENERAL "&name=wave&timestamp=1.000000",
	        "missing_scope");
	assert_string_equal(json_str(f->reply, "needed"), "reactions:write");
	assert_non_null(strstr(json_str(f->reply, "provided"), "chat:write"));
	call_error(f, "conversations.history", IN_GENERAL, "missing_scope");
	assert_string_equal(json_str(f->reply, "needed"), "channels:history");
	/* groups:history is there: the method is open, this kind of channel is not */
	assert_null(strstr(json_str(f->reply, "provided"), "channels:history"));
	call_error(f, "conversations.archive", IN_GENERAL, "missing_scope");
	call_error(f, "conversations.create", "name=new", "missing_scope");
	call_ok(f, "conversations.create", "name=new&is_private=true");
}

static void test_revoked_tokens(void **state)
{
	struct fixture *f = *state;

	say(f, "revoke", "{\"token\":\"bot\",\"error\":\"token_expired\"}");
	call_error(f, "auth.test", "", "token_expired");
	say(f, "revoke", "{\"token\":\"bot\",\"error\":\"none\"}");
	call_ok(f, "auth.test", "");
	call_ok(f, "auth.revoke", "test=1");
	assert_false(json_bool(f->reply, "revoked", true));
	call_ok(f, "auth.revoke", "");
	call_error(f, "auth.test", "", "account_inactive");
	autojson cJSON *tokens = verb(f, "tokens", "{\"renew\":\"bot\"}");
	call_error(f, "auth.test", "", "invalid_auth");
	str_replace(&f->bot, json_str(tokens, "bot"));
	call_ok(f, "auth.test", "");
	autojson cJSON *secrets = sim_slack_secrets(f->sim);
	assert_int_equal(cJSON_GetArraySize(secrets), 4);
}

/* ---- limits and faults ---- */

static void test_post_limit(void **state)
{
	struct fixture *f = *state;

	call_ok(f, "conversations.join", IN_GENERAL);
	call_ok(f, "conversations.join", "channel=C0RANDOM00");
	for (int i = 0; i < 4; i++) {
		call_ok(f, "chat.postMessage", IN_GENERAL "&text=x");
	}
	call_error(f, "chat.postMessage", IN_GENERAL "&text=x", "ratelimited");
	assert_int_equal(f->status, 429);
	assert_int_equal(f->retry_after_ms, 1000);
	call_ok(f, "chat.postMessage", "channel=C0RANDOM00&text=x");
	advance(f, 999);
	call_error(f, "chat.postMessage", IN_GENERAL "&text=x", "ratelimited");
	advance(f, 1);
	call_ok(f, "chat.postMessage", IN_GENERAL "&text=x");
	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	for (int i = 0; i < 20; i++) {
		call_ok(f, "chat.postMessage", IN_GENERAL "&text=x");
	}
}

static void test_tier_limit(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 20; i++) {
		call_ok(f, "conversations.list", "");
	}
	call_error(f, "conversations.list", "", "ratelimited");
	assert_int_equal(f->retry_after_ms, 3000);
	call_ok(f, "users.conversations", "");
	advance(f, 3000);
	call_ok(f, "conversations.list", "");
	call_error(f, "conversations.list", "", "ratelimited");
}

static int messages_in_general(struct fixture *f)
{
	return count_records(f, "message", "by", "app");
}

static void test_answers(void **state)
{
	struct fixture *f = *state;
	int before;

	call_ok(f, "conversations.join", IN_GENERAL);
	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	before = messages_in_general(f);
	say(f, "answer",
	        "{\"call\":\"chat.postMessage\",\"in\":\"general\",\"times\":2,\"after\":2,"
	        "\"with\":{\"status\":429,\"retry_after\":\"30s\"}}");
	call_ok(f, "chat.postMessage", IN_GENERAL "&text=x");
	call_ok(f, "chat.postMessage", IN_GENERAL "&text=x");
	for (int i = 0; i < 2; i++) {
		call_error(f, "chat.postMessage", IN_GENERAL "&text=x", "ratelimited");
		assert_int_equal(f->status, 429);
		assert_int_equal(f->retry_after_ms, 30000);
	}
	call_ok(f, "chat.postMessage", IN_GENERAL "&text=x");
	assert_int_equal(messages_in_general(f), before + 3);

	say(f, "answer", "{\"call\":\"any\",\"with\":{\"error\":\"fatal_error\"}}");
	call_error(f, "chat.postMessage", IN_GENERAL "&text=x", "fatal_error");
	say(f, "answer", "{\"call\":\"auth.test\",\"with\":{\"status\":503}}");
	call(f, "auth.test", "");
	assert_int_equal(f->status, 503);
	assert_true(str_starts(f->body, "<html>"));
	assert_string_equal(
	        json_str(last_record(f, "call", "call", "auth.test"), "answered"),
	        "http_503");
	say(f, "answer",
	        "{\"call\":\"auth.test\",\"with\":{\"body\":{\"ok\":true,\"user_id\":\"U9\"}}}");
	call_ok(f, "auth.test", "");
	assert_string_equal(json_str(f->reply, "user_id"), "U9");
	say_wrong(f, "answer", "{\"call\":\"auth.test\",\"with\":{\"statu\":503}}");
	say_wrong(f, "answer", "{\"call\":\"auth.test\",\"with\":{\"lost\":\"never\"}}");
}

static void test_lost_answers(void **state)
{
	struct fixture *f = *state;
	int before;

	call_ok(f, "conversations.join", IN_GENERAL);
	before = messages_in_general(f);
	say(f, "answer",
	        "{\"call\":\"chat.postMessage\",\"with\":{\"lost\":\"before\"}}");
	call(f, "chat.postMessage", IN_GENERAL "&text=never");
	assert_int_equal(f->kind, ERR_UNSURE);
	assert_int_equal(messages_in_general(f), before);
	assert_string_equal(
	        json_str(last_record(f, "call", NULL, NULL), "answered"), "lost");
	say(f, "answer", "{\"call\":\"chat.postMessage\",\"with\":{\"lost\":\"after\"}}");
	call(f, "chat.postMessage", IN_GENERAL "&text=there");
	assert_int_equal(f->kind, ERR_UNSURE);
	assert_int_equal(messages_in_general(f), before + 1);
	assert_true(json_bool(last_record(f, "call", NULL, NULL), "lost", false));
	assert_string_equal(
	        json_str(last_record(f, "call", NULL, NULL), "answered"), "ok");
}

static void test_cut_answer(void **state)
{
	struct fixture *f = *state;
	int before;

	call_ok(f, "conversations.join", IN_GENERAL);
	before = messages_in_general(f);
	say(f, "answer", "{\"call\":\"chat.postMessage\",\"with\":{\"cut_at\":10}}");
	call(f, "chat.postMessage", IN_GENERAL "&text=cut");
	assert_int_equal(f->kind, ERR_UNSURE);
	assert_int_equal(messages_in_general(f), before + 1);
	assert_true(json_bool(last_record(f, "call", NULL, NULL), "lost", false));
}

static void test_slow_answers(void **state)
{
	struct fixture *f = *state;
	int before;
	const char *type = "application/x-www-form-urlencoded";

	call_ok(f, "conversations.join", IN_GENERAL);
	before = messages_in_general(f);
	say(f, "answer", "{\"call\":\"chat.postMessage\",\"with\":{\"delay\":\"5s\"}}");
	start_request(
	        f, "POST", "/api/chat.postMessage", f->bot, type, IN_GENERAL "&text=d");
	advance(f, 4999);
	assert_false(f->done);
	assert_int_equal(messages_in_general(f), before + 1);
	autojson cJSON *pending = sim_slack_pending(f->sim);
	assert_true(cJSON_GetArraySize(pending) >= 1);
	advance(f, 1);
	assert_true(f->done);
	say(f, "answer", "{\"call\":\"chat.postMessage\",\"with\":{\"hold\":\"5s\"}}");
	start_request(
	        f, "POST", "/api/chat.postMessage", f->bot, type, IN_GENERAL "&text=h");
	advance(f, 4999);
	assert_false(f->done);
	assert_int_equal(messages_in_general(f), before + 1);
	advance(f, 1);
	assert_true(f->done);
	assert_int_equal(messages_in_general(f), before + 2);
}

static void test_refused_http(void **state)
{
	struct fixture *f = *state;

	say(f, "refuse", "{\"what\":\"http\",\"for\":\"10s\"}");
	call(f, "auth.test", "");
	assert_int_equal(f->status, 0);
	advance(f, 10000);
	call_ok(f, "auth.test", "");
	say(f, "refuse", "{\"what\":\"http\"}");
	call(f, "auth.test", "");
	assert_int_equal(f->status, 0);
	say(f, "refuse", "{\"what\":\"nothing\"}");
	call_ok(f, "auth.test", "");
}

/* ---- control ---- */

static void test_control(void **state)
{
	struct fixture *f = *state;
	const char *json = "application/json";

	request(f, "POST", "/_control/post", NULL, json,
	        "{\"as\":\"alice\",\"in\":\"general\",\"text\":\"hi\"}");
	assert_true(json_bool(f->reply, "ok", false));
	assert_non_null(json_str(f->reply, "result.ts"));
	request(f, "POST", "/_control/post", NULL, json, "{\"txt\":\"hi\"}");
	assert_int_equal(f->status, 400);
	assert_non_null(json_str(f->reply, "error"));
	request(f, "POST", "/_control/nonsense", NULL, json, "{}");
	assert_int_equal(f->status, 400);
	request(f, "GET", "/_control/verbs", NULL, NULL, NULL);
	assert_true(cJSON_GetArraySize(json_arr(f->reply, "verbs")) > 20);
	request(f, "GET", "/_control/state", NULL, NULL, NULL);
	assert_string_equal(json_str(f->reply, "team.domain"), "sim-team");
	request(f, "GET", "/_control/records?since=0", NULL, NULL, NULL);
	int64_t next = json_int(f->reply, "next", 0);
	assert_true(next > 0);

	autofree char *path = xasprintf("/_control/records?since=%lld", (long long)next);
	start_request(f, "GET", path, NULL, NULL, NULL);
	advance(f, 1000);
	assert_false(f->done);
	say(f, "post", "{\"in\":\"random\",\"text\":\"woken\"}");
	pump(f);
	assert_string_equal(
	        json_str(json_arr(f->reply, "records")->child, "text"), "woken");
	autofree char *later = xasprintf(
	        "/_control/records?since=%lld", (long long)json_int(f->reply, "next", 0));
	start_request(f, "GET", later, NULL, NULL, NULL);
	advance(f, 25000);
	assert_true(f->done);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "records")), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(test_tokens),
	        T(test_token_places),
	        T(test_argument_styles),
	        T(test_byte_at_a_time),
	        T(test_every_prefix_of_bodies),
	        T(test_missing_scope),
	        T(test_revoked_tokens),
	        T(test_post_limit),
	        T(test_tier_limit),
	        T(test_answers),
	        T(test_lost_answers),
	        T(test_cut_answer),
	        T(test_slow_answers),
	        T(test_refused_http),
	        T(test_control),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
