/* wire: what the daemon said and heard below the simulators' records: the bytes of its
 * HTTP messages, its WebSocket frames, and its database statements, as the shim tells
 * them. Each stands in its place between the records of the timeline.
 *
 * An HTTP message is all that went one way on a connection before anything went the other
 * way; RFC 6455, 5.2 says how a frame looks. */
#ifndef RUNNER_WIRE_H
#define RUNNER_WIRE_H

#include "scenarios/runner/timeline.h"
#include "scenarios/runner/vtime.h"

enum wire_kind { WIRE_OPEN, WIRE_CLOSE, WIRE_HTTP, WIRE_FRAME, WIRE_SQL };

struct wire_item {
	enum wire_kind kind;
	size_t after; /* seq of the record it comes behind */
	int64_t us;
	bool by_bridge;   /* sent, opened; otherwise received, accepted */
	const char *peer; /* "slack", "matrix", "?"; NULL: of SQL */
	unsigned conn;    /* from 1, over all lives; 0: of SQL */
	unsigned opcode;  /* of a frame */
	bool final;       /* of a frame */
	bool cut;         /* a frame that was not whole when the connection ended */
	char *data;       /* unmasked; at most 64 KiB; not text always */
	size_t bytes, all_bytes; /* of data; of what there was */
};

struct wire;

/* Both are borrowed. */
struct wire *wire_create(const struct vtime *vtime, const struct timeline *timeline);
void wire_destroy(struct wire **wire);
/* Who is at that port: "<slack>" counts as "slack". */
void wire_name_port(struct wire *wire, uint16_t port, const char *name);

/* Takes from the pipe what is there. wire may be NULL, here and below. */
void wire_read(struct wire *wire);
/* Makes items of what happened before the daemon had written so much to its standard
 * output. */
void wire_hand_over(struct wire *wire, uint64_t out_bytes);
/* The daemon has ended: what is left is made an item, and nothing is open. */
void wire_end_life(struct wire *wire);

size_t wire_count(const struct wire *wire);
const struct wire_item *wire_get(const struct wire *wire, size_t index);

/* "http", "frame", "sql" ... */
const char *wire_kind_to_str(enum wire_kind kind);

#endif
