/* alike: is this text on Matrix that text on Slack? The bridge may rewrite mentions,
 * links and formatting on the way, so those count as anything. Knows Slack's escapes and
 * nothing else. */
#ifndef RUNNER_ALIKE_H
#define RUNNER_ALIKE_H

#include <stdbool.h>

/* The bare words of a text, for alike(): formatting characters and runs of space gone,
 * <...> of Slack's mrkdwn a wildcard, its escapes undone. Caller frees. */
char *alike_slack(const char *text);
char *alike_matrix(const char *text);
/* pattern from alike_slack() (or of either kind), text of either kind. */
bool alike(const char *pattern, const char *text);

#endif
