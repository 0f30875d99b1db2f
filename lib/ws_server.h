/* ws_server: the server's end of one WebSocket, on a connection taken over from
 * http_server. */
#ifndef LIB_WS_SERVER_H
#define LIB_WS_SERVER_H

#include "lib/http_server.h"
#include "lib/str.h"
#include "lib/ws_frame.h"

struct ws_conn;

struct ws_conn_handlers { /* all from the loop; any may be NULL */
	void (*open)(struct ws_conn *conn, void *arg);
	/* Whole messages, however fragmented; a text is UTF-8. */
	void (*text)(struct ws_conn *conn, struct str text, void *arg);
	void (*binary)(struct ws_conn *conn, struct str data, void *arg);
	/* The caller answers with ws_conn_pong(), or not. */
	void (*ping)(struct ws_conn *conn, struct str payload, void *arg);
	void (*pong)(struct ws_conn *conn, struct str payload, void *arg);
	/* The peer's close frame (code 0: none in it). The caller answers, or not. */
	void (*close)(struct ws_conn *conn, unsigned code, struct str reason, void *arg);
	/* The connection is over or broke the protocol; the last call. The owner
	 * destroys. */
	void (*gone)(struct ws_conn *conn, const char *why, void *arg);
};

/* Checks the handshake and answers 101 and takes the request over; or answers 400 itself
 * and returns NULL. handlers and arg are borrowed. The connection is the caller's. A
 * message longer than max_message_bytes (0: 4 MiB) breaks the protocol. */
struct ws_conn *ws_accept(struct http_request *req,
        const struct ws_conn_handlers *handlers, size_t max_message_bytes, void *arg);
/* Ends the connection in the given way if it is still there; silence afterwards. */
void ws_conn_destroy(struct ws_conn **conn, enum http_drop how);

/* False: not open (any more), or too much queued. */
bool ws_conn_text(struct ws_conn *conn, struct str text);
bool ws_conn_ping(struct ws_conn *conn, struct str payload);
bool ws_conn_pong(struct ws_conn *conn, struct str payload);
/* The frame only; code 0: an empty one. Nothing but raw bytes can be sent after it. */
bool ws_conn_close(struct ws_conn *conn, unsigned code, const char *reason);
/* Any bytes whatever, for fault injection. */
bool ws_conn_raw(struct ws_conn *conn, struct str bytes);

#endif
