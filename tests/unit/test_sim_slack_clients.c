/* proves: SIMS-03 */
#include "tests/unit/sim_slack_fixture.h"

struct session {
	char *token, *cookie;
};

static void sign_in(struct fixture *f, struct session *session)
{
	autojson cJSON *gave = verb(f, "session", "{\"as\":\"alice\"}");

	session->token = xstrdup(json_str(gave, "token"));
	session->cookie = xstrdup(json_str(gave, "cookie"));
	assert_true(str_starts(session->token, "xoxc-"));
	assert_true(str_starts(session->cookie, "xoxd-"));
}

static void sign_out(struct session *session)
{
	free(session->token);
	free(session->cookie);
}

/* Opens the socket with that cookie. */
static void open_with(
        struct ws *ws, struct fixture *f, const char *token, const char *cookie)
{
	autofree char *path = xasprintf(
	        "/?token=%s HTTP/1.1\r\nOrigin: https://app.slack.com\r\nCookie: b=1; d=%s\r\nX: ",
	        token, cookie);

	ws_open_path(ws, f, path);
}

static void web_call(struct fixture *f, const struct session *session, const char *method,
        bool with_cookie)
{
	autofree char *url = xasprintf("%s/api/%s", sim_slack_url(f->sim), method);
	autofree char *bearer = xasprintf("Bearer %s", session->token);
	autofree char *cookie = xasprintf("d=%s", session->cookie);
	struct http_req *req = http_req_create(f->http, "POST", url);

	cJSON_Delete(f->reply);
	free(f->body);
	f->reply = NULL;
	f->body = NULL;
	f->done = false;
	http_req_set_header(req, "Authorization", bearer);
	if (with_cookie) {
		http_req_set_header(req, "Cookie", cookie);
	}
	http_req_set_body(req, "application/x-www-form-urlencoded", str_from(""));
	http_req_start(req, fixture_done, f);
	pump(f);
}

static void test_web_calls(void **state)
{
	struct fixture *f = *state;
	struct session session;

	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	sign_in(f, &session);
	web_call(f, &session, "auth.test", true);
	assert_string_equal(json_str(f->reply, "user_id"), "U0SIMALICE");
	assert_null(json_str(f->reply, "bot_id"));
	web_call(f, &session, "auth.test", false);
	assert_string_equal(json_str(f->reply, "error"), "invalid_auth");
	web_call(f, &session, "apps.connections.open", true);
	assert_string_equal(json_str(f->reply, "error"), "not_allowed_token_type");
	web_call(f, &session, "rtm.connect", true);
	assert_string_equal(json_str(f->reply, "self.id"), "U0SIMALICE");
	assert_string_equal(json_str(f->reply, "team.domain"), "sim-team");
	assert_non_null(strstr(json_str(f->reply, "url"), session.token));
	call_error(f, "rtm.connect", "", "not_allowed_token_type");
	say(f, "session", "{\"as\":\"alice\",\"end\":true}");
	web_call(f, &session, "auth.test", true);
	assert_string_equal(json_str(f->reply, "error"), "invalid_auth");
	sign_out(&session);
}

static void test_socket(void **state)
{
	struct fixture *f = *state;
	struct session session;
	struct ws ws, stranger;
	autojson cJSON *hello = NULL, *message = NULL, *pong = NULL, *typing = NULL,
	               *none = NULL, *goodbye = NULL;
	static const char ping[] = "{\"type\":\"ping\",\"id\":7,\"time\":12}";

	sign_in(f, &session);
	open_with(&stranger, f, session.token, "xoxd-other");
	assert_false(stranger.upgraded);
	ws_close(&stranger);
	open_with(&ws, f, session.token, session.cookie);
	assert_true(ws.upgraded);
	hello = ws_message(&ws);
	assert_string_equal(json_str(hello, "type"), "hello");
	ws_send(&ws, WS_TEXT, ping, strlen(ping));
	pong = ws_message(&ws);
	assert_string_equal(json_str(pong, "type"), "pong");
	assert_int_equal(json_int(pong, "reply_to", 0), 7);
	assert_int_equal(json_int(pong, "time", 0), 12);
	say(f, "post", "{\"as\":\"carol\",\"in\":\"secret\",\"text\":\"bare\"}");
	message = ws_message(&ws);
	assert_string_equal(json_str(message, "type"), "message");
	assert_string_equal(json_str(message, "text"), "bare");
	assert_string_equal(json_str(message, "channel"), "C0SECRET00");
	say(f, "typing", "{\"as\":\"carol\",\"in\":\"secret\"}");
	typing = ws_message(&ws);
	assert_string_equal(json_str(typing, "type"), "user_typing");
	assert_string_equal(json_str(typing, "user"), "U0SIMCAROL");
	say(f, "create_channel",
	        "{\"name\":\"others\",\"private\":true,\"by\":\"carol\",\"members\":[\"dave\"]}");
	say(f, "post", "{\"as\":\"carol\",\"in\":\"others\",\"text\":\"not for alice\"}");
	say(f, "typing", "{\"as\":\"alice\",\"in\":\"secret\"}");
	none = ws_message(&ws);
	assert_null(none);
	say(f, "session", "{\"as\":\"alice\",\"drop\":true}");
	goodbye = ws_message(&ws);
	assert_string_equal(json_str(goodbye, "type"), "goodbye");
	ws_close(&ws);
	assert_int_equal(count_records(f, "client", "client", "closed"), 1);
	sign_out(&session);
}

static void test_odd_frames(void **state)
{
	struct fixture *f = *state;
	static const char *const odd[] = {"", "nonsense", "[]", "{}", "{\"type\":5}",
	        "{\"type\":\"ping\"}", "{\"type\":\"typing\"}",
	        "{\"type\":\"typing\",\"channel\":\"CNONE\"}",
	        "{\"type\":\"ping\",\"id\":\"x\"}"};
	struct session session;
	struct ws ws;
	autojson cJSON *hello = NULL, *none = NULL;

	sign_in(f, &session);
	open_with(&ws, f, session.token, session.cookie);
	hello = ws_message(&ws);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		ws_send(&ws, WS_TEXT, odd[i], strlen(odd[i]));
	}
	none = ws_message(&ws);
	assert_null(none);
	assert_false(ws.eof);
	ws_close(&ws);
	sign_out(&session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_web_calls, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_socket, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_odd_frames, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
