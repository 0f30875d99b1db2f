#include "lib/mem.h"
#include "lib/ws_server.h"
#include "tests/unit/byte_peer.h"

enum { MAX_MESSAGE = 100000 };

/* Everything a connection tells its owner ends up in one text. */
struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct ws_conn *conn;
	struct buf told;
	bool destroy_in_open, destroy_in_text, destroy_in_gone, hold;
	struct http_request *held;
};

static void tell(struct fixture *f, const char *what, struct str data)
{
	if (data.n > 40) {
		buf_printf(&f->told, "%s(%zu bytes) ", what, data.n);
	} else {
		buf_printf(&f->told, "%s(%.*s) ", what, (int)data.n,
		        data.n > 0 ? data.p : "");
	}
}

static void handle_open(struct ws_conn *conn, void *arg)
{
	struct fixture *f = arg;

	(void)conn;
	tell(f, "open", str_from(""));
	if (f->destroy_in_open) {
		ws_conn_destroy(&f->conn, HTTP_DROP_CLOSE);
	}
}

static void handle_text(struct ws_conn *conn, struct str text, void *arg)
{
	struct fixture *f = arg;

	tell(f, "text", text);
	if (f->destroy_in_text) {
		ws_conn_text(conn, str_from("bye"));
		ws_conn_destroy(&f->conn, HTTP_DROP_CLOSE);
	}
}

static void handle_binary(struct ws_conn *conn, struct str data, void *arg)
{
	(void)conn;
	tell(arg, "binary", data);
}

static void handle_ping(struct ws_conn *conn, struct str payload, void *arg)
{
	tell(arg, "ping", payload);
	ws_conn_pong(conn, payload);
}

static void handle_pong(struct ws_conn *conn, struct str payload, void *arg)
{
	(void)conn;
	tell(arg, "pong", payload);
}

static void handle_close(
        struct ws_conn *conn, unsigned code, struct str reason, void *arg)
{
	struct fixture *f = arg;

	(void)conn;
	buf_printf(&f->told, "close(%u,%.*s) ", code, (int)reason.n,
	        reason.n > 0 ? reason.p : "");
}

static void handle_gone(struct ws_conn *conn, const char *why, void *arg)
{
	struct fixture *f = arg;

	(void)conn;
	tell(f, "gone", str_from(why));
	if (f->destroy_in_gone) {
		ws_conn_destroy(&f->conn, HTTP_DROP_CLOSE);
	}
}

static const struct ws_conn_handlers handlers = {
        .open = handle_open,
        .text = handle_text,
        .binary = handle_binary,
        .ping = handle_ping,
        .pong = handle_pong,
        .close = handle_close,
        .gone = handle_gone,
};

static void handle_request(struct http_request *req, void *arg)
{
	struct fixture *f = arg;

	if (f->hold) {
		f->held = req;
	} else {
		f->conn = ws_accept(req, &handlers, MAX_MESSAGE, f);
	}
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	buf_init(&f->told, 1024 * 1024);
	f->loop = loop_create();
	loop_use_virtual_clock(f->loop, 0);
	f->server = http_server_create(f->loop, NULL, handle_request, f, NULL);
	*state = f;
	return f->server == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	ws_conn_destroy(&f->conn, HTTP_DROP_CLOSE);
	http_server_destroy(&f->server);
	loop_destroy(&f->loop);
	buf_finish(&f->told);
	free(f);
	return 0;
}

static void open_socket(struct fixture *f, struct peer *peer)
{
	struct reply reply;

	peer_open(peer, f->loop, http_server_port(f->server));
	assert_true(peer_send(peer, "GET /link/?ticket=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
	                            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	                            "Sec-WebSocket-Version: 13\r\n\r\n"));
	read_reply(peer, &reply, false);
	assert_int_equal(reply.status, 101);
	autofree char *accept = header_of(&reply, "Sec-WebSocket-Accept");
	assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
	assert_null(header_of(&reply, "Sec-WebSocket-Extensions"));
	reply_free(&reply);
	loop_drain(f->loop);
}

static void send_frame(struct peer *peer, bool fin, uint8_t opcode, struct str payload)
{
	static const uint8_t mask[4] = {9, 8, 7, 200};
	struct buf frame;

	buf_init(&frame, payload.n + 14);
	assert_true(ws_frame_encode(&frame, fin, opcode, payload, mask));
	assert_true(peer_send_bytes(peer, frame.data, frame.len));
	buf_finish(&frame);
}

