/* catch_up_compare: what happened meanwhile to messages that are on both sides already:
 * edits, deletions and reactions, found by comparing history with our rows.
 *
 * It looks at the newest messages of a conversation, of the last week. What it finds goes
 * into the inbox as if Slack had said it, in such a way that an event of Slack's that
 * comes late still counts. Internal to catch_up. */
#ifndef BRIDGE_FLOW_CATCH_UP_COMPARE_H
#define BRIDGE_FLOW_CATCH_UP_COMPARE_H

#include "bridge/flow/logins.h"
#include "bridge/slack/events.h"

struct catch_up_window; /* what our rows say */

/* Reads the rows between the two; the step is called again and finds *window. */
enum step_rc catch_up_window_load(struct flow *flow, struct catch_up_window **window,
        const char *from_ts, const char *to_ts);
void catch_up_window_free(struct catch_up_window **window);

/* Compares one of the messages that history lists; true: it is one of ours. */
bool catch_up_compare(struct catch_up_window *window, struct login *login,
        struct store_tx *tx, const struct slack_event *message);
/* All have been compared: those that history does not have any more are deleted. */
void catch_up_find_deleted(
        struct catch_up_window *window, struct login *login, struct store_tx *tx);

#endif
