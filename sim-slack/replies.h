/* replies: what an app may say to a slash command or an interaction: in the
 * acknowledgement, or for half an hour by POST to its response_url, five times (Slack's
 * documentation, "Handling user interaction"). The words of its errors are seen, not
 * documented. */
#ifndef SIM_SLACK_REPLIES_H
#define SIM_SLACK_REPLIES_H

#include "sim-slack/sim.h"

/* What a reply is to; borrowed. */
struct reply_to {
	const char *channel_id;
	const char *user_id;
	const char *message_ts; /* NULL: to no message */
};

struct replies *replies_create(struct sim_slack *sim);
void replies_destroy(struct replies **replies);

/* Caller frees. */
char *replies_new_url(struct replies *replies, const struct reply_to *to);
/* A request for /response/. */
void replies_handle_request(struct replies *replies, struct http_request *req);
/* Does what the message says: ephemeral, in_channel, replace_original, delete_original.
 * NULL, or an error word. */
const char *replies_apply(
        struct sim_slack *sim, const struct reply_to *to, const cJSON *message);

#endif
