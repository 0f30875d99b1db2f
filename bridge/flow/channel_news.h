/* channel_news: what people in a room are told about its channel. Pure. */
#ifndef BRIDGE_FLOW_CHANNEL_NEWS_H
#define BRIDGE_FLOW_CHANNEL_NEWS_H

#include "bridge/flow/portals.h"

struct channel_now {
	const char *state, *kind;
	int level;
	const char *type; /* the event that told of it, "" if none did */
	const char *team; /* the other organisation of channel_shared, or "" */
};

/* What its state's change means; NULL if it did not change. */
const char *channel_news_state(const struct portal *was, const struct channel_now *now);
/* Is somebody to do something about that on Slack? */
bool channel_news_needs_somebody(const struct portal *was, const struct channel_now *now);
/* Whatever else is worth saying, NULL if nothing is. Caller frees. */
char *channel_news_other(const struct portal *was, const struct channel_now *now);

#endif
