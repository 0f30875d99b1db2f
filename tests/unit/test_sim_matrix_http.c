/* The HTTP face: real requests, prepared answers, being down, the control interface. */
#include "tests/unit/sim_matrix_fixture.h"

struct web { /* the last answer over HTTP */
	struct fixture *f;
	struct http_client *http;
	bool done;
	int status;
	uint32_t retry_after_ms;
	enum err_kind kind;
	char *body;
	size_t body_bytes;
	char *type;
	cJSON *json;
};

static void take(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct web *w = arg;

	w->done = true;
	w->kind = err->kind;
	w->status = reply != NULL ? reply->status : 0;
	if (reply != NULL) {
		w->retry_after_ms = reply->retry_after_ms;
		w->body = xmalloc(reply->body.n + 1);
		memcpy(w->body, reply->body.n > 0 ? reply->body.p : "", reply->body.n);
		w->body[reply->body.n] = '\0';
		w->body_bytes = reply->body.n;
		w->type = xstrdup(reply->content_type);
		w->json = json_parse(reply->body, NULL);
	}
}

static void forget_web(struct web *w)
{
	free(w->body);
	free(w->type);
	cJSON_Delete(w->json);
	w->body = w->type = NULL;
	w->json = NULL;
	w->done = false;
	w->status = 0;
}

static void web_start(struct web *w, const char *method, const char *target,
        const char *token, const char *type, struct str body)
{
	autofree char *url = xasprintf("%s%s", sim_matrix_url(w->f->sim), target);
	autofree char *bearer = xasprintf("Bearer %s", token != NULL ? token : "");
	struct http_req *req = http_req_create(w->http, method, url);

	forget_web(w);
	if (token != NULL) {
		http_req_set_header(req, "Authorization", bearer);
	}
	if (strcmp(method, "GET") != 0) {
		http_req_set_body(req, type, body);
	}
	http_req_set_max_reply(req, 64 * 1024 * 1024);
	http_req_start(req, take, w);
}

static void web_wait(struct web *w)
{
	for (int i = 0; i < WAITS_MAX && !w->done; i++) {
		turn(w->f);
	}
	assert_true(w->done);
}

static int web(struct web *w, const char *method, const char *target, const char *token,
        const char *body)
{
	web_start(w, method, target, token, "application/json", str_from(body));
	web_wait(w);
	return w->status;
}

static int setup_with(void **state, bool control)
{
	struct web *w = xcalloc(1, sizeof(*w));
	struct http_client_options http = {.user_agent = "test"};
	struct fixture *f = fixture_create(NULL);
	struct sim_matrix_options opts = {
	        .seed = 7, .control = control, .tap = fixture_tap, .tap_arg = f};
	struct err err = ERR_INIT;

	sim_matrix_destroy(&f->sim);
	f->sim = sim_matrix_create(f->loop, &opts, &err);
	assert_non_null(f->sim);
	w->f = f;
	w->http = http_client_create(f->loop, &http);
	register_as(f, "null");
	forget_records(f);
	*state = w;
	return 0;
}

static int setup_plain(void **state)
{
	return setup_with(state, false);
}

static int setup_control(void **state)
{
	return setup_with(state, true);
}

static int end(void **state)
{
	struct web *w = *state;

	settle(w->f);
	http_client_destroy(&w->http);
	forget_web(w);
	fixture_destroy(w->f);
	free(w);
	return 0;
}

static char *room_of(struct web *w)
{
	assert_int_equal(web(w, "POST", C3 "createRoom", "AS", "{}"), 200);
	return xstrdup(json_str(w->json, "room_id"));
}

/* ---- plain ---- */

static void test_paths_keep_their_bytes(void **state)
{
	struct web *w = *state;
	autofree char *room = room_of(w);
	autofree char *encoded = url_encode(room);
	autofree char *send =
	        xasprintf(C3 "rooms/%s/send/m.room.message/a%%2Fb%%23c", encoded);
	autofree char *bad = xasprintf(C3 "rooms/%s/send/m.room.message/%%zz", encoded);

	assert_int_equal(web(w, "PUT", send, "AS", "{\"body\":\"x\"}"), 200);
	assert_string_equal(
	        json_str(last_record(w->f, "event", "message"), "txn"), "a/b#c");
	assert_int_equal(web(w, "PUT", bad, "AS", "{\"body\":\"x\"}"), 404);
	assert_int_equal(web(w, "GET", "/_matrix/../etc/passwd", "AS", ""), 404);
}

