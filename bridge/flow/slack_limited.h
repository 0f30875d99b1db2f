/* slack_limited: Slack drops events of an app that has too many (30,000 an hour), and
 * says so once in each such minute (app_rate_limited; docs.slack.dev, Events API, "Rate
 * limiting"). What was posted meanwhile is looked up in the history when a minute has
 * passed without such a word, and every ten minutes while there are. */
#ifndef BRIDGE_FLOW_SLACK_LIMITED_H
#define BRIDGE_FLOW_SLACK_LIMITED_H

#include "bridge/flow/logins.h"

/* Adds it to a transaction. minute_s: Slack's word, seconds since 1970; 0: none. */
void slack_limited_add(struct login *login, struct store_tx *tx, int64_t minute_s);

#endif