/* Exactly these bytes have come. */
static void expect_bytes(struct peer *peer, const char *bytes, size_t n)
{
	while (peer->in.len < n && !peer->ended) {
		pump(peer);
	}
	loop_drain(peer->loop);
	peer_take(peer);
	assert_int_equal(peer->in.len, n);
	assert_memory_equal(peer->in.data, bytes, n);
	buf_clear(&peer->in);
}

static void expect_told(struct fixture *f, const char *text)
{
	for (int i = 0; i < 1000 && f->told.len < strlen(text); i++) {
		turn(f->loop);
	}
	loop_drain(f->loop);
	assert_string_equal(buf_cstr(&f->told), text);
	buf_clear(&f->told);
}

static void await_no_connections(struct fixture *f)
{
	while (http_server_connections(f->server) > 0) {
		turn(f->loop);
	}
}

/* ---------------------------------------------------------------- handshake */

#define GET "GET / HTTP/1.1\r\n"
#define KEY_NAME "Sec-WebSocket-Key: "
#define KEY KEY_NAME "dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION_13 "Sec-WebSocket-Version: 13\r\n"
#define UPGRADE "Upgrade: websocket\r\nConnection: Upgrade\r\n"

static void test_handshakes(void **state)
{
	static const struct {
		const char *request;
		int status;
	} cases[] = {
	        {GET UPGRADE KEY VERSION_13, 101},
	        {GET "upgrade: h2c, WebSocket\r\nconnection: keep-alive, upgrade\r\n"
	             "Origin: https://api.slack.com\r\n"
	             "Sec-WebSocket-Extensions: permessage-deflate\r\n" KEY VERSION_13,
	                101},
	        {"POST / HTTP/1.1\r\n" UPGRADE KEY VERSION_13, 400},
	        {"GET / HTTP/1.0\r\n" UPGRADE KEY VERSION_13, 400},
	        {GET KEY VERSION_13, 400},
	        {GET "Upgrade: websocket\r\n" KEY VERSION_13, 400},
	        {GET "Connection: upgrade\r\n" KEY VERSION_13, 400},
	        {GET "Upgrade: websockets\r\nConnection: Upgrade\r\n" KEY VERSION_13,
	                400},
	        {GET "Upgrade: websocket\r\nConnection: upgraded\r\n" KEY VERSION_13,
	                400},
	        {GET UPGRADE KEY, 400},
	        {GET UPGRADE KEY "Sec-WebSocket-Version: 8\r\n", 400},
	        {GET UPGRADE VERSION_13, 400},
	        {GET UPGRADE VERSION_13 KEY_NAME "abc\r\n", 400},
	        {GET UPGRADE VERSION_13 KEY_NAME "dGhlIHNhbXBsZSBub25jZQ\r\n", 400},
	        {GET UPGRADE VERSION_13 KEY_NAME "dGhl!HNhbXBsZSBub25jZQ==\r\n", 400},
	        {GET UPGRADE VERSION_13 KEY_NAME "dGhlIHNhbXBsZSBub25jZSBhbmQ=\r\n", 400},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct peer peer;
		struct reply reply;
		autofree char *request =
		        xasprintf("%sHost: 127.0.0.1\r\n\r\n", cases[i].request);
		peer_open(&peer, f->loop, http_server_port(f->server));
		assert_true(peer_send(&peer, request));
		read_reply(&peer, &reply, cases[i].status != 101);
		assert_int_equal(reply.status, cases[i].status);
		assert_null(header_of(&reply, "Sec-WebSocket-Extensions"));
		if (cases[i].status == 101) {
			expect_told(f, "open() ");
			ws_conn_destroy(&f->conn, HTTP_DROP_CLOSE);
		} else {
			assert_null(f->conn);
		}
		reply_free(&reply);
		peer_close(&peer);
	}
	await_no_connections(f);
}

/* A handshake that the server has not looked at yet. */
static void hold_handshake(struct fixture *f, struct peer *peer)
{
	f->hold = true;
	f->held = NULL;
	peer_open(peer, f->loop, http_server_port(f->server));
	assert_true(peer_send(
	        peer, "GET / HTTP/1.1\r\nHost: a\r\n" UPGRADE KEY VERSION_13 "\r\n"));
	while (f->held == NULL) {
		turn(f->loop);
	}
}

