/* hostclock: the clock of the libraries inside the runner. The simulators live on the
 * loop's virtual clock, but libcurl and libmicrohttpd read the C library's: while a story
 * is played this program answers those readings itself, so that their timers and dates
 * are the story's too. */
#ifndef RUNNER_HOSTCLOCK_H
#define RUNNER_HOSTCLOCK_H

struct vclock;

/* From here on the clock shows what the page says; NULL: the machine's time again. */
void hostclock_set(const struct vclock *page);

#endif
