#include "sim-slack/socket_internal.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/envelopes.h"
#include "sim-slack/traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUILD_NUMBER = 118, DEBUG_AGE_MS = 360000 };

static const char *const state_names[] = {
        "opening", "open", "refused", "closing", "gone"};

static void report(struct socket *socket, const char *what, const char *reason)
{
	cJSON *record = json_set_str(sim_record("ws", NULL), "ws", what);

	json_set_int(record, "conn", socket->number);
	json_set_str(record, "reason", reason);
	sim_report(socket->owner->sim, record);
}

static void report_beat(struct socket *socket, const char *kind, const char *from)
{
	cJSON *record = json_set_int(sim_record(kind, NULL), "conn", socket->number);

	json_set_str(record, "from", from);
	sim_report(socket->owner->sim, json_set_bool(record, "beat", true));
}

static void tell_closed(struct socket *socket, const char *reason)
{
	if (!socket->told_closed) {
		socket->told_closed = true;
		report(socket, "closed", reason);
	}
}

/* ---- life and death ---- */

static void stop_timers(struct socket *socket)
{
	timer_stop(&socket->upgrade);
	timer_stop(&socket->hello);
	timer_stop(&socket->ping);
	timer_stop(&socket->age);
	timer_stop(&socket->end);
	timer_stop(&socket->linger);
}

void socket_free(struct socket *socket, enum http_drop how)
{
	stop_timers(socket);
	list_del(&socket->link);
	wire_finish(&socket->wire);
	if (socket->req) {
		http_request_drop(socket->req, how);
	}
	ws_conn_destroy(&socket->conn, how);
	free(socket);
}

/* The connection is over; a leak keeps its memory, and Slack's count, for a while. */
static void socket_over(struct socket *socket, enum http_drop how, const char *why)
{
	int64_t leak_ms = socket->owner->sim->knobs.leak;
	bool counted = socket->state == SOCKET_OPEN;

	tell_closed(socket, why);
	if (leak_ms == 0 || !counted) {
		socket_free(socket, how);
		return;
	}
	stop_timers(socket);
	wire_finish(&socket->wire);
	ws_conn_destroy(&socket->conn, how);
	socket->state = SOCKET_GONE;
	timer_start(&socket->linger, leak_ms);
}

static void handle_linger(void *arg)
{
	struct socket *socket = arg;

	socket_free(socket, HTTP_DROP_CLOSE);
}

static void start_closing(struct socket *socket, unsigned code, const char *why)
{
	const struct knobs *knobs = &socket->owner->sim->knobs;

	stop_timers(socket);
	socket->state = SOCKET_CLOSING;
	tell_closed(socket, why);
	wire_close(&socket->wire, code);
	timer_start(&socket->linger, knobs->linger);
}

static void drop(struct socket *socket, const char *how)
{
	unsigned code = socket->close_code;

	if (str_equal(how, "silence")) {
		socket->silent = true;
		stop_timers(socket);
	} else if (str_equal(how, "rst")) {
		socket_over(socket, HTTP_DROP_RESET, "reset by Slack");
	} else if (str_equal(how, "fin")) {
		socket_over(socket, HTTP_DROP_CLOSE, "dropped by Slack");
	} else if (socket->state == SOCKET_CLOSING) {
		socket->close_at_handshake = str_equal(how, "close");
	} else {
		socket->close_at_handshake = str_equal(how, "close");
		start_closing(socket, code, "closed by Slack");
	}
}

static void handle_end(void *arg)
{
	struct socket *socket = arg;

	drop(socket, socket->how);
}

/* A fault has cut a frame: the connection ends as the fault says. */
static void handle_cut(void *arg)
{
	handle_end(arg);
}

static void say_disconnect(struct socket *socket, const char *reason)
{
	autofree char *text = xasprintf("{\"type\":\"disconnect\",\"reason\":\"%s\","
	                                "\"debug_info\":{\"host\":\"applink-%u\"}}",
	        reason, socket->host);

	report(socket, "disconnect", reason);
	socket_send(socket, str_from(text));
}

