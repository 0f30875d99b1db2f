#include "sim-slack/socket_internal.h"

#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/faults.h"

#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX_BYTES = 1024 * 1024 };

char *sockets_new_url(struct sockets *sockets)
{
	struct sim_slack *sim = sockets->sim;
	char ticket[UUID_SIZE];

	tickets_issue(&sockets->tickets, &sim->ids, loop_now_ms(sim->loop),
	        sim->knobs.ticket_ttl, ticket);
	return xasprintf("ws%s/link/?ticket=%s&app_id=%s", sim->url + strlen("http"),
	        ticket, sim->app.link_id);
}

static void report_refused(struct sim_slack *sim, const char *reason)
{
	cJSON *record = json_set_str(sim_record("ws", NULL), "ws", "refused");

	sim_report(sim, json_set_str(record, "reason", reason));
}

static void upgrade(struct socket *socket, struct http_request *req)
{
	socket->conn = ws_accept(req, &socket_handlers, MESSAGE_MAX_BYTES, socket);
	if (!socket->conn) {
		report_refused(socket->owner->sim, "handshake");
		socket_free(socket, HTTP_DROP_CLOSE);
	}
}

void socket_handle_upgrade(void *arg)
{
	struct socket *socket = arg;
	struct http_request *req = socket->req;

	socket->req = NULL;
	upgrade(socket, req);
}

void sockets_handle_request(struct sockets *sockets, struct http_request *req)
{
	struct sim_slack *sim = sockets->sim;
	struct str query = str_from(http_request_query(req));
	autofree char *ticket = form_get(query, "ticket");
	autofree char *debug = form_get(query, "debug_reconnects");
	struct socket *socket;

	if (faults_refuse(sim->faults, REFUSE_CONNECTIONS)) {
		report_refused(sim, "fault");
		http_request_drop(req, HTTP_DROP_RESET);
		return;
	}
	if (!tickets_use(&sockets->tickets, ticket, loop_now_ms(sim->loop))) {
		report_refused(sim, "ticket");
		http_request_reply(req, (int)sim->knobs.ticket_status, "text/plain",
		        str_from("bad ticket\n"));
		return;
	}
	socket = socket_create(sockets, str_equal(debug, "true"));
	if (sim->knobs.upgrade_delay > 0) {
		socket->req = req;
		timer_start(&socket->upgrade, sim->knobs.upgrade_delay);
		return;
	}
	upgrade(socket, req);
}
