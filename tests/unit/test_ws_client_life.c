#include "tests/unit/ws_peer.h"

#include <uv.h>

/* ---- the peer ends it ---- */

static void test_close_codes(void **state)
{
	static const struct {
		int sent; /* -1: none */
		int told;
	} cases[] = {
	        {1000, 1000},
	        {1001, 1001},
	        {1011, 1011},
	        {3000, 3000},
	        {4999, 4999},
	        {-1, 0},
	        /* libwebsockets 4.1.6 takes these for errors of protocol. */
	        {1012, 1002},
	        {999, 1002},
	        {1005, 1002},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct told told = {0};
		answer_close = close_after = false;
		start_open(&told, (struct ws_client_options){0});
		send_text("last words");
		send_close(cases[i].sent);
		send_text("too late");
		await_closed(&told);
		assert_int_equal(told.err.kind, ERR_RETRY);
		assert_int_equal(told.err.code, cases[i].told);
		assert_string_equal(buf_cstr(&told.texts), "[last words]");
		assert_int_equal(seen.closes, 1);
		assert_int_equal(
		        seen.close_code, cases[i].sent == -1 ? -1 : cases[i].told);
		assert_true(seen.ended);
		assert_false(ws_client_send(told.ws, str_from("x")));
		ws_client_close(told.ws, 1000);
		raw_run_for(loop, 10);
		assert_int_equal(told.closes, 1);
		told_finish(&told);
		seen.closes = 0;
	}
}

