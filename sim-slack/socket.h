/* socket: Socket Mode connections from the ticket to the last byte: hello, pings, age,
 * the ways they end. Which envelope travels on one is envelopes.h's business. */
#ifndef SIM_SLACK_SOCKET_H
#define SIM_SLACK_SOCKET_H

#include "sim-slack/sim.h"

struct socket;

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

/* Ends connection `number` (0: all) with a disconnect message (reason "none": without),
 * and after after_ms in the way `how`: close, fin, rst, silence or leave_open. False:
 * there is no such connection. */
bool sockets_disconnect(struct sockets *sockets, unsigned number, const char *reason,
        const char *how, int64_t after_ms);

/* Array of {conn, state, age_ms}. Caller deletes. */
cJSON *sockets_state(const struct sockets *sockets);

#endif
