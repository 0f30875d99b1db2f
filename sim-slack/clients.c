#include "sim-slack/clients.h"

#include "lib/list.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "lib/ws_server.h"
#include "sim-slack/traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FRAME_MAX_BYTES =
	        16 * 1024, /* of RTM messages (Slack's documentation, RTM API) */
	SECRET_CHARS = 48,
	FIRST_NUMBER = 100000, /* in the log of frames, apart from Socket Mode's */
	SOCKETS_MAX = 1000,
};

struct session {
	struct list link; /* clients::sessions */
	const struct user *user;
	char *token, *cookie;
	char error[48]; /* what calls are answered; "": they are good */
};

struct client {
	struct list link; /* clients::sockets */
	struct clients *owner;
	struct session *session;
	struct ws_conn *conn;
	unsigned number;
	bool open;
};

struct clients {
	struct sim_slack *sim;
	struct list sessions;
	struct list sockets;
	unsigned last_number, socket_count;
};

struct clients *clients_create(struct sim_slack *sim)
{
	struct clients *clients = xcalloc(1, sizeof(*clients));

	clients->sim = sim;
	clients->last_number = FIRST_NUMBER;
	list_init(&clients->sessions);
	list_init(&clients->sockets);
	return clients;
}

static void client_free(struct client *client, enum http_drop how)
{
	list_del(&client->link);
	client->owner->socket_count--;
	ws_conn_destroy(&client->conn, how);
	free(client);
}

static void session_free(struct session *session)
{
	list_del(&session->link);
	free(session->token);
	free(session->cookie);
	free(session);
}

void clients_destroy(struct clients **clients)
{
	if (!*clients) {
		return;
	}
	list_for_each(link, &(*clients)->sockets)
	{
		client_free(container_of(link, struct client, link), HTTP_DROP_RESET);
	}
	list_for_each(link, &(*clients)->sessions)
	{
		session_free(container_of(link, struct session, link));
	}
	free(*clients);
	*clients = NULL;
}

/* ---- sessions ---- */

static struct session *session_of(const struct clients *clients, const struct user *user)
{
	list_for_each(link, &clients->sessions)
	{
		struct session *session = container_of(link, struct session, link);

		if (session->user == user) {
			return session;
		}
	}
	return NULL;
}

static char *new_secret(struct sim_slack *sim, const char *prefix)
{
	char text[SECRET_CHARS + 1];
	char *secret;

	rand_text(&sim->ids.secrets, text, SECRET_CHARS);
	secret = xasprintf("%s-%s", prefix, text);
	cJSON_AddItemToArray(sim->secrets, cJSON_CreateString(secret));
	return secret;
}

void clients_session(struct clients *clients, const struct user *user, const char **token,
        const char **cookie)
{
	struct session *session = session_of(clients, user);

	if (!session) {
		session = xcalloc(1, sizeof(*session));
		session->user = user;
		session->token = new_secret(clients->sim, "xoxc");
		session->cookie = new_secret(clients->sim, "xoxd");
		list_add_tail(&clients->sessions, &session->link);
	}
	*token = session->token;
	*cookie = session->cookie;
}

/* The cookie's value may be percent-encoded, as browsers store Slack's. */
static bool has_cookie(const struct http_request *req, const char *cookie)
{
	const char *header = http_request_header(req, "Cookie");

	while (header && *header) {
		size_t n = strcspn(header, ";");

		if (str_starts(header, "d=")) {
			autofree char *value =
			        url_decode((struct str){header + 2, n - 2}, false);

			if (value && str_equal(value, cookie)) {
				return true;
			}
		}
		header += n;
		header += strspn(header, "; ");
	}
	return false;
}

static struct session *session_for(
        const struct clients *clients, const struct http_request *req, const char *token)
{
	list_for_each(link, &clients->sessions)
	{
		struct session *session = container_of(link, struct session, link);

		if (str_equal(session->token, token)) {
			return has_cookie(req, session->cookie) ? session : NULL;
		}
	}
	return NULL;
}

const struct user *clients_user(
        const struct clients *clients, const struct http_request *req, const char *token)
{
	const struct session *session = token ? session_for(clients, req, token) : NULL;

	return session ? session->user : NULL;
}

void clients_refuse(struct clients *clients, const struct user *user, const char *error)
{
	struct session *session = session_of(clients, user);

	if (session) {
		snprintf(session->error, sizeof(session->error), "%s", error);
	}
}

const char *clients_error(const struct clients *clients, const struct user *user)
{
	const struct session *session = session_of(clients, user);

	return session ? session->error : "";
}

char *clients_socket_url(const struct clients *clients, const struct user *user)
{
	const struct session *session = session_of(clients, user);

	if (!session) {
		return NULL;
	}
	return xasprintf(
	        "ws%s/?token=%s", clients->sim->url + strlen("http"), session->token);
}

/* ---- sending ---- */

static void report(const struct client *client, const char *what)
{
	cJSON *record = json_set_str(sim_record("client", NULL), "client", what);

	json_set_int(record, "conn", client->number);
	json_set_str(record, "user", client->session->user->name);
	sim_report(client->owner->sim, record);
}

static void say(struct client *client, struct str text)
{
	traffic_add_frame(
	        client->owner->sim->traffic, client->number, true, WS_TEXT, text.n);
	ws_conn_text(client->conn, text);
}

/* Takes message. */
static void say_json(struct client *client, cJSON *message)
{
	autofree char *text = json_print(message);

	say(client, str_from(text));
	cJSON_Delete(message);
}

static bool may_see(const struct event *event, const struct user *user)
{
	if (!event->channel) {
		return true;
	}
	return channel_has(event->channel, user) ||
	       (!event->members_only && event->channel->kind == CHANNEL_PUBLIC);
}

