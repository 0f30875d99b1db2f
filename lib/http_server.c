#include "lib/http_internal.h"

#include "lib/mem.h"
#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	DEFAULT_MAX_BODY_BYTES = 16 * 1024 * 1024,
	DEFAULT_MAX_CONNECTIONS = 1024,
	CONNECTION_MEMORY_BYTES = 64 * 1024, /* bounds request line and headers */
	ACCEPTS_PER_TURN = 64,
	ACCEPT_RETRY_MS = 100,
	ROUNDS_PER_TURN = 8,
	STALLS_MAX = 16,
	STALL_WAIT_MS = 100,
};

/* ---------------------------------------------------------------- connections */

static void handle_idle(void *arg)
{
	struct http_conn *conn = arg;
	int unsent = 0;

	if (conn->unsent >= 0) {
		ioctl(conn->fd, SIOCOUTQ, &unsent);
		if (unsent == 0 || unsent != conn->unsent) { /* the answer moves */
			conn->unsent = unsent;
			timer_start(&conn->idle, conn->server->idle_ms);
			return;
		}
	}
	shutdown(conn->fd, SHUT_RDWR); /* libmicrohttpd sees the end and closes */
}

void http_conn_restart_idle(struct http_conn *conn, bool answering)
{
	conn->unsent = answering ? 0 : -1;
	if (conn->server->idle_ms > 0) {
		timer_start(&conn->idle, conn->server->idle_ms);
	}
}

static void accept_if_room(struct http_server *server)
{
	bool room = server->conn_count < server->max_connections &&
	            !timer_active(&server->accept_soon);
	loop_io_set(server->listen_io, room ? LOOP_READ : 0);
}

static void handle_connection(void *cls, struct MHD_Connection *connection,
        void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	struct http_server *server = cls;
	struct http_conn *conn;

	server->progress++;
	switch (code) {
	case MHD_CONNECTION_NOTIFY_STARTED:
		conn = xcalloc(1, sizeof(*conn));
		conn->server = server;
		conn->fd = MHD_get_connection_info(
		        connection, MHD_CONNECTION_INFO_CONNECTION_FD)
		                   ->connect_fd;
		timer_init(&conn->idle, server->loop, handle_idle, conn);
		list_add_tail(&server->conns, &conn->link);
		server->conn_count++;
		http_conn_restart_idle(conn, false);
		*socket_context = conn;
		break;
	case MHD_CONNECTION_NOTIFY_CLOSED:
		conn = *socket_context;
		timer_stop(&conn->idle);
		list_del(&conn->link);
		free(conn);
		server->conn_count--;
		if (server->listen_io != NULL) {
			accept_if_room(server);
		}
		break;
	}
}

void http_server_take_over(void *cls, struct MHD_Connection *connection, void *con_cls,
        const char *early, size_t early_bytes, MHD_socket fd,
        struct MHD_UpgradeResponseHandle *handle)
{
	struct http_request *req = cls;

	(void)connection;
	(void)con_cls;
	timer_stop(&req->conn->idle);
	req->stream = http_stream_create(
	        req->server, fd, (struct str){early, early_bytes}, handle);
	req->state = REQUEST_UPGRADED;
	list_del(&req->link);
	list_add_tail(&req->server->due, &req->link);
}

/* ---------------------------------------------------------------- running */

static void call_user(struct http_server *server, struct http_request *req)
{
	list_del(&req->link);
	list_add_tail(&server->requests, &req->link);
	switch (req->state) {
	case REQUEST_WHOLE:
		req->state = REQUEST_OPEN;
		server->handler(req, server->arg);
		break;
	case REQUEST_UPGRADED:
		req->ready(req->stream, req->ready_arg);
		break;
	case REQUEST_LOST:
		req->ready(NULL, req->ready_arg);
		http_request_destroy(req);
		break;
	case REQUEST_NEW:
	case REQUEST_ARRIVING:
	case REQUEST_OPEN:
	case REQUEST_ANSWERED:
		assert(false); /* in the wrong list */
		break;
	}
}