static void test_media(void **state)
{
	static const char bytes[] = {'\x89', 'P', 'N', 'G', 0, 1, 2, '\xff'};
	struct web *w = *state;
	autofree char *uri = NULL;
	autofree char *down = NULL, *legacy = NULL, *named = NULL;

	web_start(w, "POST", "/_matrix/media/v3/upload?filename=a%20b.png", "AS",
	        "image/png", (struct str){bytes, sizeof(bytes)});
	web_wait(w);
	assert_int_equal(w->status, 200);
	uri = xstrdup(json_str(w->json, "content_uri"));
	assert_true(str_starts(uri, "mxc://sim.test/"));
	down = xasprintf("/_matrix/client/v1/media/download/%s", uri + strlen("mxc://"));
	assert_int_equal(web(w, "GET", down, "AS", ""), 200);
	assert_int_equal(w->body_bytes, sizeof(bytes));
	assert_memory_equal(w->body, bytes, sizeof(bytes));
	assert_string_equal(w->type, "image/png");
	assert_int_equal(web(w, "GET", down, NULL, ""), 401);
	legacy = xasprintf("/_matrix/media/r0/download/%s", uri + strlen("mxc://"));
	assert_int_equal(web(w, "GET", legacy, NULL, ""), 200);
	named = xasprintf("%s/other.png", down);
	assert_int_equal(web(w, "GET", named, "AS", ""), 200);
	assert_int_equal(web(w, "GET", "/_matrix/client/v1/media/download/sim.test/none",
	                         "AS", ""),
	        404);
	assert_int_equal(web(w, "GET", "/_matrix/client/v1/media/download/maunium.net/x",
	                         "AS", ""),
	        404);
	assert_int_equal(web(w, "GET", "/_matrix/client/v1/media/config", "AS", ""), 200);
	assert_int_equal(
	        json_int(w->json, "m.upload.size", 0), 0); /* the key holds dots */
	assert_string_equal(w->body, "{\"m.upload.size\":20971520}");
}

static void test_too_large_upload(void **state)
{
	struct web *w = *state;
	size_t n = 20971521;
	autofree char *bytes = xcalloc(1, n);

	web_start(w, "POST", "/_matrix/media/v3/upload", "AS", "text/plain",
	        (struct str){bytes, n - 1});
	web_wait(w);
	assert_int_equal(w->status, 200);
	web_start(w, "POST", "/_matrix/media/v3/upload", "AS", "text/plain",
	        (struct str){bytes, n});
	web_wait(w);
	assert_int_equal(w->status, 413);
	assert_string_equal(json_str(w->json, "errcode"), "M_TOO_LARGE");
}

/* ---- prepared answers ---- */

static const struct {
	const char *with;
	int status;          /* that the client sees; 0: none */
	const char *errcode; /* NULL: none */
	int events;          /* that came to stand */
} faults[] = {
        {"{\"status\":502}", 502, "M_UNKNOWN", 0},
        {"{\"status\":403}", 403, "M_FORBIDDEN", 0},
        {"{\"status\":400,\"errcode\":\"M_ODD\"}", 400, "M_ODD", 0},
        {"{\"errcode\":\"M_ODD\",\"status\":400,\"effect\":true}", 400, "M_ODD", 1},
        {"{\"retry_after_ms\":2500}", 429, "M_LIMIT_EXCEEDED", 0},
        {"{\"status\":504,\"body\":\"<html>\"}", 504, NULL, 0},
        {"{\"status\":504,\"body\":\"<html>\",\"effect\":true}", 504, NULL, 1},
        {"{\"lost\":\"before\"}", 0, NULL, 0},
        {"{\"lost\":\"after\"}", 0, NULL, 1},
        {"{\"cut_at\":4}", 0, NULL, 1},
        {"{\"body\":{\"event_id\":\"$x\"}}", 200, NULL, 1},
};