bool clients_any(const struct clients *clients)
{
	return clients->socket_count > 0;
}

void clients_hear(struct clients *clients, const struct event *event, const cJSON *inner)
{
	autofree char *text = NULL;

	list_for_each(link, &clients->sockets)
	{
		struct client *client = container_of(link, struct client, link);

		if (!client->open || !may_see(event, client->session->user)) {
			continue;
		}
		if (!text) {
			text = json_print(inner);
		}
		say(client, str_from(text));
	}
}

void clients_typing(
        struct clients *clients, const struct channel *channel, const struct user *user)
{
	list_for_each(link, &clients->sockets)
	{
		struct client *client = container_of(link, struct client, link);

		if (client->open && client->session->user != user &&
		        channel_has(channel, client->session->user)) {
			cJSON *event = json_set_str(json_new(), "type", "user_typing");

			json_set_str(event, "channel", channel->id);
			say_json(client, json_set_str(event, "user", user->id));
		}
	}
}

static void close_sockets(struct clients *clients, const struct user *user)
{
	list_for_each(link, &clients->sockets)
	{
		struct client *client = container_of(link, struct client, link);

		if (client->session->user == user) {
			say_json(client, json_set_str(json_new(), "type", "goodbye"));
			report(client, "closed");
			ws_conn_close(client->conn, 1001, "");
			client_free(client, HTTP_DROP_CLOSE);
		}
	}
}

void clients_drop(struct clients *clients, const struct user *user)
{
	close_sockets(clients, user);
}

void clients_end(struct clients *clients, const struct user *user)
{
	struct session *session = session_of(clients, user);

	if (session) {
		close_sockets(clients, user);
		session_free(session);
	}
}

/* ---- what comes from the client ---- */

static void handle_open(struct ws_conn *conn, void *arg)
{
	struct client *client = arg;
	cJSON *hello = json_set_str(json_new(), "type", "hello");

	(void)conn;
	client->open = true;
	report(client, "open");
	json_set_str(hello, "host_id", "gs-sim-1");
	json_set_bool(hello, "start", true);
	say_json(client, hello);
}

/* Whatever else is in a ping comes back with the pong (Slack's documentation, RTM). */
static void answer_ping(struct client *client, cJSON *ping)
{
	cJSON *pong = json_set_str(json_new(), "type", "pong"), *item;

	json_set(pong, "reply_to", cJSON_Duplicate(json_get(ping, "id"), false));
	cJSON_ArrayForEach(item, ping)
	{
		if (!str_equal(item->string, "id") && !str_equal(item->string, "type")) {
			json_set(pong, item->string, cJSON_Duplicate(item, true));
		}
	}
	say_json(client, pong);
}

static void take_message(struct client *client, cJSON *message)
{
	struct sim_slack *sim = client->owner->sim;
	const char *type = json_str(message, "type");
	const struct channel *channel;

	if (str_equal(type, "ping") && cJSON_IsNumber(json_get(message, "id"))) {
		answer_ping(client, message);
	} else if (str_equal(type, "typing")) {
		channel =
		        workspace_channel(&sim->ws, json_str_or(message, "channel", ""));
		if (channel && channel_has(channel, client->session->user)) {
			clients_typing(client->owner, channel, client->session->user);
		}
	}
}

static void handle_text(struct ws_conn *conn, struct str text, void *arg)
{
	struct client *client = arg;
	autojson cJSON *message = NULL;

	(void)conn;
	traffic_add_frame(
	        client->owner->sim->traffic, client->number, false, WS_TEXT, text.n);
	message = text.n <= FRAME_MAX_BYTES ? json_parse(text, NULL) : NULL;
	if (cJSON_IsObject(message)) {
		take_message(client, message);
	}
}

static void handle_ping(struct ws_conn *conn, struct str payload, void *arg)
{
	(void)arg;
	ws_conn_pong(conn, payload);
}

static void handle_close(
        struct ws_conn *conn, unsigned code, struct str reason, void *arg)
{
	struct client *client = arg;

	(void)reason;
	report(client, "closed");
	ws_conn_close(conn, code ? code : 1000, "");
	client_free(client, HTTP_DROP_CLOSE);
}

static void handle_gone(struct ws_conn *conn, const char *why, void *arg)
{
	struct client *client = arg;

	(void)conn;
	(void)why;
	if (client->open) {
		report(client, "closed");
	}
	client_free(client, HTTP_DROP_CLOSE);
}

/* ---- coming in ---- */

void clients_handle_request(struct clients *clients, struct http_request *req)
{
	static const struct ws_conn_handlers handlers = {.open = handle_open,
	        .text = handle_text,
	        .ping = handle_ping,
	        .close = handle_close,
	        .gone = handle_gone};
	autofree char *token = form_get(str_from(http_request_query(req)), "token");
	struct session *session = token ? session_for(clients, req, token) : NULL;
	struct client *client;

	if (session && session->error[0]) {
		session = NULL;
	}
	if (!session || clients->socket_count >= SOCKETS_MAX) {
		http_request_reply(req, session ? 503 : 403, "text/plain",
		        str_from(session ? "too many\n" : "invalid_auth\n"));
		return;
	}
	client = xcalloc(1, sizeof(*client));
	client->owner = clients;
	client->session = session;
	client->number = ++clients->last_number;
	list_add_tail(&clients->sockets, &client->link);
	clients->socket_count++;
	client->conn = ws_accept(req, &handlers, FRAME_MAX_BYTES * 4, client);
	if (!client->conn) {
		client_free(client, HTTP_DROP_CLOSE);
	}
}
