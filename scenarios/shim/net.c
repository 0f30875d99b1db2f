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

struct wire_state { /* of all connections together */
	long unread;
	bool holds;
};

static void look_after(int fd, bool push, struct wire_state *state)
{
	if (!wire_acknowledge(fd)) { /* closed meanwhile, or something else by now */
		atomic_fetch_and(
		        &connections[fd / WORD_BITS], ~(UINT64_C(1) << (fd % WORD_BITS)));
		return;
	}
	if (push) {
		wire_push(fd);
	}
	state->unread += wire_unread(fd);
	state->holds = state->holds || wire_holds(fd);
}

static struct wire_state look_after_all(bool push)
{
	struct wire_state state = {0};
	int failed = errno;

	for (int i = 0; i < MAX_FDS / WORD_BITS; i++) {
		uint64_t word = atomic_load(&connections[i]);
		for (int bit = 0; word != 0; bit++, word >>= 1) {
			if ((word & 1) != 0) {
				look_after(i * WORD_BITS + bit, push, &state);
			}
		}
	}
	errno = failed;
	return state;
}

bool shim_push(void)
{
	return look_after_all(true).holds;
}

void shim_receive_all(void)
{
	long before = -1;

	for (int i = 0; i < WIRE_MAX_ROUNDS; i++) {
		long unread = look_after_all(false).unread;
		if (unread == before) {
			return;
		}
		before = unread;
	}
}

int accept(int fd, __SOCKADDR_ARG from, socklen_t *restrict from_bytes)
{
	struct shim *shim = shim_get();

	if (shim_denies(shim, VCLOCK_DESCRIPTOR, -1, NULL)) {
		return -1;
	}
	int connection = shim->real.accept(fd, from.__sockaddr__, from_bytes);

	note_connection(shim, connection);
	trace_connection(connection, NULL, 0);
	return connection;
}

int accept4(int fd, __SOCKADDR_ARG from, socklen_t *restrict from_bytes, int flags)
{
	struct shim *shim = shim_get();

	if (shim_denies(shim, VCLOCK_DESCRIPTOR, -1, NULL)) {
		return -1;
	}
	int connection = shim->real.accept4(fd, from.__sockaddr__, from_bytes, flags);

	note_connection(shim, connection);
	trace_connection(connection, NULL, 0);
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

/* To where nobody answers. */
static bool leads_to_hole(const struct shim *shim, const struct sockaddr *to,
        socklen_t to_bytes, struct sockaddr_in *hole)
{
	uint32_t silent = shim->page == NULL ? 0 : atomic_load(&shim->page->silent_port);

	if (silent == 0 || !shim_in_daemon(shim) || to->sa_family != AF_INET ||
	        to_bytes < sizeof(*hole)) {
		return false;
	}
	memcpy(hole, to, sizeof(*hole));
	if (ntohs(hole->sin_port) != silent) {
		return false;
	}
	hole->sin_port = htons((uint16_t)atomic_load(&shim->page->hole_port));
	return true;
}

int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t to_bytes)
{
	struct shim *shim = shim_get();

	if (is_refused(shim, to.__sockaddr__, to_bytes)) {
		errno = ECONNREFUSED;
		return -1;
	}
	note_connection(shim, fd);
	struct sockaddr_in hole;
	bool is_led_away = leads_to_hole(shim, to.__sockaddr__, to_bytes, &hole);
	int result = is_led_away
	                     ? shim->real.connect(fd, (const void *)&hole, sizeof(hole))
	                     : shim->real.connect(fd, to.__sockaddr__, to_bytes);
	if (shim_in_daemon(shim) && (result == 0 || errno == EINPROGRESS)) {
		shim_outside_connected(fd, to.__sockaddr__, to_bytes);
		trace_connection(fd, to.__sockaddr__, to_bytes);
	}
	return result;
}
