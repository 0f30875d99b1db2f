/* channel_shape: what of a Slack conversation shows in its room, and how. Pure. */
#ifndef BRIDGE_FLOW_CHANNEL_SHAPE_H
#define BRIDGE_FLOW_CHANNEL_SHAPE_H

#include "bridge/config/config.h"
#include "bridge/slack/web_api.h"

struct channel_team {
	const char *name, *domain;
};

/* By channel_name_template; the channel's own name if that gives none. Caller frees. */
char *channel_shape_name(const struct config *config, const struct slack_channel *channel,
        const struct channel_team *team);
/* The topic, or the purpose of a channel without one, as plain text. Caller frees. */
char *channel_shape_topic(const struct slack_channel *channel);
/* "public", "private", "mpim" or "im". */
const char *channel_shape_kind(enum slack_channel_kind kind);

/* May it have a room, by the configuration? */
bool channel_shape_is_wanted(const struct config *config, const char *team_id,
        const struct slack_channel *channel);
/* "archived", "left" or "open": portal.state. */
const char *channel_shape_state(const struct slack_channel *channel);
/* The level of power that writing in the room of a portal in that state needs; 0: none.
 */
int channel_shape_level(const char *state, enum slack_posting posting);

#endif
