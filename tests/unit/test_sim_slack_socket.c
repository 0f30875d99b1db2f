#include "tests/unit/sim_slack_fixture.h"

/* ---- coming in ---- */

static void test_hello(void **state)
{
	struct fixture *f = *state;
	struct ws one, two;
	autojson cJSON *first = NULL, *second = NULL;

	ws_open(&one, f);
	first = ws_message(&one);
	assert_string_equal(json_str(first, "type"), "hello");
	assert_int_equal(json_int(first, "num_connections", 0), 1);
	assert_int_equal(json_int(first, "debug_info.build_number", 0), 118);
	assert_int_equal(
	        json_int(first, "debug_info.approximate_connection_time", 0), 18060);
	assert_true(str_starts(json_str(first, "debug_info.host"), "applink-"));
	assert_string_equal(json_str(first, "connection_info.app_id"), "A0SIMAPP00");
	assert_null(json_get(first, "debug_info.started"));
	ws_open(&two, f);
	second = ws_message(&two);
	assert_int_equal(json_int(second, "num_connections", 0), 2);
	assert_int_equal(count_records(f, "ws", "ws", "open"), 2);
	assert_int_equal(count_records(f, "ws", "ws", "hello"), 2);
	ws_close(&one);
	ws_close(&two);
	assert_int_equal(count_records(f, "ws", "ws", "closed"), 2);
}

static void test_tickets(void **state)
{
	struct fixture *f = *state;
	autofree char *path = ticket_path(f), *late = NULL;
	struct ws ws, again;

	ws_open_path(&ws, f, path);
	assert_true(ws.upgraded);
	ws_open_path(&again, f, path);
	assert_false(again.upgraded);
	assert_true(str_starts(buf_cstr(&again.head), "HTTP/1.1 403"));
	ws_close(&again);
	ws_open_path(&again, f, "/link/?ticket=nonsense");
	assert_false(again.upgraded);
	ws_close(&again);
	ws_open_path(&again, f, "/link/");
	assert_false(again.upgraded);
	ws_close(&again);
	late = ticket_path(f);
	advance(f, 30001);
	ws_open_path(&again, f, late);
	assert_false(again.upgraded);
	ws_close(&again);
	ws_close(&ws);
	assert_int_equal(count_records(f, "ws", "reason", "ticket"), 4);
}

static void test_refused_connections(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autofree char *path = ticket_path(f);

	say(f, "refuse", "{\"what\":\"connections\",\"for\":\"10s\"}");
	ws_open_path(&ws, f, path);
	assert_false(ws.upgraded);
	assert_true(ws.eof);
	ws_close(&ws);
	advance(f, 10000);
	ws_open_path(&ws, f, path);
	assert_true(ws.upgraded);
	ws_close(&ws);
}

static void test_eleventh_connection(void **state)
{
	struct fixture *f = *state;
	struct ws ws[11];
	autojson cJSON *message = NULL;

	for (int i = 0; i < 10; i++) {
		ws_ready(&ws[i], f);
	}
	ws_open(&ws[10], f);
	message = ws_message(&ws[10]);
	assert_string_equal(json_str(message, "type"), "disconnect");
	assert_string_equal(json_str(message, "reason"), "too_many_websockets");
	ws_close(&ws[0]);
	ws_close(&ws[10]);
	ws_ready(&ws[0], f);
	for (int i = 0; i < 10; i++) {
		ws_close(&ws[i]);
	}
}

static void test_socket_mode_switched_off(void **state)
{
	struct fixture *f = *state;

	say(f, "knob", "{\"name\":\"socket_mode\",\"value\":false}");
	say(f, "knob", "{\"name\":\"socket_mode_error\",\"value\":\"forbidden_team\"}");
	request(f, "POST", "/api/apps.connections.open", f->app,
	        "application/x-www-form-urlencoded", "");
	assert_string_equal(json_str(f->reply, "error"), "forbidden_team");
}

/* ---- frames of the client ---- */

