/* declared_login: logins that the configuration gives (network.logins, AUTH-09). Each is
 * verified by a job of its own, as `login app` does it, and stored only then: Slack being
 * away delays it, a refusal leaves what is stored as it was.
 *
 * A login's row remembers by a digest which declared one it came from: while that is the
 * same nothing is asked, although its tokens may have been renewed since. */
#ifndef BRIDGE_FLOW_DECLARED_LOGIN_H
#define BRIDGE_FLOW_DECLARED_LOGIN_H

#include "bridge/flow/app.h"

/* The stored logins are known. Adds the jobs for what is new. */
void declared_logins_begin(struct app *app);

#endif
