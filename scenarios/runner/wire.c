#include "scenarios/runner/wire.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"

#include "scenarios/shim/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_UNREAD_BYTES = 256 * 1024 * 1024,
	MAX_STREAM_BYTES = 32 * 1024 * 1024,
	MAX_ITEM_BYTES = 64 * 1024,
	MAX_KEPT_BYTES = 64 * 1024 * 1024, /* of all items of a story */
	MAX_FDS = 4096,
	MAX_PORTS = 8,
	MAX_HEADER = 14,
};

struct connection {
	unsigned number; /* 0: none */
	const char *peer;
	bool is_socket;         /* it has become a WebSocket */
	struct wire_item *last; /* its last HTTP message */
	struct buf frames[2];   /* not whole yet; by received, sent */
};

struct wire {
	const struct vtime *vtime;
	const struct timeline *timeline;
	struct buf unread;
	struct connection *connections; /* by descriptor */
	unsigned connection_count;
	struct {
		uint16_t port;
		char *name;
	} ports[MAX_PORTS];
	size_t port_count;
	struct wire_item **items;
	size_t count, room, kept_bytes;
};

const char *wire_kind_to_str(enum wire_kind kind)
{
	static const char *const names[] = {"open", "close", "http", "frame", "sql"};
	return names[kind];
}

struct wire *wire_create(const struct vtime *vtime, const struct timeline *timeline)
{
	struct wire *wire = xcalloc(1, sizeof(*wire));

	wire->vtime = vtime;
	wire->timeline = timeline;
	wire->connections = xcalloc(MAX_FDS, sizeof(*wire->connections));
	buf_init(&wire->unread, MAX_UNREAD_BYTES);
	return wire;
}

static void forget(struct connection *connection)
{
	buf_finish(&connection->frames[0]);
	buf_finish(&connection->frames[1]);
	*connection = (struct connection){0};
}

void wire_destroy(struct wire **wire)
{
	struct wire *it = *wire;

	if (it == NULL) {
		return;
	}
	for (int fd = 0; fd < MAX_FDS; fd++) {
		forget(&it->connections[fd]);
	}
	for (size_t i = 0; i < it->count; i++) {
		free(it->items[i]->data);
		free(it->items[i]);
	}
	for (size_t i = 0; i < it->port_count; i++) {
		free(it->ports[i].name);
	}
	buf_finish(&it->unread);
	free(it->connections);
	free(it->items);
	free(it);
	*wire = NULL;
}

void wire_name_port(struct wire *wire, uint16_t port, const char *name)
{
	size_t n = strlen(name);
	bool in_brackets = n > 2 && name[0] == '<';

	if (wire->port_count < MAX_PORTS) {
		wire->ports[wire->port_count].port = port;
		wire->ports[wire->port_count++].name =
		        xstrndup(in_brackets ? name + 1 : name, in_brackets ? n - 2 : n);
	}
}

/* Whoever speaks to the bridge's own port is the homeserver. */
static const char *name_of(const struct wire *wire, uint32_t port)
{
	for (size_t i = 0; i < wire->port_count; i++) {
		if (wire->ports[i].port == port) {
			const char *name = wire->ports[i].name;
			return strcmp(name, "bridge") == 0 ? "matrix" : name;
		}
	}
	return "?";
}

/* ---------------------------------------------------------------- items */

static struct wire_item *add_item(struct wire *wire, enum wire_kind kind,
        const struct connection *connection, bool by_bridge)
{
	struct wire_item *item = xcalloc(1, sizeof(*item));

	if (wire->count == wire->room) {
		wire->room = wire->room == 0 ? 256 : wire->room * 2;
		wire->items =
		        xrealloc(wire->items, wire->room * sizeof(struct wire_item *));
	}
	wire->items[wire->count++] = item;
	item->kind = kind;
	item->after = timeline_count(wire->timeline);
	item->us = vtime_now_us(wire->vtime);
	item->by_bridge = by_bridge;
	item->peer = connection != NULL ? connection->peer : NULL;
	item->conn = connection != NULL ? connection->number : 0;
	return item;
}

