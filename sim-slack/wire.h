/* wire: how frames leave on one WebSocket: as they are, or by a fault in pieces, slowly,
 * late, fragmented, or only up to some byte. */
#ifndef SIM_SLACK_WIRE_H
#define SIM_SLACK_WIRE_H

#include "lib/buf.h"
#include "lib/ws_server.h"
#include "sim-slack/sim.h"

enum { WIRE_RAW = 15 }; /* opcode of raw bytes in the log; reserved in RFC 6455 */

enum wire_how {
	WIRE_PLAIN,
	WIRE_PIECES,    /* `bytes` at a time, one piece every `every_ms` */
	WIRE_FRAGMENTS, /* messages as fragments of `bytes` each */
	WIRE_STALL,     /* nothing for `every_ms`, then all of it at once */
	WIRE_CUT, /* up to byte `bytes` of frame `frame` (1: the next); then over() */
};

struct wire_fault {
	enum wire_how how;
	size_t bytes;
	int64_t every_ms;
	unsigned frame;
};

struct wire { /* embedded; owned by the connection's owner */
	struct sim_slack *sim;
	struct ws_conn *conn; /* borrowed; NULL before and after */
	unsigned number;
	struct wire_fault fault;
	struct buf queue; /* what a fault holds back */
	struct timer timer;
	bool closed; /* a close frame is sent or queued: nothing follows */
	bool cut;
	void (*over)(void *arg); /* the cut has come */
	void *arg;
};

void wire_init(struct wire *wire, struct sim_slack *sim, unsigned number,
        void (*over)(void *arg), void *arg);
void wire_finish(struct wire *wire);

/* From now on; what the fault before it held back leaves first. */
void wire_set_fault(struct wire *wire, const struct wire_fault *fault);

/* False: the connection is not there (any more), is closing, or too much waits. */
bool wire_send(struct wire *wire, uint8_t opcode, struct str payload);
bool wire_close(struct wire *wire, unsigned code);
/* Any bytes whatever, not as a frame. */
bool wire_send_raw(struct wire *wire, struct str bytes);

#endif
