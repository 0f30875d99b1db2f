/* byte_peer: a client of bare bytes for the tests of servers, on the server's own loop.
 *
 * The loop runs on a virtual clock that nobody moves, so a server that waits for anything
 * but bytes is found out: pump() fails when neither side has anything to do. */
#ifndef TESTS_UNIT_BYTE_PEER_H
#define TESTS_UNIT_BYTE_PEER_H

#include "lib/buf.h"
#include "lib/loop.h"
#include "lib/str.h"
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
/* cmocka wants these before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct peer {
	struct loop *loop;
	int fd;
	struct buf in;
	bool ended; /* by the server */
	int error;  /* 0: by FIN, otherwise errno */
};

/* One reply, cut off the front of peer.in. */
struct reply {
	int status;
	char *head;
	char *body;
	size_t body_bytes;
};

static inline unsigned count_open_files(void)
{
	unsigned count = 0;
	DIR *dir = opendir("/proc/self/fd");

	assert_non_null(dir);
	while (readdir(dir) != NULL) {
		count++;
	}
	closedir(dir);
	return count;
}

static inline void peer_open(struct peer *peer, struct loop *loop, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	const int on = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*peer = (struct peer){.loop = loop};
	buf_init(&peer->in, 256 * 1024 * 1024);
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(peer->fd >= 0);
	/* What is sent in parts has arrived when the loop is turned. */
	setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	assert_int_equal(
	        connect(peer->fd, (struct sockaddr *)&address, sizeof(address)), 0);
}

static inline void peer_close(struct peer *peer)
{
	if (peer->fd >= 0) {
		close(peer->fd);
	}
	peer->fd = -1;
	buf_finish(&peer->in);
}

/* Closes so that a RST leaves. */
static inline void peer_reset(struct peer *peer)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	setsockopt(peer->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	peer_close(peer);
}

/* Reads what is there. True if that was anything, the end included. */
static inline bool peer_take(struct peer *peer)
{
	static char data[256 * 1024];
	ssize_t n = recv(peer->fd, data, sizeof(data), MSG_DONTWAIT);

	if (n > 0) {
		assert_true(buf_add(&peer->in, data, (size_t)n));
		return true;
	}
	if (n < 0 && errno == EAGAIN) {
		return false;
	}
	peer->ended = true;
	peer->error = n == 0 ? 0 : errno;
	return true;
}

/* Turns the loop until the peer has something new. */
static inline void pump(struct peer *peer)
{
	while (!peer->ended) {
		loop_drain(peer->loop);
		if (peer_take(peer)) {
			return;
		}
		struct pollfd fds[2] = {
		        {.fd = peer->fd, .events = POLLIN},
		        {.fd = loop_fd(peer->loop), .events = POLLIN},
		};
		if (poll(fds, 2, 3000) == 0) {
			fail_msg("nothing happens; so far: %s", buf_cstr(&peer->in));
		}
	}
}

static inline void pump_until_end(struct peer *peer)
{
	while (!peer->ended) {
		pump(peer);
	}
}

/* Turns the loop, which must have something to do. */
static inline void turn(struct loop *loop)
{
	struct pollfd fd = {.fd = loop_fd(loop), .events = POLLIN};

	if (!loop_drain(loop)) {
		assert_int_not_equal(poll(&fd, 1, 3000), 0);
	}
}

/* False: the server does not take it any more. */
static inline bool peer_send_bytes(struct peer *peer, const void *data, size_t n)
{
	const char *p = data;

	while (n > 0) {
		ssize_t sent = send(peer->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN) {
			return false;
		}
		if (sent < 0 && !loop_drain(peer->loop)) {
			struct pollfd fds[2] = {
			        {.fd = peer->fd, .events = POLLOUT},
			        {.fd = loop_fd(peer->loop), .events = POLLIN},
			};
			assert_int_not_equal(poll(fds, 2, 3000), 0);
		}
		p += sent > 0 ? sent : 0;
		n -= sent > 0 ? (size_t)sent : 0;
	}
	return true;
}

static inline bool peer_send(struct peer *peer, const char *text)
{
	return peer_send_bytes(peer, text, strlen(text));
}

/* Caller frees. */
static inline char *header_of(const struct reply *reply, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = strstr(reply->head, "\r\n"); line != NULL;
	        line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, n) == 0 && line[n] == ':') {
			line += n + 1;
			line += strspn(line, " ");
			return strndup(line, strcspn(line, "\r"));
		}
	}
	return NULL;
}

static inline void reply_free(struct reply *reply)
{
	free(reply->head);
	free(reply->body);
	*reply = (struct reply){0};
}

/* has_body false: the head is all there is (HEAD, 100, 101). A body that the connection's
 * end cuts short is given as far as it came. */
static inline void read_reply(struct peer *peer, struct reply *reply, bool has_body)
{
	char *end;
	size_t length = 0;

	*reply = (struct reply){0};
	while ((end = strstr(buf_cstr(&peer->in), "\r\n\r\n")) == NULL) {
		if (peer->ended) {
			fail_msg("ended without a reply: %s", buf_cstr(&peer->in));
		}
		pump(peer);
	}
	reply->head = strndup(peer->in.data, (size_t)(end + 2 - peer->in.data));
	reply->status = (int)strtol(reply->head + strlen("HTTP/1.1 "), NULL, 10);
	buf_consume(&peer->in, strlen(reply->head) + 2);
	char *text = header_of(reply, "Content-Length");
	if (has_body && text != NULL) {
		length = strtoul(text, NULL, 10);
	}
	free(text);
	while (peer->in.len < length && !peer->ended) {
		pump(peer);
	}
	reply->body_bytes = peer->in.len < length ? peer->in.len : length;
	reply->body = strndup(buf_cstr(&peer->in), reply->body_bytes);
	buf_consume(&peer->in, reply->body_bytes);
}

/* Sends (request may be NULL), reads one reply, checks it. body NULL: any. */
static inline void expect_reply(
        struct peer *peer, const char *request, int status, const char *body)
{
	struct reply reply;

	if (request != NULL) {
		assert_true(peer_send(peer, request));
	}
	read_reply(peer, &reply, true);
	assert_int_equal(reply.status, status);
	if (body != NULL) {
		assert_string_equal(reply.body, body);
	}
	reply_free(&reply);
}

#endif
