#include "lib/tls_front.h"

#include "lib/buf.h"
#include "lib/http_internal.h"
#include "lib/mem.h"
#include "lib/socket_state.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	READ_BYTES = 16 * 1024,
	QUEUE_PAUSE_BYTES =
	        256 * 1024, /* the other side is not read while so much waits */
	QUEUE_MAX_BYTES = 2 * 1024 * 1024,
	MAX_CONNECTIONS = 1024,
	ACCEPTS_PER_TURN = 64,
	ACCEPT_RETRY_MS = 100,
	TLS_RECORD_HANDSHAKE = 22,
};

/* One end of a connection: what waits to be sent there. */
struct side {
	int fd;
	struct loop_io *io;
	struct buf out;
	bool done;    /* nothing more comes from there */
	bool fin_due; /* once all is sent: no more goes there */
	bool fin_sent;
};

struct front_conn {
	struct list link; /* tls_front::conns */
	struct tls_front *front;
	struct side client, server;
	SSL *ssl; /* NULL: not begun, or no TLS at all */
	BIO *in, *out;
	bool begun;
	bool silent;
	int64_t cut_left; /* <0: no end; bytes the client still gets */
};

struct tls_front {
	struct loop *loop;
	struct tls_authority *authority;
	SSL_CTX *good;
	SSL_CTX *bad; /* of TLS_FAULT_CERT */
	int listen_fd;
	struct loop_io *listen_io;
	struct timer accept_soon;
	uint16_t to_port;
	struct list conns; /* front_conn::link */
	unsigned conn_count;
	enum tls_fault fault;
	unsigned fault_detail, fault_times; /* times 0: no end */
};

/* ---- the end ---- */

static void accept_if_room(struct tls_front *front)
{
	bool room =
	        front->conn_count < MAX_CONNECTIONS && !timer_active(&front->accept_soon);

	loop_io_set(front->listen_io, room ? LOOP_READ : 0);
}

static void side_finish(struct side *side, bool reset)
{
	loop_io_destroy(&side->io);
	buf_finish(&side->out);
	if (side->fd >= 0) {
		if (reset) {
			socket_reset(side->fd);
		}
		close(side->fd);
	}
}

/* The only place a connection ends. */
static void conn_finish(struct front_conn *conn, bool reset)
{
	struct tls_front *front = conn->front;

	side_finish(&conn->client, reset);
	side_finish(&conn->server, reset);
	SSL_free(conn->ssl); /* and its two BIOs */
	list_del(&conn->link);
	free(conn);
	front->conn_count--;
	if (front->listen_io != NULL) {
		accept_if_room(front);
	}
}

/* ---- bytes ---- */

/* False: the peer there has broken the connection. */
static bool side_flush(struct side *side)
{
	while (side->out.len > 0) {
		ssize_t n = send(side->fd, side->out.data, side->out.len,
		        MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			buf_consume(&side->out, (size_t)n);
		} else if (errno == EINTR) {
			continue;
		} else {
			return errno == EAGAIN;
		}
	}
	if (side->fin_due && !side->fin_sent) {
		side->fin_sent = true;
		shutdown(side->fd, SHUT_WR);
	}
	return true;
}

