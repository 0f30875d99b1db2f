/* http_peer: what the tests of http_client share: a server that reads whole requests and
 * lets the test answer each, and a place for what done() was told. */
#ifndef TESTS_UNIT_HTTP_PEER_H
#define TESTS_UNIT_HTTP_PEER_H

#include "lib/http_client.h"

#include "tests/unit/raw_peer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { GUARD_MS = 10000 };

static struct loop *loop;
static struct http_client *client;
static struct raw_peer *peer;

/* ---- the server: reads whole requests and lets the test answer each ---- */

typedef void answer_fn(struct raw_conn *conn, const char *request);
static answer_fn *answer;
static unsigned requests;
static char *last_request; /* head and body */

static inline size_t request_length(struct raw_conn *conn)
{
	const char *text = buf_cstr(&conn->in);
	const char *end = strstr(text, "\r\n\r\n");
	const char *length = strcasestr(text, "\r\nContent-Length: ");

	if (end == NULL) {
		return 0;
	}
	size_t n = (size_t)(end - text) + 4;
	if (length != NULL && length < end) {
		n += (size_t)strtoul(length + 18, NULL, 10);
	}
	return n <= conn->in.len ? n : 0;
}

static inline void serve(struct raw_conn *conn, void *arg)
{
	size_t n;

	(void)arg;
	while (conn->fd >= 0 && (n = request_length(conn)) > 0) {
		free(last_request);
		last_request = xcalloc(1, n + 1);
		memcpy(last_request, conn->in.data, n);
		buf_consume(&conn->in, n);
		requests++;
		conn->served++;
		answer(conn, last_request);
	}
	if (conn->fd >= 0 && conn->ended) {
		raw_close(conn);
	}
}

static inline void answer_ok(struct raw_conn *conn, const char *request)
{
	(void)request;
	raw_puts(conn,
	        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok");
}

static inline void answer_nothing(struct raw_conn *conn, const char *request)
{
	(void)conn;
	(void)request;
}

/* ---- the client's side ---- */

struct result {
	unsigned calls;
	bool done;
	bool replied;
	int status;
	uint32_t retry_after_ms;
	struct buf body;
	char *type;
	char *id;
	struct err err;
	struct http_req *req;
	struct http_req **cancels; /* cancelled from done() */
};

static inline void take(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct result *result = arg;

	result->calls++;
	result->done = true;
	result->err = *err;
	result->replied = reply != NULL;
	assert_int_equal(reply != NULL, err->kind == ERR_NONE);
	if (reply != NULL) {
		result->status = reply->status;
		result->retry_after_ms = reply->retry_after_ms;
		buf_init(&result->body, 64 << 20);
		buf_add_str(&result->body, reply->body);
		str_replace(&result->type, reply->content_type);
		str_replace(&result->id, reply->request_id);
	}
	if (result->cancels != NULL) {
		http_req_cancel(result->cancels);
	}
}

static inline void result_finish(struct result *result)
{
	buf_finish(&result->body);
	free(result->type);
	free(result->id);
	*result = (struct result){0};
}

static inline struct http_req *make_to(
        const char *scheme, uint16_t port, const char *method, const char *path)
{
	autofree char *url = xasprintf("%s://127.0.0.1:%u%s", scheme, port, path);
	return http_req_create(client, method, url);
}

static inline struct http_req *make(const char *method, const char *path)
{
	return make_to("http", peer->port, method, path);
}

static inline void run(struct http_req *req, struct result *result)
{
	*result = (struct result){0};
	http_req_start(req, take, result);
	assert_int_equal(result->calls, 0);
	assert_true(raw_run_until(loop, &result->done, GUARD_MS));
	loop_drain(loop);
	assert_int_equal(result->calls, 1);
}

static inline void run_simple(const char *method, const char *path, struct result *result)
{
	run(make(method, path), result);
}

/* ---- set-up ---- */

static inline int begin_with(const struct http_client_options *opts)
{
	loop = loop_create();
	client = http_client_create(loop, opts);
	peer = raw_listen(loop, serve, NULL);
	answer = answer_ok;
	requests = 0;
	return 0;
}

static inline int begin(void **state)
{
	(void)state;
	return begin_with(&(struct http_client_options){.user_agent = "test/1"});
}

static inline int end(void **state)
{
	(void)state;
	http_client_destroy(&client);
	raw_stop(&peer);
	free(last_request);
	last_request = NULL;
	loop_destroy(&loop);
	return 0;
}

#endif
