/* proves: SIMS-01 SIMS-03 */
#include "tests/unit/sim_slack_fixture.h"

static void post(struct fixture *f, const char *text)
{
	autofree char *args =
	        xasprintf("{\"as\":\"alice\",\"in\":\"general\",\"text\":\"%s\"}", text);

	say(f, "post", args);
}

/* Bytes that have come on the wire and not been looked at as frames. */
static size_t raw_bytes(struct ws *ws)
{
	char data[4096];
	ssize_t n;

	loop_drain(ws->f->loop);
	n = recv(ws->fd, data, sizeof(data), MSG_DONTWAIT);
	ws->eof = n == 0 || (n < 0 && errno == ECONNRESET);
	if (n > 0) {
		ws_decoder_feed(&ws->decoder, (struct str){data, (size_t)n});
	}
	return n > 0 ? (size_t)n : 0;
}

static void test_pieces(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autojson cJSON *message = NULL;

	invite_bot(f);
	ws_ready(&ws, f);
	say(f, "wire", "{\"how\":\"pieces\",\"bytes\":100,\"every\":\"1s\"}");
	post(f, "slowly");
	advance(f, 5);
	assert_int_equal(raw_bytes(&ws), 100);
	advance(f, 999);
	assert_int_equal(raw_bytes(&ws), 0);
	advance(f, 1);
	assert_int_equal(raw_bytes(&ws), 100);
	say(f, "wire", "{\"how\":\"plain\"}"); /* the rest leaves at once */
	message = ws_message(&ws);
	assert_string_equal(json_str(message, "payload.event.text"), "slowly");
	ws_close(&ws);
}

static void test_fragments(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	struct ws_frame frame;
	size_t count = 0;
	struct buf whole;

	invite_bot(f);
	ws_ready(&ws, f);
	buf_init(&whole, WS_MAX);
	say(f, "wire", "{\"how\":\"fragments\",\"bytes\":64}");
	post(f, "in parts");
	advance(f, 5);
	do {
		assert_true(ws_frame(&ws, &frame));
		assert_int_equal(frame.opcode, count ? WS_CONTINUATION : WS_TEXT);
		assert_true(frame.payload.n <= 64);
		buf_add_str(&whole, frame.payload);
		count++;
	} while (!frame.fin);
	assert_true(count > 5);
	autojson cJSON *message = json_parse(buf_str(&whole), NULL);
	assert_string_equal(json_str(message, "payload.event.text"), "in parts");
	buf_finish(&whole);
	ws_close(&ws);
}

static void test_stall(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autojson cJSON *one = NULL, *two = NULL;

	invite_bot(f);
	ws_ready(&ws, f);
	say(f, "wire", "{\"how\":\"stall\",\"every\":\"2s\"}");
	post(f, "one");
	post(f, "two");
	advance(f, 1999);
	assert_int_equal(raw_bytes(&ws), 0);
	advance(f, 1);
	one = ws_message(&ws);
	two = ws_message(&ws);
	assert_string_equal(json_str(one, "payload.event.text"), "one");
	assert_string_equal(json_str(two, "payload.event.text"), "two");
	ws_close(&ws);
}

/* Every byte of the second frame from now. */
static void test_cut(void **state)
{
	struct fixture *f = *state;

	invite_bot(f);
	for (int bytes = 0; bytes < 40; bytes += 3) {
		autofree char *args = xasprintf(
		        "{\"how\":\"cut\",\"frame\":2,\"bytes\":%d,\"end\":\"%s\"}",
		        bytes, bytes % 2 ? "rst" : "fin");
		struct ws ws;
		autojson cJSON *first = NULL;

		ws_ready(&ws, f);
		say(f, "wire", args);
		post(f, "whole");
		advance(f, 5);
		first = ws_message(&ws);
		assert_string_equal(json_str(first, "payload.event.text"), "whole");
		ws_ack(&ws, first);
		post(f, "cut");
		advance(f, 5);
		assert_true(bytes % 2 || raw_bytes(&ws) == (size_t)bytes);
		advance(f, 1);
		while (raw_bytes(&ws) > 0) {
		}
		assert_true(ws.eof);
		ws_close(&ws);
		say(f, "knob", "{\"name\":\"ack_deadline\",\"value\":0}");
		advance(f, 400000);
		say(f, "knob", "{\"name\":\"ack_deadline\",\"value\":\"3s\"}");
	}
}

static void test_withhold_and_reorder(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autojson cJSON *none = NULL;

	invite_bot(f);
	ws_ready(&ws, f);
	say(f, "envelope", "{\"how\":\"reorder\",\"times\":3}");
	for (int i = 1; i <= 3; i++) {
		autofree char *text = xasprintf("%d", i);
		post(f, text);
	}
	advance(f, 1);
	for (int i = 3; i >= 1; i--) {
		autojson cJSON *message = ws_message(&ws);
		autofree char *text = xasprintf("%d", i);
		assert_string_equal(json_str(message, "payload.event.text"), text);
		ws_ack(&ws, message);
	}
	say(f, "envelope", "{\"how\":\"withhold\"}");
	post(f, "held");
	advance(f, 500000);
	none = ws_message(&ws);
	assert_null(none);
	assert_int_equal(pending(f), 1);
	say(f, "envelope", "{\"how\":\"release\"}");
	advance(f, 1);
	autojson cJSON *message = ws_message(&ws);
	assert_string_equal(json_str(message, "payload.event.text"), "held");
	ws_close(&ws);
}