static void test_lost(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct told told = {0};
		start_open(&told, (struct ws_client_options){0});
		if (i >= 2) {
			raw_send(conn, "\x81\x7e", 2); /* in the middle of a frame */
		}
		if (i % 2 == 0) {
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

/* ---- we end it ---- */

static void test_close(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct told told = {0};
		answer_close = i < 2;
		close_after =
		        i != 1; /* 1: as Slack does, the TCP connection stays open */
		seen.closes = 0;
		buf_clear(&seen.texts);
		start_open(&told, (struct ws_client_options){0});
		ws_client_send(told.ws, str_from("a"));
		ws_client_send(told.ws, str_from("b"));
		ws_client_close(told.ws, 1001);
		ws_client_close(told.ws, 1002);
		assert_false(ws_client_send(told.ws, str_from("c")));
		assert_int_equal(told.closes, 0);
		await_closed(&told);
		assert_int_equal(told.err.kind, ERR_CANCELLED);
		assert_int_equal(told.err.code, i < 2 ? 1001 : 0);
		assert_int_equal(seen.closes, 1);
		assert_int_equal(seen.close_code, 1001);
		assert_string_equal(buf_cstr(&seen.texts), "[a][b]");
		told_finish(&told);
	}
}

static void use_virtual_clock(void)
{
	struct err err = ERR_INIT;

	ws_context_destroy(&context);
	settle();
	loop_use_virtual_clock(loop, 0);
	context = ws_context_create(loop, NULL, &err);
}

/* Connects on the virtual clock. */
static void open_virtually(struct told *told, struct ws_client_options opts)
{
	start_with(told, opts);
	for (int i = 0; i < 1000 && !told->open; i++) {
		loop_turn(loop, false);
	}
	assert_true(told->open);
	settle();
}

static void advance_to(int64_t ms)
{
	loop_advance_to_us(loop, ms * 1000);
	settle();
}

/* The server does not answer the close frame: two seconds, and it is over all the same.
 */
static void test_close_unanswered(void **state)
{
	struct told told = {0};

	(void)state;
	use_virtual_clock();
	answer_close = close_after = false;
	open_virtually(&told, (struct ws_client_options){0});
	ws_client_close(told.ws, 1000);
	settle();
	assert_int_equal(seen.close_code, 1000);
	send_text("unheard");
	settle();
	advance_to(1999);
	assert_int_equal(told.closes, 0);
	advance_to(2000);
	assert_int_equal(told.closes, 1);
	assert_int_equal(told.err.kind, ERR_CANCELLED);
	assert_int_equal(told.text_count, 0);
	assert_true(seen.ended);
	told_finish(&told);
}

static void test_close_before_open(void **state)
{
	(void)state;
	for (int turns = 0; turns < 8; turns++) {
		struct told told = {0};
		start_with(&told, (struct ws_client_options){0});
		for (int i = 0; i < turns; i++) {
			loop_turn(loop, false);
		}
		bool was_open = told.open;
		ws_client_close(told.ws, 1000);
		assert_int_equal(told.closes, 0);
		await_closed(&told);
		assert_int_equal(told.err.kind, ERR_CANCELLED);
		assert_int_equal(told.open, was_open);
		told_finish(&told);
	}
}

/* ---- signs of life ---- */

static void test_ping_after_quiet(void **state)
{
	struct told told = {0};

	(void)state;
	use_virtual_clock();
	open_virtually(&told, (struct ws_client_options){0});
	advance_to(19999);
	assert_int_equal(seen.pings, 0);
	advance_to(20000);
	assert_int_equal(seen.pings, 1);
	advance_to(30000);
	send_frame(true, WS_PONG, "", 0);
	settle();
	advance_to(49999);
	assert_int_equal(seen.pings, 1);
	assert_int_equal(told.closes, 0);
	advance_to(50000); /* 20 s after the pong */
	assert_int_equal(seen.pings, 2);
	advance_to(79999);
	assert_int_equal(told.closes, 0);
	advance_to(80000); /* 50 s after it */
	assert_int_equal(told.closes, 1);
	assert_int_equal(told.err.kind, ERR_RETRY);
	assert_int_equal(told.err.code, 0);
	assert_true(seen.ended);
	told_finish(&told);
}

/* Each of these every 15 seconds makes a ping of ours needless. */
static void test_signs_of_life(void **state)
{
	(void)state;
	use_virtual_clock();
	int64_t now_ms = 0;
	for (int kind = 0; kind < 4; kind++) {
		struct told told = {0};
		seen.pings = 0;
		open_virtually(&told, (struct ws_client_options){0});
		if (kind == 3) {
			send_frame(false, WS_TEXT, "", 0);
			raw_send(conn, "\x80\x7e\xff\xff", 4); /* a long frame begins */
		}
		for (int i = 0; i < 10; i++) {
			now_ms += 15000;
			advance_to(now_ms);
			if (kind == 0) {
				send_text("x");
			} else if (kind == 1) {
				send_frame(true, WS_PING, "", 0);
			} else if (kind == 2) {
				send_frame(true, WS_BINARY, "x", 1);
			} else {
				raw_send(conn, "x", 1);
			}
			settle();
		}
		if (kind == 3) {
			/* Noticed only when the time for a ping has come. */
			assert_true(seen.pings <= 1);
		} else {
			assert_int_equal(seen.pings, 0);
		}
		assert_int_equal(told.closes, 0);
		now_ms += 20000;
		advance_to(now_ms);
		told_finish(&told);
		settle();
	}
}

/* The exact moment counts, also for pings from the peer, of which libwebsockets says
 * nothing. */
static void test_ping_from_peer_is_exact(void **state)
{
	struct told told = {0};

	(void)state;
	use_virtual_clock();
	open_virtually(
	        &told, (struct ws_client_options){.quiet_ms = 1000, .silence_ms = 3000});
	advance_to(700);
	send_frame(true, WS_PING, "now", 3);
	settle();
	assert_int_equal(seen.pongs, 1);
	advance_to(1699);
	assert_int_equal(seen.pings, 0);
	advance_to(1700);
	assert_int_equal(seen.pings, 1);
	advance_to(3699);
	assert_int_equal(told.closes, 0);
	advance_to(3700);
	assert_int_equal(told.closes, 1);
	told_finish(&told);
}

/* A quiet time longer than the patience: no ping, but an end. */
static void test_silence_without_ping(void **state)
{
	struct told told = {0};

	(void)state;
	use_virtual_clock();
	open_virtually(
	        &told, (struct ws_client_options){.quiet_ms = 5000, .silence_ms = 3000});
	advance_to(2999);
	assert_int_equal(told.closes, 0);
	advance_to(3000);
	assert_int_equal(told.closes, 1);
	told_finish(&told);
}

/* libwebsockets' own validity checks (300 s) are out of the way, and five hours go by. */
static void test_long_life(void **state)
{
	struct told told = {0};

	(void)state;
	use_virtual_clock();
	open_virtually(&told, (struct ws_client_options){0});
	for (int i = 1; i <= 5 * 3600 / 10; i++) {
		loop_advance_to_us(loop, (int64_t)i * 10000000);
		send_frame(true, WS_PING, "", 0);
		for (int j = 0; j < 6; j++) {
			loop_turn(loop, false);
		}
	}
	settle();
	assert_int_equal(told.closes, 0);
	assert_int_equal(seen.pings, 0);
	send_text("still here");
	settle();
	assert_int_equal(told.text_count, 1);
	told_finish(&told);
}

/* ---- destroying ---- */

/* In each handler, itself or another client. */
static void test_destroy_in_handlers(void **state)
{
	static const char moments[] = "otc";

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct told one = {0};
		struct told other = {0};
		start_open(&other, (struct ws_client_options){0});
		one.victim = i < 3 ? &one.ws : &other.ws;
		one.victim_when = moments[i % 3];
		start_with(&one, (struct ws_client_options){0});
		for (int j = 0; j < 200 && *one.victim != NULL; j++) {
			raw_run_for(loop, 1);
			if (one.opens == 1 && one.text_count == 0) {
				send_text("a");
				send_text("b");
			} else if (one.text_count > 0) {
				send_close(1000);
			}
		}
		assert_null(*one.victim);
		seen.ended = false;
		raw_run_for(loop, 20);
		if (i == 0) {
			assert_int_equal(one.text_count + one.closes, 0);
		} else if (i == 1) {
			assert_int_equal(one.text_count, 1);
			assert_int_equal(one.closes, 0);
		}
		if (i >= 3) {
			assert_int_equal(other.closes, 0);
		}
		told_finish(&one);
		told_finish(&other);
	}
}

