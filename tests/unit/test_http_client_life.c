#include "tests/unit/http_peer.h"

/* ---- cancelling ---- */

static void test_cancel(void **state)
{
	struct result result = {0};
	struct http_req *none = NULL;

	(void)state;
	http_req_cancel(&none);

	struct http_req *req = make("POST", "/");
	http_req_set_body(req, "a/b", str_from("x"));
	http_req_cancel(&req); /* never started */
	assert_null(req);

	for (int turns = 0; turns < 12; turns++) { /* at every stage of its life */
		answer = turns % 2 == 0 ? answer_nothing : answer_ok;
		req = make("POST", "/");
		http_req_start(req, take, &result);
		for (int i = 0; i < turns && result.calls == 0; i++) {
			loop_turn(loop, false);
		}
		if (result.calls == 0) {
			http_req_cancel(&req);
			assert_null(req);
			raw_run_for(loop, 5);
			assert_int_equal(result.calls, 0);
		}
		result_finish(&result);
	}

	req = http_req_create(client, "GET", "nonsense:");
	http_req_start(req, take, &result);
	http_req_cancel(&req);
	raw_run_for(loop, 5);
	assert_int_equal(result.calls, 0);
}

static void test_cancel_in_queue(void **state)
{
	struct result results[3] = {0};

	(void)state;
	http_client_destroy(&client);
	client = http_client_create(
	        loop, &(struct http_client_options){.max_per_host = 1});
	for (size_t i = 0; i < 3; i++) {
		results[i].req = make("GET", "/");
		http_req_start(results[i].req, take, &results[i]);
	}
	http_req_cancel(&results[1].req);
	assert_true(raw_run_until(loop, &results[2].done, GUARD_MS));
	assert_int_equal(results[0].calls, 1);
	assert_int_equal(results[1].calls, 0);
	assert_int_equal(requests, 2);
	result_finish(&results[0]);
	result_finish(&results[2]);
}

/* From a done(): its own request, where nothing happens, or the next, be that running,
 * finished in the same turn or waiting for a place. */
static void test_cancel_in_done(void **state)
{
	struct result results[24] = {0};

	(void)state;
	for (size_t i = 0; i < 24; i++) {
		results[i].req = make("GET", "/");
		results[i].cancels = i % 3 == 0 ? &results[i + 1].req : &results[i].req;
		http_req_start(results[i].req, take, &results[i]);
	}
	for (size_t i = 0; i < 24; i++) {
		if (i % 3 != 1) {
			assert_true(raw_run_until(loop, &results[i].done, GUARD_MS));
		}
	}
	raw_run_for(loop, 20);
	for (size_t i = 0; i < 24; i++) {
		assert_true(
		        results[i].calls == 1 || (i % 3 == 1 && results[i].calls == 0));
		result_finish(&results[i]);
	}
}

static void destroy_client(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	bool *done = arg;

	assert_non_null(reply);
	assert_int_equal(err->kind, ERR_NONE);
	assert_int_equal(reply->body.n, 2);
	http_client_destroy(&client);
	assert_memory_equal(reply->body.p, "ok", 2);
	*done = true;
}

static void test_destroy_in_done(void **state)
{
	bool done = false;

	(void)state;
	http_req_start(make("GET", "/"), destroy_client, &done);
	assert_true(raw_run_until(loop, &done, GUARD_MS));
}

/* ---- kept connections ---- */

static void test_reuse(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct result result;
		run_simple("POST", "/", &result);
		assert_int_equal(result.status, 200);
		result_finish(&result);
	}
	assert_int_equal(peer->accepted, 1);
}

/* The server closes between two requests: the second goes out on a new connection, once,
 * and what the old one had left to say is not taken for its answer. */
static void test_closed_while_idle(void **state)
{
	static const struct {
		const char *words;
		bool by_reset;
	} cases[] = {
	        {"", false},
	        {"", true},
	        {"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", false},
	        {"garbage", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct result result;
		requests = 0;
		run_simple("POST", "/", &result);
		assert_int_equal(result.status, 200);
		result_finish(&result);
		struct raw_conn *conn = peer->conns[peer->accepted - 1];
		raw_puts(conn, cases[i].words);
		if (cases[i].by_reset) {
			raw_reset(conn);
		} else {
			raw_close(conn);
		}
		run_simple("POST", "/", &result);
		assert_true(result.replied);
		assert_int_equal(result.status, 200);
		assert_int_equal(requests, 2);
		result_finish(&result);
	}
}

/* Several kept connections, all closed by the server: no request may be lost for it. */
static void test_all_closed_while_idle(void **state)
{
	struct result results[8] = {0};

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < 8; i++) {
			http_req_start(make("POST", "/"), take, &results[i]);
		}
		for (size_t i = 0; i < 8; i++) {
			assert_true(raw_run_until(loop, &results[i].done, GUARD_MS));
			assert_int_equal(results[i].status, 200);
			result_finish(&results[i]);
		}
		for (unsigned i = 0; i < peer->accepted; i++) {
			raw_close(peer->conns[i]);
		}
	}
	assert_int_equal(requests, 16);
	assert_int_equal(peer->accepted, 16);
}

