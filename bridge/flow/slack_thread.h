/* slack_thread: which events the thread of a Slack message is on Matrix. */
#ifndef BRIDGE_FLOW_SLACK_THREAD_H
#define BRIDGE_FLOW_SLACK_THREAD_H

#include "bridge/flow/targets.h"

struct slack_thread { /* in a flow's state; all zero at first */
	struct flow *flow;
	struct targets root;
	bool known;
	char *root_event, *last_event; /* NULL: none is known */
};

/* Of the payload's team, channel, ts and thread_ts; STEP_DONE when it is known. */
enum step_rc slack_thread_find(struct flow *flow, struct slack_thread *thread);
void slack_thread_finish(struct slack_thread *thread);

/* Slack's ts is "seconds.sequence": only the seconds are a time. 0 if it is none. */
int64_t slack_ts_ms(const char *ts);

#endif
