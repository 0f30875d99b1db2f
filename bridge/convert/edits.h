/* edits: what a change of a message means to a reader, and how Matrix is told of it.
 * Pure. */
#ifndef BRIDGE_CONVERT_EDITS_H
#define BRIDGE_CONVERT_EDITS_H

#include <cjson/cJSON.h>
#include <stdbool.h>

enum slack_change {
	SLACK_CHANGE_NONE = 0,  /* an unfurl, a preview, a reply count: no edit */
	SLACK_CHANGE_TEXT = 1,  /* text, blocks or attachments of the author's */
	SLACK_CHANGE_FILES = 2, /* files came, went, or became tombstones */
	SLACK_CHANGE_DELETED =
	        4, /* a parent of a thread was deleted (subtype tombstone) */
};

/* What differs for a reader between event.previous_message and event.message of a
 * message_changed: a set of enum slack_change. Without a previous_message, `edited` says
 * whether the text was changed (Slack protocol reference, 2.5). */
unsigned edits_slack_change(const cJSON *event);

/* The content of an m.replace event for event_id (Matrix specification, event
 * replacements): new_content becomes m.new_content, a copy of it with "* " before the
 * texts is the fall-back. m.mentions stays whole in m.new_content; the fall-back's names
 * only those not in old_content, the content before (NULL: not known, nobody is pinged
 * again). Takes new_content, borrows old_content; caller cJSON_Delete()s the result. */
cJSON *edits_matrix_content(
        cJSON *new_content, const cJSON *old_content, const char *event_id);

#endif
