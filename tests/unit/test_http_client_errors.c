#include "tests/unit/http_peer.h"

/* ---- refused before anything is sent ---- */

static void test_unfit_requests(void **state)
{
	static const struct {
		const char *method;
		const char *url;
		const char *name;
		const char *value;
		enum err_kind kind;
	} cases[] = {
	        {"GET", "", "A", "b", ERR_PERMANENT},
	        {"GET", "http://", "A", "b", ERR_PERMANENT},
	        {"GET", "ftp://127.0.0.1/", "A", "b", ERR_PERMANENT},
	        {"GET", "file:///etc/passwd", "A", "b", ERR_PERMANENT},
	        {"GET", "gopher://127.0.0.1/", "A", "b", ERR_PERMANENT},
	        {"GET", "http://127.0.0.1:99999/", "A", "b", ERR_PERMANENT},
	        {"GET", "http://127.0.0.1/ a", "A", "b", ERR_PERMANENT},
	        {"GET", "http://127.0.0.1/\r\nX: y", "A", "b", ERR_PERMANENT},
	        {"GET /x HTTP/1.1\r\nA", "http://127.0.0.1:1/", "A", "b", ERR_PERMANENT},
	        {"", "http://127.0.0.1:1/", "A", "b", ERR_PERMANENT},
	        {"GET", "http://127.0.0.1:1/", "A", "b\r\nC: d", ERR_PERMANENT},
	        {"GET", "http://127.0.0.1:1/", "A:", "b", ERR_PERMANENT},
	        {"GET", "http://127.0.0.1:1/", "", "b", ERR_PERMANENT},
	        /* A label of more than 63 characters: no name server need be asked. */
	        {"GET",
	                "http://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	                ".test/",
	                "A", "b", ERR_RETRY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_req *req =
		        http_req_create(client, cases[i].method, cases[i].url);
		struct result result;
		http_req_set_header(req, cases[i].name, cases[i].value);
		run(req, &result);
		assert_false(result.replied);
		assert_int_equal(result.err.kind, cases[i].kind);
		assert_true(result.err.msg[0] != '\0');
		result_finish(&result);
	}
}

static void test_refused(void **state)
{
	struct result result;

	(void)state;
	run(make_to("http", raw_closed_port(loop), "POST", "/"), &result);
	assert_int_equal(result.err.kind, ERR_RETRY);
	assert_string_equal(
	        result.err.msg, "cannot connect to 127.0.0.1: Connection refused");
}

/* ---- bad answers ---- */

static const char *bad_answer;
static bool bad_by_reset;

static void answer_bad(struct raw_conn *conn, const char *request)
{
	(void)request;
	raw_puts(conn, bad_answer);
	if (bad_by_reset) {
		raw_reset(conn);
	} else {
		raw_close(conn);
	}
}

static void test_bad_answers(void **state)
{
	static const struct {
		const char *answer;
		bool by_reset;
		enum err_kind kind;
	} cases[] = {
	        {"", false, ERR_UNSURE},
	        {"", true, ERR_UNSURE},
	        {"HTTP/1.1 200 OK\r\nContent-Le", false, ERR_UNSURE},
	        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", false, ERR_UNSURE},
	        {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", true, ERR_UNSURE},
	        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", false,
	                ERR_UNSURE},
	        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
	                false, ERR_UNSURE},
	        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n",
	                false, ERR_UNSURE},
	        {"SSH-2.0-OpenSSH_9.2\r\n", false, ERR_UNSURE},
	        {"<html>what?</html>", false, ERR_UNSURE},
	};

	(void)state;
	answer = answer_bad;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct result result;
		bad_answer = cases[i].answer;
		bad_by_reset = cases[i].by_reset;
		requests = 0;
		run_simple("POST", "/", &result);
		assert_false(result.replied);
		assert_int_equal(result.err.kind, cases[i].kind);
		assert_int_equal(requests, 1);
		result_finish(&result);
	}
}

