/* The listening socket of an HTTP server. */
#include "lib/http_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static bool parse_address(const char *host, uint16_t port, struct sockaddr_storage *out,
        socklen_t *out_bytes)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	if (host == NULL || strcmp(host, "localhost") == 0) {
		host = "127.0.0.1";
	}
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		memcpy(out, &v4, sizeof(v4));
		*out_bytes = sizeof(v4);
		return true;
	}
	if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
		memcpy(out, &v6, sizeof(v6));
		*out_bytes = sizeof(v6);
		return true;
	}
	return false;
}

static bool open_listener(
        const struct http_server_options *opts, int *out_fd, struct err *err)
{
	struct sockaddr_storage address = {0};
	socklen_t bytes = 0;
	const int on = 1;

	if (!parse_address(opts->host, opts->port, &address, &bytes)) {
		return err_set(err, ERR_PERMANENT, EINVAL, "not an IP address: %s",
		        opts->host == NULL ? "" : opts->host);
	}
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return err_set(err, ERR_PERMANENT, errno, "socket: %s", strerror(errno));
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	        bind(fd, (struct sockaddr *)&address, bytes) != 0 ||
	        listen(fd, BACKLOG) != 0) {
		err_set(err, ERR_PERMANENT, errno, "cannot listen on %s port %u: %s",
		        opts->host == NULL ? "127.0.0.1" : opts->host,
		        (unsigned)opts->port, strerror(errno));
		close(fd);
		return false;
	}
	*out_fd = fd;
	return true;
}

static bool adopt_listener(int fd, int *out_fd, struct err *err)
{
	int listening = 0;
	socklen_t bytes = sizeof(listening);

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &bytes) != 0 ||
	        !listening) {
		return err_set(
		        err, ERR_PERMANENT, EINVAL, "not a listening socket: %d", fd);
	}
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	*out_fd = fd;
	return true;
}

bool http_listener_open(
        const struct http_server_options *opts, int *out_fd, struct err *err)
{
	return opts->listen_fd > 0 ? adopt_listener(opts->listen_fd, out_fd, err)
	                           : open_listener(opts, out_fd, err);
}

uint16_t http_listener_port(int fd)
{
	struct sockaddr_storage address = {0};
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	socklen_t bytes = sizeof(address);

	getsockname(fd, (struct sockaddr *)&address, &bytes);
	if (address.ss_family == AF_INET6) {
		memcpy(&v6, &address, sizeof(v6));
		return ntohs(v6.sin6_port);
	}
	memcpy(&v4, &address, sizeof(v4));
	return ntohs(v4.sin_port);
}
