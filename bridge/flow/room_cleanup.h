/* room_cleanup: what becomes of somebody's rooms when their login ends
 * (bridge.cleanup_on_logout, AUTH-10): nothing; they are removed from them; all Slack
 * users leave and the room is a plain one; or everybody is removed.
 *
 * Which of the four settings counts is seen room by room, when its job runs: "private" is
 * a direct conversation, "shared_has_users" a room where somebody else is logged in to
 * the workspace, "relayed" one with other people who speak through the bridge, and
 * "shared_no_users" one with none. */
#ifndef BRIDGE_FLOW_ROOM_CLEANUP_H
#define BRIDGE_FLOW_ROOM_CLEANUP_H

#include "bridge/flow/app.h"

enum cleanup_cause { CLEANUP_MANUAL, CLEANUP_BAD_CREDENTIALS };

/* Adds a job for each room of that workspace to tx, if the configuration wants any. mxid:
 * whose login ends. once: differs from end to end. */
void room_cleanup_add(struct app *app, struct store_tx *tx, const char *team_id,
        const char *mxid, enum cleanup_cause cause, const char *once);

#endif
