#include "lib/http_curl.h"

#include "lib/mem.h"
#include "lib/socket_state.h"
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_IDLE_CONNECTIONS = 64 };

struct http_curl {
	struct loop *loop;
	CURLM *multi;
	http_curl_done_fn *done;
	void *arg;
	struct timer timer; /* the one libcurl asks for */
	struct list conns;  /* conn::link */
	size_t transfers;
	bool reporting; /* done() may run */
	bool destroyed; /* by done(): report_finished() frees */
};

/* A descriptor libcurl is waiting for. */
struct watch {
	struct http_curl *curl;
	struct loop_io *io;
	int fd;
};

/* A connection libcurl has open, in use or not. */
struct conn {
	struct list link; /* http_curl::conns */
	int fd;
	int peer_port;
	int local_port; /* 0: not asked yet */
	char peer_ip[INET6_ADDRSTRLEN];
};

/* ------------------------------------------------------------ running */

static void report_finished(struct http_curl *curl)
{
	CURLMsg *msg;
	int left;

	curl->reporting = true;
	while (!curl->destroyed &&
	        (msg = curl_multi_info_read(curl->multi, &left)) != NULL) {
		if (msg->msg == CURLMSG_DONE) {
			CURL *easy = msg->easy_handle;
			CURLcode result = msg->data.result; /* msg dies by the removal */
			http_curl_remove(curl, easy);
			curl->done(easy, result, curl->arg);
		}
	}
	curl->reporting = false;
	if (curl->destroyed) {
		free(curl);
	}
}

static void act(struct http_curl *curl, curl_socket_t fd, int events)
{
	int running;

	curl_multi_socket_action(curl->multi, fd, events, &running);
	report_finished(curl);
}

static void handle_timer(void *arg)
{
	act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void handle_io(int events, void *arg)
{
	const struct watch *watch = arg;
	int bits = 0;

	if ((events & LOOP_READ) != 0) {
		bits |= CURL_CSELECT_IN;
	}
	if ((events & LOOP_WRITE) != 0) {
		bits |= CURL_CSELECT_OUT;
	}
	act(watch->curl, watch->fd, bits);
}

static int set_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct http_curl *curl = arg;

	(void)multi;
	if (timeout_ms < 0) {
		timer_stop(&curl->timer);
	} else {
		timer_start(&curl->timer, timeout_ms);
	}
	return 0;
}

static int set_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct http_curl *curl = arg;
	struct watch *watch = known;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch != NULL) {
			loop_io_destroy(&watch->io);
			free(watch);
		}
		return 0;
	}
	int events = 0;
	if ((what & CURL_POLL_IN) != 0) {
		events |= LOOP_READ;
	}
	if ((what & CURL_POLL_OUT) != 0) {
		events |= LOOP_WRITE;
	}
	if (watch != NULL) {
		loop_io_set(watch->io, events);
		return 0;
	}
	watch = xcalloc(1, sizeof(*watch));
	watch->curl = curl;
	watch->fd = fd;
	watch->io = loop_io_create(curl->loop, fd, events, handle_io, watch);
	curl_multi_assign(curl->multi, fd, watch);
	return 0;
}

/* ------------------------------------------------------------ connections */

static int port_of(const struct sockaddr *addr)
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	if (addr->sa_family == AF_INET) {
		memcpy(&in4, addr, sizeof(in4));
		return ntohs(in4.sin_port);
	}
	if (addr->sa_family == AF_INET6) {
		memcpy(&in6, addr, sizeof(in6));
		return ntohs(in6.sin6_port);
	}
	return 0;
}

static void ip_of(const struct sockaddr *addr, char ip[INET6_ADDRSTRLEN])
{
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;

	ip[0] = '\0';
	if (addr->sa_family == AF_INET) {
		memcpy(&in4, addr, sizeof(in4));
		inet_ntop(AF_INET, &in4.sin_addr, ip, INET6_ADDRSTRLEN);
	} else if (addr->sa_family == AF_INET6) {
		memcpy(&in6, addr, sizeof(in6));
		inet_ntop(AF_INET6, &in6.sin6_addr, ip, INET6_ADDRSTRLEN);
	}
}

