/* custom_emoji: what the names of custom emoji in a Slack message are on Matrix. */
#ifndef BRIDGE_FLOW_CUSTOM_EMOJI_H
#define BRIDGE_FLOW_CUSTOM_EMOJI_H

#include "bridge/convert/id_list.h"
#include "bridge/flow/logins.h"

struct flow;

enum { CUSTOM_EMOJI_MAX = 30 }; /* of one message; those after are shown by name */

struct custom_emoji { /* in a flow's state; all zero: not looked up yet */
	struct flow *flow;
	const struct login *login;
	bool known;
	struct custom_emoji_item {
		char *name;
		char *at;   /* what is to be looked up; NULL: nothing any more */
		char *url;  /* of its picture; NULL: not known */
		char *text; /* the answer: an mxc: URI or Unicode; NULL: none yet */
		unsigned hops;
		bool tried, waited; /* to bring its picture over; for that */
	} items[CUSTOM_EMOJI_MAX];
	size_t count;
};

/* Looks them up and has their pictures brought over; STEP_DONE when that is done, or has
 * taken too long (emoji_images.h). */
enum step_rc custom_emoji_find(struct flow *flow, struct custom_emoji *emoji,
        const struct login *login, const struct id_list *names);
/* An mxc: URI, Unicode for the alias of a standard one, or NULL. Borrowed. */
const char *custom_emoji_text(const struct custom_emoji *emoji, const char *name);
void custom_emoji_finish(struct custom_emoji *emoji);

#endif
