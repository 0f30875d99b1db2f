/* http_req: what the parts of http_client share. Internal to it.
 *
 *   http_req.c       making a request, and what its URL says
 *   http_transfer.c  a request at libcurl: options, callbacks, the meaning of the result
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
	char errbuf[CURL_ERROR_SIZE];
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
void http_transfer_reply(struct http_req *req, struct http_reply *out);
void http_transfer_error(const struct http_req *req, CURLcode result, struct err *out);

#endif
