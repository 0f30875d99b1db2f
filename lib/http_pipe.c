#include "lib/http_pipe.h"

#include "lib/mem.h"
#include <assert.h>
#include <stdlib.h>
#include <strings.h>

enum { PIECE_BYTES = 32 * 1024 };

enum pipe_state {
	PIPE_OPENING,  /* no head yet */
	PIPE_SPOOLING, /* into the temporary file, to learn the length */
	PIPE_READY,    /* the owner makes an upload */
	PIPE_MOVING,
	PIPE_ENDING,
};

struct http_pipe {
	enum pipe_state state;
	struct http_req *down; /* NULL: over */
	struct http_req *up;   /* NULL: not yet, or over */
	struct http_pipe_options opts;
	struct spool_file *file; /* NULL: straight through */
	int64_t length_bytes;
	int64_t bytes;       /* handed to the upload */
	struct timer ending; /* reports `err` */
	struct err err;
	struct http_pipe_end end;
	http_pipe_ready_fn *ready;
	http_pipe_done_fn *done;
	void *arg;
};

/* ------------------------------------------------------------ the end */

static void free_pipe(struct http_pipe *pipe)
{
	timer_stop(&pipe->ending);
	http_req_cancel(&pipe->down);
	http_req_cancel(&pipe->up);
	spool_close(&pipe->file);
	free(pipe);
}

/* The only place it ends by itself. */
static void finish(struct http_pipe *pipe, const struct err *err)
{
	pipe->state = PIPE_ENDING;
	pipe->end.bytes = pipe->bytes;
	http_req_cancel(&pipe->down);
	http_req_cancel(&pipe->up);
	pipe->done(&pipe->end, err, pipe->arg);
	free_pipe(pipe);
}

static void handle_ending(void *arg)
{
	struct http_pipe *pipe = arg;
	finish(pipe, &pipe->err);
}

/* Soon, and not now: both requests are silenced first. */
static void fail(struct http_pipe *pipe)
{
	if (pipe->state == PIPE_ENDING) {
		return;
	}
	pipe->state = PIPE_ENDING;
	http_req_cancel(&pipe->down);
	http_req_cancel(&pipe->up);
	timer_start(&pipe->ending, 0);
}

static void fail_download(struct http_pipe *pipe, const char *what)
{
	err_set(&pipe->err, ERR_RETRY, 0, "download: %s", what);
	pipe->end.by_download = true;
	fail(pipe);
}

static void fail_too_large(struct http_pipe *pipe)
{
	err_set(&pipe->err, ERR_PERMANENT, 0, "more than %lld bytes",
	        (long long)pipe->opts.max_bytes);
	pipe->end.by_download = true;
	pipe->end.too_large = true;
	fail(pipe);
}

void http_pipe_fail(struct http_pipe *pipe, const struct err *err)
{
	assert(pipe->state == PIPE_READY);
	pipe->err = *err;
	fail(pipe);
}

/* ------------------------------------------------------------ passing on */

static void move_from_file(struct http_pipe *pipe)
{
	char data[PIECE_BYTES];

	while (pipe->bytes < pipe->length_bytes) {
		ssize_t n = spool_read(
		        pipe->file, pipe->bytes, data, sizeof(data), &pipe->err);
		if (n <= 0) {
			if (n == 0) {
				err_set(&pipe->err, ERR_RETRY, 0,
				        "temporary file has shrunk");
			}
			fail(pipe);
			return;
		}
		size_t taken = http_req_write(pipe->up, (struct str){data, (size_t)n});
		pipe->bytes += (int64_t)taken;
		if (taken < (size_t)n) {
			return;
		}
	}
}

static void move_straight(struct http_pipe *pipe)
{
	struct str data;

	while (pipe->down != NULL && (data = http_req_peek(pipe->down)).n > 0) {
		size_t n = http_req_write(pipe->up, data);
		if (n == 0) {
			return;
		}
		pipe->bytes += (int64_t)n;
		http_req_consume(pipe->down, n);
	}
}

static void move(struct http_pipe *pipe)
{
	if (pipe->state != PIPE_MOVING || pipe->up == NULL) {
		return;
	}
	if (pipe->file != NULL) {
		move_from_file(pipe);
	} else {
		move_straight(pipe);
	}
}

/* ------------------------------------------------------------ the download */

static void be_ready(
        struct http_pipe *pipe, const struct http_reply *head, struct str first)
{
	pipe->state = PIPE_READY;
	pipe->ready(head, first, pipe->length_bytes, pipe->arg);
}

static void spool_piece(struct http_pipe *pipe)
{
	struct str data = http_req_peek(pipe->down);

	if ((int64_t)data.n > pipe->opts.max_bytes - spool_size(pipe->file)) {
		fail_too_large(pipe);
		return;
	}
	if (!spool_write(pipe->file, data, &pipe->err)) {
		fail(pipe);
		return;
	}
	http_req_consume(pipe->down, data.n);
}

/* A body that neither announces its length nor comes in chunks ends with its connection,
 * and nobody can tell whether that was its end. */
static bool shows_its_end(const struct http_reply *head)
{
	const char *coding = http_reply_header(head, "Transfer-Encoding");
	return coding != NULL && strcasecmp(coding, "chunked") == 0;
}

static void begin_spooling(struct http_pipe *pipe, const struct http_reply *head)
{
	if (!shows_its_end(head) && pipe->opts.expected_bytes < 0) {
		fail_download(pipe, "the length is not known");
		return;
	}
	if (pipe->opts.spool == NULL) {
		fail_download(pipe, "the length is not announced");
		return;
	}
	pipe->file = spool_open(pipe->opts.spool, &pipe->err);
	if (pipe->file == NULL) {
		fail(pipe);
		return;
	}
	pipe->state = PIPE_SPOOLING;
	spool_piece(pipe);
}

