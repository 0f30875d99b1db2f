/* trace: what the daemon sends, receives and asks its database, told to the runner on a
 * pipe as it happens. The runner reads it when the daemon waits (runner/wire.h).
 *
 * One struct trace_head, then `bytes` bytes. */
#ifndef SHIM_TRACE_H
#define SHIM_TRACE_H

#include <stdint.h>

enum trace_kind {
	TRACE_OPENED,   /* a TCP connection: the daemon's to a port ... */
	TRACE_ACCEPTED, /* ... or another's to the daemon's own port */
	TRACE_CLOSED,
	TRACE_SENT,
	TRACE_RECEIVED,
	TRACE_SQL, /* a statement that is no question, with its values */
};

enum { TRACE_MAX_BYTES = 64 * 1024 };

struct trace_head {
	uint32_t kind;      /* enum trace_kind */
	int32_t fd;         /* of a connection */
	uint32_t port;      /* of OPENED and ACCEPTED */
	uint32_t bytes;     /* that follow */
	uint64_t all_bytes; /* as many as there were: more than TRACE_MAX_BYTES are cut */
	uint64_t out_bytes; /* what this life had written to its standard output before */
};

#endif
