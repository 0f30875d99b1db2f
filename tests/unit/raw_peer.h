/* raw_peer: a TCP server inside a test, on the test's own loop, that sends any bytes and
 * ends connections in any way. Plain or TLS with a certificate made on the spot. */
#ifndef TESTS_UNIT_RAW_PEER_H
#define TESTS_UNIT_RAW_PEER_H

#include "lib/buf.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include <arpa/inet.h>
#include <assert.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RAW_MAX_CONNS = 64 };

struct raw_peer;

struct raw_conn {
	struct raw_peer *peer;
	unsigned number; /* 1 for the first */
	int fd;          /* -1: closed */
	struct loop_io *io;
	SSL *ssl;
	struct buf in;
	struct buf out;
	bool ended;      /* the client has closed */
	unsigned served; /* the test's own */
};

/* Bytes came (look into conn->in, consume what is done with) or the client closed. */
typedef void raw_fn(struct raw_conn *conn, void *arg);

struct raw_peer {
	struct loop *loop;
	int fd;
	uint16_t port;
	struct loop_io *io;
	SSL_CTX *tls;
	raw_fn *fn;
	void *arg;
	unsigned accepted;
	struct raw_conn *conns[RAW_MAX_CONNS];
};

static inline void raw_drop(struct raw_conn *conn)
{
	if (conn->fd >= 0) {
		loop_io_destroy(&conn->io);
		SSL_free(conn->ssl);
		conn->ssl = NULL;
		close(conn->fd);
		conn->fd = -1;
	}
}

/* Closes with a FIN (over TLS: a close_notify first). */
static inline void raw_close(struct raw_conn *conn)
{
	if (conn->ssl != NULL) {
		SSL_shutdown(conn->ssl);
	}
	raw_drop(conn);
}

static inline void raw_reset(struct raw_conn *conn)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	if (conn->fd >= 0) {
		setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	}
	raw_drop(conn);
}

static inline void raw_flush(struct raw_conn *conn)
{
	while (conn->fd >= 0 && conn->out.len > 0) {
		ssize_t n = conn->ssl != NULL ? SSL_write(conn->ssl, conn->out.data,
		                                        (int)conn->out.len)
		                              : send(conn->fd, conn->out.data,
		                                        conn->out.len, MSG_NOSIGNAL);
		if (n <= 0) {
			loop_io_set(conn->io, LOOP_READ | LOOP_WRITE);
			return;
		}
		buf_consume(&conn->out, (size_t)n);
	}
}

static inline void raw_send(struct raw_conn *conn, const void *data, size_t n)
{
	bool ok = buf_add(&conn->out, data, n);
	assert(ok);
	(void)ok;
	raw_flush(conn);
}

static inline void raw_puts(struct raw_conn *conn, const char *text)
{
	raw_send(conn, text, strlen(text));
}

