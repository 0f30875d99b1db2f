#include "scenarios/runner/hostclock.h"

#include "scenarios/shim/vclock.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

static const struct vclock *clock_page;

void hostclock_set(const struct vclock *page)
{
	clock_page = page;
}

/* These stand before the C library's for every library of this program. */

static int next_clock_gettime(clockid_t clock, struct timespec *out)
{
	static int (*next)(clockid_t, struct timespec *);

	if (next == NULL) {
		void *found = dlsym(RTLD_NEXT, "clock_gettime");
		memcpy(&next, &found, sizeof(next));
	}
	return next(clock, out);
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
	bool is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
	bool is_known =
	        is_wall || clock == CLOCK_MONOTONIC || clock == CLOCK_MONOTONIC_COARSE;

	if (clock_page == NULL || !is_known) {
		return next_clock_gettime(clock, out);
	}
	int64_t now = atomic_load(&clock_page->now_us);
	now += is_wall ? atomic_load(&clock_page->wall_us) : 0;
	out->tv_sec = now / 1000000;
	out->tv_nsec = now % 1000000 * 1000;
	return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out != NULL) {
		*out = now.tv_sec;
	}
	return now.tv_sec;
}