static void test_pings(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	struct ws_frame frame;

	ws_ready(&ws, f);
	advance(f, 9999);
	assert_false(ws_frame(&ws, &frame));
	advance(f, 1);
	assert_true(ws_frame(&ws, &frame));
	assert_int_equal(frame.opcode, WS_PING);
	assert_true(frame.payload.n > 18 &&
	            memcmp(frame.payload.p, "Ping from applink-", 18) == 0);
	ws_send(&ws, WS_PONG, "x", 1);
	assert_true(json_bool(last_record(f, "pong", NULL, NULL), "beat", false));
	ws_send(&ws, WS_PING, "me:1.5", 6);
	assert_true(ws_frame(&ws, &frame));
	assert_int_equal(frame.opcode, WS_PONG);
	assert_true(str_is(frame.payload, "me:1.5; timestamp:1700000010000"));
	say(f, "knob", "{\"name\":\"pong_echo\",\"value\":true}");
	ws_send(&ws, WS_PING, "me", 2);
	assert_true(ws_frame(&ws, &frame));
	assert_true(str_is(frame.payload, "me"));
	char full[125];
	memset(full, 'x', sizeof(full));
	say(f, "knob", "{\"name\":\"pong_echo\",\"value\":false}");
	ws_send(&ws, WS_PING, full, sizeof(full));
	assert_true(ws_frame(&ws, &frame));
	assert_int_equal(frame.payload.n, 125);
	ws_close(&ws);
}

static void test_odd_frames(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autofree char *big = xcalloc(1, 20001);
	autojson cJSON *message = NULL;

	ws_ready(&ws, f);
	memset(big, ' ', 20000);
	memcpy(big, "{\"envelope_id\":\"x\"}", 19);
	ws_send(&ws, WS_TEXT, big, 20000);
	assert_string_equal(json_str(last_record(f, "ws", NULL, NULL), "ws"), "dropped");
	ws_send(&ws, WS_TEXT, big, 19999);
	assert_true(json_bool(last_record(f, "ack", NULL, NULL), "unknown", false));
	ws_send(&ws, WS_TEXT, "not json", 8);
	ws_send(&ws, WS_TEXT, "[]", 2);
	ws_send(&ws, WS_BINARY, "\x00\xff", 2);
	assert_int_equal(count_records(f, "ws", "ws", "unexpected"), 3);
	assert_int_equal(count_records(f, "ws", "ws", "closed"), 0);
	message = ws_message(&ws);
	assert_null(message);
	ws_close(&ws);
}

/* ---- ends ---- */

static void test_age(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	struct ws_frame frame;
	autojson cJSON *warning = NULL, *refresh = NULL;

	ws_ready(&ws, f);
	say(f, "knob", "{\"name\":\"ping_interval\",\"value\":0}");
	advance(f, (18060 - 10) * 1000 - 1);
	assert_null(ws_message(&ws));
	advance(f, 1);
	warning = ws_message(&ws);
	assert_string_equal(json_str(warning, "type"), "disconnect");
	assert_string_equal(json_str(warning, "reason"), "warning");
	advance(f, 10000);
	refresh = ws_message(&ws);
	assert_string_equal(json_str(refresh, "reason"), "refresh_requested");
	advance(f, 2000);
	assert_true(ws_frame(&ws, &frame));
	assert_int_equal(frame.opcode, WS_CLOSE);
	ws_send(&ws, WS_CLOSE, "\x03\xe8", 2);
	advance(f, 1000);
	assert_false(ws_frame(&ws, &frame));
	assert_false(ws.eof); /* Slack leaves the TCP connection to the client */
	advance(f, 60000);
	assert_false(ws_frame(&ws, &frame));
	assert_true(ws.eof);
	ws_close(&ws);
}

static void test_debug_reconnects(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autofree char *ticket = ticket_path(f);
	autofree char *path = xasprintf("%s&debug_reconnects=true", ticket);
	autojson cJSON *hello = NULL;

	ws_open_path(&ws, f, path);
	hello = ws_message(&ws);
	assert_int_equal(
	        json_int(hello, "debug_info.approximate_connection_time", 0), 360);
	ws_close(&ws);
}

static void test_client_closes(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	struct ws_frame frame;

	ws_ready(&ws, f);
	ws_send(&ws, WS_CLOSE, "\x03\xe8", 2);
	assert_true(ws_frame(&ws, &frame));
	assert_int_equal(frame.opcode, WS_CLOSE);
	assert_int_equal(count_records(f, "ws", "ws", "closed"), 1);
	advance(f, 100);
	assert_false(ws_frame(&ws, &frame));
	assert_false(ws.eof);
	ws_close(&ws);
	assert_int_equal(count_records(f, "ws", "ws", "closed"), 1);

	say(f, "knob", "{\"name\":\"leave_tcp_open\",\"value\":false}");
	ws_ready(&ws, f);
	ws_send(&ws, WS_CLOSE, "\x03\xe8", 2);
	assert_true(ws_frame(&ws, &frame));
	advance(f, 1);
	assert_false(ws_frame(&ws, &frame));
	assert_true(ws.eof);
	ws_close(&ws);
}

