/* user_check: is this the token of a person signed in with Slack's own client, of whom,
 * and in a workspace that the bridge serves? What every way to log in so does before it
 * stores anything. */
#ifndef BRIDGE_FLOW_USER_CHECK_H
#define BRIDGE_FLOW_USER_CHECK_H

#include "bridge/flow/app.h"

struct user_check { /* zero at first; lost in a crash, then all is asked again */
	struct flow *flow;
	struct slack_api *api;
	char *team_id, *team, *user_id, *user_name;
	bool verified;
	bool no_app; /* refused for that: nobody has logged in with the workspace's app */
	/* Why not, for people: Slack's word, or the bridge's reason. Empty: all is well.
	 */
	char refused[240];
};

/* As a step, until it says STEP_DONE: then check->refused tells, or all is known. */
enum step_rc user_check_run(struct flow *flow, struct user_check *check,
        const char *token, const char *cookie);
/* Adds the login, and the job that invites its owner, to the flow's transaction.
 * declared: see declared_login.h; "": made by chat. */
void user_check_store(struct flow *flow, const struct user_check *check,
        const char *token, const char *cookie, const char *mxid, const char *declared);
void user_check_finish(struct user_check *check);

#endif
