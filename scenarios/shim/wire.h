/* wire: making a loopback connection carry at once whatever was sent on it.
 *
 * Bytes that were sent are readable at once - unless the kernel holds them back: it lets
 * ten small packets be on their way, and wants an acknowledgement then, which the
 * receiver may delay for 40 real milliseconds. In a run on virtual time such bytes would
 * arrive at any time at all. So each side gathers what it sends in a turn and lets it go
 * in few large packets at the turn's end; and where even that was too much, the other
 * side calls for acknowledgements before it reads. */
#ifndef SHIM_WIRE_H
#define SHIM_WIRE_H

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { WIRE_MAX_ROUNDS = 1000 };

/* Lets go what was gathered, and gathers again. */
static inline void wire_push(int fd)
{
	int off = 0, on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &off, sizeof(off));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on));
}

/* Sends the acknowledgement that is due. False: this is no TCP socket. */
static inline bool wire_acknowledge(int fd)
{
	int one = 1;
	return setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof(one)) == 0;
}

/* Bytes to be read. */
static inline long wire_unread(int fd)
{
	int n = 0;
	return ioctl(fd, SIOCINQ, &n) == 0 ? n : 0;
}

/* Bytes that we sent and the kernel did not. */
static inline bool wire_holds(int fd)
{
	int n = 0;
	return ioctl(fd, SIOCOUTQNSD, &n) == 0 && n > 0;
}

#endif