static void test_ways_to_disconnect(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *how;
		bool close_frame, eof;
	} cases[] = {{"close", true, true}, {"fin", false, true}, {"rst", false, true},
	        {"silence", false, false}, {"leave_open", true, false}};

	say_wrong(f, "disconnect", "{}");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *args = xasprintf(
		        "{\"reason\":\"link_disabled\",\"how\":\"%s\",\"after\":\"1s\"}",
		        cases[i].how);
		struct ws ws;
		struct ws_frame frame;
		autojson cJSON *message = NULL;

		ws_ready(&ws, f);
		say(f, "disconnect", args);
		message = ws_message(&ws);
		assert_string_equal(json_str(message, "reason"), "link_disabled");
		advance(f, 999);
		assert_false(ws_frame(&ws, &frame));
		assert_false(ws.eof);
		advance(f, 1);
		assert_int_equal(ws_frame(&ws, &frame), cases[i].close_frame);
		if (cases[i].close_frame) {
			ws_send(&ws, WS_CLOSE, "\x03\xe8", 2);
		}
		advance(f, 20000); /* a silent one does not ping either */
		assert_false(ws_frame(&ws, &frame));
		assert_int_equal(ws.eof, cases[i].eof);
		ws_close(&ws);
	}
}

/* What is sent to a half-open connection is lost, and comes again elsewhere. */
static void test_silence_loses_envelopes(void **state)
{
	struct fixture *f = *state;
	struct ws ws, next;
	autojson cJSON *envelope = NULL;

	invite_bot(f);
	ws_ready(&ws, f);
	say(f, "disconnect", "{\"conn\":1,\"reason\":\"none\",\"how\":\"silence\"}");
	say(f, "post", "{\"in\":\"general\",\"text\":\"into the void\"}");
	advance(f, 10);
	assert_null(ws_message(&ws));
	ws_close(&ws);
	ws_ready(&next, f);
	advance(f, 3000);
	envelope = ws_message(&next);
	assert_string_equal(json_str(envelope, "payload.event.text"), "into the void");
	assert_int_equal(json_int(envelope, "retry_attempt", -1), 1);
	ws_close(&next);
}

/* A connection that is gone goes on counting, and swallowing, if the knob says so. */
static void test_leaked_connection(void **state)
{
	struct fixture *f = *state;
	struct ws ws, next;
	autojson cJSON *hello = NULL, *later = NULL;

	say(f, "knob", "{\"name\":\"leak\",\"value\":\"60s\"}");
	ws_ready(&ws, f);
	ws_close(&ws);
	ws_open(&next, f);
	hello = ws_message(&next);
	assert_int_equal(json_int(hello, "num_connections", 0), 2);
	ws_close(&next);
	advance(f, 60000);
	ws_open(&next, f);
	later = ws_message(&next);
	assert_int_equal(json_int(later, "num_connections", 0), 1);
	ws_close(&next);
}

/* Destroyed with everything under way. */
static void test_destroyed_in_the_middle(void **state)
{
	struct fixture *f = *state;
	struct ws ws;

	invite_bot(f);
	ws_ready(&ws, f);
	say(f, "post", "{\"in\":\"general\",\"text\":\"x\"}");
	say(f, "disconnect", "{\"after\":\"5s\"}");
	say(f, "answer", "{\"call\":\"auth.test\",\"with\":{\"delay\":\"5s\"}}");
	start_request(f, "POST", "/api/auth.test", f->bot,
	        "application/x-www-form-urlencoded", "");
	loop_drain(f->loop);
	sim_slack_destroy(&f->sim);
	loop_drain(f->loop);
	ws_close(&ws);
	pump(f);
	assert_int_equal(f->status, 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(test_hello),
	        T(test_tickets),
	        T(test_refused_connections),
	        T(test_eleventh_connection),
	        T(test_socket_mode_switched_off),
	        T(test_pings),
	        T(test_odd_frames),
	        T(test_age),
	        T(test_debug_reconnects),
	        T(test_client_closes),
	        T(test_ways_to_disconnect),
	        T(test_silence_loses_envelopes),
	        T(test_leaked_connection),
	        T(test_destroyed_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
