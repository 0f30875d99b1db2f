#include "sim-slack/wire.h"

#include "sim-slack/traffic.h"

#include <string.h>

enum { QUEUE_MAX_BYTES = 8 * 1024 * 1024, FRAME_MAX_BYTES = 4 * 1024 * 1024 + 64 };

static void handle_timer(void *arg);

void wire_init(struct wire *wire, struct sim_slack *sim, unsigned number,
        void (*over)(void *arg), void *arg)
{
	*wire = (struct wire){.sim = sim, .number = number, .over = over, .arg = arg};
	buf_init(&wire->queue, QUEUE_MAX_BYTES);
	timer_init(&wire->timer, sim->loop, handle_timer, wire);
}

void wire_finish(struct wire *wire)
{
	timer_stop(&wire->timer);
	buf_finish(&wire->queue);
	wire->conn = NULL;
}

/* ---- leaving ---- */

static void let_go(struct wire *wire, size_t n)
{
	if (wire->conn && n > 0) {
		ws_conn_raw(wire->conn, (struct str){wire->queue.data, n});
	}
	buf_consume(&wire->queue, n);
}

static void handle_timer(void *arg)
{
	struct wire *wire = arg;
	size_t n = wire->queue.len;

	if (wire->cut) {
		wire->over(wire->arg);
		return;
	}
	if (wire->fault.how == WIRE_PIECES && n > wire->fault.bytes) {
		n = wire->fault.bytes;
	}
	let_go(wire, n);
	if (wire->queue.len > 0) {
		timer_start(&wire->timer, wire->fault.every_ms);
	} else if (wire->fault.how == WIRE_STALL) {
		wire->fault.how = WIRE_PLAIN;
	}
}

void wire_set_fault(struct wire *wire, const struct wire_fault *fault)
{
	timer_stop(&wire->timer);
	let_go(wire, wire->queue.len);
	wire->fault = *fault;
	if (wire->fault.bytes == 0 && fault->how != WIRE_CUT) {
		wire->fault.bytes = 1;
	}
	if (fault->how == WIRE_STALL) {
		timer_start(&wire->timer, fault->every_ms);
	}
}

/* ---- under a fault ---- */

/* The end comes in the next turn: whoever sends must not lose the ground under it. */
static bool send_cut(struct wire *wire, struct str frame)
{
	if (wire->fault.frame > 1) {
		wire->fault.frame--;
		return ws_conn_raw(wire->conn, frame);
	}
	if (frame.n > wire->fault.bytes) {
		frame.n = wire->fault.bytes;
	}
	if (frame.n > 0) {
		ws_conn_raw(wire->conn, frame);
	}
	wire->cut = true;
	timer_start(&wire->timer, 0);
	return true;
}

static bool send_fragments(struct wire *wire, uint8_t opcode, struct str payload)
{
	bool first = true, ok = true;
	struct buf out;

	buf_init(&out, QUEUE_MAX_BYTES * 2);
	while (ok && (payload.n > 0 || first)) {
		size_t n = payload.n < wire->fault.bytes ? payload.n : wire->fault.bytes;

		ok = ws_frame_encode(&out, n == payload.n,
		        first ? opcode : (uint8_t)WS_CONTINUATION,
		        (struct str){payload.p, n}, NULL);
		payload.p += n;
		payload.n -= n;
		first = false;
	}
	ok = ok && ws_conn_raw(wire->conn, buf_str(&out));
	buf_finish(&out);
	return ok;
}

static bool send_bytes(struct wire *wire, struct str bytes)
{
	switch (wire->fault.how) {
	case WIRE_PLAIN:
	case WIRE_FRAGMENTS:
		return ws_conn_raw(wire->conn, bytes);
	case WIRE_PIECES:
	case WIRE_STALL:
		if (!timer_active(&wire->timer)) {
			timer_start(&wire->timer, 0);
		}
		return buf_add_str(&wire->queue, bytes);
	case WIRE_CUT:
		return send_cut(wire, bytes);
	}
	return false;
}

static bool send_faulty(struct wire *wire, uint8_t opcode, struct str payload)
{
	struct buf frame;
	bool ok;

	if (wire->fault.how == WIRE_FRAGMENTS && opcode < WS_CLOSE) {
		return send_fragments(wire, opcode, payload);
	}
	buf_init(&frame, FRAME_MAX_BYTES);
	ok = ws_frame_encode(&frame, true, opcode, payload, NULL) &&
	     send_bytes(wire, buf_str(&frame));
	buf_finish(&frame);
	return ok;
}

/* ---- sending ---- */

static bool may_send(const struct wire *wire)
{
	return wire->conn && !wire->closed && !wire->cut;
}

static bool send_plain(struct wire *wire, uint8_t opcode, struct str payload)
{
	switch (opcode) {
	case WS_TEXT:
		return ws_conn_text(wire->conn, payload);
	case WS_PING:
		return ws_conn_ping(wire->conn, payload);
	case WS_PONG:
		return ws_conn_pong(wire->conn, payload);
	default:
		return send_faulty(wire, opcode, payload);
	}
}

bool wire_send(struct wire *wire, uint8_t opcode, struct str payload)
{
	if (!may_send(wire)) {
		return false;
	}
	traffic_add_frame(wire->sim->traffic, wire->number, true, opcode, payload.n);
	return wire->fault.how == WIRE_PLAIN ? send_plain(wire, opcode, payload)
	                                     : send_faulty(wire, opcode, payload);
}

bool wire_close(struct wire *wire, unsigned code)
{
	const char payload[2] = {(char)(code >> 8), (char)code};

	if (!may_send(wire)) {
		return false;
	}
	traffic_add_frame(wire->sim->traffic, wire->number, true, WS_CLOSE, code ? 2 : 0);
	wire->closed = true;
	return wire->fault.how == WIRE_PLAIN
	               ? ws_conn_close(wire->conn, code, "")
	               : send_faulty(wire, WS_CLOSE, (struct str){payload, code ? 2 : 0});
}

bool wire_send_raw(struct wire *wire, struct str bytes)
{
	if (!wire->conn || wire->cut) {
		return false;
	}
	traffic_add_frame(wire->sim->traffic, wire->number, true, WIRE_RAW, bytes.n);
	return send_bytes(wire, bytes);
}
