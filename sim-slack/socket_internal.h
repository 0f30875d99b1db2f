/* socket_internal: what the two files behind socket.h share; for nobody else.
 *
 * socket.c       a connection: hello, pings, age, its ends
 * socket_door.c  tickets and handshakes */
#ifndef SIM_SLACK_SOCKET_INTERNAL_H
#define SIM_SLACK_SOCKET_INTERNAL_H

#include "lib/list.h"
#include "lib/ws_server.h"
#include "sim-slack/socket.h"
#include "sim-slack/tickets.h"
#include "sim-slack/wire.h"

enum socket_state {
	SOCKET_OPENING, /* handshake done, stream not here yet */
	SOCKET_OPEN,
	SOCKET_REFUSED, /* one too many: said so, and useless */
	SOCKET_CLOSING, /* a close frame went either way; the TCP connection may still
	                   stand */
	SOCKET_GONE,    /* no connection any more, and Slack has not noticed */
};

struct socket {
	struct list link; /* sockets::all */
	struct sockets *owner;
	struct http_request *req; /* the handshake, while it is not answered on purpose */
	struct timer upgrade;     /* until it is */
	struct ws_conn *conn;     /* NULL when gone */
	struct wire wire;
	unsigned number;
	unsigned host;
	enum socket_state state;
	bool silent;
	bool told_closed;
	bool close_at_handshake;
	int64_t opened_ms;
	int64_t life_ms;
	char how[48]; /* the end to come */
	unsigned close_code;
	struct timer hello; /* it is late on purpose */
	struct timer ping;
	struct timer age;    /* warning, then refresh_requested */
	struct timer end;    /* the drop that was announced */
	struct timer linger; /* the last of it */
	bool warned;
};

struct sockets {
	struct sim_slack *sim;
	struct list all; /* socket::link, in the order of opening */
	struct tickets tickets;
	unsigned last_number;
};

/* ---- socket.c ---- */
extern const struct ws_conn_handlers socket_handlers;
struct socket *socket_create(struct sockets *sockets, bool debug);
/* At once; the connection, if there is one yet, ends in the given way. */
void socket_free(struct socket *socket, enum http_drop how);

/* ---- socket_door.c ---- */
void socket_handle_upgrade(void *arg);

#endif
