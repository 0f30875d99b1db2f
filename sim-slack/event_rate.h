/* event_rate: how many events an app was sent in the last hour, by minutes, and whether
 * it was told that it gets no more: at most once a minute (Events API, rate limiting). */
#ifndef SIM_SLACK_EVENT_RATE_H
#define SIM_SLACK_EVENT_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct event_rate {         /* zeroed at first */
	int64_t counts[60]; /* by minute % 60 */
	int64_t total;
	int64_t minute; /* of the last event */
	int64_t told;   /* the minute of the last app_rate_limited */
};

/* Counts one more. False: the limit for 60 minutes is used up; *first then says whether
 * this is the first refusal in its minute. */
bool event_rate_take(struct event_rate *rate, int64_t now_s, int64_t limit, bool *first);

#endif
