/* ws_link: one connection of libwebsockets, and libwebsockets itself, in the loop.
 * Internal to ws_client.
 *
 * libwebsockets frees a connection when it likes, at the earliest in a later turn. A link
 * lives as long as that and knows whether a client still cares. */
#ifndef LIB_WS_LINK_H
#define LIB_WS_LINK_H

#include "lib/list.h"
#include "lib/ws_client.h"
#include "lib/ws_url.h"
#include <libwebsockets.h>
#include <stdbool.h>
#include <uv.h>

struct ws_context {
	struct loop *loop;
	struct lws_context *lws;
	struct ssl_ctx_st *tls;
	bool has_trust;    /* the system's certificates are read */
	struct list links; /* ws_link::list */
	unsigned inside;   /* libwebsockets is on the stack */
	int pipe_fd;       /* of libwebsockets itself */
	bool destroy_begun;
	uv_idle_t closing; /* see ws_context_destroy() */
};

struct ws_link {
	struct list list; /* ws_context::links */
	struct ws_context *ctx;
	struct ws_client *client; /* NULL: dropped */
	struct lws *lws;
	bool opening; /* libwebsockets reports nothing yet */
	bool ended;   /* libwebsockets has said so; it closes by itself */
	bool freed;   /* libwebsockets has freed its part */
};

/* The callback of all libwebsockets' protocols. */
int ws_link_handle_lws(struct lws *lws, enum lws_callback_reasons reason, void *user,
        void *in, size_t n);
void ws_link_free(struct ws_link *link);

/* Connects to one numeric address. NULL if that failed at once. From then on the events
 * below come, until ws_link_drop(). */
struct ws_link *ws_link_open(struct ws_context *ctx, const struct ws_url *url,
        const char *address, struct ws_client *client);
/* No more events; the connection is closed in the next turn without more ado. *link may
 * be NULL. */
void ws_link_drop(struct ws_link **link);

/* Asks for ws_client_on_writable(). */
void ws_link_want_write(struct ws_link *link);
/* In ws_client_on_writable() alone. The LWS_PRE bytes before data and the data itself are
 * scratch space for libwebsockets. False: the connection is broken. */
bool ws_link_write(struct ws_link *link, unsigned char *data, size_t n,
        enum lws_write_protocol kind);
/* A close frame, likewise; code 0: without one. */
bool ws_link_write_close(struct ws_link *link, unsigned code);
/* False: libwebsockets still holds a part of the last write. */
bool ws_link_can_write(const struct ws_link *link);
/* Bytes that ever came from the peer, whatever was made of them. */
uint64_t ws_link_bytes_received(const struct ws_link *link);

/* ---- events; implemented by ws_client.c, which may drop the link in any of them ---- */

void ws_client_on_open(struct ws_client *ws);
/* A part of a message. */
void ws_client_on_data(
        struct ws_client *ws, struct str data, bool is_last, bool is_binary);
void ws_client_on_pong(struct ws_client *ws);
void ws_client_on_writable(struct ws_client *ws);
/* The peer's close frame (code 0: none in it). True: answer it and close; false: close.
 */
bool ws_client_on_close_frame(struct ws_client *ws, int code);
/* No connection came about; status is that of the HTTP answer, or 0. */
void ws_client_on_failed(struct ws_client *ws, int status, struct str why);
/* An open connection has ended. */
void ws_client_on_lost(struct ws_client *ws);

#endif
