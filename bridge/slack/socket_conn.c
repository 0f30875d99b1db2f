#include "bridge/slack/socket_conn.h"

#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HELLO_MS = 30000,
	OWED_ACKS_MS = 3000, /* Slack waits no longer for an acknowledgement */
	CLOSE_MS = 5000,
	CLOSE_NORMAL = 1000,
};

enum conn_state {
	CONN_OPENING,    /* apps.connections.open is out */
	CONN_CONNECTING, /* the WebSocket is on its way */
	CONN_GREETING,   /* it is open, no hello yet */
	CONN_UP,
	CONN_DRAINING,
	CONN_CLOSING, /* our close frame is out */
	CONN_GONE,
};

struct socket_conn {
	struct list link; /* the owner's */
	struct loop *loop;
	struct ws_context *ws_context;
	uint64_t id;
	enum conn_state state;
	struct slack_call *open_call; /* while opening */
	struct ws_client *ws;         /* from connecting on */
	struct timer timer;           /* by state: hello due, grace over, close over */
	unsigned owed;                /* envelopes handed up and not acknowledged */
	bool retiring;
	bool waited_for_acks;
	bool leaving; /* with the last acknowledgement */
	const struct socket_conn_handlers *handlers;
	void *arg;
};

static const char *const state_names[] = {
        [CONN_OPENING] = "opening",
        [CONN_CONNECTING] = "connecting",
        [CONN_GREETING] = "greeting",
        [CONN_UP] = "up",
        [CONN_DRAINING] = "draining",
        [CONN_CLOSING] = "closing",
        [CONN_GONE] = "gone",
};

static bool may_follow(enum conn_state from, enum conn_state to)
{
	switch (to) {
	case CONN_OPENING:
		return false;
	case CONN_CONNECTING:
		return from == CONN_OPENING;
	case CONN_GREETING:
		return from == CONN_CONNECTING;
	case CONN_UP:
		return from == CONN_GREETING;
	case CONN_DRAINING:
		return from == CONN_UP;
	case CONN_CLOSING:
		return from == CONN_DRAINING;
	case CONN_GONE:
		return from != CONN_GONE;
	}
	return false;
}

/* The only writer of the state. */
static void set_state(struct socket_conn *conn, enum conn_state state, const char *why)
{
	assert(may_follow(conn->state, state));
	log_debug("socket connection", "conn=%llu state=%s->%s why=\"%s\"",
	        (unsigned long long)conn->id, state_names[conn->state],
	        state_names[state], why);
	conn->state = state;
	timer_stop(&conn->timer);
}

/* The only place where it ends by itself. Touch nothing after. */
static void end_conn(struct socket_conn *conn, const struct err *why)
{
	struct err err = *why;

	/* The URL is a secret for as long as its ticket is good. */
	if (strstr(err.msg, "://") != NULL) {
		snprintf(err.msg, sizeof(err.msg), "the connection failed");
	}
	set_state(conn, CONN_GONE, err.msg);
	ws_client_destroy(&conn->ws);
	conn->handlers->gone(conn, &err, conn->arg);
}

/* ---------------------------------------------------------------- frames */

static void handle_hello(struct socket_conn *conn, const struct socket_frame *frame)
{
	if (conn->state != CONN_GREETING) {
		return;
	}
	log_debug("socket hello", "conn=%llu connections=%lld lifetime_s=%lld",
	        (unsigned long long)conn->id, (long long)frame->connections,
	        (long long)frame->lifetime_s);
	set_state(conn, CONN_UP, "hello");
	conn->handlers->hello(conn, conn->arg);
}

static void handle_disconnect(struct socket_conn *conn, const struct socket_frame *frame)
{
	if (conn->state == CONN_GREETING) {
		struct err err;
		err_set(&err, ERR_RETRY, 0, "Slack does not want the connection");
		err_set_name(&err, frame->reason);
		end_conn(conn, &err);
		return;
	}
	if (conn->state == CONN_CLOSING) {
		return;
	}
	if (conn->state == CONN_UP) {
		set_state(conn, CONN_DRAINING, "asked to");
	}
	conn->handlers->disconnect(conn, frame->disconnect, frame->reason, conn->arg);
}

static void handle_envelope(struct socket_conn *conn, struct socket_frame *frame)
{
	frame->envelope.conn = conn->id;
	conn->owed++;
	conn->handlers->envelope(&frame->envelope, conn->arg);
}

static void handle_text(struct ws_client *ws, struct str text, void *arg)
{
	struct socket_conn *conn = arg;
	struct socket_frame frame;

	(void)ws;
	socket_frame_parse(text, &frame);
	switch (frame.kind) {
	case SOCKET_FRAME_HELLO:
		handle_hello(conn, &frame);
		break;
	case SOCKET_FRAME_DISCONNECT:
		handle_disconnect(conn, &frame);
		break;
	case SOCKET_FRAME_ENVELOPE:
		handle_envelope(conn, &frame);
		break;
	case SOCKET_FRAME_NOISE:
		log_debug("socket frame ignored", "conn=%llu bytes=%zu",
		        (unsigned long long)conn->id, text.n);
		break;
	}
	socket_frame_finish(&frame);
}

