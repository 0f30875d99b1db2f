#include "tests/unit/ws_peer.h"

/* ---- the handshake ---- */

static void test_handshake(void **state)
{
	struct told told = {0};

	(void)state;
	start_open(&told, (struct ws_client_options){0});
	assert_non_null(strstr(seen.request, "GET /link/?ticket=a%20b HTTP/1.1\r\n"));
	autofree char *host = xasprintf("\r\nHost: 127.0.0.1:%u\r\n", peer->port);
	assert_non_null(strstr(seen.request, host));
	assert_non_null(strstr(seen.request, "\r\nSec-WebSocket-Version: 13\r\n"));
	assert_null(strstr(seen.request, "Origin"));
	assert_null(strstr(seen.request, "Sec-WebSocket-Protocol"));
	assert_null(strstr(seen.request, "Sec-WebSocket-Extensions"));
	told_finish(&told);
}

static void test_refused_upgrade(void **state)
{
	static const struct {
		const char *answer;
		int code;
	} cases[] = {
	        {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", 403},
	        {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", 404},
	        {"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n",
	                401},
	        {"HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n",
	                302},
	        {"HTTP/1.1 503 Busy\r\nRetry-After: 3\r\n\r\n", 503},
	        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200},
	        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	         "Connection: Upgrade\r\nSec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
	                0},
	        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	         "Connection: Upgrade\r\n\r\n",
	                0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct told told = {0};
		refusal = cases[i].answer;
		start_with(&told, (struct ws_client_options){0});
		await_closed(&told);
		assert_int_equal(told.opens, 0);
		assert_int_equal(told.err.kind, ERR_RETRY);
		assert_int_equal(told.err.code, cases[i].code);
		assert_int_equal(peer->accepted, i + 1);
		told_finish(&told);
	}
}

static const char whole_refusal[] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

/* The server ends the connection after any part of an answer. */
static void test_every_prefix(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(whole_refusal) - 1; n++) {
		autofree char *part = xstrndup(whole_refusal, n);
		struct told told = {0};
		raw_stop(&peer);
		peer = raw_listen(loop, serve, NULL);
		refusal = part;
		conn = NULL;
		start_with(&told, (struct ws_client_options){0});
		for (int i = 0; i < 1000 && conn == NULL; i++) {
			raw_run_for(loop, 1);
		}
		assert_non_null(conn);
		if (n % 2 == 0) {
			raw_close(conn);
		} else {
			raw_reset(conn);
		}
		await_closed(&told);
		assert_int_equal(told.err.kind, ERR_RETRY);
		assert_int_equal(told.err.code, 0);
		told_finish(&told);
	}
}

static void test_no_connection(void **state)
{
	struct told told = {0};
	autofree char *url = xasprintf("ws://127.0.0.1:%u/", raw_closed_port(loop));
	autofree char *name = xasprintf("ws://localhost:%u/", raw_closed_port(loop));

	(void)state;
	for (int i = 0; i < 3; i++) {
		start_url(&told, i == 0 ? name : url, (struct ws_client_options){0});
		await_closed(&told);
		assert_int_equal(told.err.kind, ERR_RETRY);
		assert_int_equal(told.err.code, 0);
		told_finish(&told);
	}
}

/* libwebsockets waits for more; we do not, for ever. */
static void test_garbage(void **state)
{
	struct told told = {0};

	(void)state;
	refusal = "SSH-2.0-OpenSSH_9.2\r\n\r\n";
	start_with(&told, (struct ws_client_options){.connect_ms = 200});
	await_closed(&told);
	assert_int_equal(told.opens, 0);
	assert_int_equal(told.err.kind, ERR_RETRY);
	told_finish(&told);
}

static void serve_nothing(struct raw_conn *c, void *arg)
{
	(void)c;
	(void)arg;
}

static void test_connect_deadline(void **state)
{
	struct told told = {0};

	(void)state;
	peer->fn = serve_nothing;
	start_with(&told, (struct ws_client_options){.connect_ms = 50});
	await_closed(&told);
	assert_int_equal(told.err.kind, ERR_RETRY);
	assert_string_equal(told.err.msg, "no connection in time");
	told_finish(&told);
}

