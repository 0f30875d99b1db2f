/* blocks: what Slack accepts as a message's blocks, and what it adds to them. */
#ifndef SIM_SLACK_BLOCKS_H
#define SIM_SLACK_BLOCKS_H

#include "lib/json.h"
#include "sim-slack/ids.h"

/* An error word for what an app sent, or NULL: it is good. *why (caller frees) is the
 * sentence that goes with it, or NULL. */
const char *blocks_error(const cJSON *blocks, char **why);
/* Gives each block without a block_id one. */
void blocks_name(struct ids *ids, cJSON *blocks);
/* Gives attachments what Slack adds: id, and a fallback. */
void attachments_name(cJSON *attachments);

#endif
