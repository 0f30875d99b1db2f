/* matrix_content: what a Matrix message becomes on Slack, message by message, with the
 * names of whoever and whatever it mentions. */
#ifndef BRIDGE_FLOW_MATRIX_CONTENT_H
#define BRIDGE_FLOW_MATRIX_CONTENT_H

#include "bridge/convert/to_slack.h"
#include "bridge/flow/matrix_names.h"
#include "bridge/flow/portals.h"
#include "lib/json.h"

struct flow;

enum { MATRIX_CONTENT_MAX_LINKS = 5 };

struct matrix_content { /* in a flow's state; all zero: not made yet */
	struct flow *flow;
	const struct portal *portal;
	struct to_slack text;
	bool made;
	bool levels_known, may_ping_room;
	bool links_known;
	/* Links to messages that are on Slack. */
	struct matrix_content_link {
		const struct portal *portal;
		char *event_id, *url;
	} links[MATRIX_CONTENT_MAX_LINKS];
	size_t link_count;
	struct matrix_names names;
	struct id_list users; /* Slack's, of those who are mentioned */
};

/* Makes it of the payload's `content`; STEP_DONE when it is there. is_reply: what it
 * answers is on Slack too, so a quotation of it before the text is left out. */
enum step_rc matrix_content_make(struct flow *flow, struct matrix_content *content,
        const struct portal *portal, bool is_reply);
void matrix_content_finish(struct matrix_content *content);

/* In how many messages it comes; 0: there is nothing in it. */
unsigned matrix_content_count(const struct matrix_content *content);
/* text and blocks (NULL: the text alone) of one. Caller frees. */
void matrix_content_piece(
        const struct matrix_content *content, unsigned index, char **text, char **blocks);

#endif