static void test_bad_urls(void **state)
{
	static const char *const urls[] = {
	        "",
	        "http://127.0.0.1/",
	        "ws:/127.0.0.1/",
	        "ws://",
	        "ws:///path",
	        "ws://:80/",
	        "ws://127.0.0.1:0/",
	        "ws://127.0.0.1:65536/",
	        "ws://127.0.0.1:/",
	        "ws://127.0.0.1:8o/",
	        "ws://user@127.0.0.1/",
	        "ws://user:secret@127.0.0.1/",
	        "ws://127.0.0.1/a b",
	        "ws://127.0.0.1/a\r\nX: y",
	        "ws://127.0.0.1/\xc3\xa4",
	        "ws://[::1/",
	        "ws://[]/",
	        "ws://[::1]x/",
	        "wss://[::1]/",
	};
	autofree char *long_path = xasprintf("ws://127.0.0.1/%02500d", 0);
	autofree char *long_host = xasprintf("ws://%0120d.test/", 0);

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]) + 2; i++) {
		struct told told = {0};
		const char *url = i < sizeof(urls) / sizeof(urls[0]) ? urls[i]
		                  : i % 2 == 0                       ? long_path
		                                                     : long_host;
		start_url(&told, url, (struct ws_client_options){0});
		await_closed(&told);
		assert_int_equal(told.err.kind, ERR_PERMANENT);
		told_finish(&told);
	}
}

/* A label of more than 63 characters: no name server need be asked. */
static void test_unknown_name(void **state)
{
	struct told told = {0};
	autofree char *url = xasprintf("ws://%070d.test/", 0);

	(void)state;
	start_url(&told, url, (struct ws_client_options){0});
	await_closed(&told);
	assert_int_equal(told.opens, 0);
	assert_true(told.err.kind == ERR_RETRY || told.err.kind == ERR_PERMANENT);
	told_finish(&told);
	start_url(&told, url, (struct ws_client_options){0});
	settle();
	told_finish(&told); /* with the question still open */
}

/* ---- messages ---- */

static void test_messages_both_ways(void **state)
{
	struct told told = {0};

	(void)state;
	start_with(&told, (struct ws_client_options){0});
	assert_false(ws_client_send(told.ws, str_from("too early")));
	assert_true(raw_run_until(loop, &told.open, GUARD_MS));
	for (int i = 0; i < 100; i++) {
		autofree char *text = xasprintf("message %d", i);
		send_text(text);
		assert_true(ws_client_send(told.ws, str_from(text)));
	}
	send_text("");
	assert_true(ws_client_send(told.ws, str_from("")));
	await_texts(&told, 101);
	await_seen(told.texts.len);
	assert_string_equal(buf_cstr(&told.texts), buf_cstr(&seen.texts));
	assert_non_null(strstr(buf_cstr(&told.texts), "[message 0][message 1]"));
	assert_non_null(strstr(buf_cstr(&told.texts), "[message 99][]"));
	told_finish(&told);
}

/* What comes in one piece with the end of the handshake is not lost. */
static void test_message_with_handshake(void **state)
{
	struct told told = {0};

	(void)state;
	start_with(&told, (struct ws_client_options){0});
	while (conn == NULL) {
		loop_turn(loop, true);
	}
	send_text("hello");
	send_text("again");
	await_texts(&told, 2);
	assert_string_equal(buf_cstr(&told.texts), "[hello][again]");
	told_finish(&told);
}

static void test_large_messages(void **state)
{
	static const size_t sizes[] = {
	        125, 126, 127, 65535, 65536, 65537, 131072, 1000000, 4 << 20};
	struct told told = {0};
	size_t total = 0;

	(void)state;
	start_open(&told, (struct ws_client_options){0});
	for (unsigned i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		autofree char *text = xmalloc(sizes[i] + 1);
		memset(text, 'a' + (int)i, sizes[i]);
		text[sizes[i]] = '\0';
		send_text(text);
		await_texts(&told, i + 1);
		assert_memory_equal(told.texts.data + total + 1, text, sizes[i]);
		total += sizes[i] + 2;
		assert_int_equal(told.texts.len, total);
		if (sizes[i] <= 1 << 20) {
			assert_true(ws_client_send(told.ws, str_from(text)));
			await_seen(total);
			assert_memory_equal(seen.texts.data, told.texts.data, total);
		}
	}
	told_finish(&told);
}

/* "h\u00e4llo" in every division into three fragments, with a ping between, byte by byte.
 */
static void test_fragments(void **state)
{
	static const char text[] = "h\xc3\xa4llo";
	const size_t n = sizeof(text) - 1;
	struct told told = {0};
	unsigned count = 0;

	(void)state;
	start_open(&told, (struct ws_client_options){.max_message_bytes = 6});
	for (size_t i = 0; i <= n; i++) {
		for (size_t j = i; j <= n; j++) {
			struct buf out;
			buf_init(&out, 1000);
			ws_frame_encode(
			        &out, false, WS_TEXT, (struct str){text, i}, NULL);
			ws_frame_encode(&out, true, WS_PING, str_from("p"), NULL);
			ws_frame_encode(&out, false, WS_CONTINUATION,
			        (struct str){text + i, j - i}, NULL);
			ws_frame_encode(&out, true, WS_PONG, str_from(""), NULL);
			ws_frame_encode(&out, true, WS_CONTINUATION,
			        (struct str){text + j, n - j}, NULL);
			for (size_t k = 0; k < out.len; k++) {
				raw_send(conn, out.data + k, 1);
				loop_turn(loop, false);
			}
			buf_finish(&out);
			await_texts(&told, ++count);
			assert_string_equal(buf_cstr(&told.texts) + (count - 1) * (n + 2),
			        "[h\xc3\xa4llo]");
		}
	}
	raw_run_for(loop, 20);
	assert_true(seen.pongs > 0);
	told_finish(&told);
}

