#include "sim-slack/sim.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "lib/tls_front.h"
#include "sim-slack/api.h"
#include "sim-slack/clients.h"
#include "sim-slack/control.h"
#include "sim-slack/emoji/emoji.h"
#include "sim-slack/envelopes.h"
#include "sim-slack/faults.h"
#include "sim-slack/files/files.h"
#include "sim-slack/limits.h"
#include "sim-slack/modals.h"
#include "sim-slack/oauth/oauth.h"
#include "sim-slack/picture.h"
#include "sim-slack/replies.h"
#include "sim-slack/scopes.h"
#include "sim-slack/socket.h"
#include "sim-slack/traffic.h"

#include <stdlib.h>
#include <string.h>

enum {
	AVATAR_MAX_BYTES = 4096,
	BODY_MAX_BYTES = 4 * 1024 * 1024,
	SPOOL_OVER_BYTES = 256 * 1024,
};

int64_t sim_now_s(const struct sim_slack *sim)
{
	return loop_wall_ms(sim->loop) / 1000;
}

void sim_event_ts(struct sim_slack *sim, char out[TS_SIZE])
{
	sim->ids.last_event_us = ts_next(loop_wall_ms(sim->loop), sim->ids.last_event_us);
	ts_format(sim->ids.last_event_us, out);
}

cJSON *sim_record(const char *kind, const struct channel *channel)
{
	cJSON *record = json_set_str(json_new(), "kind", kind);

	if (channel) {
		json_set_str(record, "channel", channel->id);
		json_set_str(record, "in", channel->name);
	}
	return record;
}

void sim_report_kept(struct sim_slack *sim, const cJSON *record)
{
	if (sim->tap) {
		sim->tap(record, sim->tap_arg);
	}
	if (sim->control) {
		control_record(sim->control, record);
	}
}

void sim_report(struct sim_slack *sim, cJSON *record)
{
	sim_report_kept(sim, record);
	cJSON_Delete(record);
}

/* ---- what is there at first ---- */

static void add_secret(struct sim_slack *sim, const char *text)
{
	cJSON_AddItemToArray(sim->secrets, cJSON_CreateString(text));
}

void sim_renew_token(struct sim_slack *sim, enum token_kind kind)
{
	struct token *token = &sim->app.tokens[kind];

	free(token->text);
	token->text = kind == TOKEN_BOT ? ids_bot_token(&sim->ids)
	                                : ids_app_token(&sim->ids, sim->app.id);
	token->error[0] = '\0';
	add_secret(sim, token->text);
}

static struct user *add_person(
        struct sim_slack *sim, const char *id, const char *name, const char *real_name)
{
	struct user *user = workspace_add_user(&sim->ws, id, name);
	autofree char *email = xasprintf("%s@%s.example", name, sim->ws.domain);

	str_replace(&user->real_name, real_name);
	str_replace(&user->email, email);
	ids_hex(&sim->ids.names, user->avatar_hash, 12);
	user->updated_s = sim_now_s(sim);
	return user;
}

static struct channel *add_channel(struct sim_slack *sim, const char *id,
        const char *name, enum channel_kind kind, struct user *const *members,
        size_t count)
{
	struct channel *channel = workspace_add_channel(
	        &sim->ws, id, name, kind, members[0]->id, loop_wall_ms(sim->loop));

	for (size_t i = 0; i < count; i++) {
		channel_join(channel, members[i]);
	}
	return channel;
}

static void seed_app(struct sim_slack *sim)
{
	struct user *bot = add_person(sim, "U0SIMBOT00", "bridge", "Bridge");

	str_replace(&bot->email, NULL);
	bot->bot_id = xstrdup("B0SIMBOT00");
	bot->app_id = xstrdup("A0SIMAPP00");
	sim->app.id = bot->app_id;
	sim->app.name = bot->real_name;
	sim->app.bot = bot;
	sim->app.subscriptions = xstrdup(subscriptions_default);
	sim->app.tokens[TOKEN_BOT].scopes = xstrdup(scopes_default);
	sim->app.tokens[TOKEN_APP].scopes =
	        xstrdup("connections:write,authorizations:read");
	rand_text(&sim->ids.secrets, sim->app.verification, 24);
	add_secret(sim, sim->app.verification);
	ids_hex(&sim->ids.secrets, sim->app.link_id, 64);
	sim_renew_token(sim, TOKEN_BOT);
	sim_renew_token(sim, TOKEN_APP);
}

