/* events: what happened, wrapped as the Events API wraps it, if the app may hear of it:
 * it must have subscribed, hold a scope, and for most things be in the channel. */
#ifndef SIM_SLACK_EVENTS_H
#define SIM_SLACK_EVENTS_H

#include "sim-slack/scopes.h"
#include "sim-slack/sim.h"

struct event {
	const char *name;              /* as subscribed to: "message.channels" */
	const char *scopes;            /* any of these; "" for none */
	const struct channel *channel; /* NULL: the workspace's */
	bool members_only;
};

/* Takes inner. True, and the event's ID in id (which may be NULL), if it goes out. */
bool event_emit(struct sim_slack *sim, const struct event *event, cJSON *inner,
        char id[EVENT_ID_SIZE]);

/* True if the text is the event_context of an event of this workspace. */
bool event_context_is_ours(const struct sim_slack *sim, const char *text);
/* Whom events are for: one installation. Caller deletes. */
cJSON *event_authorizations(const struct sim_slack *sim);

/* {"type":type}, to which the caller adds. */
cJSON *event_new(const char *type);
/* Adds event_ts, a fresh one. */
cJSON *event_stamp(struct sim_slack *sim, cJSON *inner);

/* False: nobody would hear a message.* event about the channel; spares making one. */
bool event_message_is_heard(const struct sim_slack *sim, const struct channel *channel);
/* A message.* event about the channel: members only, history scope. Takes inner. */
bool event_message(struct sim_slack *sim, const struct channel *channel, cJSON *inner,
        char id[EVENT_ID_SIZE]);
/* channel_<what> or group_<what> with the read scope; everybody's for public channels,
 * the members' for others. Takes inner, whose type is set here. */
void event_channel(struct sim_slack *sim, const struct channel *channel, const char *what,
        cJSON *inner);

#endif
