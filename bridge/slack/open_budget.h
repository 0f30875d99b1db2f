/* open_budget: when apps.connections.open may be called next.
 *
 * Two limits at once. A token bucket (two tokens, one more a minute) is the careful
 * reading of the method's rate limit: the first reconnect is free, and over any T minutes
 * there are at most T + 2 calls. An exponential back-off (1 s to 60 s) spaces out
 * failures before that. A fifth at most is added at random, so that bridges cut off
 * together do not come back together. */
#ifndef BRIDGE_SLACK_OPEN_BUDGET_H
#define BRIDGE_SLACK_OPEN_BUDGET_H

#include "lib/rand.h"
#include <stdint.h>

struct open_budget {
	struct rand rand;
	int64_t credit_ms;   /* a call costs 60,000 */
	int64_t credited_ms; /* up to when it is counted */
	unsigned failures;   /* since the last healthy connection */
};

void open_budget_init(struct open_budget *budget, uint64_t seed, int64_t now_ms);
void open_budget_healthy(struct open_budget *budget); /* a connection said hello */
void open_budget_failed(struct open_budget *budget);  /* one did not get so far */
/* How long to wait from now, at least at_least_ms; 0: call at once. Draws the jitter. */
int64_t open_budget_delay_ms(
        struct open_budget *budget, int64_t now_ms, int64_t at_least_ms);
void open_budget_spend(struct open_budget *budget, int64_t now_ms); /* it is called now */

#endif
