/* sim_slack_fixture: a simulator on a loop with a virtual clock, an HTTP client and raw
 * WebSockets beside it, for test_sim_slack*.c. */
#ifndef SIM_SLACK_FIXTURE_H
#define SIM_SLACK_FIXTURE_H

#include "lib/buf.h"
#include "lib/http_client.h"
#include "lib/json.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "lib/ws_frame.h"
#include "sim-slack/sim_slack.h"

/* cmocka's header needs these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNUSED_OK __attribute__((unused))
#define FIXTURE_WALL_MS 1700000000000LL

enum { TURNS_MAX = 20000, REPLY_MAX = 1024 * 1024, WS_MAX = 256 * 1024 };

struct fixture {
	struct loop *loop;
	struct sim_slack *sim;
	struct http_client *http;
	cJSON *records; /* all, in order */
	char *bot, *app;
	/* the last HTTP answer */
	bool done;
	int status; /* 0: none came */
	uint32_t retry_after_ms;
	enum err_kind kind;
	cJSON *reply;
	char *body;
};

struct ws { /* a WebSocket client made by hand */
	struct fixture *f;
	int fd;
	struct ws_decoder decoder;
	struct buf head; /* of the HTTP answer */
	bool upgraded;
	bool eof;
};

UNUSED_OK static void fixture_tap(const cJSON *record, void *arg)
{
	struct fixture *f = arg;

	cJSON_AddItemToArray(f->records, cJSON_Duplicate(record, true));
}

/* Runs a verb that must succeed. Caller deletes the result (may be NULL). args: JSON
 * text. */
UNUSED_OK static cJSON *verb(struct fixture *f, const char *name, const char *args)
{
	struct err err = ERR_INIT;
	autojson cJSON *object = json_parse(str_from(args), &err);
	cJSON *result = NULL;

	if (!object || !verb_run(sim_slack_verbs, name, f->sim, object, &result, &err)) {
		fail_msg("verb %s %s: %s", name, args, err.msg);
	}
	return result;
}

UNUSED_OK static void say(struct fixture *f, const char *name, const char *args)
{
	cJSON_Delete(verb(f, name, args));
}

/* Runs a verb that must fail. */
UNUSED_OK static void say_wrong(struct fixture *f, const char *name, const char *args)
{
	struct err err = ERR_INIT;
	autojson cJSON *object = json_parse(str_from(args), &err);
	cJSON *result = NULL;

	assert_false(verb_run(sim_slack_verbs, name, f->sim, object, &result, &err));
	assert_true(err.msg[0] != '\0');
}

UNUSED_OK static int fixture_setup_seeded(void **state, uint64_t seed)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct sim_slack_options opts = {
	        .seed = seed, .control = true, .tap = fixture_tap, .tap_arg = f};
	struct http_client_options http = {.user_agent = "test"};
	struct err err = ERR_INIT;

	f->loop = loop_create();
	loop_use_virtual_clock(f->loop, FIXTURE_WALL_MS);
	f->records = cJSON_CreateArray();
	f->sim = sim_slack_create(f->loop, &opts, &err);
	if (!f->sim) {
		fail_msg("no simulator: %s", err.msg);
	}
	f->http = http_client_create(f->loop, &http);
	autojson cJSON *tokens = verb(f, "tokens", "{}");
	f->bot = xstrdup(json_str(tokens, "bot"));
	f->app = xstrdup(json_str(tokens, "app"));
	*state = f;
	return 0;
}

UNUSED_OK static int fixture_setup(void **state)
{
	return fixture_setup_seeded(state, 42);
}

UNUSED_OK static int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	http_client_destroy(&f->http);
	sim_slack_destroy(&f->sim);
	loop_drain(f->loop);
	loop_destroy(&f->loop);
	cJSON_Delete(f->records);
	cJSON_Delete(f->reply);
	free(f->body);
	free(f->bot);
	free(f->app);
	free(f);
	return 0;
}

/* Lets the clock run for ms, stopping at every timer on the way. */
UNUSED_OK static void advance(struct fixture *f, int64_t ms)
{
	int64_t until_us = loop_now_us(f->loop) + ms * 1000;

	loop_drain(f->loop);
	while (loop_next_due_us(f->loop) <= until_us) {
		loop_advance_to_us(f->loop, loop_next_due_us(f->loop));
		loop_drain(f->loop);
	}
	loop_advance_to_us(f->loop, until_us);
	loop_drain(f->loop);
}

