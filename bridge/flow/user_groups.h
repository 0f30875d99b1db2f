/* user_groups: the handles of the user groups that a Slack message mentions. */
#ifndef BRIDGE_FLOW_USER_GROUPS_H
#define BRIDGE_FLOW_USER_GROUPS_H

#include "bridge/convert/id_list.h"
#include "bridge/flow/logins.h"

struct flow;

enum { USER_GROUPS_MAX = 20 }; /* of one message; those after are shown by their ID */

struct user_groups { /* in a flow's state; all zero: not looked up yet */
	struct flow *flow;
	const struct login *login;
	struct slack_call *call; /* NULL: none is under way */
	struct timer patience;
	bool looked_up, known;
	struct {
		char *id;
		char *handle; /* NULL: not known */
	} items[USER_GROUPS_MAX];
	size_t count;
};

/* STEP_DONE when they are looked up. For one that the database does not have Slack is
 * asked, but not often: an app need not be told of new groups by events. */
enum step_rc user_groups_find(struct flow *flow, struct user_groups *groups,
        struct login *login, const struct id_list *ids);
/* Without @; NULL if it is not known. Borrowed. */
const char *user_groups_handle(const struct user_groups *groups, const char *id);
void user_groups_finish(struct user_groups *groups);

#endif
