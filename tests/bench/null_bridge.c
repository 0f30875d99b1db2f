/* null_bridge: the least that a bridge with a durable inbox can do, on our own libraries:
 * the measure that the real one is held against.
 *
 *   Slack to Matrix: WebSocket frame, JSON, INSERT, commit, ack, HTTP PUT, UPDATE
 *   Matrix to Slack: HTTP transaction, JSON, INSERT, commit, 200, HTTP POST, UPDATE
 *
 * It knows its rooms from a file, keeps no order, retries nothing and asks nobody
 * anything. The store is the bridge's own: the same driver, the same table, one commit
 * for each turn of the loop. Its statements number the rows themselves, for the database
 * is new and nobody else writes.
 *
 * usage: null_bridge FILE     (JSON: see read_options())
 * It prints "ready" when it is connected. */
#include "bridge/store/store.h"
#include "lib/http_client.h"
#include "lib/http_server.h"
#include "lib/json.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "lib/ws_client.h"
#include "scenarios/runner/files.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONNECTIONS_PER_HOST = 8, MAX_FILE_BYTES = 1024 * 1024 };

struct null_bridge {
	struct loop *loop;
	cJSON *options;
	const char *user;
	char *matrix_bearer, *slack_bearer, *post_url, *sender;
	struct store *store; /* NULL: nothing is stored */
	struct http_client *http;
	struct http_server *server;
	struct ws_context *ws_context;
	struct ws_client *ws;
	struct map *room_of, *channel_of; /* texts of `options`, borrowed */
	int64_t rows;                     /* stored or being stored */
};

struct message { /* on its way to one side */
	struct null_bridge *null;
	int64_t row;
	char *envelope_id;           /* to be acknowledged once it is stored; or */
	struct transaction *arrived; /* to be answered then */
	char *url, *body;
};

struct transaction {
	struct null_bridge *null;
	struct http_request *req;
	size_t waits_for; /* messages that are not stored yet */
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "null_bridge: %s\n", what);
	exit(EXIT_FAILURE);
}

/* ---------------------------------------------------------------- out */

static void free_message(struct message *message)
{
	free(message->envelope_id);
	free(message->url);
	free(message->body);
	free(message);
}

static void handle_answer(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	struct message *message = arg;
	struct null_bridge *null = message->null;

	if (reply == NULL || reply->status != 200) {
		die(reply == NULL ? err->msg : "a send was refused");
	}
	autojson cJSON *answer = json_parse(reply->body, NULL);
	if (json_str(answer, "event_id") == NULL && json_str(answer, "ts") == NULL) {
		die("an answer without an ID");
	}
	if (null->store != NULL) {
		struct store_tx *tx = store_tx_create(null->store);
		store_tx_add(tx, STMT_INBOX_DONE, "ii", message->row,
		        loop_wall_ms(null->loop));
		store_tx_submit(tx, NULL, NULL);
	}
	free_message(message);
}

static void send_out(struct message *message)
{
	struct null_bridge *null = message->null;
	bool to_matrix = message->envelope_id != NULL;
	struct http_req *req =
	        http_req_create(null->http, to_matrix ? "PUT" : "POST", message->url);

	http_req_set_header(req, "Authorization",
	        to_matrix ? null->matrix_bearer : null->slack_bearer);
	http_req_set_body(req,
	        to_matrix ? "application/json" : "application/json; charset=utf-8",
	        str_from(message->body));
	http_req_start(req, handle_answer, message);
}

/* ---------------------------------------------------------------- stored */

static void ack(struct null_bridge *null, const char *envelope_id)
{
	char frame[128];

	snprintf(frame, sizeof(frame), "{\"envelope_id\":\"%s\"}", envelope_id);
	ws_client_send(null->ws, str_from(frame));
}

static void answer_if_stored(struct transaction *transaction)
{
	if (transaction->waits_for == 0) {
		http_request_reply_json(transaction->req, 200, "{}");
		free(transaction);
	}
}

static void handle_stored(bool committed, void *arg)
{
	struct message *message = arg;

	if (!committed) {
		die("not stored");
	}
	if (message->envelope_id != NULL) {
		ack(message->null, message->envelope_id);
	} else {
		message->arrived->waits_for--;
		answer_if_stored(message->arrived);
	}
	send_out(message);
}

