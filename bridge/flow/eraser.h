/* eraser: deletes one of our own messages on Slack, surely and once.
 *
 * One that is not there counts as deleted; of the first message of a thread a tombstone
 * stays, which Slack refuses to delete again: then it is looked at. */
#ifndef BRIDGE_FLOW_ERASER_H
#define BRIDGE_FLOW_ERASER_H

#include "bridge/queue/flow.h"
#include "bridge/slack/web_api.h"

struct eraser { /* in a flow's state; all zero at first, and again after STEP_DONE */
	struct flow *flow;
	bool erased;
	bool in_doubt; /* Slack refused: is it a tombstone? */
	struct err refusal;
};

/* Called in each run of a step until it says STEP_DONE. thread_ts: NULL outside. */
enum step_rc eraser_run(struct flow *flow, struct eraser *eraser, struct slack_api *api,
        const char *channel_id, const char *thread_ts, const char *ts);

#endif