static void call_users(struct http_server *server)
{
	while (!list_empty(&server->due)) {
		call_user(server,
		        container_of(server->due.next, struct http_request, link));
	}
}

/* libmicrohttpd asks to be run again at once for as long as it holds a chunk size without
 * an end that fills its buffer. It cannot read on then, nor does it see the client go. So
 * it has to wait, and a connection found twice with something to read is ended. */
static void end_stuck_connections(struct http_server *server)
{
	char byte;

	list_for_each(it, &server->requests)
	{
		struct http_request *req = container_of(it, struct http_request, link);
		int fd = req->conn->fd;
		bool waiting =
		        req->chunked && recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
		if (waiting && req->stuck) {
			shutdown(fd, SHUT_RDWR);
		}
		req->stuck = waiting;
	}
}

static bool run_once(struct http_server *server)
{
	uint64_t before = server->progress;
	/* Always 0: the library is given no time limits of its own. */
	MHD_UNSIGNED_LONG_LONG wait_ms;

	server->resumed = false;
	MHD_run(server->daemon);
	call_users(server);
	bool more =
	        server->resumed || MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES;
	bool stalls = more && server->progress == before && server->chunked_count > 0;
	server->stalls = stalls ? server->stalls + 1 : 0;
	return more;
}

static void run(struct http_server *server)
{
	bool more = true;

	assert(!server->running);
	server->running = true;
	for (int round = 0; more && round < ROUNDS_PER_TURN; round++) {
		more = run_once(server);
		if (server->stalls >= STALLS_MAX) {
			break;
		}
	}
	server->running = false;
	if (!more) {
		timer_stop(&server->again);
	} else if (server->stalls < STALLS_MAX) {
		timer_start(&server->again, 0);
	} else {
		end_stuck_connections(server);
		timer_start(&server->again, STALL_WAIT_MS);
	}
}

static void handle_daemon(int events, void *arg)
{
	(void)events;
	run(arg);
}

static void handle_again(void *arg)
{
	run(arg);
}

void http_server_resumed(struct http_server *server)
{
	server->resumed = true;
	if (!server->running) {
		timer_start(&server->again, 0);
	}
}

void http_server_answer(
        struct http_request *req, int status, struct MHD_Response *response)
{
	assert(req->state == REQUEST_OPEN);
	if (req->server->answered != NULL) {
		req->server->answered(req, status, req->answer_bytes, req->server->arg);
	}
	req->state = REQUEST_ANSWERED;
	req->status = status;
	req->response = response;
	http_conn_restart_idle(req->conn, true);
	MHD_resume_connection(req->connection);
	http_server_resumed(req->server);
}

/* ---------------------------------------------------------------- accepting */

static void handle_accept_soon(void *arg)
{
	accept_if_room(arg);
}

static bool is_out_of_descriptors(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* Our own accept: libmicrohttpd's would spin when the process is out of descriptors. */
static void handle_listen(int events, void *arg)
{
	struct http_server *server = arg;

	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		struct sockaddr_storage peer;
		socklen_t peer_bytes = sizeof(peer);
		const int on = 1;

		if (server->conn_count >= server->max_connections) {
			break;
		}
		int fd = accept4(server->listen_fd, (struct sockaddr *)&peer, &peer_bytes,
		        SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0) {
			if (is_out_of_descriptors(errno)) {
				timer_start(&server->accept_soon, ACCEPT_RETRY_MS);
			}
			break;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		MHD_add_connection(
		        server->daemon, fd, (struct sockaddr *)&peer, peer_bytes);
	}
	accept_if_room(server);
	run(server);
}

/* ---------------------------------------------------------------- life and death */

/* Paths and queries are passed on as they came. */
static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct http_server *server)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET |
	                                MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE |
	                                MHD_USE_SUPPRESS_DATE_NO_CLOCK,
	        0, NULL, NULL, http_handle_access, server, MHD_OPTION_URI_LOG_CALLBACK,
	        http_handle_request_line, server, MHD_OPTION_UNESCAPE_CALLBACK,
	        leave_escaped, NULL, MHD_OPTION_NOTIFY_COMPLETED, http_handle_completed,
	        server, MHD_OPTION_NOTIFY_CONNECTION, handle_connection, server,
	        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY_BYTES,
	        MHD_OPTION_CONNECTION_LIMIT, server->max_connections, MHD_OPTION_END);
}