static void test_prepared_answers(void **state)
{
	struct web *w = *state;
	autofree char *room = room_of(w);

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		autofree char *args = xasprintf(
		        "{\"request\":\"PUT send\",\"with\":%s}", faults[i].with);
		autofree char *send =
		        xasprintf(C3 "rooms/%s/send/m.room.message/f%zu", room, i);
		const cJSON *record;
		forget_records(w->f);
		say(w->f, "answer", args);
		web(w, "PUT", send, "AS", "{\"body\":\"x\",\"msgtype\":\"m.text\"}");
		if (w->status != faults[i].status ||
		        !str_equal(json_str(w->json, "errcode"), faults[i].errcode) ||
		        count_records(w->f, "event", "message") != faults[i].events) {
			fail_msg("%s: %d %s", faults[i].with, w->status, w->body);
		}
		record = last_record(w->f, "request", "PUT send");
		assert_true(json_bool(record, "prepared", false));
		assert_int_equal(json_bool(record, "lost", false), w->status == 0);
		/* the same request again: the one event, whatever was lost */
		assert_int_equal(web(w, "PUT", send, "AS",
		                         "{\"body\":\"x\",\"msgtype\":\"m.text\"}"),
		        200);
		assert_int_equal(count_records(w->f, "event", "message"), 1);
	}
}

static void test_retry_after(void **state)
{
	struct web *w = *state;
	autofree char *room = room_of(w);
	autofree char *send = xasprintf(C3 "rooms/%s/send/m.x/1", room);

	say(w->f, "answer", "{\"request\":\"send\",\"with\":{\"retry_after_ms\":2500}}");
	assert_int_equal(web(w, "PUT", send, "AS", "{}"), 429);
	assert_int_equal(w->retry_after_ms, 3000); /* the header counts whole seconds */
	assert_int_equal(json_int(w->json, "retry_after_ms", 0), 2500);
}

static void test_answer_counts_and_filters(void **state)
{
	struct web *w = *state;
	autofree char *one = room_of(w);
	autofree char *two = room_of(w);
	autofree char *in_one = xasprintf(C3 "rooms/%s/state/m.x", one);
	autofree char *in_two = xasprintf(C3 "rooms/%s/state/m.x", two);
	autofree char *args =
	        xasprintf("{\"request\":\"PUT state\",\"in\":\"%s\",\"user\":"
	                  "\"slackbot\",\"with\":{\"status\":500},\"times\":2,"
	                  "\"after\":1}",
	                one);

	say(w->f, "answer", args);
	assert_int_equal(web(w, "PUT", in_two, "AS", "{}"), 200);
	assert_int_equal(web(w, "PUT", in_one, "AS", "{}"), 200);
	assert_int_equal(web(w, "PUT", in_one, "AS", "{}"), 500);
	assert_int_equal(web(w, "PUT", in_two, "AS", "{}"), 200);
	assert_int_equal(web(w, "PUT", in_one, "AS", "{}"), 500);
	assert_int_equal(web(w, "PUT", in_one, "AS", "{}"), 200);
	say_wrong(w->f, "answer", "{\"request\":\"send\",\"with\":{\"stauts\":500}}");
	say_wrong(w->f, "answer", "{\"request\":\"send\",\"with\":{\"lost\":\"maybe\"}}");
	say_wrong(w->f, "answer", "{\"request\":\"send\",\"with\":{\"delay\":\"soon\"}}");
}

static void test_delay(void **state)
{
	struct web *w = *state;
	autofree char *room = room_of(w);
	autofree char *send = xasprintf(C3 "rooms/%s/send/m.room.message/1", room);
	autojson cJSON *pending = NULL;

	say(w->f, "answer", "{\"request\":\"send\",\"with\":{\"delay\":\"5s\"}}");
	web_start(w, "PUT", send, "AS", "application/json", str_from("{\"body\":\"x\"}"));
	settle(w->f);
	assert_int_equal(count_records(w->f, "event", "message"), 1); /* it took effect */
	pending = sim_matrix_pending(w->f->sim);
	assert_int_equal(cJSON_GetArraySize(pending), 1);
	advance(w->f, 4900);
	assert_false(w->done);
	advance(w->f, 200);
	web_wait(w);
	assert_int_equal(w->status, 200);
}

/* ---- down ---- */

