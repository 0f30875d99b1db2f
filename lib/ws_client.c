#include "lib/ws_client.h"

#include "lib/buf.h"
#include "lib/list.h"
#include "lib/mem.h"
#include "lib/resolve.h"
#include "lib/ws_link.h"
#include <stdlib.h>
#include <string.h>

enum {
	DEFAULT_CONNECT_MS = 15 * 1000,
	DEFAULT_QUIET_MS = 20 * 1000,
	DEFAULT_SILENCE_MS = 50 * 1000,
	DEFAULT_MAX_MESSAGE_BYTES = 4 * 1024 * 1024,
	MAX_QUEUED_BYTES = 1024 * 1024,
	/* How long the peer may take over its part of the closing handshake. Slack
	 * answers a close frame and leaves the TCP connection open. */
	CLOSE_GRACE_MS = 2000,
	CLOSE_TOO_BIG = 1009, /* RFC 6455, 7.4.1 */
	CLOSE_NOT_UTF8 = 1007,
};

enum ws_state {
	WS_STARTING, /* the rest of the start comes in the next turn */
	WS_RESOLVING,
	WS_CONNECTING,
	WS_OPEN,
	WS_CLOSING, /* ws->end says what closed() will be told */
	WS_CLOSED,
};

struct message { /* one in the queue */
	struct list list;
	size_t n;
	unsigned char room[LWS_PRE]; /* for the frame's head */
	unsigned char data[];
};

struct ws_client {
	struct ws_context *ctx;
	enum ws_state state;
	const struct ws_client_handlers *handlers;
	void *arg;
	char *url_text;
	uint32_t connect_ms;
	uint32_t quiet_ms;
	uint32_t silence_ms;

	struct timer timer; /* what for, depends on the state */
	int64_t connect_until_ms;
	struct ws_url url;
	struct resolve *resolve;
	struct resolved addresses;
	size_t next_address;
	struct ws_link *link;

	int64_t alive_ms; /* last sign of life */
	uint64_t bytes_received;
	bool ping_wanted;
	bool ping_sent; /* since that sign */

	struct buf message; /* fragments so far */
	struct list queue;  /* message::list */
	size_t queued_bytes;

	struct err end;
	unsigned close_code;
	bool close_sent; /* or libwebsockets sends it */
};

/* ------------------------------------------------------------ the end */

static void drop_queue(struct ws_client *ws)
{
	list_for_each(it, &ws->queue)
	{
		list_del(it);
		free(container_of(it, struct message, list));
	}
	ws->queued_bytes = 0;
}

static void let_go(struct ws_client *ws)
{
	ws->state = WS_CLOSED;
	timer_stop(&ws->timer);
	resolve_cancel(&ws->resolve);
	ws_link_drop(&ws->link);
	drop_queue(ws);
	buf_finish(&ws->message);
}

/* The only place a connection ends by itself. Touch nothing after. */
static void finish(struct ws_client *ws, const struct err *why)
{
	struct err err = *why; /* may be in ws, which may go */

	let_go(ws);
	ws->handlers->closed(ws, &err, ws->arg);
}

static void fail(struct ws_client *ws, int code, const char *text)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_RETRY, code, "%s", text);
	finish(ws, &err);
}

static void begin_closing(struct ws_client *ws, unsigned code)
{
	ws->state = WS_CLOSING;
	ws->close_code = code;
	timer_start(&ws->timer, CLOSE_GRACE_MS);
	ws_link_want_write(ws->link);
}

static void refuse_message(struct ws_client *ws, unsigned code, const char *text)
{
	err_set(&ws->end, ERR_RETRY, (int)code, "%s", text);
	drop_queue(ws);
	buf_finish(&ws->message);
	begin_closing(ws, code);
}

/* ------------------------------------------------------------ connecting */

static void connect_next(struct ws_client *ws)
{
	while (ws->next_address < ws->addresses.count) {
		size_t left = ws->addresses.count - ws->next_address;
		int64_t ms_left = ws->connect_until_ms - loop_now_ms(ws->ctx->loop);
		const char *address = ws->addresses.addresses[ws->next_address++];
		if (ms_left <= 0) {
			fail(ws, 0, "no connection in time");
			return;
		}
		ws->state = WS_CONNECTING;
		ws->link = ws_link_open(ws->ctx, &ws->url, address, ws);
		if (ws->link != NULL) {
			/* An address that does not answer leaves time for the others. */
			timer_start(&ws->timer,
			        (ms_left + (int64_t)left - 1) / (int64_t)left);
			return;
		}
	}
	fail(ws, 0, "cannot connect");
}

static void handle_resolved(
        const struct resolved *found, const struct err *err, void *arg)
{
	struct ws_client *ws = arg;

	ws->resolve = NULL;
	if (found == NULL) {
		finish(ws, err);
		return;
	}
	ws->addresses = *found;
	connect_next(ws);
}

