/* emoji: the names that may be reacted with, and the workspace's own pictures. */
#ifndef SIM_SLACK_EMOJI_H
#define SIM_SLACK_EMOJI_H

#include "lib/emoji_table.h"
#include "lib/http_server.h"
#include "sim-slack/sim.h"

/* The name as Slack keeps it ("+1" for "thumbsup"); false: there is no such emoji,
 * neither a standard nor a custom one. */
bool emoji_known(
        const struct sim_slack *sim, const char *name, char out[EMOJI_NAME_BYTES]);
/* A name that a custom emoji may have. */
bool emoji_is_name(const char *name);

/* value: an address, or "alias:<name>"; NULL: a picture of the simulator's own. */
void act_emoji_add(struct sim_slack *sim, const char *name, const char *value);
void act_emoji_remove(struct sim_slack *sim, const char *name);
void act_emoji_rename(struct sim_slack *sim, const char *name, const char *to);

/* /emoji/<team>/<name>/<colour>.png */
void emoji_handle_request(const struct sim_slack *sim, struct http_request *req);

#endif
