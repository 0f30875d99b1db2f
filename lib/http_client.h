/* http_client: HTTP/1.1 requests over libcurl, in the loop.
 *
 * Request contract: created, set up, then started; afterwards done() runs exactly once,
 * from the loop and never inside start, and the request is gone - or it was cancelled,
 * and then done() does not run. Every request has a deadline. Redirects are not followed.
 */
#ifndef LIB_HTTP_CLIENT_H
#define LIB_HTTP_CLIENT_H

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/loop.h"
#include "lib/str.h"

struct http_client;
struct http_req;

struct http_client_options {
	const char *user_agent;
	const char *ca_file;   /* NULL: the system's */
	unsigned max_per_host; /* connections; 0: 8 */
	bool log_requests; /* a debug line each: method, host, path without query, status
	                    */
};

struct http_reply {
	int status;
	/* From Retry-After, in seconds or a date, which is measured by the Date header if
	 * there is one; 1 if it asks for no time at all, 0 if absent or neither. */
	uint32_t retry_after_ms;
	struct str body;          /* valid only during done(), like all here */
	const char *content_type; /* "" if absent */
	const char *request_id;   /* X-Slack-Req-Id or X-Request-Id; "" if absent */
	struct str head;          /* for http_reply_header() */
};

/* The value of a header, the first of several; NULL if there is none. Valid only during
 * done(). */
const char *http_reply_header(const struct http_reply *reply, const char *name);

/* reply is NULL if none arrived whole. Then err->kind is ERR_RETRY if the request cannot
 * have been processed (refused, name not found, TLS failed: nothing was sent), ERR_UNSURE
 * if it may have been (sent, then reset, cut or past its deadline), ERR_PERMANENT if the
 * answer passed the size limit or the URL is bad. With a reply, whatever its status,
 * err->kind is ERR_NONE. */
typedef void http_done_fn(
        const struct http_reply *reply, const struct err *err, void *arg);

struct http_client *http_client_create(
        struct loop *loop, const struct http_client_options *opts);
/* All requests finished or cancelled first: asserted. *client may be NULL. */
void http_client_destroy(struct http_client **client);

/* Texts are copied. Defaults: deadline 30 s, answer at most 8 MiB. */
struct http_req *http_req_create(
        struct http_client *client, const char *method, const char *url);
void http_req_set_header(struct http_req *req, const char *name, const char *value);
/* Copies. An empty body is sent as such (Content-Length: 0). */
void http_req_set_body(struct http_req *req, const char *content_type, struct str body);
void http_req_set_deadline(struct http_req *req, uint32_t deadline_ms);
void http_req_set_max_reply(struct http_req *req, size_t max_bytes);
void http_req_start(struct http_req *req, http_done_fn *done, void *arg);
/* Also frees a request that was never started. NULL is fine; *req becomes NULL. */
void http_req_cancel(struct http_req **req);

/* ---- bodies in pieces, for what is too large to be held ----
 *
 * Bytes wait in windows of the request; when one is full the peer waits (TCP's own
 * back-pressure). moved() is called from the loop, never inside a call of ours, whenever
 * there is a head, something to read, or room to write; it may cancel the request. All
 * of it ends with done() as above, but with the body of a 2xx answer already read. */
enum { HTTP_WINDOW_BYTES = 64 * 1024 };

typedef void http_moved_fn(void *arg);
/* Both before start. Instead of the deadline: less than HTTP_LEAST_BYTES either way
 * within stall_ms, not counting time in which the peer had to wait for us. */
enum { HTTP_LEAST_BYTES = 1024 };
void http_req_in_pieces(
        struct http_req *req, uint32_t stall_ms, http_moved_fn *moved, void *arg);
/* The body will be written: exactly so many bytes, announced as Content-Length. */
void http_req_set_body_length(
        struct http_req *req, const char *content_type, int64_t length_bytes);

/* Takes what it has room for, at most what is still missing, and says how much. To give
 * up within a body cancel the request: the peer sees a body that is too short. */
size_t http_req_write(struct http_req *req, struct str data);
/* The body's bytes that are still to be written. */
int64_t http_req_unwritten(const struct http_req *req);

/* False until the final head has come. *head is valid as in done(), without a body;
 * *length_bytes: the announced length, -1 if there was none. */
bool http_req_head(
        const struct http_req *req, struct http_reply *head, int64_t *length_bytes);
/* What has come of a 2xx body and was not consumed yet. Other answers, and those to a
 * body that was written, are not read here: up to 64 KiB of them are gathered for done().
 */
struct str http_req_peek(const struct http_req *req);
void http_req_consume(struct http_req *req, size_t n);

#endif
