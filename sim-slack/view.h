/* view: the workspace's things in Slack's JSON shapes (recorded payloads before
 * documents). The caller deletes what is returned. */
#ifndef SIM_SLACK_VIEW_H
#define SIM_SLACK_VIEW_H

#include "sim-slack/sim.h"

cJSON *view_team(const struct sim_slack *sim);
cJSON *view_user(const struct sim_slack *sim, const struct user *user);
cJSON *view_profile(const struct sim_slack *sim, const struct user *user);
/* Custom profile fields, which only users.profile.get shows. */
cJSON *view_fields(const struct user *user, bool labels);
cJSON *view_bot(const struct sim_slack *sim, const struct user *bot);

enum view_channel {          /* bits */
	VIEW_MEMBERSHIP = 1, /* is_member */
	VIEW_NUM_MEMBERS = 2,
	VIEW_LAST_READ = 4,
};
/* As the viewer sees it. */
cJSON *view_channel(const struct sim_slack *sim, const struct user *viewer,
        const struct channel *channel, unsigned what);

enum view_message {        /* bits */
	VIEW_METADATA = 1, /* the metadata's payload too; its type always shows */
	VIEW_THREAD = 2,   /* reply counters, reactions, pins: history, not events */
};
cJSON *view_message(
        const struct sim_slack *sim, const struct message *message, unsigned what);
/* The same as the event that reports it: channel, channel_type, event_ts besides. */
cJSON *view_message_event(const struct sim_slack *sim, const struct message *message);

const char *view_channel_type(const struct channel *channel);
/* Caller frees. */
char *view_permalink(const struct sim_slack *sim, const struct message *message);

#endif