/* After any number of turns; the server sees the connection end. */
static void test_destroy_any_time(void **state)
{
	(void)state;
	for (int turns = 0; turns < 12; turns++) {
		struct told told = {0};
		start_with(&told, (struct ws_client_options){0});
		for (int i = 0; i < turns; i++) {
			loop_turn(loop, false);
			if (conn != NULL && conn->fd >= 0 && told.open) {
				send_text("x");
			}
		}
		ws_client_destroy(&told.ws);
		assert_null(told.ws);
		ws_client_destroy(&told.ws);
		unsigned events = told.opens + told.text_count + told.closes;
		raw_run_for(loop, 10);
		assert_int_equal(told.opens + told.text_count + told.closes, events);
		for (unsigned i = 0; i < peer->accepted; i++) {
			assert_true(peer->conns[i]->ended || peer->conns[i]->fd < 0);
		}
		told_finish(&told);
	}
}

/* Teardown with clients destroyed in the same breath, and with everything still in
 * flight. */
static void test_context_destroy(void **state)
{
	(void)state;
	for (int turns = 0; turns < 10; turns++) {
		struct told told[3] = {0};
		struct err err = ERR_INIT;
		for (int i = 0; i < 3; i++) {
			start_with(&told[i], (struct ws_client_options){0});
		}
		for (int i = 0; i < turns; i++) {
			loop_turn(loop, false);
		}
		for (int i = 0; i < 3; i++) {
			told_finish(&told[i]);
		}
		ws_context_destroy(&context);
		assert_null(context);
		if (turns % 2 == 0) {
			settle();
		}
		raw_stop(&peer);
		loop_destroy(&loop);
		loop = loop_create();
		context = ws_context_create(loop, NULL, &err);
		peer = raw_listen(loop, serve, NULL);
		conn = NULL;
	}
}

static void destroy_all(struct ws_client *ws, struct str text, void *arg)
{
	struct told *told = arg;

	(void)ws;
	(void)text;
	ws_client_destroy(&told->ws);
	ws_context_destroy(&context);
	told->closed = true;
}

static void test_context_destroy_in_handler(void **state)
{
	static const struct ws_client_handlers deadly = {on_open, destroy_all, on_closed};
	autofree char *url = xasprintf("ws://127.0.0.1:%u/", peer->port);
	struct ws_client_options opts = {.url = url};
	struct told told = {0};

	(void)state;
	told.ws = ws_client_start(context, &opts, &deadly, &told);
	assert_true(raw_run_until(loop, &told.open, GUARD_MS));
	send_text("go");
	send_text("on");
	assert_true(raw_run_until(loop, &told.closed, GUARD_MS));
	raw_run_for(loop, 20);
	assert_null(context);
	assert_int_equal(told.closes, 0);
}

