/* The daemon's connections: who refuses them, and what is still on its way on them. */
#include "scenarios/shim/shim.h"
#include "scenarios/shim/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

enum { MAX_FDS = 4096, WORD_BITS = 64 };

/* ---------------------------------------------------------------- what is on its way */

static _Atomic uint64_t
        connections[MAX_FDS / WORD_BITS]; /* one bit for each descriptor */

static void note_connection(const struct shim *shim, int fd)
{
	if (fd >= 0 && fd < MAX_FDS && shim_in_daemon(shim)) {
		atomic_fetch_or(
		        &connections[fd / WORD_BITS], UINT64_C(1) << (fd % WORD_BITS));
	}
}

/* One connection: acknowledges; counts what is unread and whether something is held back.
 */
static void look_after(int fd, long *unread, bool *holds)
{
	if (!wire_acknowledge(fd)) { /* closed meanwhile, or something else by now */
		atomic_fetch_and(
		        &connections[fd / WORD_BITS], ~(UINT64_C(1) << (fd % WORD_BITS)));
		return;
	}
	*unread += wire_unread(fd);
	*holds = *holds || wire_holds(fd);
}

static void look_after_all(long *unread, bool *holds)
{
	int failed = errno;

	*unread = 0;
	*holds = false;
	for (int fd = 0; fd < MAX_FDS; fd++) {
		uint64_t word = atomic_load(&connections[fd / WORD_BITS]);
		if (word == 0) {
			fd += WORD_BITS - 1; /* fd is at the word's first bit: it cannot
			                        have been skipped */
		} else if ((word >> (fd % WORD_BITS) & 1) != 0) {
			look_after(fd, unread, holds);
		}
	}
	errno = failed;
}

bool shim_acknowledge(void)
{
	long unread;
	bool holds;

	look_after_all(&unread, &holds);
	return holds;
}

void shim_receive_all(void)
{
	long unread = 0, before = -1;
	bool holds;

	for (int i = 0; i < WIRE_MAX_ROUNDS && unread != before; i++) {
		before = unread;
		look_after_all(&unread, &holds);
	}
}

int accept(int fd, __SOCKADDR_ARG from, socklen_t *restrict from_bytes)
{
	struct shim *shim = shim_get();
	int connection = shim->real.accept(fd, from.__sockaddr__, from_bytes);

	note_connection(shim, connection);
	return connection;
}

int accept4(int fd, __SOCKADDR_ARG from, socklen_t *restrict from_bytes, int flags)
{
	struct shim *shim = shim_get();
	int connection = shim->real.accept4(fd, from.__sockaddr__, from_bytes, flags);

	note_connection(shim, connection);
	return connection;
}

/* ---------------------------------------------------------------- refused connections */

static bool is_refused(
        const struct shim *shim, const struct sockaddr *to, socklen_t to_bytes)
{
	struct sockaddr_in address;

	if (!shim_in_daemon(shim) || to->sa_family != AF_INET ||
	        to_bytes < sizeof(address)) {
		return false;
	}
	memcpy(&address, to, sizeof(address));
	for (int i = 0; i < VCLOCK_REFUSED; i++) {
		uint32_t port = atomic_load(&shim->page->refused[i]);
		if (port != 0 && port == ntohs(address.sin_port)) {
			return true;
		}
	}
	return false;
}

int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t to_bytes)
{
	struct shim *shim = shim_get();

	if (is_refused(shim, to.__sockaddr__, to_bytes)) {
		errno = ECONNREFUSED;
		return -1;
	}
	note_connection(shim, fd);
	return shim->real.connect(fd, to.__sockaddr__, to_bytes);
}
