#include "tests/unit/http_peer.h"

enum { MANY = 200 };

/* ---- a whole answer ---- */

static void answer_rich(struct raw_conn *conn, const char *request)
{
	(void)request;
	raw_puts(conn,
	        "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n"
	        "retry-after: 30\r\nX-Slack-Req-Id: abc\r\nX-Request-Id: other\r\n"
	        "Set-Cookie: a=b\r\nContent-Length: 5\r\n\r\na\tb\"c");
}

static void test_reply(void **state)
{
	struct result result;

	(void)state;
	answer = answer_rich;
	run_simple("GET", "/a?b=c", &result);
	assert_true(result.replied);
	assert_int_equal(result.status, 429);
	assert_int_equal(result.retry_after_ms, 30000);
	assert_string_equal(buf_cstr(&result.body), "a\tb\"c");
	assert_string_equal(result.type, "application/json");
	assert_string_equal(result.id, "abc");
	assert_non_null(strstr(last_request, "GET /a?b=c HTTP/1.1\r\n"));
	assert_non_null(strstr(last_request, "User-Agent: test/1\r\n"));
	result_finish(&result);
	run_simple("GET", "/", &result);
	assert_null(strstr(last_request, "Cookie"));
	result_finish(&result);
}

static void answer_redirect(struct raw_conn *conn, const char *request)
{
	(void)request;
	raw_puts(conn,
	        "HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n");
}

static void test_no_redirect(void **state)
{
	struct result result;

	(void)state;
	answer = answer_redirect;
	run_simple("GET", "/", &result);
	assert_int_equal(result.status, 302);
	assert_string_equal(result.type, "");
	assert_string_equal(result.id, "");
	assert_int_equal(requests, 1);
	result_finish(&result);
}

static const char *retry_after_value;

static void answer_retry_after(struct raw_conn *conn, const char *request)
{
	autofree char *text = xasprintf("HTTP/1.1 429 x\r\nRetry-After: %s\r\n"
	                                "Content-Length: 0\r\n\r\n",
	        retry_after_value);
	(void)request;
	raw_puts(conn, text);
}

static void test_retry_after(void **state)
{
	static const struct {
		const char *value;
		uint32_t ms;
	} cases[] = {
	        {"1", 1000},
	        {"0", 1},
	        {" 7 ", 7000},
	        {"3600", 3600000},
	        {"99999999", UINT32_MAX},
	        {"99999999999999999999999", 0},
	        {"-1", 0},
	        {"1.5", 0},
	        {"", 0},
	        {"Fri, 31 Dec 1999 23:59:59 GMT", 1},
	        {"Thu, 31 Dec 2099 23:59:59 GMT", UINT32_MAX},
	        {"soon", 0},
	        {"Fri, 99 Foo 1999", 0},
	};
	struct result result;

	(void)state;
	answer = answer_retry_after;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		retry_after_value = cases[i].value;
		run_simple("GET", "/", &result);
		assert_int_equal(result.retry_after_ms, cases[i].ms);
		result_finish(&result);
	}
}

/* ---- headers ---- */

static void answer_headers(struct raw_conn *conn, const char *request)
{
	(void)request;
	raw_puts(conn,
	        "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
	        "HTTP/1.1 200 OK\r\nX-OAuth-Scopes:\t a,b \t\r\nX-Two: first\r\n"
	        "x-two: second\r\nX-Empty:\r\nX-Colon: a:b\r\n"
	        "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: 1\r\n\r\n");
}

static void assert_headers(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	static const struct {
		const char *name, *value; /* NULL: absent */
	} cases[] = {
	        {"x-oauth-scopes", "a,b"},
	        {"X-OAuth-Scopes", "a,b"},
	        {"X-Two", "first"},
	        {"X-Empty", ""},
	        {"X-Colon", "a:b"},
	        {"X-OAuth", NULL},
	        {"X-OAuth-Scopes-", NULL},
	        {"", NULL},
	        {"HTTP/1.1 200 OK", NULL},
	        {"X-Early", NULL},
	        {"X-Late", NULL},
	};

	assert_int_equal(err->kind, ERR_NONE);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *value = http_reply_header(reply, cases[i].name);
		if (!str_equal(value, cases[i].value)) {
			fail_msg("%s is %s", cases[i].name,
			        value == NULL ? "absent" : value);
		}
	}
	*(bool *)arg = true;
}

