/* Servers outside the runner's clock. PostgreSQL works in real time: while it owes the
 * daemon an answer the daemon is at work, not idle, and virtual time must not move.
 *
 * It owes one from what was sent until it says ReadyForQuery, the last bytes of every
 * answer (PostgreSQL, "Message Formats"): 'Z', the length 5, and a status. */
#include "scenarios/shim/shim.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

enum { MAX_SERVERS = 8, READY_BYTES = 6, STALL_MS = 30 };

struct server {
	int fd; /* 0: unused */
	bool owes;
	unsigned char tail[READY_BYTES];
};

/* The daemon's main thread alone opens and uses these connections. */
static struct server servers[MAX_SERVERS];

static struct server *find(int fd)
{
	for (int i = 0; i < MAX_SERVERS; i++) {
		if (servers[i].fd == fd) {
			return &servers[i];
		}
	}
	return NULL;
}

void shim_outside_connected(int fd, const struct sockaddr *to, socklen_t to_bytes)
{
	static const char mark[] = "/.s.PGSQL.";
	const struct sockaddr_un *name = (const void *)to;
	size_t begin = offsetof(struct sockaddr_un, sun_path);
	struct server *server = find(0);

	if (to->sa_family == AF_UNIX && to_bytes > begin && server != NULL &&
	        memmem(name->sun_path, to_bytes - begin, mark, sizeof(mark) - 1) !=
	                NULL) {
		*server = (struct server){.fd = fd};
	}
}

void shim_outside_sent(int fd)
{
	struct server *server = fd > 0 ? find(fd) : NULL;

	if (server != NULL) {
		server->owes = true;
	}
}

static void keep_tail(struct server *server, const unsigned char *data, size_t n)
{
	size_t part = n < READY_BYTES ? n : READY_BYTES;

	memmove(server->tail, server->tail + part, READY_BYTES - part);
	memcpy(server->tail + READY_BYTES - part, data + n - part, part);
}

static bool is_ready(const struct server *server)
{
	static const unsigned char ready[] = {'Z', 0, 0, 0, 5};
	return memcmp(server->tail, ready, sizeof(ready)) == 0;
}

ssize_t recv(int fd, void *data, size_t n, int flags)
{
	struct shim *shim = shim_get();
	struct server *server = shim_in_daemon(shim) && fd > 0 ? find(fd) : NULL;

	if (server == NULL && shim_denies(shim, VCLOCK_RECEIVE, fd, &n)) {
		return -1;
	}
	ssize_t got = shim->real.recv(fd, data, n, flags);

	if (server == NULL) {
		trace_bytes(TRACE_RECEIVED, fd, data, got);
		return got;
	}
	if (got > 0) {
		keep_tail(server, data, (size_t)got);
		server->owes = !is_ready(server);
	} else if (got == 0 || errno != EAGAIN) {
		server->owes = false; /* it is gone */
	}
	return got;
}

int close(int fd)
{
	struct shim *shim = shim_get();
	struct server *server = shim_in_daemon(shim) && fd > 0 ? find(fd) : NULL;

	if (server != NULL) {
		*server = (struct server){0};
	}
	trace_closed(fd);
	return shim->real.close(fd);
}

int shim_outside_wait(struct shim *shim, const sigset_t *mask)
{
	static const struct timespec stall = {.tv_nsec = STALL_MS * 1000000};
	struct pollfd fds[MAX_SERVERS];
	nfds_t count = 0;

	for (int i = 0; i < MAX_SERVERS; i++) {
		if (servers[i].owes) {
			fds[count++] =
			        (struct pollfd){.fd = servers[i].fd, .events = POLLIN};
		}
	}
	if (count == 0) {
		return 0;
	}
	bool may_stall = atomic_load(&shim->page->may_stall) != 0;
	int found = shim->real.ppoll(fds, count, may_stall ? &stall : NULL, mask);
	return found > 0 ? 1 : found;
}