static void end_after(struct socket *socket, const char *how, int64_t after_ms)
{
	snprintf(socket->how, sizeof(socket->how), "%s", how);
	timer_start(&socket->end, after_ms);
}

/* By itself Slack leaves the TCP connection open behind its close frame. */
static const char *own_drop(const struct knobs *knobs)
{
	return str_equal(knobs->drop_how, "close") && knobs->leave_tcp_open
	               ? "leave_open"
	               : knobs->drop_how;
}

static void handle_age(void *arg)
{
	struct socket *socket = arg;
	const struct knobs *knobs = &socket->owner->sim->knobs;

	if (!socket->warned) {
		socket->warned = true;
		say_disconnect(socket, "warning");
		timer_start(&socket->age, knobs->warning_ahead);
		return;
	}
	say_disconnect(socket, "refresh_requested");
	end_after(socket, own_drop(knobs), knobs->drop_after);
}

static void handle_ping_timer(void *arg)
{
	struct socket *socket = arg;
	int64_t interval_ms = socket->owner->sim->knobs.ping_interval;
	char payload[32];

	snprintf(payload, sizeof(payload), "Ping from applink-%u", socket->host);
	if (wire_send(&socket->wire, WS_PING, str_from(payload))) {
		report_beat(socket, "ping", "slack");
	}
	if (interval_ms > 0) {
		timer_start(&socket->ping, interval_ms);
	}
}

/* ---- what comes from the client ---- */

static unsigned count_live(const struct sockets *sockets)
{
	unsigned count = 0;

	list_for_each(link, &sockets->all)
	{
		const struct socket *socket = container_of(link, struct socket, link);

		count += socket->state == SOCKET_OPEN || socket->state == SOCKET_GONE;
	}
	return count;
}

static void say_hello(struct socket *socket)
{
	autofree char *text = xasprintf(
	        "{\"type\":\"hello\",\"num_connections\":%u,\"debug_info\":{\"host\":"
	        "\"applink-%u\",\"build_number\":%d,\"approximate_connection_time\":%lld},"
	        "\"connection_info\":{\"app_id\":\"%s\"}}",
	        count_live(socket->owner), socket->host, BUILD_NUMBER,
	        (long long)(socket->life_ms / 1000), socket->owner->sim->app.id);

	report(socket, "hello", NULL);
	wire_send(&socket->wire, WS_TEXT, str_from(text));
}

static void handle_hello(void *arg)
{
	say_hello(arg);
}

static void handle_open(struct ws_conn *conn, void *arg)
{
	struct socket *socket = arg;
	const struct knobs *knobs = &socket->owner->sim->knobs;
	int64_t warn_ms = socket->life_ms - knobs->warning_ahead;

	socket->wire.conn = conn;
	report(socket, "open", NULL);
	socket->opened_ms = loop_now_ms(socket->owner->sim->loop);
	if (count_live(socket->owner) >= (unsigned)knobs->max_sockets) {
		socket->state = SOCKET_REFUSED;
		say_disconnect(socket, "too_many_websockets");
		end_after(socket, own_drop(knobs), knobs->drop_after);
		return;
	}
	socket->state = SOCKET_OPEN;
	if (knobs->hello && knobs->hello_delay > 0) {
		timer_start(&socket->hello, knobs->hello_delay);
	} else if (knobs->hello) {
		say_hello(socket);
	}
	if (knobs->ping_interval > 0) {
		timer_start(&socket->ping, knobs->ping_interval);
	}
	timer_start(&socket->age, warn_ms > 0 ? warn_ms : 0);
}

static void report_odd(struct socket *socket, const char *what, size_t bytes)
{
	cJSON *record = json_set_str(sim_record("ws", NULL), "ws", what);

	json_set_int(record, "conn", socket->number);
	sim_report(socket->owner->sim, json_set_int(record, "bytes", (int64_t)bytes));
}

static void log_frame(struct socket *socket, unsigned opcode, struct str payload)
{
	traffic_add_frame(
	        socket->owner->sim->traffic, socket->number, false, opcode, payload.n);
}

