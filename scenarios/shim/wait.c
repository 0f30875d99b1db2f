/* The daemon's waits: reported to the runner, ended by data, by a signal or by virtual
 * time. */
#include "scenarios/shim/shim.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What fortified callers use in place of poll and ppoll. */
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t fds_bytes);
int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
        const sigset_t *mask, size_t fds_bytes);

enum { SPIN_LIMIT = 16, SPIN_US = 1000 };

/* ---------------------------------------------------------------- the wait itself */

static void report_idle(struct shim *shim, int64_t deadline_us, uint64_t seen)
{
	uint64_t one = 1;

	atomic_store(&shim->page->deadline_us, deadline_us);
	atomic_store(&shim->page->idle_seq, seen);
	atomic_fetch_add(&shim->page->waits, 1);
	/* The raw call: this write is not one of the daemon's. */
	(void)!syscall(SYS_write, shim->to_runner, &one, sizeof(one));
}

/* Blocks until the runner says to look again, or a signal comes (-1). Not until there is
 * data: the runner may still be at work, and the two must take turns for a run to be
 * repeatable. */
static int block(struct shim *shim, const sigset_t *mask)
{
	struct pollfd poke = {.fd = shim->from_runner, .events = POLLIN};
	uint64_t pokes;

	if (shim->real.ppoll(&poke, 1, NULL, mask) < 0) {
		return -1;
	}
	(void)!syscall(SYS_read, shim->from_runner, &pokes, sizeof(pokes));
	return 0;
}

/* Looks and blocks as long as there is nothing, with signals held back but for the
 * moment of blocking: one that comes with a poke must still end the wait. */
static int look_until(struct shim *shim, const struct shim_wait *wait,
        int64_t deadline_us, const sigset_t *mask)
{
	static const struct timespec at_once;
	bool asked_outside = false;

	for (;;) {
		uint64_t seen =
		        atomic_load(&shim->page->wake_seq); /* first: see vclock.h */
		if (atomic_load(&shim->page->runner_holds) != 0) {
			shim_receive_all();
		}
		int found = wait->look(wait->arg);
		if (found != 0 || atomic_load(&shim->page->now_us) >= deadline_us) {
			return found;
		}
		if (shim->real.ppoll(NULL, 0, &at_once, mask) < 0) {
			return -1; /* a signal is waiting */
		}
		/* An answer that the daemon does not look for is no reason to ask twice.
		 */
		int outside = asked_outside ? 0 : shim_outside_wait(shim, mask);
		if (outside < 0) {
			return -1;
		}
		asked_outside = outside > 0;
		if (asked_outside) {
			continue;
		}
		atomic_store(&shim->page->daemon_holds, shim_push() ? 1 : 0);
		report_idle(shim, deadline_us, seen);
		if (block(shim, mask) < 0) {
			return -1;
		}
	}
}

/* Libraries that round a short wait down to nothing ask again and again; with time
 * standing still that would never end. So the sixteenth empty look in a row waits for a
 * millisecond. */
static bool is_spinning(const struct shim_wait *wait)
{
	static int looks, last_key;

	if (wait->look == NULL || wait->key != last_key) {
		looks = 0;
		last_key = wait->key;
	}
	if (wait->look == NULL || ++looks < SPIN_LIMIT) {
		return false;
	}
	looks = 0;
	return true;
}

static void forget_spinning(void)
{
	is_spinning(&(struct shim_wait){0});
}

int shim_wait(struct shim *shim, const struct shim_wait *wait, int64_t timeout_us)
{
	sigset_t all, before;

	shim_note_work();
	int found = wait->look(wait->arg);

	if (found != 0) {
		forget_spinning();
		return found;
	}
	if (timeout_us == 0) {
		if (!is_spinning(wait)) {
			return 0;
		}
		timeout_us = SPIN_US;
	}
	forget_spinning();
	int64_t now = atomic_load(&shim->page->now_us);
	bool for_ever = timeout_us < 0 || timeout_us > INT64_MAX - now;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	found = look_until(shim, wait, for_ever ? INT64_MAX : now + timeout_us,
	        wait->mask != NULL ? wait->mask : &before);
	int failed = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = failed;
	return found;
}

/* Rounded up: a wait must not end early. NULL: no limit. */
static int64_t timespec_us(const struct timespec *span)
{
	if (span == NULL || span->tv_sec > INT64_MAX / 2000000) {
		return -1;
	}
	return (int64_t)span->tv_sec * 1000000 + (span->tv_nsec + 999) / 1000;
}

static int64_t ms_us(int timeout_ms)
{
	return timeout_ms < 0 ? -1 : (int64_t)timeout_ms * 1000;
}

/* ---------------------------------------------------------------- poll */

struct poll_call {
	struct shim *shim;
	struct pollfd *fds;
	nfds_t count;
};

static int look_poll(void *arg)
{
	struct poll_call *call = arg;
	return call->shim->real.poll(call->fds, call->count, 0);
}

