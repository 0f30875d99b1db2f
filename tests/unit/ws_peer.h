/* ws_peer: what the tests of ws_client share: a WebSocket server that does as the test
 * says, right or wrong, and a record of what the client's handlers were told. */
#ifndef TESTS_UNIT_WS_PEER_H
#define TESTS_UNIT_WS_PEER_H

#include "lib/ws_client.h"
#include "lib/ws_frame.h"

#include "tests/unit/raw_peer.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { GUARD_MS = 10000 };

static struct loop *loop;
static struct ws_context *context;
static struct raw_peer *peer;

/* ---- the server ---- */

struct peer_log {
	char *request;    /* of the last connection */
	struct buf texts; /* each message in brackets */
	unsigned pings;
	unsigned pongs;
	unsigned closes;
	int close_code; /* -1: none in the frame */
	bool ended;     /* the client closed the connection */
};
static struct peer_log seen;

static const char *refusal;   /* sent instead of 101 */
static bool deaf;             /* reads nothing after the handshake */
static bool answer_close;     /* with a close frame of the same code */
static bool close_after;      /* and closes then */
static struct raw_conn *conn; /* the last one, after its handshake */

static inline void send_frame(bool fin, uint8_t opcode, const char *data, size_t n)
{
	struct buf out;

	buf_init(&out, 64 << 20);
	assert_true(ws_frame_encode(&out, fin, opcode, (struct str){data, n}, NULL));
	raw_send(conn, out.data, out.len);
	buf_finish(&out);
}

static inline void send_text(const char *text)
{
	send_frame(true, WS_TEXT, text, strlen(text));
}

static inline void send_close(int code)
{
	const char payload[2] = {(char)(code >> 8), (char)code};

	send_frame(true, WS_CLOSE, payload, code >= 0 ? 2 : 0);
}

static inline void handshake(struct raw_conn *c)
{
	const char *text = buf_cstr(&c->in);
	const char *end = strstr(text, "\r\n\r\n");
	const char *key = strstr(text, "Sec-WebSocket-Key: ");

	if (end == NULL) {
		return;
	}
	free(seen.request);
	seen.request = xstrndup(text, (size_t)(end - text) + 4);
	conn = c;
	c->served = 1;
	if (refusal != NULL) {
		raw_puts(c, refusal);
	} else {
		assert_non_null(key);
		autofree char *nonce = xstrndup(key + 19, strcspn(key + 19, "\r"));
		autofree char *accept = ws_accept_key(nonce);
		autofree char *answer = xasprintf("HTTP/1.1 101 Switching Protocols\r\n"
		                                  "Upgrade: websocket\r\n"
		                                  "Connection: Upgrade\r\n"
		                                  "Sec-WebSocket-Accept: %s\r\n\r\n",
		        accept);
		raw_puts(c, answer);
	}
	buf_consume(&c->in, (size_t)(end - text) + 4);
	if (deaf) {
		loop_io_set(c->io, 0);
	}
}

static inline void take_frame(struct raw_conn *c, const struct ws_frame *frame)
{
	const unsigned char *p = (const unsigned char *)frame->payload.p;

	assert_true(frame->masked);
	if (frame->opcode == WS_TEXT) {
		buf_puts(&seen.texts, "[");
		buf_add_str(&seen.texts, frame->payload);
		buf_puts(&seen.texts, "]");
	} else if (frame->opcode == WS_PING) {
		seen.pings++;
	} else if (frame->opcode == WS_PONG) {
		seen.pongs++;
	} else if (frame->opcode == WS_CLOSE) {
		seen.closes++;
		seen.close_code = frame->payload.n < 2 ? -1 : p[0] << 8 | p[1];
		if (answer_close) {
			send_close(seen.close_code);
		}
		if (close_after) {
			raw_close(c);
		}
	}
}

static inline void serve(struct raw_conn *c, void *arg)
{
	struct ws_decoder decoder;
	struct ws_frame frame;
	struct err err;

	(void)arg;
	if (c->served == 0) {
		handshake(c);
	}
	if (c->served == 1 && c->fd >= 0) {
		/* What is left of an incomplete frame is fed again next time. */
		ws_decoder_init(&decoder, 8 << 20);
		ws_decoder_feed(&decoder, buf_str(&c->in));
		size_t whole = 0;
		while (ws_decoder_next(&decoder, &frame, &err) == WS_FRAME) {
			whole += frame.payload.n + 6 +
			         (frame.payload.n > 65535        ? 8
			                 : frame.payload.n > 125 ? 2
			                                         : 0);
			take_frame(c, &frame);
		}
		buf_consume(&c->in, whole);
		ws_decoder_finish(&decoder);
	}
	seen.ended = seen.ended || c->ended;
}