static void handle_text(struct ws_conn *conn, struct str text, void *arg)
{
	struct socket *socket = arg;
	autojson cJSON *message = NULL;
	const char *envelope_id;

	(void)conn;
	log_frame(socket, WS_TEXT, text);
	if (socket->silent || socket->state != SOCKET_OPEN) {
		return;
	}
	if (text.n >= (size_t)socket->owner->sim->knobs.frame_limit) {
		report_odd(socket, "dropped", text.n);
		return;
	}
	message = json_parse(text, NULL);
	envelope_id = json_str(message, "envelope_id");
	if (!envelope_id) {
		report_odd(socket, "unexpected", text.n);
		return;
	}
	envelopes_acknowledge(socket->owner->sim->envelopes, socket->number, envelope_id,
	        json_get(message, "payload"));
}

static void handle_binary(struct ws_conn *conn, struct str data, void *arg)
{
	(void)conn;
	log_frame(arg, WS_BINARY, data);
	report_odd(arg, "unexpected", data.n);
}

/* Not an echo: Slack adds its own time. */
static void handle_ping(struct ws_conn *conn, struct str payload, void *arg)
{
	struct socket *socket = arg;
	const struct sim_slack *sim = socket->owner->sim;
	char text[192];
	int n;

	(void)conn;
	log_frame(socket, WS_PING, payload);
	report_beat(socket, "ping", "client");
	if (socket->silent || !sim->knobs.pong) {
		return;
	}
	n = sim->knobs.pong_echo
	            ? snprintf(text, sizeof(text), "%.*s", (int)payload.n, payload.p)
	            : snprintf(text, sizeof(text), "%.*s; timestamp:%lld", (int)payload.n,
	                      payload.p ? payload.p : "",
	                      (long long)loop_wall_ms(sim->loop));
	/* A control frame holds 125 bytes. */
	wire_send(&socket->wire, WS_PONG, (struct str){text, n > 125 ? 125 : (size_t)n});
}

static void handle_pong(struct ws_conn *conn, struct str payload, void *arg)
{
	(void)conn;
	log_frame(arg, WS_PONG, payload);
	report_beat(arg, "pong", "client");
}

static void handle_close(
        struct ws_conn *conn, unsigned code, struct str reason, void *arg)
{
	struct socket *socket = arg;
	const struct knobs *knobs = &socket->owner->sim->knobs;
	autofree char *why = xasprintf("closed by the client with code %u", code);

	(void)conn;
	log_frame(socket, WS_CLOSE, (struct str){NULL, reason.n + (code ? 2 : 0)});
	if (socket->silent) {
		return;
	}
	if (socket->state == SOCKET_CLOSING) {
		if (socket->close_at_handshake) {
			timer_start(&socket->linger, 0);
		}
		return;
	}
	start_closing(socket, code ? code : 1000, why);
	if (!knobs->leave_tcp_open) {
		timer_start(&socket->linger, 0);
	}
}

static void handle_gone(struct ws_conn *conn, const char *why, void *arg)
{
	(void)conn;
	socket_over(arg, HTTP_DROP_CLOSE, why);
}

/* ---- coming in ---- */

struct sockets *sockets_create(struct sim_slack *sim)
{
	struct sockets *sockets = xcalloc(1, sizeof(*sockets));

	sockets->sim = sim;
	list_init(&sockets->all);
	tickets_init(&sockets->tickets);
	return sockets;
}

void sockets_destroy(struct sockets **sockets)
{
	if (!*sockets) {
		return;
	}
	list_for_each(link, &(*sockets)->all)
	{
		socket_free(container_of(link, struct socket, link), HTTP_DROP_RESET);
	}
	tickets_finish(&(*sockets)->tickets);
	free(*sockets);
	*sockets = NULL;
}

struct socket *socket_create(struct sockets *sockets, bool debug)
{
	struct sim_slack *sim = sockets->sim;
	struct socket *socket = xcalloc(1, sizeof(*socket));