static void count_handle(uv_handle_t *handle, void *arg)
{
	unsigned *count = arg;

	(void)handle;
	(*count)++;
}

static unsigned count_handles(void)
{
	unsigned count = 0;

	uv_walk(loop_uv(loop), count_handle, &count);
	return count;
}

/* Failed attempts leave no libuv handles, and the end of a context no closed descriptors
 * of others: both are faults of libwebsockets 4.1.6 that must not show. */
static void test_nothing_left_nothing_taken(void **state)
{
	autofree char *url = xasprintf("ws://127.0.0.1:%u/", raw_closed_port(loop));
	int fds[8];

	(void)state;
	raw_run_for(loop, 10);
	unsigned handles = count_handles();
	for (int i = 0; i < 6; i++) {
		struct told told = {0};
		/* Refused a little later; unreachable (a multicast address) at once. */
		start_url(&told, i % 2 == 0 ? url : "ws://224.0.0.1/",
		        (struct ws_client_options){0});
		await_closed(&told);
		told_finish(&told);
	}
	raw_run_for(loop, 10);
	assert_int_equal(count_handles(), handles);

	ws_context_destroy(&context);
	for (int i = 0; i < 8; i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		assert_true(fds[i] >= 0);
	}
	raw_run_for(loop, 10);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(close(fds[i]), 0);
	}
}

/* ---- limits ---- */

/* To a peer that does not read: a megabyte may wait here, no more, and the end is not
 * held up. */
static void test_queue_limit(void **state)
{
	static char filler[100000];
	struct told told = {0};
	unsigned sent = 0;

	(void)state;
	memset(filler, 'x', sizeof(filler));
	deaf = true;
	start_open(&told, (struct ws_client_options){0});
	for (int i = 0; i < 1000; i++) {
		if (ws_client_send(told.ws, (struct str){filler, sizeof(filler)})) {
			sent++;
		}
		loop_turn(loop, false);
	}
	assert_true(sent >= 10 && sent < 1000);
	assert_false(ws_client_send(told.ws, (struct str){filler, sizeof(filler)}));
	assert_int_equal(told.closes, 0);
	ws_client_destroy(&told.ws);
	raw_run_for(loop, 20);
	loop_io_set(conn->io, LOOP_READ);
	assert_true(raw_run_until(loop, &conn->ended, GUARD_MS));
	told_finish(&told);

	start_open(&told, (struct ws_client_options){0});
	autofree char *big = xcalloc(1, (1 << 20) + 2);
	memset(big, 'x', (1 << 20) + 1);
	assert_false(ws_client_send(told.ws, str_from(big)));
	big[1 << 20] = '\0';
	assert_true(ws_client_send(told.ws, str_from(big)));
	assert_false(ws_client_send(told.ws, str_from("x")));
	told_finish(&told);
}

static void test_many(void **state)
{
	struct told told[30] = {0};

	(void)state;
	for (int i = 0; i < 30; i++) {
		start_with(&told[i], (struct ws_client_options){0});
	}
	for (int i = 0; i < 30; i++) {
		assert_true(raw_run_until(loop, &told[i].open, GUARD_MS));
	}
	for (unsigned i = 0; i < peer->accepted; i++) {
		conn = peer->conns[i];
		send_text("hello");
	}
	for (int i = 0; i < 30; i++) {
		await_texts(&told[i], 1);
		told_finish(&told[i]);
	}
}

/* ---- TLS ---- */

static char ca_file[] = "/tmp/test_ws_client.XXXXXX";
static const char *tls_name;

static int begin_tls(void **state)
{
	struct err err = ERR_INIT;
	int fd = mkstemp(ca_file);

	assert_true(fd >= 0);
	close(fd);
	begin(state);
	raw_use_tls(peer, tls_name, ca_file);
	ws_context_destroy(&context);
	context = ws_context_create(loop, ca_file, &err);
	assert_non_null(context);
	return 0;
}

static int begin_tls_ip(void **state)
{
	tls_name = "127.0.0.1";
	return begin_tls(state);
}

static int begin_tls_localhost(void **state)
{
	tls_name = "localhost";
	return begin_tls(state);
}