/* The app joins general; what came of that is acknowledged by nobody, and let pass. */
UNUSED_OK static void invite_bot(struct fixture *f)
{
	say(f, "invite", "{\"in\":\"general\",\"bot\":true}");
	say(f, "knob", "{\"name\":\"ack_deadline\",\"value\":0}");
	say(f, "knob", "{\"name\":\"retry_2\",\"value\":0}");
	say(f, "knob", "{\"name\":\"retry_3\",\"value\":0}");
	advance(f, 100);
	say(f, "knob", "{\"name\":\"ack_deadline\",\"value\":\"3s\"}");
	say(f, "knob", "{\"name\":\"retry_2\",\"value\":\"60s\"}");
	say(f, "knob", "{\"name\":\"retry_3\",\"value\":\"300s\"}");
}

/* How many things Slack still has to do. */
UNUSED_OK static int pending(struct fixture *f)
{
	autojson cJSON *list = sim_slack_pending(f->sim);

	return cJSON_GetArraySize(list);
}

/* ---- records ---- */

/* How many records say name=value (NULL value: have name) and are of the kind. */
UNUSED_OK static int count_records(
        struct fixture *f, const char *kind, const char *name, const char *value)
{
	const cJSON *record;
	int count = 0;

	cJSON_ArrayForEach(record, f->records)
	{
		const char *text = json_str(record, name);

		if (str_equal(json_str(record, "kind"), kind) && text &&
		        (!value || strcmp(text, value) == 0)) {
			count++;
		}
	}
	return count;
}

/* The last record of the kind with name=value, which must be there. */
UNUSED_OK static const cJSON *last_record(
        struct fixture *f, const char *kind, const char *name, const char *value)
{
	const cJSON *record, *found = NULL;

	cJSON_ArrayForEach(record, f->records)
	{
		if (str_equal(json_str(record, "kind"), kind) &&
		        (!name || str_equal(json_str(record, name), value))) {
			found = record;
		}
	}
	if (!found) {
		fail_msg("no record of kind %s with %s=%s", kind, name ? name : "",
		        value ? value : "");
	}
	return found;
}

/* ---- HTTP ---- */

UNUSED_OK static void fixture_done(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	struct fixture *f = arg;

	f->done = true;
	f->kind = err->kind;
	f->status = reply ? reply->status : 0;
	f->retry_after_ms = reply ? reply->retry_after_ms : 0;
	if (reply) {
		f->body = xstrndup(reply->body.n ? reply->body.p : "", reply->body.n);
		f->reply = json_parse(reply->body, NULL);
	}
}

/* Starts a request; pump() or advance() then. token may be NULL. */
UNUSED_OK static void start_request(struct fixture *f, const char *http_method,
        const char *path, const char *token, const char *type, const char *body)
{
	autofree char *url = xasprintf("%s%s", sim_slack_url(f->sim), path);
	struct http_req *req = http_req_create(f->http, http_method, url);

	cJSON_Delete(f->reply);
	free(f->body);
	f->reply = NULL;
	f->body = NULL;
	f->done = false;
	if (token) {
		autofree char *header = xasprintf("Bearer %s", token);
		http_req_set_header(req, "Authorization", header);
	}
	if (body) {
		http_req_set_body(req, type, str_from(body));
	}
	http_req_set_max_reply(req, REPLY_MAX * 8);
	http_req_start(req, fixture_done, f);
}

UNUSED_OK static void pump(struct fixture *f)
{
	for (int i = 0; i < TURNS_MAX && !f->done; i++) {
		loop_turn(f->loop, true);
	}
	assert_true(f->done);
}

UNUSED_OK static cJSON *request(struct fixture *f, const char *http_method,
        const char *path, const char *token, const char *type, const char *body)
{
	start_request(f, http_method, path, token, type, body);
	pump(f);
	return f->reply;
}

/* A form POST with the bot token. The reply is the fixture's until the next request. */
UNUSED_OK static cJSON *call(struct fixture *f, const char *method, const char *form)
{
	autofree char *path = xasprintf("/api/%s", method);

	return request(
	        f, "POST", path, f->bot, "application/x-www-form-urlencoded", form);
}

UNUSED_OK static void call_ok(struct fixture *f, const char *method, const char *form)
{
	call(f, method, form);
	if (!json_bool(f->reply, "ok", false)) {
		fail_msg("%s %s: %s", method, form, f->body);
	}
}

UNUSED_OK static void call_error(
        struct fixture *f, const char *method, const char *form, const char *error)
{
	call(f, method, form);
	if (json_bool(f->reply, "ok", true) ||
	        !str_equal(json_str(f->reply, "error"), error)) {
		fail_msg("%s %s: %s is not %s", method, form, f->body, error);
	}
}

/* ---- WebSocket ---- */

