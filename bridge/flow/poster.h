/* poster: brings one message to Slack, or one change of it, surely and once, with the
 * client of whoever writes it.
 *
 * Neither chat.postMessage nor chat.update can be repeated unseen, so: the intent is
 * committed first, with its time; the message carries the Matrix event as a mark in its
 * metadata; and whoever finds an intent without an answer looks before asking again - for
 * the mark, from the time of the intent on, or at the message that was to be changed. */
#ifndef BRIDGE_FLOW_POSTER_H
#define BRIDGE_FLOW_POSTER_H

#include "bridge/queue/flow.h"
#include "bridge/slack/web_api.h"

struct poster { /* in a flow's state; all zero at first */
	struct flow *flow;
	char *ts;      /* of the message, once it is there */
	bool gone;     /* the message to be changed is not there any more */
	bool may_post; /* the intent is from this life, or the look found nothing */
	char *edit_id; /* of the change that is made */
};

/* The facts of an intent: to be added to the commit before the first poster_run(), which
 * otherwise makes one of its own. */
void poster_intend(struct flow *flow, struct poster *poster);

/* A post into a thread that Slack does not have (any more) goes without: then the fact
 * "thread_ts" is gone.
 *
 * Called in each run of a step until it says STEP_DONE; then ts is set, or gone is true.
 * change_ts NULL: a new message; otherwise the message to be changed. */
enum step_rc poster_run(struct flow *flow, struct poster *poster, struct slack_api *api,
        const struct slack_post *post, const char *change_ts);

/* The outcome is recorded (or there is nothing to post): drops the intent. */
void poster_forget(struct flow *flow, struct poster *poster);
void poster_finish(struct poster *poster);

#endif
