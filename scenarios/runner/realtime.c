#include "scenarios/runner/realtime.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int64_t realtime_ms(void)
{
	struct timespec now;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now); /* past hostclock */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