static void add_data(
        struct wire *wire, struct wire_item *item, const void *data, size_t n, size_t all)
{
	size_t room = item->bytes < MAX_ITEM_BYTES ? MAX_ITEM_BYTES - item->bytes : 0;
	size_t part = n < room ? n : room;

	item->all_bytes += all;
	if (part == 0 || wire->kept_bytes + part > MAX_KEPT_BYTES) {
		return;
	}
	item->data = xrealloc(item->data, item->bytes + part + 1);
	memcpy(item->data + item->bytes, data, part);
	item->bytes += part;
	item->data[item->bytes] = '\0';
	wire->kept_bytes += part;
}

/* ---------------------------------------------------------------- frames */

struct frame {
	bool final, masked;
	unsigned opcode;
	size_t header, length;
	unsigned char key[4];
};

static bool read_header(const struct buf *buf, struct frame *out)
{
	const unsigned char *p = (const void *)buf->data;
	size_t extra;

	if (buf->len < 2) {
		return false;
	}
	*out = (struct frame){.final = (p[0] & 0x80) != 0,
	        .masked = (p[1] & 0x80) != 0,
	        .opcode = p[0] & 0x0F,
	        .length = p[1] & 0x7F};
	extra = out->length == 126 ? 2 : out->length == 127 ? 8 : 0;
	out->header = 2 + extra + (out->masked ? 4 : 0);
	if (buf->len < out->header) {
		return false;
	}
	for (size_t i = 0; i < extra; i++) {
		out->length = (i == 0 ? 0 : out->length << 8) | p[2 + i];
	}
	if (out->masked) {
		memcpy(out->key, p + 2 + extra, 4);
	}
	return out->length <= MAX_STREAM_BYTES;
}

static void take_frames(struct wire *wire, struct connection *connection, bool by_bridge)
{
	struct buf *buf = &connection->frames[by_bridge];
	struct frame frame;

	while (read_header(buf, &frame) && buf->len >= frame.header + frame.length) {
		struct wire_item *item =
		        add_item(wire, WIRE_FRAME, connection, by_bridge);
		char *data = buf->data + frame.header;
		for (size_t i = 0; frame.masked && i < frame.length; i++) {
			data[i] = (char)(data[i] ^ (char)frame.key[i % 4]);
		}
		item->opcode = frame.opcode;
		item->final = frame.final;
		add_data(wire, item, data, frame.length, frame.length);
		buf_consume(buf, frame.header + frame.length);
	}
}

static void take_cut_frame(
        struct wire *wire, struct connection *connection, bool by_bridge)
{
	struct buf *buf = &connection->frames[by_bridge];

	if (connection->is_socket && buf->len > 0) {
		struct wire_item *item =
		        add_item(wire, WIRE_FRAME, connection, by_bridge);
		item->opcode = (unsigned char)buf->data[0] & 0x0F;
		item->cut = true;
		add_data(wire, item, buf->data, buf->len, buf->len);
	}
}

/* ---------------------------------------------------------------- HTTP */

/* After "101 Switching Protocols" frames follow, perhaps in the same packet. */
static void look_for_upgrade(
        struct wire *wire, struct connection *connection, struct wire_item *item)
{
	static const char answer[] = "HTTP/1.1 101";
	const char *end = item->by_bridge || item->data == NULL ||
	                                  strncmp(item->data, answer, strlen(answer)) != 0
	                          ? NULL
	                          : strstr(item->data, "\r\n\r\n");

	if (end != NULL) {
		size_t head = (size_t)(end - item->data) + 4;
		connection->is_socket = true;
		buf_add(&connection->frames[0], item->data + head, item->bytes - head);
		item->bytes = item->all_bytes = head;
		item->data[head] = '\0';
		take_frames(wire, connection, false);
	}
}

