/* wire: what the kernel holds back between two ends of a loopback connection.
 *
 * Bytes that were sent are readable at once - unless the congestion window is full and
 * the receiver's acknowledgement is being delayed, as it is for up to 40 real
 * milliseconds. In a run on virtual time such bytes would arrive at any time at all. So
 * each side, before it reads, calls for the acknowledgements of all it has received,
 * until nothing more comes. */
#ifndef SHIM_WIRE_H
#define SHIM_WIRE_H

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { WIRE_MAX_ROUNDS = 1000 };

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
