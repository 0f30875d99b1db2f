/* socket_fixture: a Slack of WebSockets and the Socket Mode client of one owner.
 * Connections are numbered alike on both sides: by their tickets, from 1. */
#ifndef TESTS_UNIT_SOCKET_FIXTURE_H
#define TESTS_UNIT_SOCKET_FIXTURE_H

#include "scripted_server.h"

#include "bridge/slack/socket_mode.h"
#include "lib/buf.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/ws_server.h"

#include <stdio.h>
#include <unistd.h>

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define OPEN "apps.connections.open"
#define HELLO "{\"type\":\"hello\",\"num_connections\":1}"
#define DISCONNECT(reason) "{\"type\":\"disconnect\",\"reason\":\"" reason "\"}"

enum { MAX_CONNS = 256, SECOND = 1000, MINUTE = 60 * SECOND, HOUR = 60 * MINUTE };

/* What the server does once a WebSocket has been accepted. */
enum greeting { GREET, SAY_NOTHING, SAY_TOO_MANY, SAY_LINK_DISABLED, REFUSE_UPGRADE };

struct fixture;

struct server_conn {
	struct fixture *fixture;
	struct ws_conn *ws;
	unsigned number; /* from 1: the ticket that brought it */
	enum greeting greeting;
	bool is_mute; /* answers no ping */
	bool is_gone;
	unsigned close_code; /* of the client's close frame */
};

struct fixture {
	struct loop *loop;
	struct script script;
	struct http_client *http;
	struct ws_context *ws;
	struct slack_api *api;
	struct socket_mode *sm;
	/* the server's side */
	enum greeting greeting;
	struct server_conn conns[MAX_CONNS]; /* by ticket - 1 */
	unsigned tickets, tickets_used;
	struct buf acks; /* "1:e1 " for each, by connection */
	/* the owner's side */
	struct buf states;    /* "connecting connected " */
	struct buf envelopes; /* "1:e1 " for each */
	char why[256];
	bool ack_at_once;
	bool destroy_on_state, destroy_on_envelope;
	enum socket_mode_state destroy_at;
};

/* ---------------------------------------------------------------- the server's side */

static inline void server_open(struct ws_conn *ws, void *arg)
{
	const struct server_conn *conn = arg;

	if (conn->greeting == GREET) {
		ws_conn_text(ws, str_from(HELLO));
	} else if (conn->greeting == SAY_TOO_MANY) {
		ws_conn_text(ws, str_from(DISCONNECT("too_many_websockets")));
	} else if (conn->greeting == SAY_LINK_DISABLED) {
		ws_conn_text(ws, str_from(DISCONNECT("link_disabled")));
	}
}

static inline void server_text(struct ws_conn *ws, struct str text, void *arg)
{
	const struct server_conn *conn = arg;
	autojson cJSON *json = json_parse(text, NULL);
	const char *id = json_str(json, "envelope_id");

	(void)ws;
	assert_non_null(id);
	autofree char *expected = xasprintf("{\"envelope_id\":\"%s\"}", id);
	assert_true(str_is(text, expected));
	buf_printf(&conn->fixture->acks, "%u:%s ", conn->number, id);
}

static inline void server_ping(struct ws_conn *ws, struct str payload, void *arg)
{
	const struct server_conn *conn = arg;
	autofree char *text = xasprintf("%.*s; timestamp:1700000000000", (int)payload.n,
	        payload.n == 0 ? "" : payload.p);

	if (!conn->is_mute) {
		ws_conn_pong(ws, str_from(text)); /* as Slack does: not an echo */
	}
}

static inline void server_close(
        struct ws_conn *ws, unsigned code, struct str reason, void *arg)
{
	struct server_conn *conn = arg;

	(void)ws;
	(void)reason;
	conn->close_code = code;
}

static inline void server_gone(struct ws_conn *ws, const char *why, void *arg)
{
	struct server_conn *conn = arg;

	(void)ws;
	(void)why;
	conn->is_gone = true;
}

static const struct ws_conn_handlers server_handlers = {
        .open = server_open,
        .text = server_text,
        .ping = server_ping,
        .close = server_close,
        .gone = server_gone,
};

static inline void answer_open(struct fixture *f, struct http_request *req)
{
	autofree char *url = script_url(&f->script, "/link/");
	autofree char *json = xasprintf("{\"ok\":true,\"url\":\"ws%s?ticket=%u\"}",
	        url + strlen("http"), ++f->tickets);

	http_request_reply_json(req, 200, json);
}

/* A ticket is good once. */
static inline void answer_link(struct fixture *f, struct http_request *req)
{
	autofree char *ticket = form_get(str_from(http_request_query(req)), "ticket");
	int64_t number = 0;

	assert_non_null(ticket);
	assert_true(str_to_int64(str_from(ticket), 1, MAX_CONNS, &number));
	struct server_conn *conn = &f->conns[number - 1];
	assert_int_equal(conn->number, 0);
	conn->fixture = f;
	conn->number = (unsigned)number;
	conn->greeting = f->greeting;
	f->tickets_used++;
	if (f->greeting == REFUSE_UPGRADE) {
		conn->is_gone = true;
		http_request_reply_json(req, 403, "{}");
		return;
	}
	conn->ws = ws_accept(req, &server_handlers, 65536, conn);
	assert_non_null(conn->ws);
}

