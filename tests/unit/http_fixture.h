/* http_fixture: an HTTP server for its tests, whose handler does what the path says. */
#ifndef TESTS_UNIT_HTTP_FIXTURE_H
#define TESTS_UNIT_HTTP_FIXTURE_H

#include "lib/http_server.h"
#include "lib/mem.h"
#include "tests/unit/byte_peer.h"

enum { MAX_HELD = 256 };

static const int64_t wall_ms_at_zero = 1700000000000; /* Tue, 14 Nov 2023 22:13:20 GMT */

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct http_request *held[MAX_HELD];
	unsigned held_count, handled;
	uint64_t last_id;
	struct http_stream *stream;
	unsigned ready_calls;
	struct buf stream_in;
	bool stream_ended;
	unsigned files_before;
};

/* What the handler says of a request is what most tests look at. */
static inline void reply_echo(struct http_request *req)
{
	struct str body = http_request_body(req);
	autofree char *text = xasprintf("%s %s|%s|%.*s", http_request_method(req),
	        http_request_path(req), http_request_query(req), (int)body.n,
	        body.n > 0 ? body.p : "");
	http_request_reply(req, 200, "text/plain", str_from(text));
}

static inline void handle_stream(struct str data, void *arg)
{
	struct fixture *f = arg;

	if (data.n == 0) {
		f->stream_ended = true;
		return;
	}
	buf_add_str(&f->stream_in, data);
	if (str_is(data, "close yourself")) {
		http_stream_close(&f->stream, HTTP_DROP_CLOSE);
	} else if (str_is(data, "reset yourself")) {
		http_stream_close(&f->stream, HTTP_DROP_RESET);
	}
}

static inline void handle_ready(struct http_stream *stream, void *arg)
{
	struct fixture *f = arg;

	f->ready_calls++;
	f->stream = stream;
	if (stream != NULL) {
		http_stream_on_data(stream, handle_stream, f);
	}
}

static inline void handle_request(struct http_request *req, void *arg)
{
	struct fixture *f = arg;
	const char *path = http_request_path(req);
	const struct str body = {"0123456789", 10};

	f->handled++;
	assert_true(http_request_id(req) > f->last_id);
	f->last_id = http_request_id(req);
	if (str_starts(path, "/hold")) {
		assert_true(f->held_count < MAX_HELD);
		f->held[f->held_count++] = req;
	} else if (str_equal(path, "/close")) {
		http_request_drop(req, HTTP_DROP_CLOSE);
	} else if (str_equal(path, "/reset")) {
		http_request_drop(req, HTTP_DROP_RESET);
	} else if (str_starts(path, "/cut/")) {
		http_request_reply_cut(req, 200, "text/plain", body,
		        strtoul(path + strlen("/cut/"), NULL, 10));
	} else if (str_equal(path, "/upgrade")) {
		http_request_add_header(req, "X-Own", "yes");
		http_request_upgrade(req, "raw", handle_ready, f);
	} else {
		reply_echo(req);
	}
}

static inline void start(struct fixture *f, const struct http_server_options *opts)
{
	struct err err = ERR_INIT;

	*f = (struct fixture){.files_before = count_open_files()};
	buf_init(&f->stream_in, 1024 * 1024);
	f->loop = loop_create();
	loop_use_virtual_clock(f->loop, wall_ms_at_zero);
	f->server = http_server_create(f->loop, opts, handle_request, f, &err);
	if (f->server == NULL) {
		fail_msg("%s", err.msg);
	}
}

/* Everything is given back, whatever state a test left it in. */
static inline void stop(struct fixture *f)
{
	http_server_destroy(&f->server);
	loop_destroy(&f->loop);
	buf_finish(&f->stream_in);
	assert_int_equal(count_open_files(), f->files_before);
}

static inline void connect_peer(struct fixture *f, struct peer *peer)
{
	peer_open(peer, f->loop, http_server_port(f->server));
}

static inline void await_held(struct fixture *f, unsigned count)
{
	while (f->held_count < count) {
		turn(f->loop);
	}
}

static inline void hold_one(struct fixture *f, struct peer *peer, const char *request)
{
	assert_true(peer_send(peer, request));
	await_held(f, f->held_count + 1);
}

/* Until the server knows of `count` connections. */
static inline void await_connections(struct fixture *f, unsigned count)
{
	while (http_server_connections(f->server) != count) {
		turn(f->loop);
	}
}

static inline void advance_s(struct fixture *f, int64_t seconds)
{
	loop_advance_to_us(f->loop, loop_now_us(f->loop) + seconds * 1000000);
	loop_drain(f->loop);
}

/* libuv opens some descriptors once and for good. */
static inline int warm_up(void **state)
{
	struct loop *loop = loop_create();

	(void)state;
	loop_destroy(&loop);
	return 0;
}

#endif