void sim_seed_workspace(struct sim_slack *sim)
{
	struct user *people[3];

	workspace_init(&sim->ws, "T0SIMTEAM0", "Sim Team", "sim-team");
	add_person(sim, "USLACKBOT", "slackbot", "Slackbot");
	people[0] = add_person(sim, "U0SIMALICE", "alice", "Alice Archer");
	people[1] = add_person(sim, "U0SIMCAROL", "carol", "Carol Chen");
	people[2] = add_person(sim, "U0SIMDAVE0", "dave", "Dave Duarte");
	people[0]->admin = true;
	str_replace(&people[0]->display_name, "Alice");
	str_replace(&people[1]->display_name, "carol");
	seed_app(sim);
	add_channel(sim, "C0GENERAL0", "general", CHANNEL_PUBLIC, people, 3)->general =
	        true;
	add_channel(sim, "C0RANDOM00", "random", CHANNEL_PUBLIC, people, 3);
	add_channel(sim, "C0SECRET00", "secret", CHANNEL_PRIVATE, people, 2);
}

/* ---- HTTP ---- */

static void serve_avatar(struct sim_slack *sim, struct http_request *req)
{
	const char *name = http_request_path(req) + strlen("/avatars/");
	size_t n = strcspn(name, ".");
	autofree char *id = xstrndup(name, n);
	const struct user *user = workspace_user(&sim->ws, id);
	struct buf png;

	if ((!user && !str_equal(id, sim->ws.team_id)) || !str_equal(name + n, ".png")) {
		http_request_reply(req, 404, "text/plain", str_from("no such picture\n"));
		return;
	}
	buf_init(&png, AVATAR_MAX_BYTES);
	picture_png(&png, 16, 16,
	        user                   ? user->avatar_hash
	        : sim->ws.icon_hash[0] ? sim->ws.icon_hash
	                               : "4a154b");
	http_request_reply(req, 200, "image/png", buf_str(&png));
	buf_finish(&png);
}

static void handle_request(struct http_request *req, void *arg)
{
	struct sim_slack *sim = arg;
	const char *path = http_request_path(req);

	if (sim->control && str_starts(path, "/_control/")) {
		control_handle_request(sim->control, req);
	} else if (str_starts(path, "/link")) {
		sockets_handle_request(sim->sockets, req);
	} else if (str_equal(path, "/") && http_request_header(req, "Upgrade")) {
		clients_handle_request(sim->clients, req);
	} else if (str_starts(path, "/response/")) {
		replies_handle_request(sim->replies, req);
	} else if (faults_refuse(sim->faults, REFUSE_HTTP)) {
		cJSON *record = json_set_str(sim_record("refused", NULL), "path", path);

		sim_report(sim, record);
		http_request_drop(req, HTTP_DROP_RESET);
	} else if (str_starts(path, "/api/")) {
		calls_handle_request(sim->calls, req);
	} else if (files_is_path(path)) {
		files_handle_request(sim->files, req);
	} else if (str_starts(path, "/emoji/")) {
		emoji_handle_request(sim, req);
	} else if (str_starts(path, "/avatars/")) {
		serve_avatar(sim, req);
	} else {
		http_request_reply(req, 404, "text/html; charset=utf-8",
		        str_from("<html><body>There has been a glitch.</body></html>\n"));
	}
}

static void handle_answered(
        struct http_request *req, int status, size_t body_bytes, void *arg)
{
	const struct sim_slack *sim = arg;

	if (!str_starts(http_request_path(req), "/_control/")) {
		traffic_add_request(sim->traffic, req, status, body_bytes);
	}
}

/* Real names besides, for whoever sends these to us by a resolver of their own. */
static const char tls_names[] =
        "127.0.0.1,::1,localhost,slack.com,*.slack.com,files.slack.com";

/* With TLS the port that is told is the front's, which takes both kinds of connection. */
static bool start_front(struct sim_slack *sim, const struct sim_slack_options *opts,
        uint16_t *port, struct err *err)
{
	const struct tls_front_options front = {.host = opts->host,
	        .port = opts->port,
	        .listen_fd = opts->listen_fd,
	        .to_port = *port,
	        .names = tls_names};

	sim->tls = tls_front_create(sim->loop, &front, err);
	if (!sim->tls) {
		return false;
	}
	*port = tls_front_port(sim->tls);
	return true;
}