static void test_gone_before_the_handshake_is_answered(void **state)
{
	struct fixture *f = *state;

	for (int destroyed = 0; destroyed < 2; destroyed++) {
		struct peer peer;
		hold_handshake(f, &peer);
		peer_reset(&peer);
		f->conn = ws_accept(f->held, &handlers, 0, f);
		assert_non_null(f->conn);
		assert_false(ws_conn_text(f->conn, str_from("x")));
		if (destroyed) {
			ws_conn_destroy(&f->conn, HTTP_DROP_CLOSE);
			await_no_connections(f);
			expect_told(f, "");
		} else {
			expect_told(f, "gone(gone before the handshake was answered) ");
			ws_conn_destroy(&f->conn, HTTP_DROP_CLOSE);
		}
	}
}

static void test_destroyed_before_open(void **state)
{
	struct fixture *f = *state;
	struct peer peer;

	for (int by_reset = 0; by_reset < 2; by_reset++) {
		hold_handshake(f, &peer);
		f->conn = ws_accept(f->held, &handlers, 0, f);
		ws_conn_destroy(&f->conn, by_reset ? HTTP_DROP_RESET : HTTP_DROP_CLOSE);
		pump_until_end(&peer);
		assert_int_equal(peer.error, by_reset ? ECONNRESET : 0);
		peer_close(&peer);
		await_no_connections(f);
	}
	expect_told(f, "");
}

/* ---------------------------------------------------------------- frames */

static void test_frames_both_ways(void **state)
{
	struct fixture *f = *state;
	struct peer peer;

	open_socket(f, &peer);
	expect_told(f, "open() ");
	send_frame(&peer, true, WS_TEXT, str_from("{\"a\":1}"));
	send_frame(&peer, true, WS_BINARY, str_from("raw"));
	send_frame(&peer, true, WS_PONG, str_from("p"));
	send_frame(&peer, true, WS_TEXT, str_from(""));
	expect_told(f, "text({\"a\":1}) binary(raw) pong(p) text() ");
	assert_true(ws_conn_text(f->conn, str_from("hi")));
	assert_true(ws_conn_ping(f->conn, str_from("Ping")));
	assert_true(ws_conn_pong(f->conn, str_from("")));
	expect_bytes(&peer, "\x81\x02hi\x89\x04Ping\x8a\x00", 12);
	send_frame(&peer, true, WS_PING, str_from("abc"));
	expect_bytes(&peer,
	        "\x8a\x03"
	        "abc",
	        5);
	expect_told(f, "ping(abc) ");
	assert_true(ws_conn_raw(f->conn, str_from("\xff\xff")));
	expect_bytes(&peer, "\xff\xff", 2);
	peer_close(&peer);
	expect_told(f, "gone(closed by the peer) ");
	ws_conn_destroy(&f->conn, HTTP_DROP_CLOSE);
	await_no_connections(f);
}

static void test_frames_sent_with_the_handshake(void **state)
{
	struct fixture *f = *state;
	struct peer peer;
	struct reply reply;

	peer_open(&peer, f->loop, http_server_port(f->server));
	assert_true(
	        peer_send(&peer, "GET / HTTP/1.1\r\nHost: a\r\n" UPGRADE KEY VERSION_13
	                         "\r\n\x81\x82\x01\x01\x01\x01hh\x8a"));
	read_reply(&peer, &reply, false);
	reply_free(&reply);
	expect_told(f, "open() text(ii) ");
	assert_true(peer_send(&peer, "\x81\x01\x01\x01\x01h"));
	expect_told(f, "pong(i) ");
	peer_close(&peer);
}

static void test_fragments(void **state)
{
	struct fixture *f = *state;
	struct peer peer;

	open_socket(f, &peer);
	buf_clear(&f->told);
	send_frame(&peer, false, WS_TEXT, str_from("sm\xc3")); /* cut within a letter */
	send_frame(&peer, true, WS_PING, str_from("between"));
	send_frame(&peer, false, WS_CONTINUATION, str_from("\xb6rg"));
	send_frame(&peer, false, WS_CONTINUATION, str_from(""));
	send_frame(&peer, true, WS_CONTINUATION, str_from("as"));
	send_frame(&peer, true, WS_TEXT, str_from("next"));
	expect_told(f, "ping(between) text(sm\xc3\xb6rgas) text(next) ");
	peer_close(&peer);
}