static bool by_reset;

/* The second request on a connection is read, then the connection ends without an answer.
 */
static void answer_first_only(struct raw_conn *conn, const char *request)
{
	if (conn->served == 1) {
		answer_ok(conn, request);
	} else if (by_reset) {
		raw_reset(conn);
	} else {
		raw_close(conn);
	}
}

/* The heart of the matter: libcurl alone would send such a POST a second time. */
static void test_closed_on_the_way(void **state)
{
	static const struct {
		const char *method;
		bool by_reset;
		bool replied;
		unsigned requests;
	} cases[] = {
	        {"POST", false, false, 2},
	        {"POST", true, false, 2},
	        {"PUT", false, false, 2},
	        {"DELETE", false, false, 2},
	        {"GET", false, true, 3},
	        {"GET", true, true, 3},
	};

	(void)state;
	answer = answer_first_only;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct result result;
		raw_stop(&peer);
		peer = raw_listen(loop, serve, NULL);
		requests = 0;
		by_reset = cases[i].by_reset;
		run_simple(cases[i].method, "/", &result);
		assert_int_equal(result.status, 200);
		result_finish(&result);
		run_simple(cases[i].method, "/", &result);
		assert_int_equal(result.replied, cases[i].replied);
		assert_int_equal(
		        result.err.kind, cases[i].replied ? ERR_NONE : ERR_UNSURE);
		assert_int_equal(requests, cases[i].requests);
		result_finish(&result);
	}
}

/* ---- TLS ---- */

static char ca_file[] = "/tmp/test_http_client.XXXXXX";

static int begin_tls(void **state)
{
	int fd = mkstemp(ca_file);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	begin_with(&(struct http_client_options){.ca_file = ca_file});
	raw_use_tls(peer, "127.0.0.1", ca_file);
	return 0;
}

static int end_tls(void **state)
{
	unlink(ca_file);
	memset(ca_file + sizeof(ca_file) - 7, 'X', 6);
	return end(state);
}

static void test_tls(void **state)
{
	struct result result;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		run(make_to("https", peer->port, "POST", "/"), &result);
		assert_int_equal(result.status, 200);
		result_finish(&result);
	}
	assert_int_equal(peer->accepted, 1);
	/* An orderly close over TLS leaves a close_notify to be read. */
	raw_close(peer->conns[0]);
	run(make_to("https", peer->port, "POST", "/"), &result);
	assert_int_equal(result.status, 200);
	assert_int_equal(requests, 4);
	result_finish(&result);
	answer = answer_first_only;
	by_reset = false;
	run(make_to("https", peer->port, "POST", "/"), &result);
	assert_int_equal(result.err.kind, ERR_UNSURE);
	assert_int_equal(requests, 5);
}

static void test_tls_untrusted(void **state)
{
	static const char *const wrong[] = {"/nonexistent", NULL};
	struct result result;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		http_client_destroy(&client);
		client = http_client_create(
		        loop, &(struct http_client_options){.ca_file = wrong[i]});
		run(make_to("https", peer->port, "POST", "/"), &result);
		assert_int_equal(result.err.kind, ERR_RETRY);
		assert_int_equal(requests, 0);
	}
}

static void test_tls_wrong_name(void **state)
{
	autofree char *url = xasprintf("https://localhost:%u/", peer->port);
	struct result result;

	(void)state;
	run(http_req_create(client, "GET", url), &result);
	assert_int_equal(result.err.kind, ERR_RETRY);
	assert_int_equal(requests, 0);
}

static void garble(struct raw_conn *conn, void *arg)
{
	(void)arg;
	raw_puts(conn, "HTTP/1.1 400 this is no TLS\r\n\r\n");
	raw_close(conn);
}

static void test_tls_garbage(void **state)
{
	struct result result;

	(void)state;
	peer->fn = garble;
	run(make_to("https", peer->port, "POST", "/"), &result);
	assert_int_equal(result.err.kind, ERR_RETRY);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, begin, end)
#define TLS_CASE(fn) cmocka_unit_test_setup_teardown(fn, begin_tls, end_tls)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(test_cancel),
	        CASE(test_cancel_in_queue),
	        CASE(test_cancel_in_done),
	        CASE(test_destroy_in_done),
	        CASE(test_reuse),
	        CASE(test_closed_while_idle),
	        CASE(test_all_closed_while_idle),
	        CASE(test_closed_on_the_way),
	        TLS_CASE(test_tls),
	        TLS_CASE(test_tls_untrusted),
	        TLS_CASE(test_tls_wrong_name),
	        CASE(test_tls_garbage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