static void store(struct message *message, const char *key, const char *raw)
{
	struct null_bridge *null = message->null;

	if (null->store == NULL) {
		handle_stored(true, message);
		return;
	}
	struct store_tx *tx = store_tx_create(null->store);
	message->row = ++null->rows;
	store_tx_add(tx, STMT_INBOX_ADD, "sssssii", key, "null", "", "null", raw,
	        loop_wall_ms(null->loop), (int64_t)0);
	store_tx_on_commit(tx, handle_stored, message);
	store_tx_submit(tx, NULL, NULL);
}

/* ---------------------------------------------------------------- from Slack */

static char *content_of(const char *text, const char *channel, const char *ts)
{
	autojson cJSON *content = json_new();
	cJSON *slack = json_new();

	json_set_str(content, "msgtype", "m.text");
	json_set_str(content, "body", text);
	json_set_str(content, "format", "org.matrix.custom.html");
	json_set_str(content, "formatted_body", text);
	json_set_str(slack, "channel", channel);
	json_set_str(slack, "ts", ts);
	json_set(content, "org.example.slack", slack);
	return json_print(content);
}

static void take_envelope(struct null_bridge *null, const cJSON *frame, struct str raw)
{
	const char *envelope_id = json_str(frame, "envelope_id");
	const cJSON *event = json_obj(frame, "payload.event");
	const char *channel = json_str_or(event, "channel", "");
	const char *ts = json_str_or(event, "ts", "");
	const char *event_id = json_str_or(frame, "payload.event_id", "");
	const char *room = map_get(null->room_of, channel);

	if (room == NULL || json_str(event, "bot_id") != NULL ||
	        !str_equal(json_str(event, "type"), "message")) {
		ack(null, envelope_id);
		return;
	}
	struct message *message = xcalloc(1, sizeof(*message));
	autofree char *text = xstrndup(raw.p, raw.n);
	message->null = null;
	message->envelope_id = xstrdup(envelope_id);
	message->body = content_of(json_str_or(event, "text", ""), channel, ts);
	message->url = xasprintf(
	        "%s/_matrix/client/v3/rooms/%s/send/m.room.message/%s?user_id=%s",
	        json_str(null->options, "matrix"), room, event_id, null->sender);
	store(message, event_id, text);
}

static void handle_text(struct ws_client *ws, struct str text, void *arg)
{
	struct null_bridge *null = arg;
	autojson cJSON *frame = json_parse(text, NULL);

	(void)ws;
	if (str_equal(json_str(frame, "type"), "hello")) {
		printf("ready\n");
		fflush(stdout);
	} else if (json_str(frame, "envelope_id") != NULL) {
		take_envelope(null, frame, text);
	}
}

/* ---------------------------------------------------------------- from Matrix */

static void take_event(struct transaction *transaction, const cJSON *event)
{
	struct null_bridge *null = transaction->null;
	const char *sender = json_str_or(event, "sender", "");
	const char *event_id = json_str_or(event, "event_id", "");
	const char *channel =
	        map_get(null->channel_of, json_str_or(event, "room_id", ""));

	if (channel == NULL || str_equal(sender, null->user) ||
	        !str_equal(json_str(event, "type"), "m.room.message")) {
		return;
	}
	autojson cJSON *post = json_new();
	struct message *message = xcalloc(1, sizeof(*message));
	json_set_str(post, "channel", channel);
	json_set_str(post, "text", json_str(event, "content.body"));
	json_set_str(post, "username", sender);
	json_set_str(post, "client_msg_id", event_id);
	message->null = null;
	message->arrived = transaction;
	message->body = json_print(post);
	message->url = xstrdup(null->post_url);
	transaction->waits_for++;
	store(message, event_id, message->body);
}

static void handle_request(struct http_request *req, void *arg)
{
	struct null_bridge *null = arg;
	autojson cJSON *body = json_parse(http_request_body(req), NULL);
	struct transaction *transaction = xcalloc(1, sizeof(*transaction));
	const cJSON *event;

	*transaction = (struct transaction){.null = null, .req = req, .waits_for = 1};
	cJSON_ArrayForEach(event, json_arr(body, "events"))
	{
		take_event(transaction, event);
	}
	transaction->waits_for--;
	answer_if_stored(transaction);
}