/* Bytes read, 0 for none now (or none ever again: side->done), <0: broken. */
static ssize_t side_read(struct side *side, char *data)
{
	ssize_t n = recv(side->fd, data, READ_BYTES, MSG_DONTWAIT);

	if (n == 0) {
		side->done = true;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
}

static bool to_client(struct front_conn *conn, struct str data)
{
	if (conn->silent) {
		return true;
	}
	if (conn->cut_left >= 0) {
		if ((uint64_t)conn->cut_left < data.n) {
			data.n = (size_t)conn->cut_left;
		}
		conn->cut_left -= (int64_t)data.n;
		conn->client.fin_due = conn->client.fin_due || conn->cut_left == 0;
	}
	return data.n == 0 || buf_add_str(&conn->client.out, data);
}

static bool take_sealed(struct front_conn *conn)
{
	char data[READ_BYTES];
	int n;

	while ((n = BIO_read(conn->out, data, sizeof(data))) > 0) {
		if (!to_client(conn, (struct str){data, (size_t)n})) {
			return false;
		}
	}
	return true;
}

/* What the client sent, opened, for the server. False: no TLS, or refused. */
static bool open_sealed(struct front_conn *conn)
{
	char data[READ_BYTES];
	int n, why;

	while ((n = SSL_read(conn->ssl, data, sizeof(data))) > 0) {
		if (!buf_add(&conn->server.out, data, (size_t)n)) {
			return false;
		}
	}
	why = SSL_get_error(conn->ssl, n);
	if (why == SSL_ERROR_ZERO_RETURN) {
		conn->client.done = true;
	}
	return take_sealed(conn) &&
	       (why == SSL_ERROR_ZERO_RETURN || why == SSL_ERROR_WANT_READ ||
	               why == SSL_ERROR_WANT_WRITE);
}

/* ---- beginning ---- */

static enum tls_fault use_up_fault(struct tls_front *front)
{
	enum tls_fault fault = front->fault;

	if (front->fault_times > 0 && --front->fault_times == 0) {
		front->fault = TLS_FAULT_NONE;
	}
	return fault;
}

static bool start_tls(struct front_conn *conn, SSL_CTX *ctx)
{
	conn->ssl = SSL_new(ctx);
	conn->in = BIO_new(BIO_s_mem());
	conn->out = BIO_new(BIO_s_mem());
	if (conn->ssl == NULL || conn->in == NULL || conn->out == NULL) {
		return false;
	}
	BIO_set_mem_eof_return(conn->in, -1);
	SSL_set_bio(conn->ssl, conn->in, conn->out);
	SSL_set_accept_state(conn->ssl);
	return true;
}

/* False: the connection is to be reset. */
static bool begin_tls(struct front_conn *conn)
{
	struct tls_front *front = conn->front;
	/* A record of an alert: TLS 1.2, two bytes, fatal. */
	const char alert[7] = {21, 3, 3, 0, 2, 2, (char)front->fault_detail};

	switch (use_up_fault(front)) {
	case TLS_FAULT_NONE:
		return start_tls(conn, front->good);
	case TLS_FAULT_CERT:
		return start_tls(conn, front->bad);
	case TLS_FAULT_ALERT:
		to_client(conn, (struct str){alert, sizeof(alert)});
		conn->client.fin_due = true;
		conn->silent = true;
		return true;
	case TLS_FAULT_RESET:
		return false;
	case TLS_FAULT_CUT:
		conn->cut_left = front->fault_detail;
		return start_tls(conn, front->good);
	case TLS_FAULT_SILENCE:
		conn->silent = true;
		return true;
	}
	return false;
}

/* By the first byte. */
static bool begin(struct front_conn *conn, const char *data)
{
	conn->begun = true;
	if (data[0] != TLS_RECORD_HANDSHAKE) {
		return true;
	}
	return begin_tls(conn);
}

/* ---- the two directions ---- */

static bool from_client(struct front_conn *conn)
{
	char data[READ_BYTES];
	ssize_t n = side_read(&conn->client, data);

	if (n <= 0) {
		return n == 0;
	}
	if (!conn->begun && !begin(conn, data)) {
		return false;
	}
	if (conn->ssl != NULL) {
		return BIO_write(conn->in, data, (int)n) == (int)n && open_sealed(conn);
	}
	return conn->silent || buf_add(&conn->server.out, data, (size_t)n);
}

static bool from_server(struct front_conn *conn)
{
	char data[READ_BYTES];
	ssize_t n = side_read(&conn->server, data);

	if (n <= 0) {
		if (n == 0 && conn->server.done && conn->ssl != NULL) {
			SSL_shutdown(conn->ssl);
			return take_sealed(conn);
		}
		return n == 0;
	}
	if (conn->ssl == NULL) {
		return to_client(conn, (struct str){data, (size_t)n});
	}
	return SSL_write(conn->ssl, data, (int)n) == (int)n && take_sealed(conn);
}

static void watch(struct front_conn *conn)
{
	struct side *client = &conn->client, *server = &conn->server;

	loop_io_set(client->io,
	        (!client->done && server->out.len < QUEUE_PAUSE_BYTES ? LOOP_READ : 0) |
	                (client->out.len > 0 ? LOOP_WRITE : 0));
	loop_io_set(server->io,
	        (!server->done && client->out.len < QUEUE_PAUSE_BYTES ? LOOP_READ : 0) |
	                (server->out.len > 0 ? LOOP_WRITE : 0));
}

static void settle(struct front_conn *conn, bool ok)
{
	struct side *client = &conn->client, *server = &conn->server;

	client->fin_due = client->fin_due || server->done;
	server->fin_due = server->fin_due || client->done;
	/* An alert about a failed handshake is worth sending before the end. */
	if (!side_flush(client) || !ok || !side_flush(server)) {
		conn_finish(conn, conn->ssl == NULL || SSL_is_init_finished(conn->ssl));
	} else if ((client->fin_sent && server->fin_sent) ||
	           (client->fin_sent && conn->cut_left == 0)) {
		conn_finish(conn, false);
	} else {
		watch(conn);
	}
}

static void handle_client(int events, void *arg)
{
	struct front_conn *conn = arg;

	settle(conn, (events & LOOP_READ) == 0 || from_client(conn));
}

static void handle_server(int events, void *arg)
{
	struct front_conn *conn = arg;

	settle(conn, (events & LOOP_READ) == 0 || from_server(conn));
}

/* ---- accepting ---- */

static int connect_behind(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	        .sin_port = htons(port),
	        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int on = 1;

	if (fd < 0) {
		return -1;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)(void *)&to, sizeof(to)) != 0 &&
	        errno != EINPROGRESS) {
		close(fd);
		return -1;
	}
	return fd;
}

