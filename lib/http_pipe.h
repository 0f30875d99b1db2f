/* http_pipe: what one request downloads, another uploads, with never more in between than
 * the requests' windows.
 *
 * The length must be known before an upload can begin. Where the download does not
 * announce it the body goes into a temporary file first. A body of another length than
 * that, on whichever way, never becomes an upload that ends well: the upload is cut off
 * before its end. */
#ifndef LIB_HTTP_PIPE_H
#define LIB_HTTP_PIPE_H

#include "lib/http_client.h"
#include "lib/spool.h"

struct http_pipe;

struct http_pipe_options {
	struct loop *loop;
	struct spool *spool;    /* NULL: a body of unannounced length is an error */
	int64_t expected_bytes; /* -1: any length will do */
	int64_t max_bytes;
	uint32_t stall_ms; /* see http_req_in_pieces() */
};

/* The download's answer is a 2xx of so many bytes, and its first bytes are there (as many
 * as came; all of them if they are few). The owner now or later calls http_pipe_upload()
 * once, or cancels. Both values are valid only during the call. */
typedef void http_pipe_ready_fn(
        const struct http_reply *head, struct str first, int64_t length_bytes, void *arg);

struct http_pipe_end {
	/* The upload's answer, whatever its status; NULL if none came. */
	const struct http_reply *uploaded;
	/* The download's answer if that was no 2xx: then nothing was uploaded. */
	const struct http_reply *refused;
	bool by_download; /* err is the download's */
	bool too_large;   /* err: more than max_bytes */
	int64_t bytes;    /* that were passed on */
};
/* One of the two answers, or *err: ERR_RETRY (a body that was cut, or of an unexpected
 * length; the upload was cut off, too), ERR_PERMANENT (too large), or what http_client
 * says of either request; ERR_UNSURE is only ever the upload's. */
typedef void http_pipe_done_fn(
        const struct http_pipe_end *end, const struct err *err, void *arg);

/* Takes `download`, a request not yet started, and starts it. ready() and done() come
 * from the loop; done() exactly once, or silence after cancel. */
struct http_pipe *http_pipe_start(struct http_req *download,
        const struct http_pipe_options *opts, http_pipe_ready_fn *ready,
        http_pipe_done_fn *done, void *arg);
/* After ready(): takes `upload`, a request not yet started and without a body. */
void http_pipe_upload(
        struct http_pipe *pipe, struct http_req *upload, const char *content_type);
/* After ready(): gives up with that error; done() follows from the loop. */
void http_pipe_fail(struct http_pipe *pipe, const struct err *err);
void http_pipe_cancel(struct http_pipe **pipe);

#endif
