/* shim: what the files of the preloaded library share.
 *
 * The library stands between the daemon and the C library. It allocates nothing, keeps no
 * state that a fork could tear, and lets everybody but the daemon itself pass: a process
 * whose ID is not vclock.owner meets the real calls, apart from the clock that it reads.
 */
#ifndef SHIM_SHIM_H
#define SHIM_SHIM_H

#include "scenarios/shim/trace.h"
#include "scenarios/shim/vclock.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#pragma GCC visibility push(hidden)

/* The next definitions of the calls that the shim stands in for. */
struct shim_real {
	int (*clock_gettime)(clockid_t, struct timespec *);
	int (*poll)(struct pollfd *, nfds_t, int);
	int (*ppoll)(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
	int (*epoll_pwait)(int, struct epoll_event *, int, int, const sigset_t *);
	int (*epoll_pwait2)(int, struct epoll_event *, int, const struct timespec *,
	        const sigset_t *);
	int (*pselect)(int, fd_set *, fd_set *, fd_set *, const struct timespec *,
	        const sigset_t *);
	int (*clock_nanosleep)(
	        clockid_t, int, const struct timespec *, struct timespec *);
	ssize_t (*write)(int, const void *, size_t);
	ssize_t (*writev)(int, const struct iovec *, int);
	ssize_t (*pwrite)(int, const void *, size_t, off_t);
	ssize_t (*read)(int, void *, size_t);
	ssize_t (*pread)(int, void *, size_t, off_t);
	int (*open)(const char *, int, ...);
	int (*socket)(int, int, int);
	int (*fsync)(int);
	int (*fdatasync)(int);
	int (*ftruncate)(int, off_t);
	int (*unlink)(const char *);
	int (*rename)(const char *, const char *);
	ssize_t (*send)(int, const void *, size_t, int);
	ssize_t (*sendto)(
	        int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	ssize_t (*sendmsg)(int, const struct msghdr *, int);
	ssize_t (*sendfile)(int, int, off_t *, size_t);
	ssize_t (*recv)(int, void *, size_t, int);
	int (*close)(int);
	int (*connect)(int, const struct sockaddr *, socklen_t);
	int (*accept)(int, struct sockaddr *, socklen_t *);
	int (*accept4)(int, struct sockaddr *, socklen_t *, int);
	ssize_t (*getrandom)(void *, size_t, unsigned);
	int (*RAND_bytes)(unsigned char *, int);
};

struct shim {
	struct vclock *page; /* NULL: no runner; everything passes */
	int from_runner, to_runner;
	int to_trace; /* 0: none */
	struct shim_real real;
};

/* The one instance, made ready by the first call of anything. */
struct shim *shim_get(void);
/* True in the daemon itself, not in its children. */
bool shim_in_daemon(const struct shim *shim);
/* True in the daemon's main thread, the one whose waits are the daemon's. */
bool shim_in_main_thread(const struct shim *shim);
/* Says on standard error what the daemon did that cannot run under the runner's clock,
 * and aborts. */
_Noreturn void shim_refuse(const char *what);

/* A wait of the main thread: look() asks the kernel without waiting (0: nothing, like
 * poll). */
struct shim_wait {
	int (*look)(void *arg);
	void *arg;
	const sigset_t *mask; /* NULL: the thread's own */
	int key; /* which descriptor it is about, to tell one waiter from another */
};
/* Until look() finds something (its answer), a signal comes (-1, EINTR), or virtual time
 * has gone on by timeout_us (0; negative: no limit). */
int shim_wait(struct shim *shim, const struct shim_wait *wait, int64_t timeout_us);

/* Lets go what the daemon sent on its connections; true if the kernel still holds some of
 * it back. See wire.h. */
bool shim_push(void);
/* Until everything the runner sent can be read. */
void shim_receive_all(void);

/* ---- deny.c ---- */

/* Whether this call shall fail: then errno is set. *n, where there is one (else NULL):
 * made shorter if it shall be. fd: -1 if the call has none. */
bool shim_denies(struct shim *shim, enum vclock_call call, int fd, size_t *n);
/* Whether what goes over this connection is lost without a word. */
bool shim_is_silent(const struct shim *shim, int fd);
/* Whether it is a TCP connection that is traced. */
bool trace_is_tcp(int fd);

/* ---- outside.c: servers that work in real time (PostgreSQL) ---- */

/* connect() to this address is about to succeed or be under way. */
void shim_outside_connected(int fd, const struct sockaddr *to, socklen_t to_bytes);
void shim_outside_sent(int fd);
/* Waits in real time while such a server owes the daemon an answer. 1: look again, 0:
 * none does, -1: a signal came. */
int shim_outside_wait(struct shim *shim, const sigset_t *mask);

/* ---- trace.c, trace_pg.c: what the daemon says and hears, for the runner ---- */

/* A connection of its own to peer, or, peer being NULL, one that it accepted. */
void trace_connection(int fd, const struct sockaddr *peer, socklen_t peer_bytes);
void trace_closed(int fd);
/* n as the call returned it; below 1: nothing. */
void trace_bytes(enum trace_kind kind, int fd, const void *data, ssize_t n);
void trace_parts(int fd, const struct iovec *parts, size_t count, ssize_t n);
void trace_file(int fd, int from, off_t at, ssize_t n);
/* A statement with its values; one that only asks is not told. */
void trace_sql(const char *sql);

/* The daemon did something else than read the clock. */
void shim_note_work(void);

#pragma GCC visibility pop

#endif
