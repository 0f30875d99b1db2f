#include "lib/ws_server.h"

#include "lib/mem.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	CLOSE_PROTOCOL_ERROR = 1002,
	CLOSE_NOT_UTF8 = 1007,
	CLOSE_TOO_BIG = 1009,
	MAX_CONTROL_BYTES = 125,
	MAX_FRAME_HEAD_BYTES = 14,
	DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024 * 1024,
};

struct ws_conn {
	const struct ws_conn_handlers *handlers;
	void *arg;
	struct http_stream *stream; /* NULL before open and after the end */
	struct ws_decoder decoder;
	struct buf message;  /* fragments so far */
	uint8_t opcode;      /* of the message begun; 0: none */
	unsigned busy;       /* calls into the owner under way: do not free */
	bool pending;        /* the upgrade has not come about yet */
	bool close_sent;     /* no more frames from us (RFC 6455, 5.5.1) */
	bool close_received; /* what comes after it is not looked at */
	bool gone;           /* the owner knows it is over */
	bool destroyed;
	enum http_drop how; /* destroyed while pending: end it like this */
};

/* ---------------------------------------------------------------- handshake */

static const char key_letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 16 bytes in base64: 22 letters and the padding. */
static bool is_key(const char *key)
{
	return key != NULL && strspn(key, key_letters) == 22 &&
	       strcmp(key + 22, "==") == 0;
}

static bool has_token(const char *list, const char *token)
{
	size_t n = strlen(token);

	while (list != NULL && *list != '\0') {
		list += strspn(list, ", \t");
		size_t length = strcspn(list, ", \t");
		if (length == n && strncasecmp(list, token, n) == 0) {
			return true;
		}
		list += length;
	}
	return false;
}

static const char *handshake_fault(const struct http_request *req)
{
	const char *version = http_request_header(req, "Sec-WebSocket-Version");

	if (strcmp(http_request_method(req), "GET") != 0) {
		return "method is not GET";
	}
	if (strcmp(http_request_version(req), "HTTP/1.1") != 0) {
		return "not HTTP/1.1";
	}
	if (!has_token(http_request_header(req, "Upgrade"), "websocket")) {
		return "no Upgrade: websocket";
	}
	if (!has_token(http_request_header(req, "Connection"), "upgrade")) {
		return "no Connection: Upgrade";
	}
	if (version == NULL || strcmp(version, "13") != 0) {
		return "Sec-WebSocket-Version is not 13";
	}
	if (!is_key(http_request_header(req, "Sec-WebSocket-Key"))) {
		return "bad Sec-WebSocket-Key";
	}
	return NULL;
}

/* ---------------------------------------------------------------- sending */

static bool send_frame(struct ws_conn *conn, uint8_t opcode, struct str payload)
{
	struct buf frame;
	bool ok = false;

	if (conn->stream == NULL || conn->close_sent) {
		return false;
	}
	if (opcode >= WS_CLOSE && payload.n > MAX_CONTROL_BYTES) {
		return false;
	}
	buf_init(&frame, payload.n + MAX_FRAME_HEAD_BYTES);
	if (ws_frame_encode(&frame, true, opcode, payload, NULL)) {
		ok = http_stream_write(conn->stream, buf_str(&frame));
	}
	buf_finish(&frame);
	return ok;
}

bool ws_conn_text(struct ws_conn *conn, struct str text)
{
	return send_frame(conn, WS_TEXT, text);
}

bool ws_conn_ping(struct ws_conn *conn, struct str payload)
{
	return send_frame(conn, WS_PING, payload);
}

bool ws_conn_pong(struct ws_conn *conn, struct str payload)
{
	return send_frame(conn, WS_PONG, payload);
}

