/* group_list: the user groups of a workspace, as the database has them. */
#ifndef BRIDGE_FLOW_GROUP_LIST_H
#define BRIDGE_FLOW_GROUP_LIST_H

#include "bridge/slack/web_api.h"
#include "bridge/store/store.h"

/* Adds the statement that keeps it, unless something newer is known. */
void group_list_put(
        struct store_tx *tx, const char *team_id, const struct slack_group *group);

#endif