	socket->owner = sockets;
	socket->number = ++sockets->last_number;
	socket->host = 1 + (unsigned)rand_below(&sim->ids.chance, 9);
	socket->life_ms = debug ? DEBUG_AGE_MS : sim->knobs.connection_age;
	socket->close_code = (unsigned)sim->knobs.close_code;
	wire_init(&socket->wire, sim, socket->number, handle_cut, socket);
	timer_init(&socket->hello, sim->loop, handle_hello, socket);
	timer_init(&socket->upgrade, sim->loop, socket_handle_upgrade, socket);
	timer_init(&socket->ping, sim->loop, handle_ping_timer, socket);
	timer_init(&socket->age, sim->loop, handle_age, socket);
	timer_init(&socket->end, sim->loop, handle_end, socket);
	timer_init(&socket->linger, sim->loop, handle_linger, socket);
	list_add_tail(&sockets->all, &socket->link);
	return socket;
}

const struct ws_conn_handlers socket_handlers = {handle_open, handle_text, handle_binary,
        handle_ping, handle_pong, handle_close, handle_gone};

/* ---- use ---- */

static bool is_candidate(const struct socket *socket)
{
	return socket->state == SOCKET_OPEN || socket->state == SOCKET_GONE;
}

struct socket *sockets_pick(struct sockets *sockets)
{
	unsigned count = count_live(sockets);
	uint64_t at;

	if (count == 0) {
		return NULL;
	}
	at = count > 1 ? rand_below(&sockets->sim->ids.chance, count) : 0;
	list_for_each(link, &sockets->all)
	{
		struct socket *socket = container_of(link, struct socket, link);

		if (is_candidate(socket) && at-- == 0) {
			return socket;
		}
	}
	return NULL;
}

struct socket *sockets_find(const struct sockets *sockets, unsigned number)
{
	list_for_each(link, &sockets->all)
	{
		struct socket *socket = container_of(link, struct socket, link);

		if (socket->number == number) {
			return socket;
		}
	}
	return NULL;
}

unsigned socket_number(const struct socket *socket)
{
	return socket->number;
}

void socket_send(struct socket *socket, struct str text)
{
	if (!socket->silent) {
		wire_send(&socket->wire, WS_TEXT, text);
	}
}

void socket_send_raw(struct socket *socket, struct str bytes)
{
	if (!socket->silent) {
		wire_send_raw(&socket->wire, bytes);
	}
}

static void disconnect_one(struct socket *socket, const struct socket_end *end)
{
	if (!str_equal(end->reason, "none")) {
		say_disconnect(socket, end->reason);
	}
	if (end->code > 0) {
		socket->close_code = end->code;
	}
	if (end->after_ms > 0) {
		end_after(socket, end->how, end->after_ms);
	} else {
		drop(socket, end->how);
	}
}

static bool is_meant(const struct socket *socket, unsigned number)
{
	return (number == 0 || socket->number == number) && socket->conn &&
	       socket->state == SOCKET_OPEN;
}

bool sockets_disconnect(
        struct sockets *sockets, unsigned number, const struct socket_end *end)
{
	bool found = false;

	list_for_each(link, &sockets->all)
	{
		struct socket *socket = container_of(link, struct socket, link);

		if (is_meant(socket, number)) {
			found = true;
			disconnect_one(socket, end);
		}
	}
	return found;
}

bool sockets_set_fault(struct sockets *sockets, unsigned number,
        const struct wire_fault *fault, const char *end)
{
	bool found = false;

	list_for_each(link, &sockets->all)
	{
		struct socket *socket = container_of(link, struct socket, link);

		if (is_meant(socket, number)) {
			found = true;
			snprintf(socket->how, sizeof(socket->how), "%s", end);
			wire_set_fault(&socket->wire, fault);
		}
	}
	return found;
}

cJSON *sockets_state(const struct sockets *sockets)
{
	cJSON *list = cJSON_CreateArray();
	int64_t now_ms = loop_now_ms(sockets->sim->loop);

	list_for_each(link, &sockets->all)
	{
		const struct socket *socket = container_of(link, struct socket, link);
		cJSON *item = json_set_int(json_new(), "conn", socket->number);

		json_set_str(item, "state",
		        socket->silent ? "silent" : state_names[socket->state]);
		json_set_int(item, "age_ms", now_ms - socket->opened_ms);
		cJSON_AddItemToArray(list, item);
	}
	return list;
}
