/* Connections that have left HTTP. */
#include "tests/unit/http_fixture.h"

/* ---------------------------------------------------------------- leaving HTTP */

static void upgrade(struct fixture *f, struct peer *peer, const char *early)
{
	struct reply reply;
	autofree char *request =
	        xasprintf("GET /upgrade HTTP/1.1\r\nHost: a\r\n"
	                  "Connection: Upgrade\r\nUpgrade: raw\r\n\r\n%s",
	                early);

	connect_peer(f, peer);
	assert_true(peer_send(peer, request));
	read_reply(peer, &reply, false);
	assert_int_equal(reply.status, 101);
	autofree char *protocol = header_of(&reply, "Upgrade");
	autofree char *own = header_of(&reply, "X-Own");
	assert_string_equal(protocol, "raw");
	assert_string_equal(own, "yes");
	reply_free(&reply);
	loop_drain(f->loop);
	assert_non_null(f->stream);
}

static void test_stream_both_ways(void **state)
{
	struct fixture f;
	struct peer peer;

	(void)state;
	start(&f, NULL);
	upgrade(&f, &peer, "early");
	assert_string_equal(buf_cstr(&f.stream_in), "early");
	assert_true(peer_send(&peer, " late"));
	assert_true(http_stream_write(f.stream, str_from("one ")));
	assert_true(http_stream_write(f.stream, str_from("two")));
	assert_true(http_stream_flushed(f.stream));
	while (peer.in.len < 7) {
		pump(&peer);
	}
	loop_drain(f.loop);
	assert_string_equal(buf_cstr(&peer.in), "one two");
	assert_string_equal(buf_cstr(&f.stream_in), "early late");
	assert_false(loop_turn(f.loop, false));
	assert_int_equal(loop_next_due_us(f.loop), INT64_MAX);
	assert_int_equal(http_server_connections(f.server), 1);
	http_stream_close(&f.stream, HTTP_DROP_CLOSE);
	assert_null(f.stream);
	pump_until_end(&peer);
	assert_int_equal(peer.error, 0);
	peer_close(&peer);
	await_connections(&f, 0);
	stop(&f);
}

static void test_stream_peer_closes(void **state)
{
	struct fixture f;
	struct peer peer;

	(void)state;
	start(&f, NULL);
	upgrade(&f, &peer, "");
	peer_send(&peer, "last words");
	peer_close(&peer);
	loop_drain(f.loop);
	assert_string_equal(buf_cstr(&f.stream_in), "last words");
	assert_true(f.stream_ended);
	assert_false(loop_turn(f.loop, false));
	http_stream_write(f.stream, str_from("x"));
	http_stream_close(&f.stream, HTTP_DROP_CLOSE);
	await_connections(&f, 0);
	stop(&f);
}

static void test_stream_closes_in_its_own_callback(void **state)
{
	struct fixture f;
	struct peer peer;

	(void)state;
	start(&f, NULL);
	upgrade(&f, &peer, "");
	peer_send(&peer, "close yourself");
	pump_until_end(&peer);
	assert_int_equal(peer.error, 0);
	peer_close(&peer);
	upgrade(&f, &peer, "");
	peer_send(&peer, "reset yourself");
	pump_until_end(&peer);
	assert_int_equal(peer.error, ECONNRESET);
	peer_close(&peer);
	upgrade(&f, &peer, "");
	http_stream_close(&f.stream, HTTP_DROP_RESET);
	pump_until_end(&peer);
	assert_int_equal(peer.error, ECONNRESET);
	peer_close(&peer);
	await_connections(&f, 0);
	stop(&f);
}

static void test_stream_flushes_before_it_closes(void **state)
{
	enum { PART = 1024 * 1024, PARTS = 32 };
	struct fixture f;
	struct peer peer;
	char *part = xmalloc(PART);

	(void)state;
	start(&f, NULL);
	upgrade(&f, &peer, "");
	unsigned accepted = 0;
	for (int i = 0; i < 2 * PARTS; i++) {
		memset(part, 'a' + i % 26, PART);
		accepted += http_stream_write(f.stream, (struct str){part, PART}) ? 1 : 0;
	}
	assert_in_range(accepted, PARTS, 2 * PARTS - 1); /* the kernel took some */
	assert_false(http_stream_flushed(f.stream));
	http_stream_close(&f.stream, HTTP_DROP_CLOSE);
	assert_true(peer_send(&peer, "not read by anybody"));
	pump_until_end(&peer);
	assert_int_equal(peer.error, 0);
	assert_int_equal(peer.in.len, accepted * (size_t)PART);
	for (unsigned i = 0; i < accepted; i++) {
		memset(part, 'a' + (int)i % 26, PART);
		assert_memory_equal(peer.in.data + i * (size_t)PART, part, PART);
	}
	free(part);
	peer_close(&peer);
	await_connections(&f, 0);
	stop(&f);
}

static void test_stream_close_gives_up(void **state)
{
	enum { PART = 1024 * 1024 };
	struct fixture f;
	struct peer peer, other, third;
	char *part = xcalloc(1, PART);

	(void)state;
	start(&f, NULL);
	upgrade(&f, &peer, "");
	while (http_stream_write(f.stream, (struct str){part, PART})) {
		continue;
	}
	free(part);
	http_stream_close(&f.stream, HTTP_DROP_CLOSE);
	upgrade(&f, &other, "");
	http_stream_close(&f.stream, HTTP_DROP_CLOSE); /* flushed; this peer stays */
	advance_s(&f, 9);
	assert_int_equal(http_server_connections(f.server), 2);
	advance_s(&f, 1);
	await_connections(&f, 0);
	upgrade(&f, &third, "");
	http_stream_close(&f.stream, HTTP_DROP_CLOSE);
	http_server_destroy(&f.server); /* does not wait for the peer */
	peer_close(&peer);
	peer_close(&other);
	peer_close(&third);
	stop(&f);
}

static void test_upgrade_of_a_gone_client(void **state)
{
	struct fixture f;
	struct peer peer;

	(void)state;
	start(&f, NULL);
	connect_peer(&f, &peer);
	hold_one(&f, &peer, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
	peer_reset(&peer);
	http_request_upgrade(f.held[0], "raw", handle_ready, &f);
	assert_int_equal(f.ready_calls, 0);
	await_connections(&f, 0);
	loop_drain(f.loop);
	assert_int_equal(f.ready_calls, 1);
	assert_null(f.stream);
	stop(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_stream_both_ways),
	        cmocka_unit_test(test_stream_peer_closes),
	        cmocka_unit_test(test_stream_closes_in_its_own_callback),
	        cmocka_unit_test(test_stream_flushes_before_it_closes),
	        cmocka_unit_test(test_stream_close_gives_up),
	        cmocka_unit_test(test_upgrade_of_a_gone_client),
	};
	return cmocka_run_group_tests(tests, warm_up, NULL);
}
