/* Calls that fail because the runner says so: a full disk, a bad one, no descriptors
 * left, a connection that ends in the middle of a message, or one that has fallen
 * silent. */
#include "scenarios/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool is_file(int fd)
{
	struct stat info;
	return fd > STDERR_FILENO && fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
}

/* Which of the calls this is, judged by what lies behind the descriptor. */
static uint32_t what_it_is(uint32_t call, int fd)
{
	static const uint32_t on_files = VCLOCK_READ | VCLOCK_WRITE | VCLOCK_SYNC;
	static const uint32_t on_sockets = VCLOCK_SEND | VCLOCK_RECEIVE;

	if ((call & (on_files | on_sockets)) == 0) {
		return call;
	}
	return trace_is_tcp(fd) ? call & on_sockets : is_file(fd) ? call & on_files : 0;
}

static bool is_due(struct vclock_denial *denial)
{
	uint64_t number = atomic_fetch_add(&denial->seen, 1) + 1;
	uint64_t from = atomic_load(&denial->from), count = atomic_load(&denial->count);

	if (from == 0 || number < from || (count != 0 && number >= from + count)) {
		return false;
	}
	atomic_fetch_add(&denial->fired, 1);
	return true;
}

bool shim_denies(struct shim *shim, enum vclock_call call, int fd, size_t *n)
{
	uint32_t wanted = shim->page == NULL ? 0 : atomic_load(&shim->page->denial.calls);

	if ((wanted & (uint32_t)call) == 0 || !shim_in_daemon(shim) ||
	        (wanted & what_it_is((uint32_t)call, fd)) == 0 ||
	        !is_due(&shim->page->denial)) {
		return false;
	}
	int error = atomic_load(&shim->page->denial.error);
	if (error == 0) {
		if (n != NULL && *n > 1) {
			*n = 1;
		}
		return false;
	}
	if (atomic_load(&shim->page->denial.cuts) != 0) {
		shutdown(fd, SHUT_RDWR);
	}
	errno = error;
	return true;
}

/* For memory/memory.c. */
__attribute__((visibility("default"))) bool shim_denies_memory(void);
bool shim_denies_memory(void)
{
	static _Thread_local bool inside; /* asking may allocate */

	if (inside) {
		return false;
	}
	inside = true;
	struct shim *shim = shim_get();
	bool is_armed = shim->page != NULL &&
	                (atomic_load(&shim->page->denial.calls) & VCLOCK_MEMORY) != 0;
	bool denies = is_armed && shim_in_main_thread(shim) &&
	              shim_denies(shim, VCLOCK_MEMORY, -1, NULL);
	inside = false;
	return denies;
}

bool shim_is_silent(const struct shim *shim, int fd)
{
	struct sockaddr_in peer;
	socklen_t bytes = sizeof(peer);
	uint32_t port = shim->page == NULL ? 0 : atomic_load(&shim->page->silent_port);

	return port != 0 && shim_in_daemon(shim) && trace_is_tcp(fd) &&
	       getpeername(fd, (struct sockaddr *)&peer, &bytes) == 0 &&
	       peer.sin_family == AF_INET && ntohs(peer.sin_port) == port;
}

/* ---------------------------------------------------------------- reading */

ssize_t read(int fd, void *data, size_t n)
{
	struct shim *shim = shim_get();

	if (shim_denies(shim, VCLOCK_READ, fd, &n)) {
		return -1;
	}
	return shim->real.read(fd, data, n);
}

ssize_t pread(int fd, void *data, size_t n, off_t at)
{
	struct shim *shim = shim_get();

	if (shim_denies(shim, VCLOCK_READ, fd, &n)) {
		return -1;
	}
	return shim->real.pread(fd, data, n, at);
}

ssize_t pread64(int fd, void *data, size_t n, off64_t at)
{
	return pread(fd, data, n, at);
}

/* ---------------------------------------------------------------- new descriptors */

static bool denies_new(struct shim *shim, bool is_open)
{
	return shim_denies(shim,
	        is_open ? VCLOCK_OPEN | VCLOCK_DESCRIPTOR : VCLOCK_DESCRIPTOR, -1, NULL);
}

int open(const char *path, int flags, ...)
{
	struct shim *shim = shim_get();
	va_list args;

	va_start(args, flags);
	mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	return denies_new(shim, true) ? -1 : shim->real.open(path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	va_list args;

	va_start(args, flags);
	mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	return open(path, flags | O_LARGEFILE, mode);
}

int socket(int family, int type, int protocol)
{
	struct shim *shim = shim_get();
	return denies_new(shim, false) ? -1 : shim->real.socket(family, type, protocol);
}