/* ---------------------------------------------------------------- start */

static void handle_closed(struct ws_client *ws, const struct err *err, void *arg)
{
	(void)ws;
	(void)arg;
	die(err->msg);
}

static void handle_url(const struct http_reply *reply, const struct err *err, void *arg)
{
	static const struct ws_client_handlers handlers = {
	        .text = handle_text, .closed = handle_closed};
	struct null_bridge *null = arg;

	if (reply == NULL) {
		die(err->msg);
	}
	autojson cJSON *answer = json_parse(reply->body, NULL);
	const struct ws_client_options options = {
	        .url = json_str_or(answer, "url", "ws://no.url")};
	null->ws = ws_client_start(null->ws_context, &options, &handlers, null);
}

static void open_socket(struct null_bridge *null)
{
	autofree char *url = xasprintf(
	        "%sapps.connections.open", json_str(null->options, "slack_api"));
	autofree char *bearer =
	        xasprintf("Bearer %s", json_str(null->options, "app_token"));
	struct http_req *req = http_req_create(null->http, "POST", url);

	http_req_set_header(req, "Authorization", bearer);
	http_req_set_body(req, "application/x-www-form-urlencoded", str_from(""));
	http_req_start(req, handle_url, null);
}

static cJSON *read_options(const char *path)
{
	autofree char *text = file_read(path, MAX_FILE_BYTES, NULL);
	cJSON *options = json_parse(str_from(text == NULL ? "" : text), NULL);

	if (options == NULL) {
		die("usage: null_bridge FILE\n"
		    "FILE: {slack_api, app_token, bot_token, matrix, as_token, user, sender, "
		    "port, database_type, database_uri, rooms: {channel: room ID}}");
	}
	return options;
}

static void read_rooms(struct null_bridge *null)
{
	const cJSON *room;

	null->room_of = map_create();
	null->channel_of = map_create();
	cJSON_ArrayForEach(room, json_obj(null->options, "rooms"))
	{
		map_set(null->room_of, room->string, room->valuestring);
		map_set(null->channel_of, room->valuestring, room->string);
	}
}

static void open_parts(struct null_bridge *null)
{
	const struct http_client_options http = {
	        .user_agent = "null_bridge", .max_per_host = CONNECTIONS_PER_HOST};
	const struct http_server_options server = {
	        .port = (uint16_t)json_int(null->options, "port", 0)};
	const char *type = json_str_or(null->options, "database_type", "none");
	struct err err = ERR_INIT;

	null->http = http_client_create(null->loop, &http);
	null->server =
	        http_server_create(null->loop, &server, handle_request, null, &err);
	null->ws_context = ws_context_create(null->loop, NULL, &err);
	if (!str_equal(type, "none")) {
		null->store = store_open(
		        null->loop, type, json_str(null->options, "database_uri"), &err);
	}
	if (err.kind != ERR_NONE) {
		die(err.msg);
	}
}

static void handle_signal(int signum, void *arg)
{
	(void)signum;
	loop_stop(arg);
}

int main(int argc, char **argv)
{
	struct null_bridge null = {.loop = loop_create()};

	signal(SIGPIPE, SIG_IGN);
	null.options = read_options(argc == 2 ? argv[1] : "");
	null.user = json_str_or(null.options, "user", "");
	null.sender = xstrdup(json_str_or(null.options, "sender", ""));
	null.matrix_bearer = xasprintf("Bearer %s", json_str(null.options, "as_token"));
	null.slack_bearer = xasprintf("Bearer %s", json_str(null.options, "bot_token"));
	null.post_url =
	        xasprintf("%schat.postMessage", json_str(null.options, "slack_api"));
	read_rooms(&null);
	open_parts(&null);
	loop_on_signal(null.loop, SIGTERM, handle_signal, null.loop);
	open_socket(&null);
	loop_run(null.loop);
	store_close(&null.store);
	return EXIT_SUCCESS;
}
