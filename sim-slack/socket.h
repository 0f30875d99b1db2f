/* socket: Socket Mode connections from the ticket to the last byte: hello, pings, age,
 * the ways they end. Which envelope travels on one is envelopes.h's business. */
#ifndef SIM_SLACK_SOCKET_H
#define SIM_SLACK_SOCKET_H

#include "sim-slack/sim.h"

struct socket;
struct wire_fault;

struct sockets *sockets_create(struct sim_slack *sim);
/* Ends all connections. Before the HTTP server goes. */
void sockets_destroy(struct sockets **sockets);

/* A URL with a fresh ticket, as apps.connections.open gives it. Caller frees. */
char *sockets_new_url(struct sockets *sockets);
/* A request for /link/: takes it over as a WebSocket or answers it. */
void sockets_handle_request(struct sockets *sockets, struct http_request *req);

/* One of those events may go to now, by the seed; NULL if there is none. Valid until the
 * next turn of the loop. */
struct socket *sockets_pick(struct sockets *sockets);
struct socket *sockets_find(const struct sockets *sockets, unsigned number);
unsigned socket_number(const struct socket *socket);
/* Sends a text message; lost in silence if the connection is only half there. */
void socket_send(struct socket *socket, struct str text);
/* Any bytes, as they are. */
void socket_send_raw(struct socket *socket, struct str bytes);

struct socket_end {
	const char *reason; /* of the disconnect message; "none": without */
	const char *how;    /* close, fin, rst, silence or leave_open */
	int64_t after_ms;   /* from the message to the end */
	unsigned code;      /* in the close frame; 0: as the knob close_code says */
};
/* Ends connection `number` (0: all). False: there is no such connection. */
bool sockets_disconnect(
        struct sockets *sockets, unsigned number, const struct socket_end *end);

/* What is sent on connection `number` (0: all) suffers from the fault from now on; end:
 * how it ends when that cuts it. False: there is no such connection. */
bool sockets_set_fault(struct sockets *sockets, unsigned number,
        const struct wire_fault *fault, const char *end);

/* Array of {conn, state, age_ms}. Caller deletes. */
cJSON *sockets_state(const struct sockets *sockets);

#endif
