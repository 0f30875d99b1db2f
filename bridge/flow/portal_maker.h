/* portal_maker: the making of one portal's room, from "there is none" to "it is recorded,
 * and a job to invite its owner with it".
 *
 *   info -> intent -> look -> create -> record
 *
 * createRoom cannot be repeated safely, so the intent to make the room is committed
 * first, and whoever finds such an intent from before a crash or a lost answer looks for
 * the room: it carries an m.bridge state event that names this conversation. */
#ifndef BRIDGE_FLOW_PORTAL_MAKER_H
#define BRIDGE_FLOW_PORTAL_MAKER_H

#include "bridge/flow/portals.h"

/* Ends with portals_made(), from the loop, unless destroyed before. */
struct portal_maker *portal_maker_start(
        struct portals *portals, struct portal *portal, struct login *login);
void portal_maker_destroy(struct portal_maker **maker); /* NULL is fine */

#endif