static void begin(struct ws_client *ws)
{
	struct loop *loop = ws->ctx->loop;
	struct err err = ERR_INIT;

	if (!ws_url_parse(ws->url_text, &ws->url, &err)) {
		finish(ws, &err);
		return;
	}
	if (resolve_known(ws->url.host, &ws->addresses)) {
		connect_next(ws);
		return;
	}
	ws->resolve = resolve_start(loop, ws->url.host, handle_resolved, ws, &err);
	if (ws->resolve == NULL) {
		finish(ws, &err);
		return;
	}
	ws->state = WS_RESOLVING;
	timer_start(&ws->timer, ws->connect_until_ms - loop_now_ms(loop));
}

static void handle_attempt_over(struct ws_client *ws)
{
	ws_link_drop(&ws->link);
	if (ws->next_address < ws->addresses.count) {
		connect_next(ws);
	} else {
		fail(ws, 0, "no connection in time");
	}
}

void ws_client_on_failed(struct ws_client *ws, int status, struct str why)
{
	struct err err = ERR_INIT;

	ws_link_drop(&ws->link);
	if (status == 0 && ws->next_address < ws->addresses.count) {
		connect_next(ws);
		return;
	}
	if (status != 0 && status != 101) {
		err_set(&err, ERR_RETRY, status, "the server answered with status %d",
		        status);
	} else {
		err_set(&err, ERR_RETRY, 0, "cannot connect: %.*s", (int)why.n, why.p);
	}
	finish(ws, &err);
}

/* ------------------------------------------------------------ signs of life */

static void note_life(struct ws_client *ws)
{
	ws->alive_ms = loop_now_ms(ws->ctx->loop);
	ws->ping_sent = false;
	ws->bytes_received = ws_link_bytes_received(ws->link);
}

/* libwebsockets answers pings without telling us, and tells of a long frame only now and
 * then. The kernel's count knows of both. */
static void note_life_if_bytes_came(struct ws_client *ws)
{
	if (ws_link_bytes_received(ws->link) != ws->bytes_received) {
		note_life(ws);
	}
}

static void check_alive(struct ws_client *ws)
{
	note_life_if_bytes_came(ws);
	int64_t silent_ms = loop_now_ms(ws->ctx->loop) - ws->alive_ms;
	if (silent_ms >= ws->silence_ms) {
		fail(ws, 0, "the server is silent");
		return;
	}
	if (silent_ms >= ws->quiet_ms && !ws->ping_sent) {
		ws->ping_sent = true;
		ws->ping_wanted = true;
		ws_link_want_write(ws->link);
	}
	bool ping_next = !ws->ping_sent && ws->quiet_ms < ws->silence_ms;
	timer_start(&ws->timer, (ping_next ? ws->quiet_ms : ws->silence_ms) - silent_ms);
}

void ws_client_on_pong(struct ws_client *ws)
{
	note_life(ws);
}

/* ------------------------------------------------------------ open */

void ws_client_on_open(struct ws_client *ws)
{
	ws->state = WS_OPEN;
	note_life(ws);
	check_alive(ws);
	if (ws->handlers->open != NULL) {
		ws->handlers->open(ws, ws->arg);
	}
}

/* The handler may destroy the client: touch nothing after. */
static void deliver(struct ws_client *ws, struct str text)
{
	if (!str_is_utf8(text)) {
		refuse_message(ws, CLOSE_NOT_UTF8, "the server sent bad UTF-8");
	} else if (ws->handlers->text != NULL) {
		ws->handlers->text(ws, text, ws->arg);
	}
}

void ws_client_on_data(
        struct ws_client *ws, struct str data, bool is_last, bool is_binary)
{
	note_life(ws);
	if (ws->state != WS_OPEN || is_binary) {
		return;
	}
	if (data.n > ws->message.cap - ws->message.len) {
		refuse_message(ws, CLOSE_TOO_BIG, "the server sent too long a message");
	} else if (is_last && ws->message.len == 0) {
		deliver(ws, data);
	} else if (!is_last) {
		buf_add_str(&ws->message, data);
	} else {
		buf_add_str(&ws->message, data);
		struct buf whole = ws->message;
		buf_init(&ws->message, whole.cap);
		deliver(ws, buf_str(&whole));
		buf_finish(&whole);
	}
}

static bool write_ping(struct ws_client *ws)
{
	unsigned char room[LWS_PRE];

	ws->ping_wanted = false;
	return ws_link_write(ws->link, room + LWS_PRE, 0, LWS_WRITE_PING);
}

static bool write_first(struct ws_client *ws)
{
	struct message *message = container_of(ws->queue.next, struct message, list);

	list_del(&message->list);
	ws->queued_bytes -= message->n;
	bool ok = ws_link_write(ws->link, message->data, message->n, LWS_WRITE_TEXT);
	free(message);
	return ok;
}

