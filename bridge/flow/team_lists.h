/* team_lists: what a workspace has for all of its messages: its custom emoji and its user
 * groups, kept in the database. They are listed whenever a connection is up again, and
 * kept up to date by events; a change that is older than what is there has no effect, so
 * events may come late, twice or in any order. */
#ifndef BRIDGE_FLOW_TEAM_LISTS_H
#define BRIDGE_FLOW_TEAM_LISTS_H

#include "bridge/flow/logins.h"
#include "bridge/slack/events.h"

/* Adds the jobs that list both. */
void team_lists_refresh(struct login *login, struct store_tx *tx);

/* Of the jobs of its kind that wait, one will do: a connection that comes and goes brings
 * one each time. */
struct team_list_others { /* in a flow's state; all zero: not counted yet */
	struct flow *flow;
	bool known;
	int64_t count;
};
enum step_rc team_list_count_others(struct flow *flow, struct team_list_others *others);

/* What an event says, into the transaction that acknowledges it. */
void team_lists_emoji_changed(
        struct login *login, struct store_tx *tx, const struct slack_event *event);
void team_lists_group_changed(
        struct login *login, struct store_tx *tx, const struct slack_event *event);

#endif