static void take_bytes(struct wire *wire, struct connection *connection,
        const struct trace_head *head, const char *data)
{
	bool by_bridge = head->kind == TRACE_SENT;

	if (connection->number == 0) {
		return;
	}
	if (connection->is_socket) {
		buf_add(&connection->frames[by_bridge], data, head->bytes);
		take_frames(wire, connection, by_bridge);
		return;
	}
	struct wire_item *item = connection->last;
	if (item == NULL || item->by_bridge != by_bridge) {
		item = add_item(wire, WIRE_HTTP, connection, by_bridge);
		connection->last = item;
	}
	add_data(wire, item, data, head->bytes, head->all_bytes);
	look_for_upgrade(wire, connection, item);
}

/* ---------------------------------------------------------------- what the shim tells */

static void open_connection(
        struct wire *wire, struct connection *connection, const struct trace_head *head)
{
	forget(connection);
	connection->number = ++wire->connection_count;
	connection->peer = name_of(wire, head->port);
	buf_init(&connection->frames[0], MAX_STREAM_BYTES);
	buf_init(&connection->frames[1], MAX_STREAM_BYTES);
	add_item(wire, WIRE_OPEN, connection, head->kind == TRACE_OPENED);
}

static void close_connection(
        struct wire *wire, struct connection *connection, bool by_bridge)
{
	if (connection->number != 0) {
		take_cut_frame(wire, connection, true);
		take_cut_frame(wire, connection, false);
		add_item(wire, WIRE_CLOSE, connection, by_bridge);
		forget(connection);
	}
}

static void take_record(
        struct wire *wire, const struct trace_head *head, const char *data)
{
	static struct connection none;
	bool is_fd = head->fd >= 0 && head->fd < MAX_FDS;
	struct connection *connection = is_fd ? &wire->connections[head->fd] : &none;

	switch ((enum trace_kind)head->kind) {
	case TRACE_OPENED:
	case TRACE_ACCEPTED:
		if (is_fd) {
			open_connection(wire, connection, head);
		}
		break;
	case TRACE_CLOSED:
		close_connection(wire, connection, true);
		break;
	case TRACE_SENT:
	case TRACE_RECEIVED:
		take_bytes(wire, connection, head, data);
		break;
	case TRACE_SQL:
		add_data(wire, add_item(wire, WIRE_SQL, NULL, true), data, head->bytes,
		        head->all_bytes);
		break;
	}
}

void wire_read(struct wire *wire)
{
	char chunk[65536];

	for (;;) {
		ssize_t n = wire == NULL ? 0
		                         : read(vtime_trace_fd(wire->vtime), chunk,
		                                   sizeof(chunk));
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return;
		}
		buf_add(&wire->unread, chunk, (size_t)n);
	}
}

void wire_hand_over(struct wire *wire, uint64_t out_bytes)
{
	size_t at = 0;
	struct trace_head head;

	while (wire != NULL && wire->unread.len - at >= sizeof(head)) {
		memcpy(&head, wire->unread.data + at, sizeof(head));
		if (head.out_bytes > out_bytes ||
		        wire->unread.len - at < sizeof(head) + head.bytes) {
			break;
		}
		take_record(wire, &head, wire->unread.data + at + sizeof(head));
		at += sizeof(head) + head.bytes;
	}
	if (at > 0) {
		buf_consume(&wire->unread, at);
	}
}

void wire_end_life(struct wire *wire)
{
	if (wire == NULL) {
		return;
	}
	wire_read(wire);
	wire_hand_over(wire, UINT64_MAX);
	buf_clear(&wire->unread); /* a record that a kill tore */
	for (int fd = 0; fd < MAX_FDS; fd++) {
		close_connection(wire, &wire->connections[fd], true);
	}
}

size_t wire_count(const struct wire *wire)
{
	return wire->count;
}

const struct wire_item *wire_get(const struct wire *wire, size_t index)
{
	return wire->items[index];
}
