/* slack_channel: something about a channel is not as it was, or may not be: what is so
 * now is asked of Slack, and its room follows. So it does not matter which event said so,
 * in which order, or that none did. */
#ifndef BRIDGE_FLOW_SLACK_CHANNEL_H
#define BRIDGE_FLOW_SLACK_CHANNEL_H

#include "bridge/flow/logins.h"
#include "bridge/slack/events.h"
#include "bridge/store/store.h"

/* For an event about a channel. Nothing if the channel has no portal. */
void slack_channel_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event);
/* To look at a channel without an event; key: unique for the occasion. It comes before
 * what waits in the channel. */
void slack_channel_look(struct app *app, struct store_tx *tx, const char *key,
        const char *team_id, const char *channel_id);

/* The same, as if an event of that type had told. */
void slack_channel_look_as(struct app *app, struct store_tx *tx, const char *key,
        const char *type, const char *team_id, const char *channel_id);

/* A type that is none of Slack's: somebody changed the room's name or topic, so these are
 * looked at too. */
#define CHANNEL_LOOK_ROOM "room"

/* login_look: at each connection, all of a login's channels. */
void login_look_add(struct login *login, struct store_tx *tx, int64_t now_ms);

#endif