UNUSED_OK static int connect_raw(struct fixture *f)
{
	const char *port = strrchr(sim_slack_url(f->sim), ':') + 1;
	struct sockaddr_in to = {.sin_family = AF_INET,
	        .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	/* Small frames must not wait for the kernel's own, real, timers. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	assert_int_equal(connect(fd, (struct sockaddr *)(void *)&to, sizeof(to)), 0);
	return fd;
}

UNUSED_OK static void send_all(int fd, const char *data, size_t n)
{
	assert_int_equal(send(fd, data, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* Opens the path; `ws->upgraded` says if the server agreed. */
UNUSED_OK static void ws_open_path(struct ws *ws, struct fixture *f, const char *path)
{
	/* As a Python client does it: no Origin, Host without a port. */
	autofree char *head = xasprintf(
	        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: "
	        "Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	        "Sec-WebSocket-Version: 13\r\n\r\n",
	        path);
	char *end = NULL;

	memset(ws, 0, sizeof(*ws));
	ws->f = f;
	ws->fd = connect_raw(f);
	ws_decoder_init(&ws->decoder, WS_MAX);
	buf_init(&ws->head, WS_MAX);
	send_all(ws->fd, head, strlen(head));
	for (int i = 0; i < TURNS_MAX && !end && !ws->eof; i++) {
		char data[4096];
		ssize_t n;

		loop_drain(f->loop);
		n = recv(ws->fd, data, sizeof(data), MSG_DONTWAIT);
		ws->eof = n == 0 || (n < 0 && errno == ECONNRESET);
		if (n > 0) {
			buf_add(&ws->head, data, (size_t)n);
			end = strstr(ws->head.data, "\r\n\r\n");
		}
	}
	ws->upgraded = end && str_starts(ws->head.data, "HTTP/1.1 101");
	if (ws->upgraded) {
		size_t head_n = (size_t)(end + 4 - ws->head.data);
		ws_decoder_feed(&ws->decoder,
		        (struct str){ws->head.data + head_n, ws->head.len - head_n});
	}
}

/* The path of a fresh ticket. Caller frees. */
UNUSED_OK static char *ticket_path(struct fixture *f)
{
	const char *url;

	request(f, "POST", "/api/apps.connections.open", f->app,
	        "application/x-www-form-urlencoded", "");
	url = json_str(f->reply, "url");
	assert_non_null(url);
	return xstrdup(strstr(url, "/link/"));
}

UNUSED_OK static void ws_open(struct ws *ws, struct fixture *f)
{
	autofree char *path = ticket_path(f);

	ws_open_path(ws, f, path);
	assert_true(ws->upgraded);
}

/* The next frame, if one has come. */
UNUSED_OK static bool ws_frame(struct ws *ws, struct ws_frame *out)
{
	struct err err = ERR_INIT;

	for (int i = 0; i < 3; i++) {
		char data[65536];
		ssize_t n;

		if (ws_decoder_next(&ws->decoder, out, &err) == WS_FRAME) {
			return true;
		}
		loop_drain(ws->f->loop);
		n = recv(ws->fd, data, sizeof(data), MSG_DONTWAIT);
		if (n > 0) {
			ws_decoder_feed(&ws->decoder, (struct str){data, (size_t)n});
		} else if (n == 0 || errno == ECONNRESET) {
			ws->eof = true;
		}
	}
	return ws_decoder_next(&ws->decoder, out, &err) == WS_FRAME;
}

/* The next text message, pings passed over; NULL: none has come. Caller deletes. */
UNUSED_OK static cJSON *ws_message(struct ws *ws)
{
	struct ws_frame frame;

	while (ws_frame(ws, &frame)) {
		if (frame.opcode == WS_TEXT) {
			return json_parse(frame.payload, NULL);
		}
	}
	return NULL;
}

UNUSED_OK static void ws_send(struct ws *ws, uint8_t opcode, const char *data, size_t n)
{
	static const uint8_t mask[4] = {1, 2, 3, 4};
	struct buf frame;

	buf_init(&frame, WS_MAX);
	assert_true(ws_frame_encode(&frame, true, opcode, (struct str){data, n}, mask));
	send_all(ws->fd, frame.data, frame.len);
	buf_finish(&frame);
	loop_drain(ws->f->loop);
}

UNUSED_OK static void ws_ack(struct ws *ws, const cJSON *envelope)
{
	autofree char *text =
	        xasprintf("{\"envelope_id\":\"%s\"}", json_str(envelope, "envelope_id"));

	ws_send(ws, WS_TEXT, text, strlen(text));
}

UNUSED_OK static void ws_close(struct ws *ws)
{
	close(ws->fd);
	ws_decoder_finish(&ws->decoder);
	buf_finish(&ws->head);
	loop_drain(ws->f->loop);
}

/* Opens a connection and reads its hello. */
UNUSED_OK static void ws_ready(struct ws *ws, struct fixture *f)
{
	autojson cJSON *hello = NULL;

	ws_open(ws, f);
	hello = ws_message(ws);
	assert_string_equal(json_str_or(hello, "type", "?"), "hello");
}

#endif
