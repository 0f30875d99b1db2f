#include "sim-slack/event_rate.h"

#include <string.h>

static void move_on(struct event_rate *rate, int64_t minute)
{
	if (minute - rate->minute >= 60) {
		memset(rate->counts, 0, sizeof(rate->counts));
		rate->total = 0;
		rate->minute = minute;
	}
	while (rate->minute < minute) {
		rate->minute++;
		rate->total -= rate->counts[rate->minute % 60];
		rate->counts[rate->minute % 60] = 0;
	}
}

bool event_rate_take(struct event_rate *rate, int64_t now_s, int64_t limit, bool *first)
{
	int64_t minute = now_s / 60;

	move_on(rate, minute);
	if (rate->total >= limit) {
		*first = rate->told != minute;
		rate->told = minute;
		return false;
	}
	rate->counts[minute % 60]++;
	rate->total++;
	return true;
}