static void test_large_messages(void **state)
{
	struct fixture *f = *state;
	struct peer peer;
	char *data = xmalloc(MAX_MESSAGE);

	memset(data, 'd', MAX_MESSAGE);
	open_socket(f, &peer);
	buf_clear(&f->told);
	send_frame(&peer, true, WS_TEXT, (struct str){data, MAX_MESSAGE});
	expect_told(f, "text(100000 bytes) ");
	send_frame(&peer, false, WS_BINARY, (struct str){data, MAX_MESSAGE - 1});
	send_frame(&peer, true, WS_CONTINUATION, (struct str){data, 1});
	expect_told(f, "binary(100000 bytes) ");
	assert_true(ws_conn_text(f->conn, (struct str){data, MAX_MESSAGE}));
	while (peer.in.len < MAX_MESSAGE + 10) {
		pump(&peer);
	}
	assert_memory_equal(peer.in.data, "\x81\x7f\0\0\0\0\0\x01\x86\xa0", 10);
	free(data);
	peer_close(&peer);
}

/* Every byte of a conversation by itself. */
static void test_trickle(void **state)
{
	static const char bytes[] =
	        "\x01\x82\x01\x01\x01\x01hh\x80\x81\x01\x01\x01\x01h"
	        "\x89\x80\x01\x01\x01\x01\x88\x82\x01\x01\x01\x01\x02\xe9";
	struct fixture *f = *state;
	struct peer peer;

	open_socket(f, &peer);
	buf_clear(&f->told);
	for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
		assert_true(peer_send_bytes(&peer, bytes + i, 1));
		loop_drain(f->loop);
	}
	expect_told(f, "text(iii) ping() close(1000,) ");
	peer_close(&peer);
}

/* ---------------------------------------------------------------- endings */

static void test_close_frames(void **state)
{
	static const struct {
		struct str payload;
		const char *told;
	} cases[] = {
	        {{"", 0}, "close(0,) "},
	        {{"\x03\xe8", 2}, "close(1000,) "},
	        {{"\x03\xe9going", 7}, "close(1001,going) "},
	        {{"\x0b\xb8", 2}, "close(3000,) "},
	        {{"\x03", 1}, "gone(close frame of one byte) "},
	        {{"\x03\xe7", 2}, "gone(close code not to be sent) "},
	        {{"\x03\xed", 2}, "gone(close code not to be sent) "},
	        {{"\x13\x88", 2}, "gone(close code not to be sent) "},
	        {{"\x03\xe8\xff", 3}, "gone(close reason is not UTF-8) "},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct peer peer;
		open_socket(f, &peer);
		buf_clear(&f->told);
		send_frame(&peer, true, WS_CLOSE, cases[i].payload);
		send_frame(&peer, true, WS_TEXT, str_from("too late"));
		expect_told(f, cases[i].told);
		ws_conn_destroy(&f->conn, HTTP_DROP_CLOSE);
		peer_close(&peer);
	}
	await_no_connections(f);
}

static void test_we_close(void **state)
{
	struct fixture *f = *state;
	struct peer peer;
	char reason[201];

	memset(reason, 'r', 200);
	reason[200] = '\0';
	open_socket(f, &peer);
	buf_clear(&f->told);
	assert_true(ws_conn_close(f->conn, 1000, "done"));
	assert_false(ws_conn_text(f->conn, str_from("x")));
	assert_false(ws_conn_ping(f->conn, str_from("x")));
	assert_false(ws_conn_close(f->conn, 1000, "again"));
	assert_true(ws_conn_raw(f->conn, str_from("!")));
	expect_bytes(&peer,
	        "\x88\x06\x03\xe8"
	        "done!",
	        9);
	send_frame(&peer, true, WS_TEXT, str_from("crossed"));
	send_frame(&peer, true, WS_CLOSE, str_from("\x03\xe8"));
	expect_told(f, "text(crossed) close(1000,) ");
	ws_conn_destroy(&f->conn, HTTP_DROP_CLOSE);
	pump_until_end(&peer);
	assert_int_equal(peer.error, 0);
	peer_close(&peer);

	open_socket(f, &peer);
	assert_true(ws_conn_close(f->conn, 0, NULL));
	expect_bytes(&peer, "\x88\x00", 2);
	ws_conn_destroy(&f->conn, HTTP_DROP_RESET);
	pump_until_end(&peer);
	assert_int_equal(peer.error, ECONNRESET);
	peer_close(&peer);

	open_socket(f, &peer);
	assert_true(ws_conn_close(f->conn, 1001, reason)); /* cut to what a frame holds */
	while (peer.in.len < 127) {
		pump(&peer);
	}
	assert_memory_equal(peer.in.data, "\x88\x7d\x03\xe9rr", 6);
	peer_close(&peer);
}