static void test_close_codes(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	struct ws_frame frame;

	ws_ready(&ws, f);
	say_wrong(f, "disconnect", "{\"code\":999}");
	say(f, "disconnect", "{\"reason\":\"none\",\"code\":4001}");
	assert_true(ws_frame(&ws, &frame));
	assert_int_equal(frame.opcode, WS_CLOSE);
	assert_int_equal(
	        (uint8_t)frame.payload.p[0] << 8 | (uint8_t)frame.payload.p[1], 4001);
	ws_close(&ws);
}

static void test_late_and_missing_hello(void **state)
{
	struct fixture *f = *state;
	struct ws late, none;
	autojson cJSON *early = NULL, *hello = NULL, *nothing = NULL;

	say(f, "knob", "{\"name\":\"hello_delay\",\"value\":\"2s\"}");
	ws_open(&late, f);
	early = ws_message(&late);
	assert_null(early);
	advance(f, 2000);
	hello = ws_message(&late);
	assert_string_equal(json_str(hello, "type"), "hello");
	say(f, "knob", "{\"name\":\"hello\",\"value\":false}");
	ws_open(&none, f);
	advance(f, 5000);
	nothing = ws_message(&none);
	assert_null(nothing);
	ws_close(&late);
	ws_close(&none);
}

static void test_unanswered_pings(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	struct ws_frame frame;

	ws_ready(&ws, f);
	say(f, "knob", "{\"name\":\"pong\",\"value\":false}");
	ws_send(&ws, WS_PING, "x", 1);
	assert_false(ws_frame(&ws, &frame));
	ws_close(&ws);
}

static void test_app_rate_limited(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	int messages = 0, told = 0;

	invite_bot(f);
	advance(f, 3600 * 1000);
	say(f, "knob", "{\"name\":\"events_per_hour\",\"value\":3}");
	say(f, "knob", "{\"name\":\"connection_age\",\"value\":\"20h\"}");
	ws_ready(&ws, f);
	for (int i = 0; i < 10; i++) {
		post(f, "m");
	}
	advance(f, 10);
	for (;;) {
		autojson cJSON *message = ws_message(&ws);
		if (!message) {
			break;
		}
		if (str_equal(json_str(message, "payload.type"), "app_rate_limited")) {
			assert_null(json_get(message, "payload.event"));
			assert_true(json_int(message, "payload.minute_rate_limited", 1) %
			                    60 ==
			            0);
			told++;
		} else {
			messages++;
		}
		ws_ack(&ws, message);
	}
	assert_int_equal(messages, 3);
	assert_int_equal(told, 1);
	assert_int_equal(count_records(f, "rate_limited", "event", "message"), 7);
	advance(f, 3600 * 1000);
	post(f, "later");
	advance(f, 10);
	assert_int_equal(count_records(f, "envelope", "text", "later"), 1);
	ws_close(&ws);
}

static void test_log(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autojson cJSON *requests = NULL, *frames = NULL;
	const cJSON *last;
	autofree char *all = NULL;

	ws_ready(&ws, f);
	call_ok(f, "auth.test", "");
	request(f, "POST", "/api/auth.test?x=1&token=xoxb-secret", f->bot,
	        "application/x-www-form-urlencoded", "");
	requests = verb(f, "log", "{\"what\":\"requests\"}");
	all = json_print(requests);
	assert_null(strstr(all, f->bot));
	assert_null(strstr(all, f->app));
	assert_null(strstr(all, "secret"));
	assert_non_null(strstr(all, "ticket=..."));
	assert_non_null(strstr(all, "Bearer xoxb-..."));
	last = cJSON_GetArrayItem(requests, cJSON_GetArraySize(requests) - 1);
	assert_string_equal(json_str(last, "path"), "/api/auth.test");
	assert_string_equal(json_str(last, "query"), "x=1&token=...");
	assert_int_equal(json_int(last, "status", 0), 200);
	frames = verb(f, "log", "{\"what\":\"frames\",\"conn\":1}");
	assert_string_equal(json_str(cJSON_GetArrayItem(frames, 0), "opcode"), "text");
	assert_string_equal(json_str(cJSON_GetArrayItem(frames, 0), "from"), "slack");
	for (int i = 0; i < 2100; i++) {
		call(f, "api.test", "");
	}
	autojson cJSON *many = verb(f, "log", "{\"what\":\"requests\"}");
	assert_int_equal(cJSON_GetArraySize(many), 1000);
	assert_true(json_int(cJSON_GetArrayItem(many, 0), "seq", 0) > 50);
	ws_close(&ws);
}

static void test_answers_for_a_time(void **state)
{
	struct fixture *f = *state;

	say(f, "answer",
	        "{\"call\":\"auth.test\",\"with\":{\"error\":\"fatal_error\"},\"for\":\"10s\"}");
	for (int i = 0; i < 5; i++) {
		call_error(f, "auth.test", "", "fatal_error");
	}
	advance(f, 10000);
	call_ok(f, "auth.test", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_pieces, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_fragments, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_stall, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_cut, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_withhold_and_reorder, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_close_codes, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_late_and_missing_hello, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_unanswered_pings, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_app_rate_limited, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_log, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_answers_for_a_time, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