static inline ssize_t raw_read_some(struct raw_conn *conn, char *data, size_t room)
{
	if (conn->ssl == NULL) {
		return recv(conn->fd, data, room, MSG_DONTWAIT);
	}
	ERR_clear_error();
	int n = SSL_read(conn->ssl, data, (int)room);
	if (n > 0) {
		return n;
	}
	int why = SSL_get_error(conn->ssl, n);
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

static inline void raw_handle_io(int events, void *arg)
{
	struct raw_conn *conn = arg;
	char data[4096];
	ssize_t n;
	bool news = false;

	if ((events & LOOP_WRITE) != 0) {
		loop_io_set(conn->io, LOOP_READ);
		raw_flush(conn);
	}
	while (conn->fd >= 0 && (n = raw_read_some(conn, data, sizeof(data))) >= 0) {
		news = true;
		if (n == 0) {
			conn->ended = true;
			loop_io_set(conn->io, 0);
			break;
		}
		bool ok = buf_add(&conn->in, data, (size_t)n);
		assert(ok);
		(void)ok;
	}
	if (conn->fd >= 0 && n < 0 && errno == ECONNRESET) {
		conn->ended = true;
		loop_io_set(conn->io, 0);
		news = true;
	}
	if (news && conn->peer->fn != NULL) {
		conn->peer->fn(conn, conn->peer->arg);
	}
}

static inline void raw_handle_accept(int events, void *arg)
{
	struct raw_peer *peer = arg;
	int fd;

	(void)events;
	while ((fd = accept4(peer->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		assert(peer->accepted < RAW_MAX_CONNS);
		struct raw_conn *conn = xcalloc(1, sizeof(*conn));
		peer->conns[peer->accepted++] = conn;
		conn->peer = peer;
		conn->number = peer->accepted;
		conn->fd = fd;
		buf_init(&conn->in, 32 << 20);
		buf_init(&conn->out, 32 << 20);
		conn->io = loop_io_create(peer->loop, fd, LOOP_READ, raw_handle_io, conn);
		if (peer->tls != NULL) {
			conn->ssl = SSL_new(peer->tls);
			SSL_set_fd(conn->ssl, fd);
			SSL_set_accept_state(conn->ssl);
		}
	}
}

static inline struct raw_peer *raw_listen(struct loop *loop, raw_fn *fn, void *arg)
{
	struct raw_peer *peer = xcalloc(1, sizeof(*peer));
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t n = sizeof(addr);

	peer->loop = loop;
	peer->fn = fn;
	peer->arg = arg;
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc = bind(peer->fd, (const struct sockaddr *)&addr, sizeof(addr));
	assert(rc == 0);
	rc = listen(peer->fd, RAW_MAX_CONNS);
	assert(rc == 0);
	(void)rc;
	getsockname(peer->fd, (struct sockaddr *)&addr, &n);
	peer->port = ntohs(addr.sin_port);
	peer->io = loop_io_create(loop, peer->fd, LOOP_READ, raw_handle_accept, peer);
	return peer;
}

static inline void raw_stop(struct raw_peer **handle)
{
	struct raw_peer *peer = *handle;

	if (peer == NULL) {
		return;
	}
	for (unsigned i = 0; i < peer->accepted; i++) {
		raw_drop(peer->conns[i]);
		buf_finish(&peer->conns[i]->in);
		buf_finish(&peer->conns[i]->out);
		free(peer->conns[i]);
	}
	loop_io_destroy(&peer->io);
	close(peer->fd);
	SSL_CTX_free(peer->tls);
	free(peer);
	*handle = NULL;
}

/* Makes the peer speak TLS under a new self-signed certificate for `name` ("localhost" or
 * an address), and writes that to ca_file. */
static inline void raw_use_tls(
        struct raw_peer *peer, const char *name, const char *ca_file)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	autofree char *san = xasprintf("%s:%s",
	        strspn(name, "0123456789.") == strlen(name) ? "IP" : "DNS", name);

	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
	        (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, san);
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "CA:TRUE");
	X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	X509_sign(cert, key, EVP_sha256());

	FILE *out = fopen(ca_file, "we");
	assert(out != NULL);
	PEM_write_X509(out, cert);
	fclose(out);
	peer->tls = SSL_CTX_new(TLS_server_method());
	SSL_CTX_use_certificate(peer->tls, cert);
	SSL_CTX_use_PrivateKey(peer->tls, key);
	SSL_CTX_set_mode(peer->tls,
	        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
	X509_free(cert);
	EVP_PKEY_free(key);
}

/* A port on which nobody listens. */
static inline uint16_t raw_closed_port(struct loop *loop)
{
	struct raw_peer *peer = raw_listen(loop, NULL, NULL);
	uint16_t port = peer->port;

	raw_stop(&peer);
	return port;
}

/* ---- waiting for something to become true, in real time, with a guard ---- */

struct raw_guard {
	struct timer timer;
	int64_t until_ms;
	bool expired;
};

static inline void raw_handle_guard(void *arg)
{
	struct raw_guard *guard = arg;

	guard->expired = loop_now_ms(guard->timer.loop) >= guard->until_ms;
	timer_start(&guard->timer, 1);
}

static inline bool raw_run_until(struct loop *loop, const bool *flag, int64_t guard_ms)
{
	struct raw_guard guard = {.until_ms = loop_now_ms(loop) + guard_ms};

	timer_init(&guard.timer, loop, raw_handle_guard, &guard);
	timer_start(&guard.timer, 0);
	while (!*flag && !guard.expired) {
		loop_turn(loop, true);
	}
	timer_stop(&guard.timer);
	return *flag;
}

static inline void raw_run_for(struct loop *loop, int64_t ms)
{
	bool never = false;
	raw_run_until(loop, &never, ms);
}

#endif