bool ws_conn_close(struct ws_conn *conn, unsigned code, const char *reason)
{
	struct str text = str_from(reason);
	char payload[MAX_CONTROL_BYTES];

	if (text.n > MAX_CONTROL_BYTES - 2) {
		text.n = MAX_CONTROL_BYTES - 2;
		while (text.n > 0 && ((uint8_t)text.p[text.n] & 0xC0) == 0x80) {
			text.n--; /* not in the middle of a character */
		}
	}
	payload[0] = (char)(code >> 8);
	payload[1] = (char)code;
	if (text.n > 0) {
		memcpy(payload + 2, text.p, text.n);
	}
	bool ok = send_frame(
	        conn, WS_CLOSE, (struct str){payload, code == 0 ? 0 : text.n + 2});
	conn->close_sent = conn->close_sent || ok;
	return ok;
}

bool ws_conn_raw(struct ws_conn *conn, struct str bytes)
{
	return conn->stream != NULL && http_stream_write(conn->stream, bytes);
}

/* ---------------------------------------------------------------- receiving */

static bool is_over(const struct ws_conn *conn)
{
	return conn->gone || conn->destroyed;
}

static void become_gone(struct ws_conn *conn, const char *why)
{
	if (is_over(conn)) {
		return;
	}
	conn->gone = true;
	if (conn->handlers->gone != NULL) {
		conn->handlers->gone(conn, why, conn->arg);
	}
}

static void fail(struct ws_conn *conn, unsigned code, const char *why)
{
	ws_conn_close(conn, code, why);
	become_gone(conn, why);
}

static void take_close(struct ws_conn *conn, struct str payload)
{
	unsigned code = 0;
	struct str reason = {payload.p, 0};

	if (payload.n == 1) {
		fail(conn, CLOSE_PROTOCOL_ERROR, "close frame of one byte");
		return;
	}
	if (payload.n >= 2) {
		code = (unsigned)(uint8_t)payload.p[0] << 8 | (uint8_t)payload.p[1];
		reason = (struct str){payload.p + 2, payload.n - 2};
		if (code < 1000 || code >= 5000 || (code >= 1004 && code <= 1006) ||
		        (code >= 1015 && code < 3000)) {
			fail(conn, CLOSE_PROTOCOL_ERROR, "close code not to be sent");
			return;
		}
	}
	if (!str_is_utf8(reason)) {
		fail(conn, CLOSE_NOT_UTF8, "close reason is not UTF-8");
		return;
	}
	conn->close_received = true;
	if (conn->handlers->close != NULL) {
		conn->handlers->close(conn, code, reason, conn->arg);
	}
}

static void take_message(struct ws_conn *conn, uint8_t opcode, struct str data)
{
	const struct ws_conn_handlers *handlers = conn->handlers;

	if (opcode == WS_BINARY) {
		if (handlers->binary != NULL) {
			handlers->binary(conn, data, conn->arg);
		}
	} else if (!str_is_utf8(data)) {
		fail(conn, CLOSE_NOT_UTF8, "text is not UTF-8");
	} else if (handlers->text != NULL) {
		handlers->text(conn, data, conn->arg);
	}
}

static void take_data(struct ws_conn *conn, const struct ws_frame *frame)
{
	bool continues = frame->opcode == WS_CONTINUATION;

	if (continues != (conn->opcode != 0)) {
		fail(conn, CLOSE_PROTOCOL_ERROR,
		        continues ? "continuation of nothing"
		                  : "message inside a message");
		return;
	}
	if (!continues && frame->fin) {
		take_message(conn, frame->opcode, frame->payload);
		return;
	}
	if (!continues) {
		conn->opcode = frame->opcode;
	}
	if (frame->payload.n > 0 && !buf_add_str(&conn->message, frame->payload)) {
		fail(conn, CLOSE_TOO_BIG, "message too long");
		return;
	}
	if (frame->fin) {
		uint8_t opcode = conn->opcode;
		conn->opcode = 0;
		take_message(conn, opcode, buf_str(&conn->message));
		buf_finish(&conn->message);
	}
}

