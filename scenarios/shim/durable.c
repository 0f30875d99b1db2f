/* The calls whose effect outlives the daemon: counted, and the place where it, or its
 * database server, can be killed. And chance, which comes from the runner's seed. */
#include "scenarios/shim/shim.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/sendfile.h>
#include <unistd.h>

/* OpenSSL's; its headers are not needed for two prototypes. */
int RAND_bytes(unsigned char *out, int n);
int RAND_priv_bytes(unsigned char *out, int n);

/* ---------------------------------------------------------------- counting and dying */

static void die(void)
{
	shim_push(); /* what it sent before has left */
	kill(getpid(), SIGKILL);
}

static void look_at(struct shim *shim, int64_t instant)
{
	int32_t server = atomic_load(&shim->page->stop_pid);

	if (server > 0 && atomic_load(&shim->page->stop_at) == instant) {
		kill(server, SIGQUIT);
		atomic_store(&shim->page->stop_at, 0);
	}
	if (atomic_load(&shim->page->kill_at) == instant) {
		atomic_store(&shim->page->kill_at, 0);
		die();
	}
}

/* The number of this call, 0 if it does not count. Does not return if the daemon dies
 * before it. */
static uint64_t enter(struct shim *shim, int fd)
{
	shim_note_work();
	if (fd == STDOUT_FILENO || fd == STDERR_FILENO || !shim_in_daemon(shim)) {
		return 0;
	}
	uint64_t number = atomic_fetch_add(&shim->page->durable, 1) + 1;
	look_at(shim, (int64_t)(2 * number));
	return number;
}

static void leave(struct shim *shim, uint64_t number)
{
	if (number != 0) {
		look_at(shim, (int64_t)(2 * number + 1));
	}
}

/* told: what the runner hears of it. */
#define DURABLE(type, fd, call, told)                                                    \
	uint64_t number = enter(shim, fd);                                               \
	type result = shim->real.call;                                                   \
	told;                                                                            \
	leave(shim, number);                                                             \
	return result
#define NOTHING (void)0

/* What goes into silence counts as sent; what is denied fails. */
#define MAY_FAIL(call, fd, n, silence)                                                   \
	struct shim *shim = shim_get();                                                  \
	if (shim_is_silent(shim, fd)) {                                                  \
		return silence;                                                          \
	}                                                                                \
	if (shim_denies(shim, call, fd, n)) {                                            \
		return -1;                                                               \
	}

static ssize_t sum(const struct iovec *parts, size_t count)
{
	size_t all = 0;

	for (size_t i = 0; i < count; i++) {
		all += parts[i].iov_len;
	}
	return (ssize_t)all;
}

ssize_t write(int fd, const void *data, size_t n)
{
	MAY_FAIL(VCLOCK_WRITE | VCLOCK_SEND, fd, &n, (ssize_t)n)
	DURABLE(ssize_t, fd, write(fd, data, n),
	        trace_bytes(TRACE_SENT, fd, data, result));
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	MAY_FAIL(VCLOCK_WRITE | VCLOCK_SEND, fd, NULL, sum(parts, (size_t)count))
	DURABLE(ssize_t, fd, writev(fd, parts, count),
	        trace_parts(fd, parts, (size_t)count, result));
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t at)
{
	MAY_FAIL(VCLOCK_WRITE, fd, &n, (ssize_t)n)
	DURABLE(ssize_t, fd, pwrite(fd, data, n, at), NOTHING);
}

ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at)
{
	return pwrite(fd, data, n, at);
}

int fsync(int fd)
{
	MAY_FAIL(VCLOCK_SYNC, fd, NULL, 0)
	DURABLE(int, fd, fsync(fd), NOTHING);
}

int fdatasync(int fd)
{
	MAY_FAIL(VCLOCK_SYNC, fd, NULL, 0)
	DURABLE(int, fd, fdatasync(fd), NOTHING);
}

int ftruncate(int fd, off_t length)
{
	MAY_FAIL(VCLOCK_WRITE, fd, NULL, 0)
	DURABLE(int, fd, ftruncate(fd, length), NOTHING);
}

int ftruncate64(int fd, off64_t length)
{
	return ftruncate(fd, length);
}

int unlink(const char *path)
{
	struct shim *shim = shim_get();
	DURABLE(int, -1, unlink(path), NOTHING);
}

int rename(const char *from, const char *to)
{
	struct shim *shim = shim_get();
	DURABLE(int, -1, rename(from, to), NOTHING);
}

ssize_t send(int fd, const void *data, size_t n, int flags)
{
	MAY_FAIL(VCLOCK_SEND, fd, &n, (ssize_t)n)
	shim_outside_sent(fd);
	DURABLE(ssize_t, fd, send(fd, data, n, flags),
	        trace_bytes(TRACE_SENT, fd, data, result));
}

ssize_t sendto(int fd, const void *data, size_t n, int flags, __CONST_SOCKADDR_ARG to,
        socklen_t to_bytes)
{
	MAY_FAIL(VCLOCK_SEND, fd, &n, (ssize_t)n)
	DURABLE(ssize_t, fd, sendto(fd, data, n, flags, to.__sockaddr__, to_bytes),
	        trace_bytes(TRACE_SENT, fd, data, result));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	MAY_FAIL(VCLOCK_SEND, fd, NULL, sum(message->msg_iov, message->msg_iovlen))
	DURABLE(ssize_t, fd, sendmsg(fd, message, flags),
	        trace_parts(fd, message->msg_iov, message->msg_iovlen, result));
}

ssize_t sendfile(int to, int from, off_t *at, size_t n)
{
	MAY_FAIL(VCLOCK_SEND, to, &n, (ssize_t)n)
	off_t begin = at != NULL ? *at : lseek(from, 0, SEEK_CUR);
	DURABLE(ssize_t, to, sendfile(to, from, at, n),
	        trace_file(to, from, begin, result));
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t n)
{
	return sendfile(to, from, at, n);
}

/* ---------------------------------------------------------------- chance */

/* splitmix64 over the runner's seed: secrets and jitter are then the same in every run.
 */
static void fill_from_seed(struct shim *shim, unsigned char *out, size_t n)
{
	while (n > 0) {
		uint64_t z = atomic_fetch_add(&shim->page->seed, 0x9E3779B97F4A7C15u) +
		             0x9E3779B97F4A7C15u;
		z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
		z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
		z ^= z >> 31;
		size_t part = n < sizeof(z) ? n : sizeof(z);
		memcpy(out, &z, part);
		out += part;
		n -= part;
	}
}

ssize_t getrandom(void *out, size_t n, unsigned flags)
{
	struct shim *shim = shim_get();

	if (!shim_in_daemon(shim)) {
		return shim->real.getrandom(out, n, flags);
	}
	fill_from_seed(shim, out, n);
	return (ssize_t)n;
}

int getentropy(void *out, size_t n)
{
	return getrandom(out, n, 0) == (ssize_t)n ? 0 : -1;
}

int RAND_bytes(unsigned char *out, int n)
{
	struct shim *shim = shim_get();

	if (!shim_in_daemon(shim)) {
		return shim->real.RAND_bytes(out, n);
	}
	fill_from_seed(shim, out, (size_t)n);
	return 1;
}

int RAND_priv_bytes(unsigned char *out, int n)
{
	return RAND_bytes(out, n);
}
