/* sim: the simulator's inside: one workspace, one app, and the modules around them. */
#ifndef SIM_SLACK_SIM_H
#define SIM_SLACK_SIM_H

#include "lib/http_server.h"
#include "lib/json.h"
#include "lib/loop.h"
#include "sim-slack/ids.h"
#include "sim-slack/knobs.h"
#include "sim-slack/sim_slack.h"
#include "sim-slack/state.h"
#include <stdbool.h>

/* The app has one each of the first two; see oauth/oauth.h for the others. */
enum token_kind { TOKEN_BOT, TOKEN_APP, TOKEN_USER, TOKEN_CLIENT };
enum { TOKEN_KINDS = 2 };

struct token {
	char *text;
	char error[48]; /* what any call with it is answered; "" while it is good */
	char *scopes;
};

/* The installed app: one for now, so that it needs no name. */
struct app {
	const char *id;
	const char *name;
	struct user *bot; /* its user in the workspace */
	struct token tokens[TOKEN_KINDS];
	bool exchanged; /* its bot token, for one that expires */
	char *subscriptions;
	char verification[25];
	char link_id[65]; /* app_id in the WebSocket URL, as recorded: 64 hex digits */
};

struct sockets;
struct envelopes;
struct faults;
struct limits;
struct calls;
struct files;
struct oauth;
struct grant;
struct control;
struct traffic;
struct tls_front;
struct replies;
struct modals;
struct clients;

struct sim_slack {
	struct loop *loop;
	struct http_server *server;
	char *url;
	struct ids ids;
	struct knobs knobs;
	struct workspace ws;
	struct app app;
	struct sockets *sockets;
	struct envelopes *envelopes;
	struct faults *faults;
	struct limits *limits;
	struct calls *calls;
	bool client_acts; /* what happens now a program does with a person's token */
	struct files *files;
	struct oauth *oauth;
	struct control *control; /* NULL: not served */
	struct traffic *traffic;
	struct tls_front *tls; /* NULL: none */
	struct replies *replies;
	struct modals *modals;
	struct clients *clients;
	cJSON *secrets;
	tap_fn *tap;
	void *tap_arg;
};

int64_t sim_now_s(const struct sim_slack *sim);
/* A fresh event time stamp, no channel's. */
void sim_event_ts(struct sim_slack *sim, char out[TS_SIZE]);

/* Hands a record to the tap and the control interface. Takes it. */
void sim_report(struct sim_slack *sim, cJSON *record);
/* The same of a record that the caller keeps. */
void sim_report_kept(struct sim_slack *sim, const cJSON *record);
/* {"kind":kind} and, if channel is not NULL, its ID and name. */
cJSON *sim_record(const char *kind, const struct channel *channel);

/* A new token in place of the old one, which is unknown from then on. */
void sim_renew_token(struct sim_slack *sim, enum token_kind kind);

/* The workspace everybody starts with: see README.md. */
void sim_seed_workspace(struct sim_slack *sim);

#endif
