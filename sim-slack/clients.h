/* clients: people signed in with Slack's own client: a token (xoxc-) and a cookie (xoxd-)
 * each, and the socket such a client keeps: bare events as in the RTM API, never
 * acknowledged, and JSON pings (reference, 3.8). */
#ifndef SIM_SLACK_CLIENTS_H
#define SIM_SLACK_CLIENTS_H

#include "sim-slack/events.h"
#include "sim-slack/sim.h"

struct clients *clients_create(struct sim_slack *sim);
/* Ends all their connections. Before the HTTP server goes. */
void clients_destroy(struct clients **clients);

/* The user's tokens, made at the first call. Borrowed until clients_end(). */
void clients_session(struct clients *clients, const struct user *user, const char **token,
        const char **cookie);
/* Signs out; the sockets are closed. */
void clients_end(struct clients *clients, const struct user *user);
/* Says goodbye on the user's sockets and closes them; the session goes on. */
void clients_drop(struct clients *clients, const struct user *user);
/* Whom this token belongs to; NULL: nobody, or the request lacks its cookie. */
const struct user *clients_user(
        const struct clients *clients, const struct http_request *req, const char *token);

/* What calls with the user's token are answered; "": they are good (again). */
void clients_refuse(struct clients *clients, const struct user *user, const char *error);
const char *clients_error(const struct clients *clients, const struct user *user);

/* "wss://.../?token=..." for the user; NULL: no session. Caller frees. */
char *clients_socket_url(const struct clients *clients, const struct user *user);
/* A request for /: takes it over as a WebSocket or answers it. */
void clients_handle_request(struct clients *clients, struct http_request *req);

/* True: somebody may be listening. */
bool clients_any(const struct clients *clients);
/* Whoever may see the event is sent it. inner is borrowed. */
void clients_hear(struct clients *clients, const struct event *event, const cJSON *inner);
void clients_typing(
        struct clients *clients, const struct channel *channel, const struct user *user);

#endif