/* Only files may be large. */
static size_t limit_body(const struct http_request *req, void *arg)
{
	const struct sim_slack *sim = arg;

	return str_starts(http_request_path(req), "/upload/")
	               ? (size_t)sim->knobs.upload_max_bytes
	               : BODY_MAX_BYTES;
}

static bool start_server(
        struct sim_slack *sim, const struct sim_slack_options *opts, struct err *err)
{
	const char *host = opts->host ? opts->host : "127.0.0.1";
	struct http_server_options server = {.host = opts->tls ? NULL : host,
	        .port = opts->tls ? 0 : opts->port,
	        .listen_fd = opts->tls ? 0 : opts->listen_fd,
	        .body_limit = limit_body,
	        .spool_over_bytes = SPOOL_OVER_BYTES,
	        .too_large_body = "{\"ok\":false,\"error\":\"request_too_large\"}",
	        .answered = handle_answered};
	uint16_t port;

	sim->server = http_server_create(sim->loop, &server, handle_request, sim, err);
	if (!sim->server) {
		return false;
	}
	port = http_server_port(sim->server);
	if (opts->tls && !start_front(sim, opts, &port, err)) {
		return false;
	}
	sim->url = xasprintf(strchr(host, ':') ? "http%s://[%s]:%u" : "http%s://%s:%u",
	        opts->tls ? "s" : "", host, (unsigned)port);
	return true;
}

/* ---- life ---- */

struct sim_slack *sim_slack_create(
        struct loop *loop, const struct sim_slack_options *opts, struct err *err)
{
	struct sim_slack *sim = xcalloc(1, sizeof(*sim));

	sim->loop = loop;
	sim->tap = opts->tap;
	sim->tap_arg = opts->tap_arg;
	sim->secrets = cJSON_CreateArray();
	ids_init(&sim->ids, opts->seed);
	knobs_init(&sim->knobs);
	sim_seed_workspace(sim);
	sim->sockets = sockets_create(sim);
	sim->envelopes = envelopes_create(sim);
	sim->faults = faults_create(sim);
	sim->limits = limits_create(sim);
	sim->calls = calls_create(sim);
	sim->traffic = traffic_create(sim);
	sim->clients = clients_create(sim);
	sim->replies = replies_create(sim);
	sim->modals = modals_create(sim);
	sim->files = files_create(sim);
	sim->oauth = oauth_create(sim);
	sim->control = opts->control ? control_create(sim) : NULL;
	if (!start_server(sim, opts, err)) {
		sim_slack_destroy(&sim);
	}
	return sim;
}

void sim_slack_destroy(struct sim_slack **sim)
{
	struct sim_slack *it = *sim;

	if (!it) {
		return;
	}
	*sim = NULL;
	control_destroy(&it->control);
	calls_destroy(&it->calls);
	files_destroy(&it->files);
	oauth_destroy(&it->oauth);
	sockets_destroy(&it->sockets);
	clients_destroy(&it->clients);
	tls_front_destroy(&it->tls);
	http_server_destroy(&it->server);
	envelopes_destroy(&it->envelopes);
	replies_destroy(&it->replies);
	modals_destroy(&it->modals);
	traffic_destroy(&it->traffic);
	faults_destroy(&it->faults);
	limits_destroy(&it->limits);
	for (int i = 0; i < TOKEN_KINDS; i++) {
		free(it->app.tokens[i].text);
		free(it->app.tokens[i].scopes);
	}
	free(it->app.subscriptions);
	workspace_finish(&it->ws);
	cJSON_Delete(it->secrets);
	free(it->url);
	free(it);
}

const char *sim_slack_url(const struct sim_slack *sim)
{
	return sim->url;
}

char *sim_slack_ca_pem(const struct sim_slack *sim)
{
	return sim->tls ? tls_authority_pem(tls_front_authority(sim->tls)) : NULL;
}

cJSON *sim_slack_pending(const struct sim_slack *sim)
{
	cJSON *sentences = cJSON_CreateArray();

	envelopes_pending(sim->envelopes, sentences);
	calls_pending(sim->calls, sentences);
	files_pending(sim->files, sentences);
	return sentences;
}

cJSON *sim_slack_secrets(const struct sim_slack *sim)
{
	return cJSON_Duplicate(sim->secrets, true);
}
