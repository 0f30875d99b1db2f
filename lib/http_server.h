/* http_server: an HTTP/1.1 server over libmicrohttpd, in the loop.
 *
 * libmicrohttpd and not libwebsockets, because the latter loses chunked bodies, hangs on
 * PUT with an empty body and hides the raw path. The handler is called once a request's
 * body has arrived whole; it answers at once or later. */
#ifndef LIB_HTTP_SERVER_H
#define LIB_HTTP_SERVER_H

#include "lib/err.h"
#include "lib/loop.h"
#include "lib/str.h"
#include <stdbool.h>
#include <stdint.h>

struct http_server;
struct http_request; /* one request being answered; the server's */

/* From the loop. The handler owes the request exactly one http_request_reply*(), _drop()
 * or _upgrade(), now or later; until then the request and all it lends out stay valid,
 * even if the client has gone (the answer is then thrown away; a client that has closed
 * its sending half counts as gone). */
typedef void http_handler_fn(struct http_request *req, void *arg);

/* The most bytes a request's body may have; called once, when its headers have come. */
typedef size_t http_limit_fn(const struct http_request *req, void *arg);

struct http_server_options {
	const char *host; /* IP address to listen on, "127.0.0.1" if NULL */
	uint16_t port;    /* 0: any free one */
	/* >0: a listening socket to take over instead; the server's once it is created */
	int listen_fd;
	/* 0: 16 MiB; a longer body is answered 413 by the server itself */
	size_t max_body_bytes;
	http_limit_fn *body_limit; /* instead, by request; NULL: the same for all */
	/* A longer body waits in a temporary file and is lent out mapped. 0: none does */
	size_t spool_over_bytes;
	/* Of a connection with no request in progress; also how long a request may take
	 * to arrive without its body moving on, and an answer to leave likewise. 0: no
	 * limit */
	unsigned idle_timeout_s;
	unsigned max_connections; /* 0: 1024; others wait in the backlog */
	/* Body of the answers the server gives itself (413), so that each face keeps its
	 * own error shape; NULL: plain text. Borrowed. */
	const char *too_large_body;
	/* Called for each request once its handler has answered it, before the answer
	 * leaves: 0 for a dropped one, 101 for an upgrade. body_bytes: of the answer.
	 * NULL: for none. It must not answer anything itself. */
	void (*answered)(
	        struct http_request *req, int status, size_t body_bytes, void *arg);
};

/* NULL and *err if it cannot listen. opts may be NULL. */
struct http_server *http_server_create(struct loop *loop,
        const struct http_server_options *opts, http_handler_fn *handler, void *arg,
        struct err *err);
/* Open requests are dropped, upgraded connections must be closed before. *server may be
 * NULL. */
void http_server_destroy(struct http_server **server);
uint16_t http_server_port(const struct http_server *server);
/* Number of connections open now. */
unsigned http_server_connections(const struct http_server *server);

/* ---- reading a request; all borrowed until it is answered ---- */
const char *http_request_method(const struct http_request *req);
const char *http_request_version(const struct http_request *req); /* "HTTP/1.1" */
/* As sent: not decoded, without the query. */
const char *http_request_path(const struct http_request *req);
const char *http_request_query(const struct http_request *req); /* as sent, "" if none */
/* NULL if absent; the first of several. */
const char *http_request_header(const struct http_request *req, const char *name);
typedef void http_header_fn(const char *name, const char *value, void *arg);
/* All headers, in their order. */
void http_request_each_header(
        const struct http_request *req, http_header_fn *fn, void *arg);
struct str http_request_body(const struct http_request *req);
/* "Bearer x" gives x, otherwise NULL. */
const char *http_request_bearer(const struct http_request *req);
/* A number for logs, unique in this server. */
uint64_t http_request_id(const struct http_request *req);
/* The caller's own mark on a request, e.g. to find it again; NULL at first. */
void http_request_set_user(struct http_request *req, void *user);
void *http_request_user(const struct http_request *req);

/* ---- answering ---- */
void http_request_add_header(
        struct http_request *req, const char *name, const char *value);
void http_request_reply(
        struct http_request *req, int status, const char *content_type, struct str body);
/* As reply with application/json; `json` is copied. */
void http_request_reply_json(struct http_request *req, int status, const char *json);

/* As reply, with `bytes` bytes of the file from `offset` on, which are read as the client
 * takes them. fd is the server's from now on. */
void http_request_reply_file(struct http_request *req, int status,
        const char *content_type, int fd, uint64_t offset, uint64_t bytes);

/* ---- answering badly, for fault injection ---- */
enum http_drop { HTTP_DROP_CLOSE, HTTP_DROP_RESET };
/* Ends the connection without an answer, by FIN or by RST. */
void http_request_drop(struct http_request *req, enum http_drop how);
/* Head and Content-Length of the whole, but only the first `cut_at` bytes of the body,
 * then the connection ends. */
void http_request_reply_cut(struct http_request *req, int status,
        const char *content_type, struct str body, size_t cut_at);

/* ---- leaving HTTP: the raw connection, after 101 Switching Protocols ---- */
struct http_stream;
/* Bytes that came, or n == 0: the peer has closed or the connection broke (no more calls;
 * the stream must still be closed by its owner). */
typedef void http_stream_fn(struct str data, void *arg);

/* Answers 101 with the headers added before and hands the connection over. `ready` is
 * called from the loop with the stream (the caller's from then on), or with NULL if the
 * connection was gone by then; http_server_destroy() calls the latter, too. */
void http_request_upgrade(struct http_request *req, const char *protocol,
        void (*ready)(struct http_stream *stream, void *arg), void *arg);
void http_stream_on_data(struct http_stream *stream, http_stream_fn *fn, void *arg);
/* Queues, at most 32 MiB (false: over, or broken; nothing queued). Sent in order. */
bool http_stream_write(struct http_stream *stream, struct str data);
bool http_stream_flushed(const struct http_stream *stream);
/* Flushes what is queued and closes (FIN; the peer has 10 s to take it all and to close
 * its end), or resets at once (RST). Silence afterwards. May be called from
 * http_stream_fn. */
void http_stream_close(struct http_stream **stream, enum http_drop how);

#endif