void socket_conn_ack(struct socket_conn *conn, const char *envelope_id)
{
	autofree char *frame = socket_ack_frame(envelope_id);

	if (conn->owed > 0) {
		conn->owed--;
	}
	if (conn->owed == 0 && conn->leaving && conn->state == CONN_DRAINING) {
		timer_start(&conn->timer, 0);
	}
	if (conn->ws == NULL || conn->state == CONN_CLOSING ||
	        !ws_client_send(conn->ws, str_from(frame))) {
		log_debug("socket acknowledgement not sent", "conn=%llu",
		        (unsigned long long)conn->id);
	}
}

/* ---------------------------------------------------------------- life */

static void handle_open(struct ws_client *ws, void *arg)
{
	struct socket_conn *conn = arg;

	(void)ws;
	set_state(conn, CONN_GREETING, "open");
	timer_start(&conn->timer, HELLO_MS);
}

static void handle_closed(struct ws_client *ws, const struct err *err, void *arg)
{
	(void)ws;
	end_conn(arg, err);
}

static const struct ws_client_handlers ws_handlers = {
        .open = handle_open,
        .text = handle_text,
        .closed = handle_closed,
};

static void handle_url(const char *url, const struct err *err, void *arg)
{
	struct socket_conn *conn = arg;

	conn->open_call = NULL;
	if (err->kind != ERR_NONE) {
		end_conn(conn, err);
		return;
	}
	REQ("SOCK-01");
	struct ws_client_options options = {.url = url};
	conn->ws = ws_client_start(conn->ws_context, &options, &ws_handlers, conn);
	set_state(conn, CONN_CONNECTING, "has a URL");
}

static void handle_grace_over(struct socket_conn *conn)
{
	if (conn->owed > 0 && !conn->waited_for_acks) {
		conn->waited_for_acks = true;
		timer_start(&conn->timer, OWED_ACKS_MS);
		return;
	}
	set_state(conn, CONN_CLOSING, "retired");
	ws_client_close(conn->ws, CLOSE_NORMAL);
	/* Slack leaves the TCP connection open after its close frame. */
	timer_start(&conn->timer, CLOSE_MS);
}

static void handle_timer(void *arg)
{
	struct socket_conn *conn = arg;
	struct err err;

	if (conn->state == CONN_DRAINING) {
		handle_grace_over(conn);
	} else if (conn->state == CONN_CLOSING) {
		err_set(&err, ERR_CANCELLED, 0, "closed");
		end_conn(conn, &err);
	} else {
		err_set(&err, ERR_RETRY, 0, "no hello within %d s", HELLO_MS / 1000);
		end_conn(conn, &err);
	}
}

struct socket_conn *socket_conn_start(struct loop *loop, struct ws_context *ws,
        struct slack_api *api, uint64_t id, const struct socket_conn_handlers *handlers,
        void *arg)
{
	struct socket_conn *conn = xcalloc(1, sizeof(*conn));

	list_init(&conn->link);
	conn->loop = loop;
	conn->ws_context = ws;
	conn->id = id;
	conn->state = CONN_OPENING;
	conn->handlers = handlers;
	conn->arg = arg;
	timer_init(&conn->timer, loop, handle_timer, conn);
	REQ("SOCK-03");
	conn->open_call = slack_connections_open(api, handle_url, conn);
	return conn;
}

void socket_conn_destroy(struct socket_conn **conn)
{
	if (*conn == NULL) {
		return;
	}
	list_del(&(*conn)->link);
	timer_stop(&(*conn)->timer);
	slack_call_cancel(&(*conn)->open_call);
	ws_client_destroy(&(*conn)->ws);
	free(*conn);
	*conn = NULL;
}

bool socket_conn_retire(struct socket_conn *conn, uint32_t grace_ms)
{
	if (conn->state == CONN_UP) {
		set_state(conn, CONN_DRAINING, "has a successor");
	}
	if (conn->state != CONN_DRAINING || conn->retiring) {
		return false;
	}
	conn->retiring = true;
	timer_start(&conn->timer, grace_ms);
	return true;
}

void socket_conn_leave(struct socket_conn *conn)
{
	conn->leaving = true;
	conn->retiring = false;
	socket_conn_retire(conn, 0);
}

uint64_t socket_conn_id(const struct socket_conn *conn)
{
	return conn->id;
}

bool socket_conn_is_up(const struct socket_conn *conn)
{
	return conn->state == CONN_UP;
}

bool socket_conn_is_draining(const struct socket_conn *conn)
{
	return conn->state == CONN_DRAINING;
}

struct list *socket_conn_link(struct socket_conn *conn)
{
	return &conn->link;
}

struct socket_conn *socket_conn_from_link(struct list *link)
{
	return container_of(link, struct socket_conn, link);
}