static void take_frame(struct ws_conn *conn, const struct ws_frame *frame)
{
	const struct ws_conn_handlers *handlers = conn->handlers;

	if (!frame->masked) {
		fail(conn, CLOSE_PROTOCOL_ERROR, "frame without a mask");
	} else if (frame->rsv != 0) {
		fail(conn, CLOSE_PROTOCOL_ERROR, "reserved bit set");
	} else if (frame->opcode == WS_PING) {
		if (handlers->ping != NULL) {
			handlers->ping(conn, frame->payload, conn->arg);
		}
	} else if (frame->opcode == WS_PONG) {
		if (handlers->pong != NULL) {
			handlers->pong(conn, frame->payload, conn->arg);
		}
	} else if (frame->opcode == WS_CLOSE) {
		take_close(conn, frame->payload);
	} else {
		take_data(conn, frame);
	}
}

static void take_bytes(struct ws_conn *conn, struct str bytes)
{
	struct ws_frame frame;
	struct err err = ERR_INIT;

	if (bytes.n == 0) {
		become_gone(conn, "closed by the peer");
		return;
	}
	if (is_over(conn) || conn->close_received) {
		return;
	}
	if (!ws_decoder_feed(&conn->decoder, bytes)) {
		fail(conn, CLOSE_TOO_BIG, "too much waiting");
		return;
	}
	while (!is_over(conn) && !conn->close_received) {
		enum ws_decode result = ws_decoder_next(&conn->decoder, &frame, &err);
		if (result == WS_ERROR) {
			fail(conn, (unsigned)err.code, err.msg);
		} else if (result == WS_FRAME) {
			take_frame(conn, &frame);
		}
		if (result != WS_FRAME) {
			break;
		}
	}
}

/* ---------------------------------------------------------------- life and death */

static void release(struct ws_conn *conn)
{
	if (!conn->destroyed || conn->busy > 0 || conn->pending) {
		return;
	}
	ws_decoder_finish(&conn->decoder);
	buf_finish(&conn->message);
	free(conn);
}

static void handle_data(struct str bytes, void *arg)
{
	struct ws_conn *conn = arg;

	conn->busy++;
	take_bytes(conn, bytes);
	conn->busy--;
	release(conn);
}

static void handle_ready(struct http_stream *stream, void *arg)
{
	struct ws_conn *conn = arg;

	conn->pending = false;
	if (conn->destroyed) {
		http_stream_close(&stream, conn->how);
		release(conn);
		return;
	}
	conn->busy++;
	conn->stream = stream;
	if (stream == NULL) {
		become_gone(conn, "gone before the handshake was answered");
	} else if (conn->handlers->open != NULL) {
		conn->handlers->open(conn, conn->arg);
	}
	if (conn->stream != NULL) {
		http_stream_on_data(conn->stream, handle_data, conn);
	}
	conn->busy--;
	release(conn);
}

struct ws_conn *ws_accept(struct http_request *req,
        const struct ws_conn_handlers *handlers, size_t max_message_bytes, void *arg)
{
	const char *fault = handshake_fault(req);

	if (fault != NULL) {
		autofree char *text = xasprintf("%s\n", fault);
		http_request_add_header(req, "Sec-WebSocket-Version", "13");
		http_request_reply(req, 400, "text/plain", str_from(text));
		return NULL;
	}
	if (max_message_bytes == 0) {
		max_message_bytes = DEFAULT_MAX_MESSAGE_BYTES;
	}
	struct ws_conn *conn = xcalloc(1, sizeof(*conn));
	conn->handlers = handlers;
	conn->arg = arg;
	conn->pending = true;
	ws_decoder_init(&conn->decoder, max_message_bytes);
	buf_init(&conn->message, max_message_bytes);
	autofree char *accept =
	        ws_accept_key(http_request_header(req, "Sec-WebSocket-Key"));
	http_request_add_header(req, "Sec-WebSocket-Accept", accept);
	http_request_upgrade(req, "websocket", handle_ready, conn);
	return conn;
}

void ws_conn_destroy(struct ws_conn **conn_var, enum http_drop how)
{
	struct ws_conn *conn = *conn_var;

	if (conn == NULL) {
		return;
	}
	*conn_var = NULL;
	conn->destroyed = true;
	conn->how = how;
	http_stream_close(&conn->stream, how);
	release(conn);
}