static void test_down_refuses(void **state)
{
	struct web *w = *state;

	assert_int_equal(web(w, "GET", "/_matrix/client/versions", NULL, ""), 200);
	say(w->f, "down", "{}");
	assert_int_equal(web(w, "GET", "/_matrix/client/versions", NULL, ""), 0);
	assert_int_equal(w->kind, ERR_RETRY); /* nothing was sent */
	say(w->f, "up", "{}");
	assert_int_equal(web(w, "GET", "/_matrix/client/versions", NULL, ""), 200);
	say(w->f, "down", "{\"how\":\"reset\"}");
	assert_int_equal(web(w, "GET", "/_matrix/client/versions", NULL, ""), 0);
	say(w->f, "up", "{}");
	assert_int_equal(web(w, "GET", "/_matrix/client/versions", NULL, ""), 200);
}

static void test_down_resets_what_waits(void **state)
{
	struct web *w = *state;
	autofree char *token =
	        verb_text(w->f, "register_user", "{\"name\":\"alice\"}", "access_token");

	web_start(w, "GET", C3 "sync?since=999999&timeout=30000", token, NULL,
	        str_from(NULL));
	settle(w->f);
	assert_false(w->done);
	say(w->f, "restart", "{}");
	web_wait(w);
	assert_int_equal(w->status, 0);
	assert_int_equal(w->kind, ERR_UNSURE);
}

/* ---- control ---- */

static void test_control(void **state)
{
	struct web *w = *state;
	autofree char *since = NULL;

	assert_int_equal(
	        web(w, "POST", "/_control/register_user", NULL, "{\"name\":\"al\"}"),
	        200);
	assert_true(json_bool(w->json, "ok", false));
	assert_string_equal(json_str(w->json, "result.user_id"), "@al:sim.test");
	assert_int_equal(
	        web(w, "POST", "/_control/register_user", NULL, "{\"nam\":1}"), 400);
	assert_false(json_bool(w->json, "ok", true));
	assert_int_equal(web(w, "POST", "/_control/dance", NULL, "{}"), 404);
	assert_int_equal(web(w, "POST", "/_control/up", NULL, "{"), 400);
	assert_int_equal(web(w, "GET", "/_control/verbs", NULL, ""), 200);
	assert_true(cJSON_GetArraySize(w->json) > 20);
	assert_int_equal(web(w, "GET", "/_control/state", NULL, ""), 200);
	assert_string_equal(json_str(w->json, "profile"), "conduwuit");
	assert_int_equal(
	        web(w, "GET", "/_control/records?since=0&timeout=0", NULL, ""), 200);
	since = xasprintf("/_control/records?since=%lld&timeout=60",
	        (long long)json_int(w->json, "next", -1));
	web_start(w, "GET", since, NULL, NULL, str_from(NULL));
	settle(w->f);
	assert_false(w->done);
	say(w->f, "create_room", "{\"as\":\"al\",\"room\":\"x\"}");
	web_wait(w);
	assert_int_equal(cJSON_GetArraySize(json_arr(w->json, "records")), 6);
}

/* With the control interface on, it stays reachable while the homeserver is down. */
static void test_control_while_down(void **state)
{
	struct web *w = *state;

	assert_int_equal(web(w, "POST", "/_control/down", NULL, "{}"), 200);
	assert_int_equal(web(w, "GET", "/_matrix/client/versions", NULL, ""), 0);
	assert_int_equal(web(w, "POST", "/_control/up", NULL, ""), 200);
	assert_int_equal(web(w, "GET", "/_matrix/client/versions", NULL, ""), 200);
}

int main(void)
{
#define PLAIN(name) cmocka_unit_test_setup_teardown(name, setup_plain, end)
#define CONTROL(name) cmocka_unit_test_setup_teardown(name, setup_control, end)
	const struct CMUnitTest tests[] = {
	        PLAIN(test_paths_keep_their_bytes),
	        PLAIN(test_media),
	        PLAIN(test_too_large_upload),
	        PLAIN(test_prepared_answers),
	        PLAIN(test_retry_after),
	        PLAIN(test_answer_counts_and_filters),
	        PLAIN(test_delay),
	        PLAIN(test_down_refuses),
	        PLAIN(test_down_resets_what_waits),
	        CONTROL(test_control),
	        CONTROL(test_control_while_down),
	};

	return cmocka_run_group_tests_name("sim_matrix_http", tests, NULL, NULL);
}
