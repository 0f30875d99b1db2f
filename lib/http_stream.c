#include "lib/http_internal.h"

#include "lib/mem.h"
#include "lib/socket_state.h"
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

enum {
	MAX_QUEUED_BYTES = 32 * 1024 * 1024,
	READ_BYTES = 64 * 1024,
	CLOSE_DEADLINE_MS = 10 * 1000,
};

struct http_stream {
	struct list link; /* http_server::streams */
	struct http_server *server;
	int fd;
	struct MHD_UpgradeResponseHandle *handle;
	struct loop_io *io;
	http_stream_fn *fn;
	void *arg;
	struct buf early; /* came with the request, not delivered yet */
	struct timer deliver_early;
	struct buf out;
	size_t sent; /* bytes of out that have left */
	struct timer close_deadline;
	unsigned busy;  /* calls into the owner under way: do not free */
	bool peer_done; /* nothing more comes, or the connection broke */
	bool broken;    /* nothing more can be sent */
	bool closed;    /* the owner has let go */
	bool fin_sent;
	bool over; /* to be freed as soon as nobody is busy */
};

/* ---------------------------------------------------------------- the end */

static void finish(struct http_stream *stream)
{
	stream->over = true;
	if (stream->busy > 0) {
		return;
	}
	list_del(&stream->link);
	timer_stop(&stream->deliver_early);
	timer_stop(&stream->close_deadline);
	loop_io_destroy(&stream->io);
	buf_finish(&stream->early);
	buf_finish(&stream->out);
	MHD_upgrade_action(stream->handle, MHD_UPGRADE_ACTION_CLOSE);
	http_server_resumed(stream->server);
	free(stream);
}

static void handle_close_deadline(void *arg)
{
	finish(arg);
}

void http_stream_abandon(struct list *link)
{
	struct http_stream *stream = container_of(link, struct http_stream, link);

	assert(stream->closed); /* the owner closes its streams before the server goes */
	finish(stream);
}

/* ---------------------------------------------------------------- in and out */

static void watch(struct http_stream *stream)
{
	bool reads = !stream->peer_done && stream->early.len == 0 &&
	             (stream->fn != NULL || stream->closed);
	bool writes = !stream->broken && stream->out.len > 0;

	loop_io_set(stream->io, (reads ? LOOP_READ : 0) | (writes ? LOOP_WRITE : 0));
}

/* The owner may close the stream meanwhile; it is freed later then. */
static void deliver(struct http_stream *stream, struct str data)
{
	if (stream->fn == NULL) {
		return;
	}
	stream->busy++;
	stream->fn(data, stream->arg);
	stream->busy--;
}

static void break_off(struct http_stream *stream)
{
	stream->broken = true;
	stream->sent = 0;
	buf_finish(&stream->out);
}

static void flush(struct http_stream *stream)
{
	while (!stream->broken && stream->sent < stream->out.len) {
		ssize_t n = send(stream->fd, stream->out.data + stream->sent,
		        stream->out.len - stream->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0) {
			stream->sent += (size_t)n;
		} else if (errno == EAGAIN) {
			break;
		} else if (errno != EINTR) {
			break_off(stream);
		}
	}
	/* Moving the rest down only when it is the smaller half keeps the cost linear. */
	if (stream->sent > 0 && stream->sent >= stream->out.len / 2) {
		buf_consume(&stream->out, stream->sent);
		stream->sent = 0;
	}
}

/* After our FIN we read on until the peer's: closing with unread bytes would reset the
 * connection, and the peer might lose what we sent last. */
static void go_on_closing(struct http_stream *stream)
{
	if (stream->out.len == 0 && !stream->fin_sent && !stream->broken) {
		stream->fin_sent = true;
		shutdown(stream->fd, SHUT_WR);
	}
	if (stream->broken || (stream->fin_sent && stream->peer_done)) {
		finish(stream);
	} else {
		watch(stream);
	}
}

static void settle(struct http_stream *stream)
{
	if (stream->over) {
		finish(stream);
	} else if (stream->closed) {
		go_on_closing(stream);
	} else {
		watch(stream);
	}
}

static void receive(struct http_stream *stream)
{
	char data[READ_BYTES];
	ssize_t n = recv(stream->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (n < 0) {
		break_off(stream);
		n = 0;
	}
	stream->peer_done = n == 0;
	deliver(stream, (struct str){data, (size_t)n});
}

static void handle_io(int events, void *arg)
{
	struct http_stream *stream = arg;

	if ((events & LOOP_WRITE) != 0) {
		flush(stream);
	}
	if ((events & LOOP_READ) != 0 && !stream->peer_done) {
		receive(stream);
	}
	settle(stream);
}

static void handle_early(void *arg)
{
	struct http_stream *stream = arg;
	struct buf early = stream->early;

	buf_init(&stream->early, early.cap);
	deliver(stream, buf_str(&early));
	buf_finish(&early);
	settle(stream);
}

/* ---------------------------------------------------------------- the owner's side */

struct http_stream *http_stream_create(struct http_server *server, int fd,
        struct str early, struct MHD_UpgradeResponseHandle *handle)
{
	struct http_stream *stream = xcalloc(1, sizeof(*stream));
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	stream->server = server;
	stream->fd = fd;
	stream->handle = handle;
	buf_init(&stream->early, early.n);
	if (early.n > 0) {
		buf_add_str(&stream->early, early);
	}
	/* Twice, because up to half of it may have left already. */
	buf_init(&stream->out, 2 * (size_t)MAX_QUEUED_BYTES);
	timer_init(&stream->deliver_early, server->loop, handle_early, stream);
	timer_init(&stream->close_deadline, server->loop, handle_close_deadline, stream);
	stream->io = loop_io_create(server->loop, fd, 0, handle_io, stream);
	list_add_tail(&server->streams, &stream->link);
	return stream;
}

void http_stream_on_data(struct http_stream *stream, http_stream_fn *fn, void *arg)
{
	stream->fn = fn;
	stream->arg = arg;
	if (stream->early.len > 0) {
		timer_start(&stream->deliver_early, 0);
	}
	watch(stream);
}

bool http_stream_write(struct http_stream *stream, struct str data)
{
	if (stream->broken ||
	        data.n > MAX_QUEUED_BYTES - (stream->out.len - stream->sent)) {
		return false;
	}
	bool idle = stream->out.len == 0;
	buf_add_str(&stream->out, data);
	if (idle) {
		flush(stream);
		watch(stream);
	}
	return true;
}

bool http_stream_flushed(const struct http_stream *stream)
{
	return stream->out.len == 0;
}

void http_stream_close(struct http_stream **stream_var, enum http_drop how)
{
	struct http_stream *stream = *stream_var;

	if (stream == NULL) {
		return;
	}
	*stream_var = NULL;
	stream->closed = true;
	stream->fn = NULL;
	timer_stop(&stream->deliver_early);
	buf_finish(&stream->early);
	if (how == HTTP_DROP_RESET) {
		socket_reset(stream->fd);
		finish(stream);
		return;
	}
	timer_start(&stream->close_deadline, CLOSE_DEADLINE_MS);
	go_on_closing(stream);
}