static inline void handle_custom(struct http_request *req, void *arg)
{
	struct fixture *f = arg;

	if (str_ends(http_request_path(req), OPEN)) {
		answer_open(f, req);
	} else {
		answer_link(f, req);
	}
}

static inline void say(struct fixture *f, unsigned number, const char *text)
{
	assert_true(ws_conn_text(f->conns[number - 1].ws, str_from(text)));
	pass_ms(f->loop, 0);
}

static inline void send_envelope(struct fixture *f, unsigned number, const char *id)
{
	autofree char *text = xasprintf("{\"envelope_id\":\"%s\",\"type\":\"events_api\","
	                                "\"payload\":{\"event_id\":\"Ev\"}}",
	        id);
	say(f, number, text);
}

static inline void drop(struct fixture *f, unsigned number, enum http_drop how)
{
	ws_conn_destroy(&f->conns[number - 1].ws, how);
	f->conns[number - 1].is_gone = true;
	pass_ms(f->loop, 0);
}

/* ---------------------------------------------------------------- the owner's side */

static inline void handle_envelope(const struct slack_envelope *envelope, void *arg)
{
	struct fixture *f = arg;

	buf_printf(&f->envelopes, "%llu:%s%s ", (unsigned long long)envelope->conn,
	        envelope->envelope_id, envelope->payload == NULL ? "!" : "");
	if (f->ack_at_once) {
		socket_mode_ack(f->sm, envelope->conn, envelope->envelope_id);
	}
	if (f->destroy_on_envelope) {
		socket_mode_destroy(&f->sm);
	}
}

static inline void handle_state(enum socket_mode_state state, const char *why, void *arg)
{
	struct fixture *f = arg;

	assert_int_equal(socket_mode_state(f->sm), state);
	assert_null(strstr(why, "ticket"));
	assert_null(strstr(why, "secret"));
	if (state == SM_CONNECTED) {
		assert_string_equal(why, "");
	}
	buf_printf(&f->states, "%s ", socket_mode_state_to_str(state));
	snprintf(f->why, sizeof(f->why), "%s", why);
	if (f->destroy_on_state && state == f->destroy_at) {
		socket_mode_destroy(&f->sm);
	}
}

static const struct socket_mode_handlers owner_handlers = {
        .envelope = handle_envelope,
        .state = handle_state,
};

static inline int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct http_client_options options = {.user_agent = "test"};
	struct err err;

	f->loop = loop_create();
	loop_use_virtual_clock(f->loop, 1700000000000);
	script_open(&f->script, f->loop);
	f->script.otherwise.how = CUSTOM;
	f->script.custom = handle_custom;
	f->script.custom_arg = f;
	f->http = http_client_create(f->loop, &options);
	f->ws = ws_context_create(f->loop, NULL, &err);
	assert_non_null(f->ws);
	autofree char *url = script_url(&f->script, "/api/");
	f->api = slack_api_create(f->loop, f->http, url, "xapp-1-secret");
	f->sm = socket_mode_create(f->loop, f->ws, f->api, 7, &owner_handlers, f);
	buf_init(&f->acks, 65536);
	buf_init(&f->states, 65536);
	buf_init(&f->envelopes, 65536);
	*state = f;
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	socket_mode_destroy(&f->sm);
	slack_api_destroy(&f->api);
	ws_context_destroy(&f->ws);
	http_client_destroy(&f->http);
	for (size_t i = 0; i < MAX_CONNS; i++) {
		ws_conn_destroy(&f->conns[i].ws, HTTP_DROP_RESET);
	}
	script_close(&f->script);
	buf_finish(&f->acks);
	buf_finish(&f->states);
	buf_finish(&f->envelopes);
	loop_destroy(&f->loop);
	free(f);
	return 0;
}

static inline size_t opens(const struct fixture *f)
{
	return script_count(&f->script, OPEN);
}

static inline void assert_text(struct buf *buf, const char *expected)
{
	assert_string_equal(buf_cstr(buf), expected);
	buf_clear(buf);
}

/* Connected over ticket 1, and everything so far forgotten. */
static inline void connect_first(struct fixture *f)
{
	socket_mode_start(f->sm);
	pass_ms(f->loop, 0);
	assert_text(&f->states, "connecting connected ");
	assert_int_equal(opens(f), 1);
}

static inline void answer_opens(struct fixture *f, struct answer answer)
{
	f->script.otherwise = answer;
	if (answer.how != CUSTOM) {
		f->script.otherwise.path = OPEN;
	}
}

static inline void answer_opens_well(struct fixture *f)
{
	answer_opens(f, (struct answer){.how = CUSTOM});
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

#endif