static const char whole_answer[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc";

/* Cut anywhere, an answer is no answer. */
static void test_every_prefix(void **state)
{
	(void)state;
	answer = answer_bad;
	for (size_t n = 0; n < sizeof(whole_answer) - 1; n++) {
		autofree char *part = xstrndup(whole_answer, n);
		struct result result;
		raw_stop(&peer);
		peer = raw_listen(loop, serve, NULL);
		bad_answer = part;
		bad_by_reset = false;
		run_simple("POST", "/", &result);
		assert_false(result.replied);
		assert_int_equal(result.err.kind, ERR_UNSURE);
		result_finish(&result);
	}
}

static struct raw_conn *slow_conn;
static size_t slow_sent;
static struct timer slow_timer;

static void handle_slow(void *arg)
{
	(void)arg;
	raw_send(slow_conn, whole_answer + slow_sent, 1);
	slow_sent++;
	if (whole_answer[slow_sent] != '\0') {
		timer_start(&slow_timer, 0);
	}
}

static void answer_slowly(struct raw_conn *conn, const char *request)
{
	(void)request;
	slow_conn = conn;
	slow_sent = 0;
	timer_init(&slow_timer, loop, handle_slow, NULL);
	timer_start(&slow_timer, 0);
}

static void test_byte_by_byte(void **state)
{
	struct result result;

	(void)state;
	answer = answer_slowly;
	run_simple("GET", "/", &result);
	assert_int_equal(result.status, 200);
	assert_string_equal(buf_cstr(&result.body), "abc");
	result_finish(&result);
}

static size_t flood_bytes;

static void answer_flood(struct raw_conn *conn, const char *request)
{
	autofree char *filler = xcalloc(1, flood_bytes + 1);

	(void)request;
	memset(filler, 'x', flood_bytes);
	raw_puts(conn, bad_answer);
	raw_puts(conn, filler);
	if (bad_by_reset) {
		raw_reset(conn);
	}
}

static void test_too_large(void **state)
{
	static const struct {
		const char *head;
		size_t bytes;
		bool fits;
	} cases[] = {
	        {"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", 1000, true},
	        {"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", 1, false},
	        {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n", 1, false},
	        {"HTTP/1.1 200 OK\r\n\r\n", 1001, false},
	        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n", 5000,
	                false},
	        {"HTTP/1.1 200 OK\r\nX: ", 90000, false}, /* one endless header */
	};

	(void)state;
	answer = answer_flood;
	bad_by_reset = false;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_req *req = make("POST", "/");
		struct result result;
		bad_answer = cases[i].head;
		flood_bytes = cases[i].bytes;
		if (i == 5) {
			flood_bytes = 2 << 20;
		}
		http_req_set_max_reply(req, 1000);
		run(req, &result);
		assert_int_equal(result.replied, cases[i].fits);
		if (i == 5) {
			assert_true(result.err.kind != ERR_RETRY);
		} else if (!cases[i].fits) {
			assert_int_equal(result.err.kind, ERR_PERMANENT);
		}
		result_finish(&result);
	}
}

static void answer_many_headers(struct raw_conn *conn, const char *request)
{
	(void)request;
	raw_puts(conn, "HTTP/1.1 200 OK\r\n");
	for (unsigned i = 0; i < 20000; i++) {
		raw_puts(conn, "X-Header: twenty bytes of text\r\n");
	}
}

static void test_many_headers(void **state)
{
	struct result result;

	(void)state;
	answer = answer_many_headers;
	run_simple("GET", "/", &result);
	assert_int_equal(result.err.kind, ERR_PERMANENT);
}