static void test_binary_ignored(void **state)
{
	struct told told = {0};

	(void)state;
	start_open(&told, (struct ws_client_options){.max_message_bytes = 10});
	send_text("one");
	send_frame(true, WS_BINARY, "\xff\x00", 2);
	send_frame(false, WS_BINARY, "0123456789", 10);
	send_frame(true, WS_CONTINUATION, "0123456789", 10);
	send_text("two");
	await_texts(&told, 2);
	assert_string_equal(buf_cstr(&told.texts), "[one][two]");
	told_finish(&told);
}

/* ---- what the server may not send ---- */

static void test_too_long(void **state)
{
	static const char filler[2000] = "";
	static const char gigantic[] = "\x81\x7f\x00\x00\x7f\xff\xff\xff\xff\xff";

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct told told = {0};
		start_open(&told, (struct ws_client_options){.max_message_bytes = 1000});
		send_frame(true, WS_TEXT, filler, 1000);
		await_texts(&told, 1);
		if (i == 0) {
			send_frame(true, WS_TEXT, filler, 1001);
		} else if (i == 1) {
			send_frame(false, WS_TEXT, filler, 1000);
			send_frame(true, WS_CONTINUATION, filler, 1);
		} else if (i == 2) {
			for (int j = 0; j < 1001; j++) {
				send_frame(false, j == 0 ? WS_TEXT : WS_CONTINUATION, "x",
				        1);
			}
		} else {
			raw_send(conn, gigantic, 10);
			for (int j = 0; j < 40; j++) {
				raw_send(conn, filler, sizeof(filler));
			}
		}
		for (int j = 0; j < 1000 && seen.closes == 0; j++) {
			raw_run_for(loop, 1);
		}
		assert_int_equal(seen.close_code, 1009);
		await_closed(&told);
		assert_int_equal(told.err.kind, ERR_RETRY);
		assert_int_equal(told.err.code, 1009);
		assert_int_equal(told.text_count, 1);
		told_finish(&told);
		seen.closes = 0;
	}
}

static void test_bad_utf8(void **state)
{
	static const char *const bad[] = {"\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80",
	        "\xf4\x90\x80\x80", "ab\x80"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct told told = {0};
		start_open(&told, (struct ws_client_options){0});
		if (i % 2 == 0) {
			send_text(bad[i]);
		} else {
			send_frame(false, WS_TEXT, bad[i], 1);
			send_frame(true, WS_CONTINUATION, bad[i] + 1, strlen(bad[i]) - 1);
		}
		await_closed(&told);
		assert_int_equal(told.err.code, 1007);
		assert_int_equal(seen.close_code, 1007);
		assert_int_equal(told.text_count, 0);
		told_finish(&told);
	}
}

static void test_broken_frames(void **state)
{
	static const struct str frames[] = {
	        {"\x83\x00", 2},           /* reserved opcode */
	        {"\x8b\x00", 2},           /* reserved control opcode */
	        {"\xc1\x01x", 3},          /* RSV1 with no extension */
	        {"\x09\x00", 2},           /* fragmented ping */
	        {"\x89\x7e\x00\x80", 4},   /* long ping */
	        {"\x80\x00", 2},           /* continuation of nothing */
	        {"\x01\x01x\x81\x01y", 6}, /* new message inside another */
	        {"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", 10}, /* negative length */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		struct told told = {0};
		start_open(&told, (struct ws_client_options){0});
		raw_send(conn, frames[i].p, frames[i].n);
		await_closed(&told);
		assert_int_equal(told.err.kind, ERR_RETRY);
		assert_int_equal(told.text_count, 0);
		told_finish(&told);
	}
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(test_handshake),
	        CASE(test_refused_upgrade),
	        CASE(test_garbage),
	        CASE(test_every_prefix),
	        CASE(test_no_connection),
	        CASE(test_connect_deadline),
	        CASE(test_bad_urls),
	        CASE(test_unknown_name),
	        CASE(test_messages_both_ways),
	        CASE(test_message_with_handshake),
	        CASE(test_large_messages),
	        CASE(test_fragments),
	        CASE(test_binary_ignored),
	        CASE(test_too_long),
	        CASE(test_bad_utf8),
	        CASE(test_broken_frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