static void test_protocol_errors(void **state)
{
	static const struct {
		struct str bytes;
		unsigned code;
		const char *why;
	} cases[] = {
	        {{"\x81\x02hi", 4}, 1002, "frame without a mask"},
	        {{"\xc1\x80\0\0\0\0", 6}, 1002, "reserved bit set"},
	        {{"\x83\x80\0\0\0\0", 6}, 1002, "reserved opcode 0x3"},
	        {{"\x09\x80\0\0\0\0", 6}, 1002, "fragmented control frame"},
	        {{"\x80\x80\0\0\0\0", 6}, 1002, "continuation of nothing"},
	        {{"\x01\x80\0\0\0\0\x81\x80\0\0\0\0", 12}, 1002,
	                "message inside a message"},
	        {{"\x81\x81\0\0\0\0\xff", 7}, 1007, "text is not UTF-8"},
	        {{"\x01\x81\0\0\0\0\xc3\x80\x81\0\0\0\0x", 14}, 1007,
	                "text is not UTF-8"},
	        {{"\x81\xff\0\0\0\0\0\x01\x86\xa1", 10}, 1009, "frame too long"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct peer peer;
		autofree char *told = xasprintf("gone(%s) ", cases[i].why);
		f->destroy_in_gone = i % 2 == 0;
		open_socket(f, &peer);
		buf_clear(&f->told);
		assert_true(peer_send_bytes(&peer, cases[i].bytes.p, cases[i].bytes.n));
		expect_told(f, told);
		while (peer.in.len < 4) {
			pump(&peer);
		}
		assert_int_equal((uint8_t)peer.in.data[0], 0x88);
		assert_int_equal((uint8_t)peer.in.data[2] << 8 | (uint8_t)peer.in.data[3],
		        cases[i].code);
		peer_send(&peer, "\x81\x80");
		loop_drain(f->loop);
		assert_true(f->destroy_in_gone == (f->conn == NULL));
		ws_conn_destroy(&f->conn, HTTP_DROP_CLOSE);
		pump_until_end(&peer);
		expect_told(f, "");
		peer_close(&peer);
	}
	await_no_connections(f);
}

static void test_fragments_over_the_cap(void **state)
{
	struct fixture *f = *state;
	struct peer peer;
	autofree char *data = xcalloc(1, MAX_MESSAGE);

	open_socket(f, &peer);
	buf_clear(&f->told);
	send_frame(&peer, false, WS_BINARY, (struct str){data, MAX_MESSAGE});
	send_frame(&peer, true, WS_CONTINUATION, str_from("1"));
	expect_told(f, "gone(message too long) ");
	peer_close(&peer);
}

static void test_destroy_in_handlers(void **state)
{
	struct fixture *f = *state;
	struct peer peer;

	f->destroy_in_text = true;
	open_socket(f, &peer);
	buf_clear(&f->told);
	send_frame(&peer, false, WS_TEXT, str_from("a"));
	send_frame(&peer, true, WS_CONTINUATION, str_from("b"));
	send_frame(&peer, true, WS_TEXT, str_from("c"));
	expect_told(f, "text(ab) ");
	assert_null(f->conn);
	expect_bytes(&peer,
	        "\x81\x03"
	        "bye",
	        5);
	pump_until_end(&peer);
	assert_int_equal(peer.error, 0);
	peer_close(&peer);
	f->destroy_in_open = true;
	open_socket(f, &peer);
	pump_until_end(&peer);
	expect_told(f, "open() ");
	peer_close(&peer);
	await_no_connections(f);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        TEST(test_handshakes),
	        TEST(test_gone_before_the_handshake_is_answered),
	        TEST(test_destroyed_before_open),
	        TEST(test_frames_both_ways),
	        TEST(test_frames_sent_with_the_handshake),
	        TEST(test_fragments),
	        TEST(test_large_messages),
	        TEST(test_trickle),
	        TEST(test_close_frames),
	        TEST(test_we_close),
	        TEST(test_protocol_errors),
	        TEST(test_fragments_over_the_cap),
	        TEST(test_destroy_in_handlers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