/* ---- the client's side ---- */

struct told {
	unsigned opens;
	struct buf texts; /* each in brackets */
	unsigned text_count;
	unsigned closes;
	bool open;
	bool closed;
	struct err err;
	struct ws_client *ws;
	struct ws_client **victim; /* destroyed in a handler */
	char victim_when;          /* 'o'pen, 't'ext or 'c'losed */
};

static inline void strike(struct told *told, char when)
{
	if (told->victim != NULL && told->victim_when == when) {
		ws_client_destroy(told->victim);
	}
}

static inline void on_open(struct ws_client *ws, void *arg)
{
	struct told *told = arg;

	assert_ptr_equal(ws, told->ws);
	told->opens++;
	told->open = true;
	strike(told, 'o');
}

static inline void on_text(struct ws_client *ws, struct str text, void *arg)
{
	struct told *told = arg;

	assert_ptr_equal(ws, told->ws);
	assert_int_equal(told->opens, 1);
	assert_int_equal(told->closes, 0);
	if (told->texts.cap == 0) {
		buf_init(&told->texts, 64 << 20);
	}
	told->text_count++;
	buf_puts(&told->texts, "[");
	buf_add_str(&told->texts, text);
	buf_puts(&told->texts, "]");
	strike(told, 't');
}

static inline void on_closed(struct ws_client *ws, const struct err *err, void *arg)
{
	struct told *told = arg;

	assert_ptr_equal(ws, told->ws);
	told->closes++;
	told->closed = true;
	told->err = *err;
	strike(told, 'c');
}

static const struct ws_client_handlers handlers = {on_open, on_text, on_closed};

static inline void start_url(
        struct told *told, const char *url, struct ws_client_options opts)
{
	opts.url = url;
	told->ws = ws_client_start(context, &opts, &handlers, told);
	assert_int_equal(told->opens + told->closes, 0);
}

static inline void start_with(struct told *told, struct ws_client_options opts)
{
	autofree char *url =
	        xasprintf("ws://127.0.0.1:%u/link/?ticket=a%%20b", peer->port);
	start_url(told, url, opts);
}

static inline void start_open(struct told *told, struct ws_client_options opts)
{
	start_with(told, opts);
	assert_true(raw_run_until(loop, &told->open, GUARD_MS));
}

static inline void settle(void)
{
	for (int i = 0; i < 20; i++) {
		loop_turn(loop, false);
	}
}

static inline void await_closed(struct told *told)
{
	assert_true(raw_run_until(loop, &told->closed, GUARD_MS));
	settle();
	assert_int_equal(told->closes, 1);
}

static inline void told_finish(struct told *told)
{
	ws_client_destroy(&told->ws);
	buf_finish(&told->texts);
	*told = (struct told){0};
}

/* Waits until so many messages have come to the client. */
static inline void await_texts(struct told *told, unsigned n)
{
	for (unsigned i = 0; i < 2000 && told->text_count < n && !told->closed; i++) {
		raw_run_for(loop, 1);
	}
	assert_int_equal(told->text_count, n);
}

/* Waits until the server has seen so many bytes of messages. */
static inline void await_seen(size_t n)
{
	for (unsigned i = 0; i < 2000 && seen.texts.len < n; i++) {
		raw_run_for(loop, 1);
	}
	assert_int_equal(seen.texts.len, n);
}

static inline int begin(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	loop = loop_create();
	context = ws_context_create(loop, NULL, &err);
	assert_non_null(context);
	peer = raw_listen(loop, serve, NULL);
	seen = (struct peer_log){.close_code = -2};
	buf_init(&seen.texts, 64 << 20);
	refusal = NULL;
	deaf = false;
	answer_close = close_after = true;
	conn = NULL;
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	ws_context_destroy(&context);
	raw_stop(&peer);
	free(seen.request);
	buf_finish(&seen.texts);
	loop_destroy(&loop);
	return 0;
}

#endif
