/* socket_conn: one Socket Mode connection, from fetching its URL to its end.
 *
 *   opening -> connecting -> greeting -> up -> draining -> closing -> gone
 *
 * and from each of them to gone. Draining: Slack said that it will close, or a successor
 * is up; it still receives and acknowledges. Internal to socket_mode. */
#ifndef BRIDGE_SLACK_SOCKET_CONN_H
#define BRIDGE_SLACK_SOCKET_CONN_H

#include "bridge/slack/envelope.h"
#include "bridge/slack/web_api.h"
#include "lib/list.h"
#include "lib/ws_client.h"

struct socket_conn;

/* All from the loop; the connection may be destroyed from any of them. */
struct socket_conn_handlers {
	void (*hello)(struct socket_conn *conn, void *arg);
	/* After the hello. The connection is draining by now. */
	void (*disconnect)(struct socket_conn *conn, enum socket_disconnect what,
	        const char *reason, void *arg);
	void (*envelope)(const struct slack_envelope *envelope, void *arg);
	/* The last call, exactly once. err->name: Slack's error word or reason, "" if
	 * none. Destroy it then. */
	void (*gone)(struct socket_conn *conn, const struct err *err, void *arg);
};

/* Borrows all but the id. */
struct socket_conn *socket_conn_start(struct loop *loop, struct ws_context *ws,
        struct slack_api *api, uint64_t id, const struct socket_conn_handlers *handlers,
        void *arg);
void socket_conn_destroy(struct socket_conn **conn); /* silence at once; NULL is fine */

/* Closes it in grace_ms, a little later if acknowledgements are owed then. Said again, it
 * has no effect: false. */
bool socket_conn_retire(struct socket_conn *conn, uint32_t grace_ms);
/* Closes it now, or as soon as what it is owed is acknowledged. */
void socket_conn_leave(struct socket_conn *conn);
void socket_conn_ack(struct socket_conn *conn, const char *envelope_id);

uint64_t socket_conn_id(const struct socket_conn *conn);
bool socket_conn_is_up(const struct socket_conn *conn);       /* and not draining */
bool socket_conn_is_draining(const struct socket_conn *conn); /* and not closing */
struct list *socket_conn_link(struct socket_conn *conn);      /* for the owner's list */
struct socket_conn *socket_conn_from_link(struct list *link);

#endif
