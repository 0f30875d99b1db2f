/* matrix_names: the custom emoji and the user groups that a Matrix message names, as
 * Slack knows them. */
#ifndef BRIDGE_FLOW_MATRIX_NAMES_H
#define BRIDGE_FLOW_MATRIX_NAMES_H

#include "bridge/convert/id_list.h"
#include "bridge/queue/flow.h"

enum { MATRIX_NAMES_MAX = 30 }; /* of each kind; those after stay what they are */

struct matrix_names { /* in a flow's state; all zero: not looked up yet */
	struct flow *flow;
	bool known;
	struct matrix_name {
		char *key;   /* an mxc: URI, or a handle without @ */
		char *value; /* the emoji's name, or the group's ID; NULL: not known */
	} items[2 * MATRIX_NAMES_MAX];
	size_t count, emoji_count; /* the emoji come first */
};

/* STEP_DONE when they are looked up; either list may be NULL. */
enum step_rc matrix_names_find(struct flow *flow, struct matrix_names *names,
        const char *team_id, const struct id_list *emoji, const struct id_list *handles);
/* Without colons, or NULL. Borrowed. */
const char *matrix_names_emoji(const struct matrix_names *names, const char *mxc);
const char *matrix_names_group(const struct matrix_names *names, const char *handle);
bool matrix_names_have_group(const struct matrix_names *names);
void matrix_names_finish(struct matrix_names *names);

#endif