static int end_tls(void **state)
{
	unlink(ca_file);
	memset(ca_file + sizeof(ca_file) - 7, 'X', 6);
	return end(state);
}

static void start_tls(struct told *told, const char *host)
{
	autofree char *url = xasprintf("wss://%s:%u/", host, peer->port);

	start_url(told, url, (struct ws_client_options){.connect_ms = 5000});
}

static void test_tls(void **state)
{
	static char filler[300000];
	struct told told = {0};

	(void)state;
	memset(filler, 'x', sizeof(filler) - 1);
	start_tls(&told, tls_name);
	assert_true(raw_run_until(loop, &told.open, GUARD_MS));
	for (int i = 0; i < 20; i++) {
		send_text("hello");
	}
	send_text(filler);
	send_text("end");
	assert_true(ws_client_send(told.ws, str_from(filler)));
	await_texts(&told, 22);
	await_seen(sizeof(filler) + 1);
	ws_client_close(told.ws, 1000);
	await_closed(&told);
	assert_int_equal(told.err.kind, ERR_CANCELLED);
	assert_int_equal(told.err.code, 1000);
	told_finish(&told);
}

static void test_tls_name(void **state)
{
	struct told told = {0};

	(void)state;
	start_tls(&told, "localhost");
	assert_true(raw_run_until(loop, &told.open, GUARD_MS));
	autofree char *host = xasprintf("\r\nHost: localhost:%u\r\n", peer->port);
	assert_non_null(strstr(seen.request, host));
	assert_string_equal(
	        SSL_get_servername(conn->ssl, TLSEXT_NAMETYPE_host_name), "localhost");
	told_finish(&told);
	start_tls(&told, "127.0.0.1"); /* not the certificate's name */
	await_closed(&told);
	assert_int_equal(told.opens, 0);
	assert_int_equal(told.err.kind, ERR_RETRY);
	told_finish(&told);
}

static void test_tls_untrusted(void **state)
{
	struct told told = {0};
	struct err err = ERR_INIT;

	(void)state;
	assert_null(ws_context_create(loop, "/nonexistent", &err));
	assert_int_equal(err.kind, ERR_PERMANENT);
	ws_context_destroy(&context);
	context = ws_context_create(loop, NULL, &err);
	start_tls(&told, tls_name);
	await_closed(&told);
	assert_int_equal(told.opens, 0);
	assert_int_equal(told.err.kind, ERR_RETRY);
	told_finish(&told);
}

/* The system's store, by the variable that OpenSSL asks first. */
static void test_tls_system(void **state)
{
	struct told told = {0};
	struct err err = ERR_INIT;

	(void)state;
	ws_context_destroy(&context);
	context = ws_context_create(loop, NULL, &err);
	setenv("SSL_CERT_FILE", ca_file, 1);
	for (int i = 0; i < 2; i++) {
		start_tls(&told, tls_name);
		assert_true(raw_run_until(loop, &told.open, GUARD_MS));
		told_finish(&told);
	}
	start_tls(&told, "127.0.0.1"); /* the name counts all the same */
	await_closed(&told);
	assert_int_equal(told.opens, 0);
	told_finish(&told);
	unsetenv("SSL_CERT_FILE");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(test_close_codes),
	        CASE(test_lost),
	        CASE(test_close),
	        CASE(test_close_unanswered),
	        CASE(test_close_before_open),
	        CASE(test_ping_after_quiet),
	        CASE(test_signs_of_life),
	        CASE(test_ping_from_peer_is_exact),
	        CASE(test_silence_without_ping),
	        CASE(test_long_life),
	        CASE(test_destroy_in_handlers),
	        CASE(test_destroy_any_time),
	        CASE(test_context_destroy),
	        CASE(test_context_destroy_in_handler),
	        CASE(test_nothing_left_nothing_taken),
	        CASE(test_queue_limit),
	        CASE(test_many),
	        cmocka_unit_test_setup_teardown(test_tls, begin_tls_ip, end_tls),
	        cmocka_unit_test_setup_teardown(
	                test_tls_name, begin_tls_localhost, end_tls),
	        cmocka_unit_test_setup_teardown(
	                test_tls_untrusted, begin_tls_ip, end_tls),
	        cmocka_unit_test_setup_teardown(
	                test_tls_system, begin_tls_localhost, end_tls),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
