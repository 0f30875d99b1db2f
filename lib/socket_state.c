#include "lib/socket_state.h"

#include <linux/tcp.h> /* and not netinet/tcp.h, whose struct tcp_info ends early */
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { STATE_ESTABLISHED = 1 }; /* TCP_ESTABLISHED of netinet/tcp.h */

bool socket_peer_gone(int fd)
{
	struct tcp_info info = {0};
	socklen_t n = sizeof(info);

	return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 &&
	       info.tcpi_state != STATE_ESTABLISHED;
}

bool socket_has_unread(int fd)
{
	int unread = 0;

	return ioctl(fd, FIONREAD, &unread) == 0 && unread > 0;
}

uint64_t socket_bytes_received(int fd)
{
	struct tcp_info info = {0};
	socklen_t n = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0) {
		return 0;
	}
	return info.tcpi_bytes_received;
}

void socket_set_user_timeout(int fd, unsigned timeout_ms)
{
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

/* A disconnect makes the kernel send the RST now and by itself. SO_LINGER 0 alone would
 * send it at close, after libmicrohttpd's shutdown has sent a FIN: two different endings,
 * of which the peer would see either. */
void socket_reset(int fd)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
	const struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	connect(fd, &nowhere, sizeof(nowhere));
}