static void set_options(
        struct http_server *server, const struct http_server_options *opts)
{
	server->max_body_bytes =
	        opts->max_body_bytes > 0 ? opts->max_body_bytes : DEFAULT_MAX_BODY_BYTES;
	server->body_limit = opts->body_limit;
	server->spool_over_bytes = opts->spool_over_bytes;
	server->max_connections = opts->max_connections > 0 ? opts->max_connections
	                                                    : DEFAULT_MAX_CONNECTIONS;
	server->idle_ms = (int64_t)opts->idle_timeout_s * 1000;
	server->too_large_body = opts->too_large_body;
	server->answered = opts->answered;
}

struct http_server *http_server_create(struct loop *loop,
        const struct http_server_options *opts, http_handler_fn *handler, void *arg,
        struct err *err)
{
	static const struct http_server_options defaults = {0};
	int fd = -1;

	opts = opts == NULL ? &defaults : opts;
	if (!http_listener_open(opts, &fd, err)) {
		return NULL;
	}
	struct http_server *server = xcalloc(1, sizeof(*server));
	server->loop = loop;
	server->handler = handler;
	server->arg = arg;
	server->listen_fd = fd;
	set_options(server, opts);
	list_init(&server->conns);
	list_init(&server->requests);
	list_init(&server->due);
	list_init(&server->streams);
	timer_init(&server->again, loop, handle_again, server);
	timer_init(&server->accept_soon, loop, handle_accept_soon, server);
	server->daemon = start_daemon(server);
	if (server->daemon == NULL) {
		err_set(err, ERR_PERMANENT, 0, "libmicrohttpd did not start");
		http_server_destroy(&server);
		return NULL;
	}
	int epoll_fd =
	        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	server->daemon_io =
	        loop_io_create(loop, epoll_fd, LOOP_READ, handle_daemon, server);
	server->listen_io = loop_io_create(loop, fd, LOOP_READ, handle_listen, server);
	return server;
}

/* libmicrohttpd ends the process if it is stopped while a connection is suspended. */
static void drop_open_requests(struct http_server *server)
{
	list_for_each(it, &server->requests)
	{
		struct http_request *req = container_of(it, struct http_request, link);
		if (req->state == REQUEST_OPEN) {
			http_server_answer(req, 0, NULL);
		}
	}
}

void http_server_destroy(struct http_server **server_var)
{
	struct http_server *server = *server_var;

	if (server == NULL) {
		return;
	}
	assert(!server->running); /* not from one of its own callbacks */
	loop_io_destroy(&server->listen_io);
	loop_io_destroy(&server->daemon_io);
	timer_stop(&server->accept_soon);
	drop_open_requests(server);
	while (!list_empty(&server->streams)) {
		http_stream_abandon(server->streams.next);
	}
	if (server->daemon != NULL) {
		MHD_stop_daemon(server->daemon);
	}
	call_users(server); /* upgrades that did not come about */
	timer_stop(&server->again);
	assert(list_empty(&server->conns) && list_empty(&server->requests));
	close(server->listen_fd);
	free(server);
	*server_var = NULL;
}

uint16_t http_server_port(const struct http_server *server)
{
	return http_listener_port(server->listen_fd);
}

unsigned http_server_connections(const struct http_server *server)
{
	return server->conn_count;
}
