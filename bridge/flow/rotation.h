/* rotation: bot tokens that expire (xoxe.xoxb-, 12 hours) are renewed with the refresh
 * token that came with them, when two hours are left (Slack protocol reference, 5.3).
 *
 * The new pair is stored, sealed and in one commit, before its access token is used: a
 * refresh token is good once. A crash between Slack's answer and the commit is made good
 * by asking again with the old one, which Slack takes for a while. */
#ifndef BRIDGE_FLOW_ROTATION_H
#define BRIDGE_FLOW_ROTATION_H

#include "bridge/flow/logins.h"

struct rotation;

/* Belongs to the login, whose bot_api exists already and stays. Does nothing yet. */
struct rotation *rotation_create(struct login *login);
void rotation_destroy(struct rotation **rotation); /* *rotation may be NULL */

/* The login's tokens are known, or others now: what was under way is dropped. */
void rotation_plan(struct rotation *rotation);
/* Slack says that the access token has expired: renews it now. False: it is not one of
 * those that can be. */
bool rotation_hurry(struct rotation *rotation);

#endif
