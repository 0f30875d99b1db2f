/* limits: Slack's rate limits on the loop's clock: each method has its tier, and
 * chat.postMessage has one message a second in each channel besides. */
#ifndef SIM_SLACK_LIMITS_H
#define SIM_SLACK_LIMITS_H

#include "sim-slack/sim.h"

enum tier {
	TIER_1 = 1,
	TIER_2 = 20,
	TIER_PROFILE = 30, /* users.profile.set */
	TIER_3 = 50,
	TIER_4 = 100,
	TIER_MANY = 600, /* "hundreds per minute" */
	TIER_POST = -1,  /* chat.postMessage */
};

struct limits *limits_create(struct sim_slack *sim);
void limits_destroy(struct limits **limits);

/* True if the call may go through, and counts it; otherwise the whole seconds to wait.
 * channel_id may be NULL. */
bool limits_take(struct limits *limits, const char *method, enum tier tier,
        const char *channel_id, int64_t *retry_after_s);

#endif
