/* The clocks that the daemon reads, and the sleeps and timers it must not have. */
#include "scenarios/shim/shim.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { US_PER_S = 1000000, NS_PER_US = 1000, READ_LIMIT = 2000, SPIN_US = 1000 };

static unsigned reads; /* of the clock, and nothing else done since */

static bool is_cpu_clock(clockid_t clock)
{
	return clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID ||
	       clock < 0;
}

static bool is_wall_clock(clockid_t clock)
{
	return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE ||
	       clock == CLOCK_REALTIME_ALARM || clock == CLOCK_TAI;
}

static int64_t read_us(const struct shim *shim, clockid_t clock)
{
	int64_t now = atomic_load(&shim->page->now_us);
	return is_wall_clock(clock) ? now + atomic_load(&shim->page->wall_us) : now;
}

void shim_note_work(void)
{
	reads = 0;
}

static int look_at_nothing(void *arg)
{
	(void)arg;
	return 0;
}

/* libwebsockets in a libuv loop rounds a short wait to none and then asks the clock again
 * and again, without a system call, until it has moved. Whoever only reads the clock
 * waits for it. */
static void let_time_pass(struct shim *shim)
{
	struct shim_wait wait = {.look = look_at_nothing};

	if (++reads >= READ_LIMIT) {
		reads = 0;
		if (shim_in_main_thread(shim)) {
			shim_wait(shim, &wait, SPIN_US);
		}
	}
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	struct shim *shim = shim_get();

	if (shim->page == NULL || is_cpu_clock(clock)) {
		return shim->real.clock_gettime(clock, out);
	}
	let_time_pass(shim);
	int64_t now = read_us(shim, clock);
	out->tv_sec = now / US_PER_S;
	out->tv_nsec = now % US_PER_S * NS_PER_US;
	return 0;
}

int timespec_get(struct timespec *out, int base)
{
	return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, out) == 0 ? base : 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
		return -1;
	}
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / NS_PER_US;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL) {
		*out = now.tv_sec;
	}
	return now.tv_sec;
}

/* ---------------------------------------------------------------- sleeps: waits for
 * nothing */

static int64_t to_us(const struct timespec *span)
{
	return (int64_t)span->tv_sec * US_PER_S +
	       (span->tv_nsec + NS_PER_US - 1) / NS_PER_US;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *request,
        struct timespec *remain)
{
	struct shim *shim = shim_get();

	if (!shim_in_main_thread(shim) || is_cpu_clock(clock)) {
		return shim->real.clock_nanosleep(clock, flags, request, remain);
	}
	int64_t begin = read_us(shim, clock);
	int64_t span = to_us(request) - ((flags & TIMER_ABSTIME) != 0 ? begin : 0);
	if (span <= 0) {
		return 0;
	}
	struct shim_wait wait = {.look = look_at_nothing};
	if (shim_wait(shim, &wait, span) == 0) {
		return 0;
	}
	if (remain != NULL && (flags & TIMER_ABSTIME) == 0) {
		int64_t left = span - (read_us(shim, clock) - begin);
		remain->tv_sec = left / US_PER_S;
		remain->tv_nsec = left % US_PER_S * NS_PER_US;
	}
	return EINTR;
}

int nanosleep(const struct timespec *request, struct timespec *remain)
{
	int rc = clock_nanosleep(CLOCK_MONOTONIC, 0, request, remain);
	if (rc != 0) {
		errno = rc;
		return -1;
	}
	return 0;
}

int usleep(useconds_t us)
{
	struct timespec span = {us / US_PER_S, (long)(us % US_PER_S) * NS_PER_US};
	return nanosleep(&span, NULL);
}

unsigned sleep(unsigned seconds)
{
	struct timespec span = {seconds, 0}, left = {0};
	return nanosleep(&span, &left) == 0 ? 0 : (unsigned)left.tv_sec;
}

/* ---------------------------------------------------------------- timers the runner
 * cannot move */

int timerfd_create(int clock, int flags)
{
	(void)clock;
	(void)flags;
	shim_refuse("timerfd_create");
}

int timerfd_settime(
        int fd, int flags, const struct itimerspec *new_value, struct itimerspec *old)
{
	(void)fd;
	(void)flags;
	(void)new_value;
	(void)old;
	shim_refuse("timerfd_settime");
}
