/* targets: what stands on the other side of a message that an edit, a deletion, a
 * reaction or a reply is about.
 *
 * One message may be several events and one event several messages (store/schema.c). What
 * is not recorded may still come: its job waits, or the answer that names it is under way
 * in the conversation's other direction. Then the asking job waits a little; after that
 * it is unknown, and every flow says what it does about that. */
#ifndef BRIDGE_FLOW_TARGETS_H
#define BRIDGE_FLOW_TARGETS_H

#include "bridge/flow/portals.h"
#include "bridge/queue/flow.h"

enum {
	/* message.part: the text, the same text where a reply is shown in the channel
	 * too, and the files. */
	PART_TEXT = 0,
	PART_BROADCAST = 50,
	PART_FILES = 100,
};

struct target { /* one event that is one message, or a part of one */
	char *slack_ts, *thread_ts, *edited_ts, *event_id, *sender;
	char *author; /* the Slack user whose token wrote it; "": the bot's */
	char *shown; /* digest of the newest edit taken over from Slack; "" without one */
	unsigned part, piece;
	bool from_slack; /* that is where it was written */
	bool deleted;
};

enum target_job { /* of the inbox, under the target's key */
	TARGET_NO_JOB,
	TARGET_JOB_WAITS,
	TARGET_JOB_DONE,
	TARGET_JOB_DEAD,
};

struct targets { /* in a flow's state; all zero: nothing is known yet */
	struct flow *flow;
	struct target *items; /* in order of part, or of piece */
	size_t count;
	bool known;
	enum target_job job;
	char *job_flow; /* the name of that job's flow; NULL without one */
	bool may_come;  /* the conversation's other direction has work */
};

/* Asks the database; the flow's step is called again and finds targets->known. */
enum step_rc targets_by_ts(struct flow *flow, struct targets *targets,
        const struct portal *portal, const char *ts);
enum step_rc targets_by_event(struct flow *flow, struct targets *targets,
        const struct portal *portal, const char *event_id);

/* True: the target may still come, and flow->err says so; return STEP_FAIL. Not for ever:
 * it counts in the job's facts. */
bool targets_wait(struct flow *flow, const struct targets *targets);

/* The first that is not deleted, NULL if there is none. */
const struct target *targets_first(const struct targets *targets);
/* The one of this part, or of this piece, deleted or not; NULL if there is none. */
const struct target *targets_part(const struct targets *targets, unsigned part);
const struct target *targets_piece(const struct targets *targets, unsigned piece);

/* Forgets what is known: the next step asks again. Also to be called at the flow's end.
 */
void targets_forget(struct targets *targets);

#endif