static void test_reply_header(void **state)
{
	struct http_reply bare = {0};
	bool done = false;

	(void)state;
	answer = answer_headers;
	http_req_start(make("GET", "/"), assert_headers, &done);
	assert_true(raw_run_until(loop, &done, GUARD_MS));
	assert_null(http_reply_header(&bare, "Content-Type"));
}

/* ---- what a request looks like ---- */

static void test_methods(void **state)
{
	static const struct {
		const char *method;
		const char *type;
		const char *body; /* NULL: none */
		const char *must;
		const char *must_not;
	} cases[] = {
	        {"GET", NULL, NULL, "GET /p HTTP/1.1", "Content-Length"},
	        {"DELETE", NULL, NULL, "DELETE /p HTTP/1.1", "Content-Length"},
	        {"POST", NULL, NULL, "\r\nContent-Length: 0\r\n", "Content-Type"},
	        {"PUT", NULL, NULL, "\r\nContent-Length: 0\r\n", "Content-Type"},
	        {"PUT", "application/json", "", "\r\nContent-Length: 0\r\n", "Expect"},
	        {"PUT", "application/json", "{}", "\r\n\r\n{}", "Expect"},
	        {"POST", "text/x", "abc", "\r\nContent-Type: text/x\r\n", "urlencoded"},
	        {"POST", NULL, "abc", "\r\n\r\nabc", "Content-Type"},
	        {"DELETE", "text/x", "abc", "\r\nContent-Length: 3\r\n", "Expect"},
	        {"PATCH", NULL, "abc", "PATCH /p HTTP/1.1", "Expect"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct http_req *req = make(cases[i].method, "/p");
		struct result result;
		http_req_set_header(req, "Authorization", "Bearer x");
		http_req_set_header(req, "X-Empty", "");
		if (cases[i].body != NULL) {
			http_req_set_body(req, cases[i].type, str_from(cases[i].body));
		}
		run(req, &result);
		assert_int_equal(result.status, 200);
		assert_non_null(strstr(last_request, "\r\nAuthorization: Bearer x\r\n"));
		assert_non_null(strstr(last_request, "\r\nX-Empty:\r\n"));
		assert_non_null(strstr(last_request, cases[i].must));
		assert_null(strstr(last_request, cases[i].must_not));
		result_finish(&result);
	}
}

static void answer_head(struct raw_conn *conn, const char *request)
{
	(void)request;
	raw_puts(conn, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
}

static void test_head(void **state)
{
	struct result result;

	(void)state;
	answer = answer_head;
	run_simple("HEAD", "/", &result);
	assert_int_equal(result.status, 200);
	assert_int_equal(result.body.len, 0);
	result_finish(&result);
}

static void test_path_as_it_is(void **state)
{
	struct result result;

	(void)state;
	run_simple("GET", "/a/../b/./c%2Fd/%21x%3Ae//", &result);
	assert_non_null(
	        strstr(last_request, "GET /a/../b/./c%2Fd/%21x%3Ae// HTTP/1.1\r\n"));
	result_finish(&result);
}

static struct buf echo;

static void answer_echo(struct raw_conn *conn, const char *request)
{
	const char *body = strstr(request, "\r\n\r\n") + 4;

	raw_puts(conn, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (size_t i = 0; i < 3000; i++) {
		autofree char *chunk = xasprintf("3e8\r\n%.1000s\r\n", body + i * 1000);
		raw_puts(conn, chunk);
	}
	raw_puts(conn, "0\r\nTrailer: x\r\n\r\n");
}

/* Three megabytes both ways: more than any socket buffer, and chunked on the way back. */
static void test_large(void **state)
{
	struct http_req *req = make("POST", "/");
	struct result result;

	(void)state;
	answer = answer_echo;
	buf_init(&echo, 4 << 20);
	for (unsigned i = 0; i < 300000; i++) {
		buf_printf(&echo, "%010u", i);
	}
	http_req_set_body(req, "text/plain", buf_str(&echo));
	run(req, &result);
	assert_int_equal(result.status, 200);
	assert_int_equal(result.body.len, echo.len);
	assert_memory_equal(result.body.data, echo.data, echo.len);
	assert_null(strcasestr(last_request, "\r\nExpect"));
	result_finish(&result);
	buf_finish(&echo);
}

static void answer_after_interim(struct raw_conn *conn, const char *request)
{
	raw_puts(conn, "HTTP/1.1 102 Processing\r\nRetry-After: 9\r\n\r\n");
	answer_ok(conn, request);
}

static void test_interim(void **state)
{
	struct result result;

	(void)state;
	answer = answer_after_interim;
	run_simple("POST", "/", &result);
	assert_int_equal(result.status, 200);
	assert_int_equal(result.retry_after_ms, 0);
	result_finish(&result);
}

/* ---- many ---- */

static unsigned open_conns(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < peer->accepted; i++) {
		n += peer->conns[i]->fd >= 0 ? 1 : 0;
	}
	return n;
}

static unsigned many_done;
static unsigned most_conns;

static void take_one_of_many(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	assert_non_null(reply);
	assert_int_equal(err->kind, ERR_NONE);
	if (open_conns() > most_conns) {
		most_conns = open_conns();
	}
	if (++many_done == MANY) {
		bool *done = arg;
		*done = true;
	}
}

static void test_many(void **state)
{
	bool done = false;

	(void)state;
	many_done = most_conns = 0;
	for (unsigned i = 0; i < MANY; i++) {
		http_req_start(make("POST", "/"), take_one_of_many, &done);
	}
	assert_true(raw_run_until(loop, &done, GUARD_MS));
	assert_int_equal(requests, MANY);
	assert_int_equal(peer->accepted, 8);
	assert_int_equal(most_conns, 8);
}

static void serve_silently(struct raw_conn *conn, void *arg)
{
	(void)conn;
	(void)arg;
}

/* A host that does not answer holds up its own requests and no others. */
static void test_hosts_apart(void **state)
{
	struct raw_peer *dead = raw_listen(loop, serve_silently, NULL);
	struct result stuck[20] = {0};
	struct result results[20] = {0};

	(void)state;
	for (size_t i = 0; i < 20; i++) {
		stuck[i].req = make_to("http", dead->port, "GET", "/");
		http_req_start(stuck[i].req, take, &stuck[i]);
	}
	for (size_t i = 0; i < 20; i++) {
		http_req_start(make("GET", "/"), take, &results[i]);
	}
	for (size_t i = 0; i < 20; i++) {
		assert_true(raw_run_until(loop, &results[i].done, GUARD_MS));
		result_finish(&results[i]);
	}
	for (size_t i = 0; i < 20; i++) {
		assert_int_equal(stuck[i].calls, 0);
		http_req_cancel(&stuck[i].req);
	}
	assert_int_equal(dead->accepted, 8);
	raw_stop(&dead);
}

static unsigned chain_left;

static void chain(const struct http_reply *reply, const struct err *err, void *arg)
{
	bool *done = arg;

	assert_non_null(reply);
	assert_int_equal(err->kind, ERR_NONE);
	if (chain_left-- == 0) {
		*done = true;
	} else {
		http_req_start(make("GET", "/"), chain, arg);
	}
}

static void test_start_in_done(void **state)
{
	bool done = false;

	(void)state;
	chain_left = 50;
	http_req_start(make("GET", "/"), chain, &done);
	assert_true(raw_run_until(loop, &done, GUARD_MS));
	assert_int_equal(requests, 51);
	assert_int_equal(peer->accepted, 1);
}

/* ---- proxies ---- */

static void test_no_proxy_for_loopback(void **state)
{
	struct result result;

	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	run_simple("GET", "/", &result);
	assert_int_equal(result.status, 200);
	result_finish(&result);
	unsetenv("ALL_PROXY");

	autofree char *proxy = xasprintf("http://127.0.0.1:%u", peer->port);
	setenv("http_proxy", proxy, 1);
	run(http_req_create(client, "GET", "http://slack.test/x"), &result);
	assert_int_equal(result.status, 200);
	assert_non_null(strstr(last_request, "GET http://slack.test/x HTTP/1.1\r\n"));
	result_finish(&result);
	unsetenv("http_proxy");
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        CASE(test_reply),
	        CASE(test_no_redirect),
	        CASE(test_retry_after),
	        CASE(test_reply_header),
	        CASE(test_methods),
	        CASE(test_head),
	        CASE(test_path_as_it_is),
	        CASE(test_large),
	        CASE(test_interim),
	        CASE(test_many),
	        CASE(test_hosts_apart),
	        CASE(test_start_in_done),
	        CASE(test_no_proxy_for_loopback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
