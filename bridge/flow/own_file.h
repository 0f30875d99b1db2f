/* own_file: is this the file that the bridge itself brought from Matrix with the token of
 * that Slack user? Its message comes back like anybody's and bears no mark. The database
 * knows: what was carried is recorded before it is shared. */
#ifndef BRIDGE_FLOW_OWN_FILE_H
#define BRIDGE_FLOW_OWN_FILE_H

#include "bridge/queue/flow.h"

struct own_file { /* in a flow's state; all zero at first */
	struct flow *flow;
	bool known, is_own;
};

/* The first step of a job about a file or a message from Slack: STEP_END if it is.
 * file_id: NULL: there is none. */
enum step_rc own_file_check(struct flow *flow, struct own_file *own, const char *file_id);

#endif
