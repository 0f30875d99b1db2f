/* slack_links: the messages a Slack message links to, as Matrix knows them. */
#ifndef BRIDGE_FLOW_SLACK_LINKS_H
#define BRIDGE_FLOW_SLACK_LINKS_H

#include "bridge/convert/to_matrix.h"
#include "bridge/flow/portals.h"

struct flow;

enum { SLACK_LINKS_MAX = 10 };

struct slack_links { /* all zero: not looked up yet */
	struct flow *flow;
	bool known;
	struct slack_link {
		char *channel_id, *ts;
		const struct portal *portal; /* where that channel is bridged to */
		char *url;                   /* NULL: no event of ours */
	} items[SLACK_LINKS_MAX];
	size_t count;
};

/* Looks up where they are; STEP_DONE when that is known. Those beyond SLACK_LINKS_MAX, in
 * conversations that are not bridged, or deleted stay what they are. */
enum step_rc slack_links_find(struct flow *flow, struct slack_links *links,
        const struct login *login, const struct to_matrix_refs *refs);
/* A matrix.to URL, borrowed, or NULL. host: that of the permalink; NULL: the login's. */
const char *slack_links_url(const struct slack_links *links, const struct login *login,
        const char *host, const char *channel_id, const char *ts);
void slack_links_finish(struct slack_links *links);

#endif
