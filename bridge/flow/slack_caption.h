/* slack_caption: a Slack message of one text and one file is one event: the file with the
 * text as its caption - if the file is there in time. Otherwise the text goes alone and
 * the file comes behind it (slack_file.h).
 *
 * What was decided is committed before anything is sent. The file's row then holds the
 * text (file.reason) and the part of the text, so that the file is not shown twice, and
 * the text stays when the file alone is deleted. */
#ifndef BRIDGE_FLOW_SLACK_CAPTION_H
#define BRIDGE_FLOW_SLACK_CAPTION_H

#include "bridge/flow/files.h"
#include "bridge/queue/flow.h"

struct slack_caption { /* in a flow's state; all zero at first */
	struct file_row row;
	bool waited;
	cJSON *media; /* the file's event; NULL: the text goes alone */
};

/* For a new message, before its first event is sent: STEP_DONE once it is decided (a fact
 * of the row). */
enum step_rc slack_caption_decide(struct flow *flow, struct slack_caption *caption);
/* For an edit: STEP_DONE once it is known how the message was sent. */
enum step_rc slack_caption_recall(struct flow *flow, struct slack_caption *caption);
void slack_caption_finish(struct slack_caption *caption);

/* The event: text (taken; NULL: none) under the file. Caller deletes. */
cJSON *slack_caption_event(const struct slack_caption *caption, cJSON *text);
/* It was sent so: adds what has to be remembered to what is committed. text: the event
 * that the text alone would be, NULL: none. */
void slack_caption_record(struct flow *flow, const cJSON *text);

#endif
