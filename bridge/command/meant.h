/* meant: which conversation somebody means. */
#ifndef BRIDGE_COMMAND_MEANT_H
#define BRIDGE_COMMAND_MEANT_H

#include "bridge/command/command.h"
#include "bridge/flow/portals.h"

/* That of the room it is said in if args is "", otherwise the one of that ID or name,
 * with # or without. NULL: none or several, and the reply is set. */
const struct portal *meant_portal(struct command_call *call);

/* May they change what a login's rooms are? Its owner and administrators may. Otherwise
 * the reply is set. */
bool meant_may(struct command_call *call, const char *team_id);

/* The login whose conversation args mean, and its ID if that is what they say ("C0123"
 * or, with several workspaces, "T0123-C0123"), otherwise NULL; the caller frees it. NULL:
 * the sender has no such login, or it is not clear which, and the reply is set. */
struct login *meant_conversation(struct command_call *call, char **channel_id);

#endif