static int wait_poll(
        struct pollfd *fds, nfds_t count, int64_t timeout_us, const sigset_t *mask)
{
	struct shim *shim = shim_get();
	struct poll_call call = {shim, fds, count};
	struct shim_wait wait = {look_poll, &call, mask, count > 0 ? fds[0].fd : -1};

	return shim_wait(shim, &wait, timeout_us);
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct shim *shim = shim_get();

	if (!shim_in_main_thread(shim)) {
		return shim->real.poll(fds, count, timeout_ms);
	}
	return wait_poll(fds, count, ms_us(timeout_ms), NULL);
}

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout_ms, size_t fds_bytes)
{
	if (fds_bytes / sizeof(*fds) < count) {
		shim_refuse("poll past the end of its array");
	}
	return poll(fds, count, timeout_ms);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
        const sigset_t *mask)
{
	struct shim *shim = shim_get();

	if (!shim_in_main_thread(shim)) {
		return shim->real.ppoll(fds, count, timeout, mask);
	}
	return wait_poll(fds, count, timespec_us(timeout), mask);
}

int __ppoll_chk(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
        const sigset_t *mask, size_t fds_bytes)
{
	if (fds_bytes / sizeof(*fds) < count) {
		shim_refuse("ppoll past the end of its array");
	}
	return ppoll(fds, count, timeout, mask);
}

/* ---------------------------------------------------------------- epoll */

struct epoll_call {
	struct shim *shim;
	int fd;
	struct epoll_event *events;
	int max;
	const sigset_t *mask;
};

static int look_epoll(void *arg)
{
	struct epoll_call *call = arg;
	return call->shim->real.epoll_pwait(
	        call->fd, call->events, call->max, 0, call->mask);
}

static int wait_epoll(int fd, struct epoll_event *events, int max, int64_t timeout_us,
        const sigset_t *mask)
{
	struct shim *shim = shim_get();
	struct epoll_call call = {shim, fd, events, max, mask};
	struct shim_wait wait = {look_epoll, &call, mask, fd};

	return shim_wait(shim, &wait, timeout_us);
}

int epoll_pwait(
        int fd, struct epoll_event *events, int max, int timeout_ms, const sigset_t *mask)
{
	struct shim *shim = shim_get();

	if (!shim_in_main_thread(shim)) {
		return shim->real.epoll_pwait(fd, events, max, timeout_ms, mask);
	}
	return wait_epoll(fd, events, max, ms_us(timeout_ms), mask);
}

int epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms)
{
	return epoll_pwait(fd, events, max, timeout_ms, NULL);
}

int epoll_pwait2(int fd, struct epoll_event *events, int max,
        const struct timespec *timeout, const sigset_t *mask)
{
	struct shim *shim = shim_get();

	if (!shim_in_main_thread(shim)) {
		return shim->real.epoll_pwait2(fd, events, max, timeout, mask);
	}
	return wait_epoll(fd, events, max, timespec_us(timeout), mask);
}

/* ---------------------------------------------------------------- select */

struct select_call {
	struct shim *shim;
	int count;
	fd_set *sets[3];  /* the caller's, any may be NULL */
	fd_set wanted[3]; /* as they came: looking overwrites the caller's */
	const sigset_t *mask;
};

static int look_select(void *arg)
{
	static const struct timespec at_once;
	struct select_call *call = arg;
	fd_set found[3];
	fd_set *ask[3];

	for (int i = 0; i < 3; i++) {
		found[i] = call->wanted[i];
		ask[i] = call->sets[i] != NULL ? &found[i] : NULL;
	}
	int n = call->shim->real.pselect(
	        call->count, ask[0], ask[1], ask[2], &at_once, call->mask);
	for (int i = 0; i < 3 && n >= 0; i++) {
		if (call->sets[i] != NULL) {
			*call->sets[i] = found[i];
		}
	}
	return n;
}

int pselect(int count, fd_set *restrict in, fd_set *restrict out, fd_set *restrict except,
        const struct timespec *restrict timeout, const sigset_t *restrict mask)
{
	struct shim *shim = shim_get();

	if (!shim_in_main_thread(shim)) {
		return shim->real.pselect(count, in, out, except, timeout, mask);
	}
	struct select_call call = {shim, count, {in, out, except}, {{{0}}}, mask};
	for (int i = 0; i < 3; i++) {
		if (call.sets[i] != NULL) {
			call.wanted[i] = *call.sets[i];
		}
	}
	struct shim_wait wait = {look_select, &call, mask, -2};
	return shim_wait(shim, &wait, timespec_us(timeout));
}

int select(int count, fd_set *restrict in, fd_set *restrict out, fd_set *restrict except,
        struct timeval *restrict timeout)
{
	struct timespec span = {0};

	if (timeout != NULL) {
		span.tv_sec = timeout->tv_sec;
		span.tv_nsec = timeout->tv_usec * 1000;
	}
	return pselect(count, in, out, except, timeout != NULL ? &span : NULL, NULL);
}
