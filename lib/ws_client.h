/* ws_client: one WebSocket to a server, over libwebsockets, in the loop. */
#ifndef LIB_WS_CLIENT_H
#define LIB_WS_CLIENT_H

#include "lib/err.h"
#include "lib/loop.h"
#include "lib/str.h"
#include <stdint.h>

struct ws_context; /* libwebsockets' state; one per loop */
struct ws_client;

struct ws_client_options {
	const char *url;          /* ws:// or wss://; opaque otherwise */
	uint32_t connect_ms;      /* deadline from start to the 101; 0: 15 s */
	size_t max_message_bytes; /* 0: 4 MiB; a longer one closes the connection (1009)
	                           */
	/* Liveness: a ping goes out after quiet_ms without anything from the peer; after
	 * silence_ms without anything the connection is given up. 0: 20 s and 50 s. */
	uint32_t quiet_ms;
	uint32_t silence_ms;
};

struct ws_client_handlers { /* all from the loop, never inside start */
	void (*open)(struct ws_client *ws, void *arg);
	void (*text)(struct ws_client *ws, struct str text,
	        void *arg); /* a whole message, UTF-8 */
	/* The last call, exactly once unless the client was destroyed before: connecting
	 * failed, the peer closed (err->code: its close code, or 0), silence, garbage.
	 * Destroy it then. */
	void (*closed)(struct ws_client *ws, const struct err *err, void *arg);
};

/* ca_file NULL: the system's certificates. */
struct ws_context *ws_context_create(
        struct loop *loop, const char *ca_file, struct err *err);
void ws_context_destroy(struct ws_context **ctx); /* all clients destroyed first */

/* handlers and arg are borrowed. Never fails at once: failures arrive at closed(). */
struct ws_client *ws_client_start(struct ws_context *ctx,
        const struct ws_client_options *opts, const struct ws_client_handlers *handlers,
        void *arg);
/* Queues one text message (at most 1 MiB waiting in all). False: not open, or too much.
 */
bool ws_client_send(struct ws_client *ws, struct str text);
/* Sends a close frame and closes once it has left; closed() still comes. */
void ws_client_close(struct ws_client *ws, unsigned code);
/* Silence at once, whatever the state; the socket is closed. *ws may be NULL. May be
 * called from any of its own handlers. */
void ws_client_destroy(struct ws_client **ws);

#endif
