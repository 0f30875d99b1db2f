#include "lib/http_client.h"
#include "lib/http_server.h"
#include "lib/json.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/tls_front.h"
#include "lib/ws_client.h"
#include "lib/ws_server.h"

/* cmocka's header needs these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BIG_BYTES = 3 * 1024 * 1024, TURNS_MAX = 200000 };

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct tls_front *front;
	struct ws_context *ws_context;
	char ca_path[64];
	bool done;
	int status;
	size_t body_bytes;
	enum err_kind kind;
	bool drop; /* the server ends connections instead of answering */
	struct ws_conn *conn;
	char heard[64];
	bool closed;
};

static void handle_ws_text(struct ws_conn *conn, struct str text, void *arg)
{
	(void)arg;
	ws_conn_text(conn, text);
}

static void handle_ws_gone(struct ws_conn *conn, const char *why, void *arg)
{
	struct fixture *f = arg;

	(void)conn;
	(void)why;
	ws_conn_destroy(&f->conn, HTTP_DROP_CLOSE);
}

static void handle_request(struct http_request *req, void *arg)
{
	static const struct ws_conn_handlers handlers = {
	        .text = handle_ws_text, .gone = handle_ws_gone};
	struct fixture *f = arg;

	if (f->drop) {
		http_request_drop(req, HTTP_DROP_RESET);
	} else if (strcmp(http_request_path(req), "/ws") == 0) {
		f->conn = ws_accept(req, &handlers, 0, f);
	} else {
		http_request_reply(req, 200, "text/plain", http_request_body(req));
	}
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct tls_front_options opts = {.names = "127.0.0.1,localhost"};
	struct err err = ERR_INIT;
	int fd;

	f->loop = loop_create();
	f->server = http_server_create(f->loop, NULL, handle_request, f, &err);
	opts.to_port = http_server_port(f->server);
	f->front = tls_front_create(f->loop, &opts, &err);
	assert_non_null(f->front);
	snprintf(f->ca_path, sizeof(f->ca_path), "/tmp/test-tls-XXXXXX");
	fd = mkstemp(f->ca_path);
	autofree char *pem = tls_authority_pem(tls_front_authority(f->front));
	assert_int_equal(write(fd, pem, strlen(pem)), (ssize_t)strlen(pem));
	close(fd);
	f->ws_context = ws_context_create(f->loop, f->ca_path, &err);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	ws_context_destroy(&f->ws_context);
	ws_conn_destroy(&f->conn, HTTP_DROP_RESET);
	tls_front_destroy(&f->front);
	http_server_destroy(&f->server);
	loop_drain(f->loop);
	loop_destroy(&f->loop);
	unlink(f->ca_path);
	free(f);
	return 0;
}

static void handle_done(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct fixture *f = arg;

	f->done = true;
	f->status = reply != NULL ? reply->status : 0;
	f->body_bytes = reply != NULL ? reply->body.n : 0;
	f->kind = err->kind;
}

static void post(struct fixture *f, const char *scheme, size_t bytes)
{
	autofree char *url = xasprintf(
	        "%s://127.0.0.1:%u/x", scheme, (unsigned)tls_front_port(f->front));
	autofree char *body = xcalloc(1, bytes + 1);
	/* One of its own, so that each request has a handshake of its own. */
	const struct http_client_options opts = {.ca_file = f->ca_path};
	struct http_client *http = http_client_create(f->loop, &opts);
	struct http_req *req = http_req_create(http, "POST", url);

	memset(body, 'x', bytes);
	f->done = false;
	http_req_set_body(req, "text/plain", (struct str){body, bytes});
	http_req_set_deadline(req, 3000);
	http_req_start(req, handle_done, f);
	for (int i = 0; i < TURNS_MAX && !f->done; i++) {
		loop_turn(f->loop, true);
	}
	assert_true(f->done);
	http_client_destroy(&http);
}

static void test_both_kinds_on_one_port(void **state)
{
	struct fixture *f = *state;

	post(f, "https", 5);
	assert_int_equal(f->status, 200);
	assert_int_equal(f->body_bytes, 5);
	post(f, "http", 5);
	assert_int_equal(f->status, 200);
	assert_int_equal(f->body_bytes, 5);
}