static void side_init(struct side *side, struct front_conn *conn, int fd, loop_io_fn *fn)
{
	side->fd = fd;
	side->io = loop_io_create(conn->front->loop, fd, LOOP_READ, fn, conn);
	buf_init(&side->out, QUEUE_MAX_BYTES);
}

static void conn_create(struct tls_front *front, int client_fd, int server_fd)
{
	struct front_conn *conn = xcalloc(1, sizeof(*conn));
	const int on = 1;

	setsockopt(client_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	conn->front = front;
	conn->cut_left = -1;
	side_init(&conn->client, conn, client_fd, handle_client);
	side_init(&conn->server, conn, server_fd, handle_server);
	list_add_tail(&front->conns, &conn->link);
	front->conn_count++;
}

static void handle_listen(int events, void *arg)
{
	struct tls_front *front = arg;

	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN && front->conn_count < MAX_CONNECTIONS;
	        i++) {
		int fd = accept4(
		        front->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		int behind = fd < 0 ? -1 : connect_behind(front->to_port);

		if (fd >= 0 && behind >= 0) {
			conn_create(front, fd, behind);
			continue;
		}
		if (fd >= 0) {
			close(fd);
		}
		if (fd >= 0 || errno != EAGAIN) {
			timer_start(&front->accept_soon, ACCEPT_RETRY_MS);
		}
		break;
	}
	accept_if_room(front);
}

static void handle_accept_soon(void *arg)
{
	accept_if_room(arg);
}

/* ---- life and faults ---- */

struct tls_front *tls_front_create(
        struct loop *loop, const struct tls_front_options *opts, struct err *err)
{
	const struct http_server_options listen = {
	        .host = opts->host, .port = opts->port, .listen_fd = opts->listen_fd};
	struct tls_front *front = xcalloc(1, sizeof(*front));

	front->loop = loop;
	front->to_port = opts->to_port;
	front->listen_fd = -1;
	list_init(&front->conns);
	timer_init(&front->accept_soon, loop, handle_accept_soon, front);
	front->authority =
	        tls_authority_create(opts->names, loop_wall_ms(loop) / 1000, err);
	front->good = front->authority == NULL
	                      ? NULL
	                      : tls_authority_server(front->authority, TLS_GOOD, err);
	if (front->good == NULL || !http_listener_open(&listen, &front->listen_fd, err)) {
		tls_front_destroy(&front);
		return NULL;
	}
	front->listen_io =
	        loop_io_create(loop, front->listen_fd, LOOP_READ, handle_listen, front);
	return front;
}

void tls_front_destroy(struct tls_front **front_var)
{
	struct tls_front *front = *front_var;

	if (front == NULL) {
		return;
	}
	loop_io_destroy(&front->listen_io);
	timer_stop(&front->accept_soon);
	while (!list_empty(&front->conns)) {
		conn_finish(
		        container_of(front->conns.next, struct front_conn, link), false);
	}
	if (front->listen_fd >= 0) {
		close(front->listen_fd);
	}
	SSL_CTX_free(front->good);
	SSL_CTX_free(front->bad);
	tls_authority_destroy(&front->authority);
	free(front);
	*front_var = NULL;
}

uint16_t tls_front_port(const struct tls_front *front)
{
	return http_listener_port(front->listen_fd);
}

const struct tls_authority *tls_front_authority(const struct tls_front *front)
{
	return front->authority;
}

bool tls_front_set_fault(struct tls_front *front, enum tls_fault fault, unsigned detail,
        unsigned times, struct err *err)
{
	SSL_CTX *bad = NULL;

	if (fault == TLS_FAULT_CERT) {
		bad = tls_authority_server(front->authority, (enum tls_kind)detail, err);
		if (bad == NULL) {
			return false;
		}
	}
	SSL_CTX_free(front->bad);
	front->bad = bad;
	front->fault = fault;
	front->fault_detail = detail;
	front->fault_times = times;
	return true;
}