/* -1: not known yet. False: the pipe has failed. */
static bool learn_length(struct http_pipe *pipe, int64_t length)
{
	int64_t expected = pipe->opts.expected_bytes;

	if (length >= 0 && expected >= 0 && length != expected) {
		fail_download(pipe, "the body is not as long as it should be");
		return false;
	}
	if (length > pipe->opts.max_bytes) {
		fail_too_large(pipe);
		return false;
	}
	pipe->length_bytes = length;
	return true;
}

static bool is_good(const struct http_reply *reply)
{
	return reply->status >= 200 && reply->status <= 299;
}

static void open_body(struct http_pipe *pipe)
{
	struct http_reply head;
	int64_t announced;

	if (!http_req_head(pipe->down, &head, &announced) || !is_good(&head) ||
	        (http_req_peek(pipe->down).n == 0 && announced != 0)) {
		return; /* handle_downloaded() sees to the rest */
	}
	if (!learn_length(pipe, announced)) {
		return;
	}
	if (pipe->length_bytes < 0) {
		begin_spooling(pipe, &head);
	} else {
		be_ready(pipe, &head, http_req_peek(pipe->down));
	}
}

static void handle_down_moved(void *arg)
{
	struct http_pipe *pipe = arg;

	switch (pipe->state) {
	case PIPE_OPENING:
		open_body(pipe);
		return;
	case PIPE_SPOOLING:
		spool_piece(pipe);
		return;
	case PIPE_READY:
	case PIPE_ENDING:
		return;
	case PIPE_MOVING:
		move(pipe);
		return;
	}
}

static void end_spooling(struct http_pipe *pipe, const struct http_reply *head)
{
	char data[512];
	ssize_t n = spool_read(pipe->file, 0, data, sizeof(data), &pipe->err);

	if (n < 0) {
		fail(pipe);
		return;
	}
	if (learn_length(pipe, spool_size(pipe->file))) {
		be_ready(pipe, head, (struct str){data, (size_t)n});
	}
}

/* All of the body has been read by then. */
static void end_download(struct http_pipe *pipe, const struct http_reply *reply)
{
	bool is_known = http_reply_header(reply, "Content-Length") != NULL ||
	                shows_its_end(reply) || pipe->opts.expected_bytes == 0;

	if (pipe->state == PIPE_SPOOLING) {
		end_spooling(pipe, reply);
	} else if (pipe->state == PIPE_OPENING && !is_known) {
		fail_download(pipe, "the length is not known");
	} else if (pipe->state == PIPE_OPENING) { /* an empty body */
		if (learn_length(pipe, 0)) {
			be_ready(pipe, reply, (struct str){0});
		}
	} else if (pipe->bytes < pipe->length_bytes) {
		fail_download(pipe, "the body is shorter than it should be");
	}
}

static void handle_downloaded(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	struct http_pipe *pipe = arg;
	struct err none = ERR_INIT;

	pipe->down = NULL;
	if (reply == NULL) {
		pipe->err = *err;
		if (err->kind == ERR_UNSURE) {
			pipe->err.kind = ERR_RETRY; /* it only reads */
		}
		err_prefix(&pipe->err, "download");
		pipe->end.by_download = true;
		fail(pipe);
	} else if (!is_good(reply)) {
		pipe->end.refused = reply;
		finish(pipe, &none);
	} else {
		end_download(pipe, reply);
	}
}

/* ------------------------------------------------------------ the upload */

static void handle_up_moved(void *arg)
{
	move(arg);
}

static void handle_uploaded(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	struct http_pipe *pipe = arg;
	struct err outcome = *err;

	pipe->up = NULL;
	pipe->end.uploaded = reply;
	if (reply == NULL) {
		err_prefix(&outcome, "upload");
	} else if (is_good(reply) && pipe->bytes < pipe->length_bytes) {
		pipe->end.uploaded = NULL;
		err_set(&outcome, ERR_UNSURE, reply->status,
		        "upload: answered before the body had been sent");
	}
	finish(pipe, &outcome);
}

void http_pipe_upload(
        struct http_pipe *pipe, struct http_req *upload, const char *content_type)
{
	assert(pipe->state == PIPE_READY);
	pipe->state = PIPE_MOVING;
	pipe->up = upload;
	http_req_in_pieces(upload, pipe->opts.stall_ms, handle_up_moved, pipe);
	http_req_set_body_length(upload, content_type, pipe->length_bytes);
	http_req_start(upload, handle_uploaded, pipe);
	move(pipe);
}

/* ------------------------------------------------------------ life */

struct http_pipe *http_pipe_start(struct http_req *download,
        const struct http_pipe_options *opts, http_pipe_ready_fn *ready,
        http_pipe_done_fn *done, void *arg)
{
	struct http_pipe *pipe = xcalloc(1, sizeof(*pipe));

	pipe->down = download;
	pipe->opts = *opts;
	pipe->length_bytes = -1;
	pipe->ready = ready;
	pipe->done = done;
	pipe->arg = arg;
	timer_init(&pipe->ending, opts->loop, handle_ending, pipe);
	http_req_in_pieces(download, opts->stall_ms, handle_down_moved, pipe);
	http_req_start(download, handle_downloaded, pipe);
	return pipe;
}

void http_pipe_cancel(struct http_pipe **handle)
{
	struct http_pipe *pipe = *handle;

	*handle = NULL;
	if (pipe != NULL && pipe->state != PIPE_ENDING) {
		free_pipe(pipe);
	} else if (pipe != NULL && timer_active(&pipe->ending)) {
		free_pipe(pipe);
	}
}