/* What was received before a reset counts, however much of it was still unread then. */
static void test_reset_after_answer(void **state)
{
	struct result result;

	(void)state;
	answer = answer_flood;
	bad_answer = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
	flood_bytes = 100000;
	bad_by_reset = true;
	run_simple("POST", "/", &result);
	if (result.replied) {
		assert_int_equal(result.body.len, 100000);
	} else {
		assert_int_equal(result.err.kind, ERR_UNSURE);
		assert_string_not_equal(result.err.msg, "no answer within 30000 ms");
	}
	result_finish(&result);
}

/* ---- deadlines ---- */

static void test_deadline_after_sending(void **state)
{
	struct http_req *req = make("POST", "/");
	struct result result;

	(void)state;
	answer = answer_nothing;
	http_req_set_deadline(req, 50);
	run(req, &result);
	assert_int_equal(result.err.kind, ERR_UNSURE);
	assert_string_equal(result.err.msg, "no answer within 50 ms");
	assert_int_equal(requests, 1);
}

static void swallow(struct raw_conn *conn, void *arg)
{
	(void)arg;
	buf_clear(&conn->in);
}

/* In the TLS handshake nothing of the request has left. */
static void test_deadline_before_sending(void **state)
{
	struct http_req *req = make_to("https", peer->port, "POST", "/");
	struct result result;

	(void)state;
	peer->fn = swallow;
	http_req_set_deadline(req, 50);
	run(req, &result);
	assert_int_equal(result.err.kind, ERR_RETRY);
	assert_string_equal(result.err.msg, "no connection within 50 ms");
}

/* On the virtual clock: not a microsecond before, not a turn later. */
static void test_deadline_virtual(void **state)
{
	struct result results[3] = {0};

	(void)state;
	http_client_destroy(&client);
	loop_use_virtual_clock(loop, 0);
	client = http_client_create(
	        loop, &(struct http_client_options){.max_per_host = 2});
	answer = answer_nothing;
	for (size_t i = 0; i < 3; i++) {
		struct http_req *req = make("POST", "/");
		http_req_set_deadline(req, 30000 + (uint32_t)i);
		http_req_start(req, take, &results[i]);
	}
	for (unsigned i = 0; i < 100 && requests < 2; i++) {
		loop_turn(loop, false);
	}
	loop_drain(loop);
	assert_int_equal(requests, 2);
	loop_advance_to_us(loop, 29999999);
	loop_drain(loop);
	assert_int_equal(results[0].calls, 0);
	loop_advance_to_us(loop, 30000000);
	loop_drain(loop);
	assert_int_equal(results[0].calls, 1);
	assert_int_equal(results[0].err.kind, ERR_UNSURE);
	assert_int_equal(results[1].calls, 0);
	assert_int_equal(requests, 3); /* the place was taken at once */
	loop_advance_to_us(loop, 30002000);
	loop_drain(loop);
	assert_int_equal(results[1].calls, 1);
	assert_int_equal(results[2].calls, 1);
	assert_int_equal(results[2].err.kind, ERR_UNSURE);
}

static void test_deadline_in_queue(void **state)
{
	struct result first = {0};
	struct result second;
	struct http_req *req;

	(void)state;
	http_client_destroy(&client);
	client = http_client_create(
	        loop, &(struct http_client_options){.max_per_host = 1});
	answer = answer_nothing;
	first.req = make("POST", "/1");
	http_req_start(first.req, take, &first);
	req = make("POST", "/2");
	http_req_set_deadline(req, 50);
	run(req, &second);
	assert_int_equal(second.err.kind, ERR_RETRY);
	assert_int_equal(requests, 1);
	http_req_cancel(&first.req);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(test_unfit_requests),
	        CASE(test_refused),
	        CASE(test_bad_answers),
	        CASE(test_every_prefix),
	        CASE(test_byte_by_byte),
	        CASE(test_too_large),
	        CASE(test_many_headers),
	        CASE(test_reset_after_answer),
	        CASE(test_deadline_after_sending),
	        CASE(test_deadline_before_sending),
	        CASE(test_deadline_virtual),
	        CASE(test_deadline_in_queue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
