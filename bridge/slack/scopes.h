/* scopes: what an app must be allowed, and what each lack disables.
 *
 * Methods and scopes: docs.slack.dev, "Permission scopes". */
#ifndef BRIDGE_SLACK_SCOPES_H
#define BRIDGE_SLACK_SCOPES_H

#include <stdbool.h>

struct slack_scope {
	const char *name, *without; /* "messages to Slack" */
};

/* Of a bot token; ends with a NULL name. */
extern const struct slack_scope slack_scopes[];

/* Is it in the list of an X-OAuth-Scopes header ("a,b, c")? */
bool slack_scope_is_in(const char *name, const char *granted);

#endif
