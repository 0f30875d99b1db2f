/* socket_mode: one login's Socket Mode connection(s), kept up for ever.
 *
 * Opens (apps.connections.open, each URL used once), receives envelopes, hands them up,
 * and sends the acknowledgement only when told to: after the event is durable. On a
 * refresh the next connection opens before the old one closes. Reconnects with back-off,
 * jitter and a budget of URL fetches: the first reconnect after a healthy connection at
 * once, after that at most one a minute (docs.slack.dev "Using Socket Mode"; the careful
 * reading of the method's rate limit). */
#ifndef BRIDGE_SLACK_SOCKET_MODE_H
#define BRIDGE_SLACK_SOCKET_MODE_H

#include "bridge/slack/web_api.h"
#include "lib/rand.h"
#include "lib/ws_client.h"

struct socket_mode;
struct open_budget;

/* Slack allows ten per app; while one is renewed there is one more. */
enum { SOCKET_MODE_MOST = 10 };

enum socket_mode_state {
	SM_STOPPED,
	SM_CONNECTING,
	SM_CONNECTED,       /* at least one connection has said hello */
	SM_DISCONNECTED,    /* waiting to try again */
	SM_BAD_CREDENTIALS, /* the app-level token is refused; no more tries */
	SM_LINK_DISABLED, /* Socket Mode is switched off in the app; tries every 5 min */
	SM_TOO_MANY,      /* ten others are connected; tries every 5 min */
};
enum { SOCKET_MODE_STATES = SM_TOO_MANY + 1 };
const char *socket_mode_state_to_str(enum socket_mode_state state);

struct slack_envelope { /* borrowed for the call */
	uint64_t conn;  /* which connection brought it */
	const char *envelope_id;
	/* "events_api", "slash_commands", "interactive", "unreadable" for a frame of
	 * which nothing but the ID could be made out, or unknown */
	const char *type;
	int retry_attempt;
	const char *retry_reason; /* "" if none */
	const cJSON *payload;     /* an object; NULL if there was none */
	struct str raw;           /* the whole frame */
};

struct socket_mode_handlers { /* from the loop */
	/* The owner owes every envelope a socket_mode_ack() once its effect is durable -
	 * or none if it could not be stored, so that Slack sends it again. */
	void (*envelope)(const struct slack_envelope *envelope, void *arg);
	/* One of several connections ended unasked: what it was bringing comes again, by
	 * the others and late. Does not destroy us; may be NULL. */
	void (*lost)(void *arg);
	/* why is for people; "" when connected. */
	void (*state)(enum socket_mode_state state, const char *why, void *arg);
};

/* Borrows loop, ws, api (made with the app-level token), handlers, arg. seed: for jitter.
 */
struct socket_mode *socket_mode_create(struct loop *loop, struct ws_context *ws,
        struct slack_api *api, uint64_t seed, const struct socket_mode_handlers *handlers,
        void *arg);
/* Before the start. How many are to be open at a time (1 if not said): they fill up as
 * the budget allows, and each is renewed by itself. */
void socket_mode_set_connections(struct socket_mode *sm, unsigned wanted);
/* Before the start. The budget of URL fetches is the app's: whoever is logged in to
 * several workspaces with one app shares it. Borrowed; NULL is not allowed. */
void socket_mode_set_budget(struct socket_mode *sm, struct open_budget *budget);
void socket_mode_start(struct socket_mode *sm);
/* Closes all connections properly, what is owed to them acknowledged first; done is
 * called when the last is gone, and until then envelopes are still handed up. No more
 * state is told. Once. */
void socket_mode_stop(struct socket_mode *sm, void (*done)(void *arg), void *arg);
/* Closes all connections; no callbacks any more. *sm may be NULL. */
void socket_mode_destroy(struct socket_mode **sm);
/* Sends the acknowledgement on the connection that brought the envelope. If that one is
 * gone nothing is sent: Slack delivers again and the unique key makes it harmless. */
void socket_mode_ack(struct socket_mode *sm, uint64_t conn, const char *envelope_id);
enum socket_mode_state socket_mode_state(const struct socket_mode *sm);

struct socket_mode_health {
	unsigned connections, wanted; /* that have said hello and stay */
	int64_t since_ms; /* wall clock: the last time it became connected; 0: never */
	bool was_connected;
	uint64_t reconnects;   /* after having had no connection at all */
	uint64_t opened;       /* connections that said hello */
	char last_error[256];  /* "" if there was none */
	int64_t last_error_ms; /* wall clock */
};
struct socket_mode_health socket_mode_health(const struct socket_mode *sm);

#endif