/* Larger than what is read at once, by far. */
static void test_big_bodies(void **state)
{
	struct fixture *f = *state;

	post(f, "https", BIG_BYTES);
	assert_int_equal(f->body_bytes, BIG_BYTES);
	post(f, "http", BIG_BYTES);
	assert_int_equal(f->body_bytes, BIG_BYTES);
}

static void test_reset_comes_through(void **state)
{
	struct fixture *f = *state;

	f->drop = true;
	post(f, "https", 5);
	assert_int_equal(f->status, 0);
	assert_int_equal(f->kind, ERR_UNSURE);
	f->drop = false;
	post(f, "https", 5);
	assert_int_equal(f->status, 200);
}

static void test_faults(void **state)
{
	static const struct {
		enum tls_fault fault;
		unsigned detail;
	} faults[] = {{TLS_FAULT_CERT, TLS_EXPIRED}, {TLS_FAULT_CERT, TLS_OTHER_NAME},
	        {TLS_FAULT_CERT, TLS_UNTRUSTED}, {TLS_FAULT_ALERT, 42},
	        {TLS_FAULT_RESET, 0}, {TLS_FAULT_CUT, 0}, {TLS_FAULT_CUT, 1},
	        {TLS_FAULT_CUT, 100}, {TLS_FAULT_SILENCE, 0}};
	struct fixture *f = *state;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		assert_true(tls_front_set_fault(
		        f->front, faults[i].fault, faults[i].detail, 1, &err));
		post(f, "https", 5);
		assert_int_equal(f->status, 0);
		assert_int_equal(f->kind, ERR_RETRY); /* nothing was sent */
		post(f, "https", 5);
		assert_int_equal(f->status, 200);
	}
}

static void handle_open(struct ws_client *ws, void *arg)
{
	(void)arg;
	ws_client_send(ws, str_from("through TLS"));
}

static void handle_text(struct ws_client *ws, struct str text, void *arg)
{
	struct fixture *f = arg;

	(void)ws;
	snprintf(f->heard, sizeof(f->heard), "%.*s", (int)text.n, text.p);
}

static void handle_closed(struct ws_client *ws, const struct err *err, void *arg)
{
	struct fixture *f = arg;

	(void)ws;
	(void)err;
	f->closed = true;
}

static void test_websocket(void **state)
{
	static const struct ws_client_handlers handlers = {
	        handle_open, handle_text, handle_closed};
	struct fixture *f = *state;
	autofree char *url =
	        xasprintf("wss://127.0.0.1:%u/ws", (unsigned)tls_front_port(f->front));
	const struct ws_client_options opts = {.url = url};
	struct ws_client *ws = ws_client_start(f->ws_context, &opts, &handlers, f);

	for (int i = 0; i < TURNS_MAX && f->heard[0] == '\0' && !f->closed; i++) {
		loop_turn(f->loop, true);
	}
	assert_string_equal(f->heard, "through TLS");
	ws_conn_destroy(&f->conn, HTTP_DROP_RESET);
	for (int i = 0; i < TURNS_MAX && !f->closed; i++) {
		loop_turn(f->loop, true);
	}
	assert_true(f->closed);
	ws_client_destroy(&ws);
}

static void handle_timer(void *arg)
{
	bool *fired = arg;

	*fired = true;
}

/* An hour in a hundredth of a second or little more: 3,600 s at 300,000 times. */
static void test_scaled_time(void **state)
{
	struct loop *loop = loop_create();
	int64_t wall_ms = loop_wall_ms(loop), now_ms = loop_now_ms(loop);
	struct timer timer;
	bool fired = false;

	(void)state;
	loop_scale_time(loop, 300000);
	timer_init(&timer, loop, handle_timer, &fired);
	timer_start(&timer, 3600 * 1000);
	while (!fired) {
		loop_turn(loop, true);
	}
	assert_true(loop_now_ms(loop) - now_ms >= 3600 * 1000);
	assert_true(loop_wall_ms(loop) - wall_ms >= 3600 * 1000);
	loop_destroy(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_both_kinds_on_one_port, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_big_bodies, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_reset_comes_through, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_websocket, setup, teardown),
	        cmocka_unit_test(test_scaled_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
