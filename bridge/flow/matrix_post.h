/* matrix_post: what a new message and an edit have in common on their way to Slack. */
#ifndef BRIDGE_FLOW_MATRIX_POST_H
#define BRIDGE_FLOW_MATRIX_POST_H

#include "bridge/flow/matrix_content.h"
#include "bridge/flow/poster.h"
#include "bridge/flow/targets.h"

struct matrix_post { /* in a flow's state; all zero at first */
	struct flow *flow;
	struct matrix_content content;
	struct poster poster;
	char *name, *avatar_url; /* of the author, asked for in this life */
	bool profile_known;
	char *tag; /* of the marks, if their author is no bot */
};

/* May the payload's sender do anything on Slack? Otherwise flow->err says why not. */
bool matrix_post_may_speak(struct flow *flow);

/* Into the fact "thread_ts": that of the thread it is in, or of what it answers; not set
 * if there is none. about: in the flow's state, for targets_forget() at its end. */
enum step_rc matrix_post_thread(struct flow *flow, struct targets *about);

/* Into the fact "author" (author.h), if there is none yet, and, for the bot, the facts
 * "name" and "icon". */
enum step_rc matrix_post_author(struct flow *flow, struct matrix_post *post);

/* Makes the content; STEP_DONE when it is there. */
enum step_rc matrix_post_content(struct flow *flow, struct matrix_post *post);
/* The piece of the fact "piece", in the thread of the fact "thread_ts", as one of
 * `event`'s: STEP_DONE when it stands on Slack, or is gone (post->poster). edit: the
 * event that edits it, or NULL. change_ts: the message to be changed; NULL: a new one. */
enum step_rc matrix_post_piece(struct flow *flow, struct matrix_post *post,
        const char *event, const char *edit, const char *change_ts);
/* A new one stands there: adds its mapping to what is committed. */
void matrix_post_record(struct flow *flow, struct matrix_post *post, const char *event);
/* All pieces, as new messages: STEP_END after the last. */
enum step_rc matrix_post_all(
        struct flow *flow, struct matrix_post *post, const char *event, const char *edit);
void matrix_post_finish(struct matrix_post *post);

#endif