static curl_socket_t open_socket(
        void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
	struct http_curl *curl = arg;
	int fd = socket(addr->family, addr->socktype | SOCK_CLOEXEC, addr->protocol);

	(void)purpose;
	if (fd < 0) {
		return CURL_SOCKET_BAD;
	}
	struct conn *conn = xcalloc(1, sizeof(*conn));
	conn->fd = fd;
	conn->peer_port = port_of(&addr->addr);
	ip_of(&addr->addr, conn->peer_ip);
	list_add_tail(&curl->conns, &conn->link);
	return fd;
}

static int close_socket(void *arg, curl_socket_t fd)
{
	struct http_curl *curl = arg;

	list_for_each(it, &curl->conns)
	{
		struct conn *conn = container_of(it, struct conn, link);
		if (conn->fd == fd) {
			list_del(&conn->link);
			free(conn);
		}
	}
	return close(fd);
}

static int local_port(struct conn *conn)
{
	if (conn->local_port == 0) {
		struct sockaddr_storage addr = {0};
		socklen_t n = sizeof(addr);
		if (getsockname(conn->fd, (struct sockaddr *)&addr, &n) == 0) {
			conn->local_port = port_of((const struct sockaddr *)&addr);
		}
	}
	return conn->local_port;
}

/* Looking at the bytes would not do for an end: a close over TLS leaves a close_notify to
 * read before it. But on a plain connection unread bytes are themselves a reason to keep
 * off: a late 408, say, would be taken for our answer. (Under TLS they may be a session
 * ticket.) */
static bool is_gone(int fd, bool tls)
{
	return socket_peer_gone(fd) || (!tls && socket_has_unread(fd));
}

bool http_curl_peer_gone(const struct http_curl *curl, const char *peer_ip, int peer_port,
        int local_port_, bool tls)
{
	list_for_each(it, &curl->conns)
	{
		struct conn *conn = container_of(it, struct conn, link);
		if (local_port(conn) == local_port_ && conn->peer_port == peer_port &&
		        strcmp(conn->peer_ip, peer_ip) == 0 && is_gone(conn->fd, tls)) {
			return true;
		}
	}
	return false;
}

/* ------------------------------------------------------------ life */

struct http_curl *http_curl_create(struct loop *loop, http_curl_done_fn *done, void *arg)
{
	struct http_curl *curl = xcalloc(1, sizeof(*curl));

	curl_global_init(CURL_GLOBAL_DEFAULT);
	curl->loop = loop;
	curl->done = done;
	curl->arg = arg;
	list_init(&curl->conns);
	timer_init(&curl->timer, loop, handle_timer, curl);
	curl->multi = curl_multi_init();
	assert(curl->multi != NULL);
	curl_multi_setopt(curl->multi, CURLMOPT_SOCKETFUNCTION, set_watch);
	curl_multi_setopt(curl->multi, CURLMOPT_SOCKETDATA, curl);
	curl_multi_setopt(curl->multi, CURLMOPT_TIMERFUNCTION, set_timer);
	curl_multi_setopt(curl->multi, CURLMOPT_TIMERDATA, curl);
	curl_multi_setopt(curl->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(curl->multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
	return curl;
}

void http_curl_destroy(struct http_curl **handle)
{
	struct http_curl *curl = *handle;

	if (curl == NULL) {
		return;
	}
	*handle = NULL;
	assert(curl->transfers == 0);
	curl_multi_cleanup(curl->multi);
	timer_stop(&curl->timer);
	assert(list_empty(&curl->conns));
	curl->destroyed = true;
	if (!curl->reporting) {
		free(curl);
	}
	curl_global_cleanup();
}

void http_curl_add(struct http_curl *curl, CURL *easy)
{
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, curl);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, curl);
	CURLMcode rc = curl_multi_add_handle(curl->multi, easy);
	assert(rc == CURLM_OK);
	(void)rc;
	curl->transfers++;
}

void http_curl_remove(struct http_curl *curl, CURL *easy)
{
	curl_multi_remove_handle(curl->multi, easy);
	curl->transfers--;
}