void ws_client_on_writable(struct ws_client *ws)
{
	bool ok = true;

	note_life_if_bytes_came(ws);
	if (ws->close_sent) {
		return;
	}
	while (ok && ws_link_can_write(ws->link)) {
		if (ws->ping_wanted) {
			ok = write_ping(ws);
		} else if (!list_empty(&ws->queue)) {
			ok = write_first(ws);
		} else if (ws->state == WS_CLOSING) {
			ws->close_sent = true;
			ok = ws_link_write_close(ws->link, ws->close_code);
			if (ok) {
				return;
			}
		} else {
			return;
		}
	}
	if (ok) {
		ws_link_want_write(ws->link);
	} else {
		ws_client_on_lost(ws);
	}
}

bool ws_client_on_close_frame(struct ws_client *ws, int code)
{
	note_life(ws);
	if (ws->state == WS_OPEN) {
		err_set(&ws->end, ERR_RETRY, code, "the server closed (%d)", code);
		drop_queue(ws);
		ws->state = WS_CLOSING;
		timer_start(&ws->timer, CLOSE_GRACE_MS);
	} else if (ws->end.kind == ERR_CANCELLED) {
		ws->end.code = code;
	}
	bool answer = !ws->close_sent;
	ws->close_sent = true;
	return answer;
}

void ws_client_on_lost(struct ws_client *ws)
{
	if (ws->state == WS_CLOSING) {
		finish(ws, &ws->end);
	} else {
		fail(ws, 0,
		        ws->state == WS_OPEN ? "the connection broke" : "cannot connect");
	}
}

static void handle_timer(void *arg)
{
	struct ws_client *ws = arg;

	switch (ws->state) {
	case WS_STARTING:
		begin(ws);
		break;
	case WS_RESOLVING:
		fail(ws, 0, "no answer from the name servers in time");
		break;
	case WS_CONNECTING:
		handle_attempt_over(ws);
		break;
	case WS_OPEN:
		check_alive(ws);
		break;
	case WS_CLOSING:
		finish(ws, &ws->end);
		break;
	case WS_CLOSED:
		break;
	}
}

/* ------------------------------------------------------------ the caller's side */

struct ws_client *ws_client_start(struct ws_context *ctx,
        const struct ws_client_options *opts, const struct ws_client_handlers *handlers,
        void *arg)
{
	struct ws_client *ws = xcalloc(1, sizeof(*ws));
	struct loop *loop = ctx->loop;

	ws->ctx = ctx;
	ws->handlers = handlers;
	ws->arg = arg;
	ws->url_text = xstrdup(opts->url);
	ws->connect_ms = opts->connect_ms != 0 ? opts->connect_ms : DEFAULT_CONNECT_MS;
	ws->quiet_ms = opts->quiet_ms != 0 ? opts->quiet_ms : DEFAULT_QUIET_MS;
	ws->silence_ms = opts->silence_ms != 0 ? opts->silence_ms : DEFAULT_SILENCE_MS;
	buf_init(&ws->message, opts->max_message_bytes != 0 ? opts->max_message_bytes
	                                                    : DEFAULT_MAX_MESSAGE_BYTES);
	list_init(&ws->queue);
	ws->connect_until_ms = loop_now_ms(loop) + ws->connect_ms;
	timer_init(&ws->timer, loop, handle_timer, ws);
	timer_start(&ws->timer, 0);
	return ws;
}

bool ws_client_send(struct ws_client *ws, struct str text)
{
	if (ws->state != WS_OPEN || text.n > MAX_QUEUED_BYTES - ws->queued_bytes) {
		return false;
	}
	struct message *message = xcalloc(1, sizeof(*message) + text.n + 1);
	message->n = text.n;
	if (text.n > 0) {
		memcpy(message->data, text.p, text.n);
	}
	list_add_tail(&ws->queue, &message->list);
	ws->queued_bytes += text.n;
	ws_link_want_write(ws->link);
	return true;
}

void ws_client_close(struct ws_client *ws, unsigned code)
{
	if (ws->state == WS_CLOSING || ws->state == WS_CLOSED) {
		return;
	}
	err_set(&ws->end, ERR_CANCELLED, 0, "closed by us");
	if (ws->state == WS_OPEN) {
		begin_closing(ws, code);
		return;
	}
	let_go(ws);
	ws->state = WS_CLOSING;
	timer_start(&ws->timer, 0);
}

void ws_client_destroy(struct ws_client **handle)
{
	struct ws_client *ws = *handle;

	if (ws == NULL) {
		return;
	}
	*handle = NULL;
	let_go(ws);
	ws_url_finish(&ws->url);
	free(ws->url_text);
	free(ws);
}
