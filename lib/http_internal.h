/* http_internal: what the files behind http_server.h share; for nobody else.
 *
 * http_server.c  the server: connections, turns of the loop, life and death
 * http_listen.c  its listening socket
 * http_arrival.c a request as it arrives
 * http_body.c    a request's body, in memory or in a file
 * http_request.c one request: reading it, answering it
 * http_stream.c  a connection that has left HTTP
 *
 * libmicrohttpd is never entered from inside one of its own callbacks, and no code of a
 * user runs inside one: a whole request is suspended and put on server->due, and the
 * users are called when MHD_run() has returned. An answer is kept in the request, the
 * connection resumed, and the answer handed over when libmicrohttpd asks again. */
#ifndef LIB_HTTP_INTERNAL_H
#define LIB_HTTP_INTERNAL_H

#include "lib/buf.h"
#include "lib/http_server.h"
#include "lib/list.h"
#include <microhttpd.h>

struct http_server {
	struct loop *loop;
	struct MHD_Daemon *daemon;
	struct loop_io *daemon_io; /* libmicrohttpd's epoll descriptor */
	struct loop_io *listen_io;
	int listen_fd;
	struct timer again;       /* libmicrohttpd has work no descriptor announces */
	struct timer accept_soon; /* out of descriptors: try again then */
	unsigned stalls;          /* runs in a row in which that work led to nothing */
	uint64_t progress;        /* callbacks from libmicrohttpd */
	bool running;
	bool resumed; /* since the last MHD_run() */

	http_handler_fn *handler;
	void (*answered)(struct http_request *req, int status, size_t bytes, void *arg);
	void *arg;
	size_t max_body_bytes, spool_over_bytes;
	http_limit_fn *body_limit;
	int64_t idle_ms; /* 0: no limit */
	unsigned max_connections;
	const char *too_large_body;

	struct list conns; /* http_conn::link */
	unsigned conn_count;
	struct list requests;   /* http_request::link: arriving, or with the user */
	struct list due;        /* http_request::link: a user is to be called */
	struct list streams;    /* http_stream::link */
	unsigned chunked_count; /* requests whose chunks are arriving */
	uint64_t last_id;
};

/* One TCP connection, from accept to close. */
struct http_conn {
	struct list link; /* http_server::conns */
	struct http_server *server;
	int fd;
	struct timer idle;
	/* In the kernel's send queue at the start of `idle`; -1: no answer is leaving. */
	int unsent;
	bool ending; /* takes no more requests */
};

struct http_body {
	size_t bytes, max_bytes;
	bool spools; /* what passes memory.cap goes into a file */
	struct buf memory;
	int fd;    /* -1: all in memory */
	void *map; /* of the file, once it is whole */
};

enum request_state {
	REQUEST_NEW,      /* request line read */
	REQUEST_ARRIVING, /* headers read */
	REQUEST_WHOLE,    /* on due: the handler is to be called */
	REQUEST_OPEN,     /* the handler owes an answer */
	REQUEST_ANSWERED, /* libmicrohttpd fetches the answer, or finds the client gone */
	REQUEST_UPGRADED, /* on due at first: ready(stream) is to be called */
	REQUEST_LOST,     /* on due: ready(NULL) is to be called, the client has gone */
};

struct answer_header {
	char *name, *value;
};

typedef void http_ready_fn(struct http_stream *stream, void *arg);

struct http_request {
	struct list link;
	struct http_server *server;
	struct http_conn *conn;
	struct MHD_Connection *connection;
	enum request_state state;
	uint64_t id;
	char *path;
	char *query; /* within path's memory */
	const char *method, *version;
	struct http_body body;
	bool chunked; /* and still arriving */
	bool stuck;   /* libmicrohttpd seems to have stopped reading it */
	bool too_large;
	uint64_t discarded_bytes;
	void *user;

	struct answer_header *headers;
	size_t header_count;
	int status;
	size_t answer_bytes;
	struct MHD_Response *response; /* answered without one: end the connection */
	bool end_after;                /* the connection ends with this answer */
	http_ready_fn *ready;
	void *ready_arg;
	struct http_stream *stream;
};

/* ---- http_request.c ---- */
struct http_request *http_request_create(
        struct http_server *server, struct MHD_Connection *connection, const char *uri);
void http_request_destroy(struct http_request *req);
/* No more chunks come. */
void http_request_arrived(struct http_request *req);
/* A response with a date and a body (copied). NULL: no memory. */
struct MHD_Response *http_response_create(
        struct http_server *server, const char *content_type, struct str body);

/* ---- http_body.c ---- */
void http_body_init(struct http_body *body);
void http_body_limit(struct http_body *body, size_t max_bytes, size_t spool_over_bytes);
/* False: over the limit, or there is no room on the disk. */
bool http_body_add(struct http_body *body, struct str part);
/* No more comes. False: it cannot be mapped. */
bool http_body_end(struct http_body *body);
struct str http_body_str(const struct http_body *body);
void http_body_finish(struct http_body *body);

/* ---- http_listen.c ---- */
/* Opens a socket, or takes over opts->listen_fd. */
bool http_listener_open(
        const struct http_server_options *opts, int *out_fd, struct err *err);
uint16_t http_listener_port(int fd);

/* ---- http_arrival.c: for MHD_start_daemon() ---- */
void *http_handle_request_line(
        void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result http_handle_access(void *cls, struct MHD_Connection *connection,
        const char *url, const char *method, const char *version, const char *data,
        size_t *data_bytes, void **con_cls);
void http_handle_completed(void *cls, struct MHD_Connection *connection, void **con_cls,
        enum MHD_RequestTerminationCode code);

/* ---- http_server.c ---- */
/* answering: time runs out only if the client takes nothing of the answer any more. */
void http_conn_restart_idle(struct http_conn *conn, bool answering);
/* A connection was resumed or ended. Without a thread of its own libmicrohttpd does not
 * make its descriptor readable then. */
void http_server_resumed(struct http_server *server);
/* The one way from open to answered. */
void http_server_answer(
        struct http_request *req, int status, struct MHD_Response *response);
/* libmicrohttpd's: the 101 has left. */
void http_server_take_over(void *cls, struct MHD_Connection *connection, void *con_cls,
        const char *early, size_t early_bytes, MHD_socket fd,
        struct MHD_UpgradeResponseHandle *handle);

/* ---- http_stream.c ---- */
/* `early` came with the request and is delivered first. The descriptor stays
 * libmicrohttpd's; it is told when the stream has ended. */
struct http_stream *http_stream_create(struct http_server *server, int fd,
        struct str early, struct MHD_UpgradeResponseHandle *handle);
/* Ends a stream that its owner has closed and that is still flushing. */
void http_stream_abandon(struct list *link);

#endif
