/* room_state: a state event of a portal's room as it shall be, set by the bot if it is
 * not so already: each PUT would be one more event, however alike. */
#ifndef BRIDGE_FLOW_ROOM_STATE_H
#define BRIDGE_FLOW_ROOM_STATE_H

#include "bridge/queue/flow.h"

struct room_state { /* in a flow's state; all zero at first */
	struct flow *flow;
	cJSON *content; /* what it shall be, while that is asked for or set */
	bool differs;
	bool done;
};

/* STEP_DONE once it is so, or the homeserver refused it. content is taken. The same
 * arguments each time until it is done. */
enum step_rc room_state_set(struct flow *flow, struct room_state *state,
        const char *room_id, const char *type, const char *key, cJSON *content);
void room_state_finish(struct room_state *state);

#endif
