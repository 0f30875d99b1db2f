/* slack_content: what a Slack message becomes on Matrix, event by event, with the names
 * of whoever it mentions. */
#ifndef BRIDGE_FLOW_SLACK_CONTENT_H
#define BRIDGE_FLOW_SLACK_CONTENT_H

#include "bridge/convert/to_matrix.h"
#include "bridge/flow/custom_emoji.h"
#include "bridge/flow/logins.h"
#include "bridge/flow/slack_links.h"
#include "bridge/flow/user_groups.h"
#include "lib/json.h"

struct flow;

struct slack_content { /* in a flow's state; all zero: not made yet */
	struct app *app;
	struct login *login;
	const char *author;   /* the ghost's name; borrowed from ghosts */
	const char *username; /* of this message alone, "" if the author's; borrowed */
	struct to_matrix text;
	struct slack_links links;
	struct custom_emoji emoji;
	struct user_groups groups;
	bool has_files;
	bool made;
};

/* Makes it, once those who are mentioned have ghosts, the messages it links to and the
 * groups it mentions are looked up, and its custom emoji have pictures; STEP_DONE when it
 * is there. message must live as long as the content. */
enum step_rc slack_content_make(struct flow *flow, struct slack_content *content,
        struct login *login, const cJSON *message);
void slack_content_finish(struct slack_content *content);

/* In how many events it comes: at least one, if there is no file in it. */
unsigned slack_content_count(const struct slack_content *content);
/* The content of one, without relations. Caller deletes. */
cJSON *slack_content_event(const struct slack_content *content, unsigned index);

/* Puts it into a thread, or, with in_thread false, makes it a reply to the thread's first
 * event that is shown in the room. last: the thread's newest event; NULL: the root. */
void slack_content_thread(
        cJSON *content, const char *root, const char *last, bool in_thread);

#endif
