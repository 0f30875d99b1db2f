/* http_req: what the parts of http_client share. Internal to it.
 *
 *   http_req.c       making a request, and what its URL says
 *   http_transfer.c  a request at libcurl: options, callbacks, the meaning of the result
 *   http_pieces.c    bodies that are read and written in pieces
 *   http_client.c    queues, deadlines, the one place where a request ends */
#ifndef LIB_HTTP_REQ_H
#define LIB_HTTP_REQ_H

#include "lib/http_client.h"
#include "lib/http_curl.h"
#include "lib/list.h"
#include "lib/map.h"

struct http_host;

enum { HTTP_SPARE_HANDLES = 16, HTTP_MAX_HEAD_BYTES = 256 * 1024 };

struct http_client {
	struct loop *loop;
	struct http_curl *curl;
	char *user_agent;
	char *ca_file;
	unsigned max_per_host;
	bool log_requests;
	struct map *hosts; /* "scheme://host:port" -> struct http_host */
	size_t requests;   /* started, not over */
	CURL *spare[HTTP_SPARE_HANDLES];
	size_t spare_count;
};

enum http_req_state { REQ_NEW, REQ_WAITING, REQ_ACTIVE, REQ_ENDING };

struct http_req {
	struct http_client *client;
	enum http_req_state state;
	struct list link; /* http_host::waiting */
	struct http_host *host;
	CURL *easy; /* while REQ_ACTIVE */
	struct timer timer;
	http_done_fn *done;
	void *arg;

	char *method;
	char *url;
	struct curl_slist *headers;
	char *body; /* NULL: none */
	size_t body_bytes;
	uint32_t deadline_ms;
	struct err refused; /* its kind is set: not fit to be sent */

	char *host_key; /* these four from the URL, at start */
	char *host_name;
	char *path; /* without query, for the log */
	bool tls;

	bool handed_over; /* libcurl had a connection and began to send */
	long sent_before; /* bytes libcurl had sent by then: to a proxy */
	bool stale;       /* stopped before sending: the kept connection was closed */
	bool lost;        /* stopped before sending a second time */
	bool too_large;
	size_t header_bytes;
	bool whole_head; /* the final one, not one of 1xx */
	struct buf head; /* its headers, "Name: value" with a NUL after each */
	struct buf reply;
	struct http_pieces *pieces; /* NULL: bodies are whole */
	char errbuf[CURL_ERROR_SIZE];
};

/* Bodies in pieces. The windows may be passed by what libcurl hands over at once. */
struct http_pieces {
	http_moved_fn *moved;
	void *arg;
	struct timer tell;      /* moved() is owed, or done() */
	curl_off_t moved_bytes; /* both ways, when the stall timer was started */
	bool held;              /* since then the peer had to wait for us */
	struct buf in;          /* to be read */
	bool in_paused;
	bool over; /* libcurl has ended it with `result`; `in` is still being read */
	CURLcode result;
	struct buf out; /* written, not yet libcurl's */
	bool out_paused;
	int64_t unwritten; /* of the announced body; -1: it has none of this kind */
	int64_t body_bytes;
};

void http_req_free(struct http_req *req);
/* Fills what comes from the URL; false and req->refused if it cannot be requested. */
bool http_req_read_url(struct http_req *req);

/* Gives the request to libcurl. */
void http_transfer_begin(struct http_req *req);
/* Takes it away if it is still there and gives the handle back; the facts asked for below
 * are gone then. */
void http_transfer_end(struct http_req *req, bool still_running);
/* The connection was found closed before anything was sent: once more, on a new one. */
void http_transfer_again(struct http_req *req);
bool http_transfer_may_have_been_sent(const struct http_req *req);
/* What a transfer that ended came to. The reply borrows from the request. */
void http_transfer_reply(const struct http_req *req, struct http_reply *out);
void http_transfer_error(const struct http_req *req, CURLcode result, struct err *out);

/* ---- http_pieces.c ---- */
void http_pieces_free(struct http_pieces *pieces);
/* For libcurl: set up, and the answer's body as it comes (CURL_WRITEFUNC_*). */
void http_pieces_begin(struct http_req *req);
size_t http_pieces_take(struct http_req *req, const char *data, size_t n);
/* The final head is there. */
void http_pieces_tell(struct http_req *req);
/* True: done() has to wait until all has been read. */
bool http_pieces_hold_end(struct http_req *req, CURLcode result);
/* The stall timer has run out: is the transfer moving? Starts counting anew if so. */
bool http_pieces_moves(struct http_req *req);

/* ---- http_client.c ---- */
/* What libcurl ended and http_pieces_hold_end() held back. */
void http_req_end_held(struct http_req *req);

#endif
