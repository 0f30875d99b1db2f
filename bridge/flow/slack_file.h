/* slack_file: the files of a Slack message become events in its portal.
 *
 *   slack_file_carry  brings the bytes to the homeserver, in a lane of its own
 *   slack_file        sends the event, in its conversation's lane, behind the text */
#ifndef BRIDGE_FLOW_SLACK_FILE_H
#define BRIDGE_FLOW_SLACK_FILE_H

#include "bridge/flow/logins.h"
#include "bridge/slack/events.h"
#include "bridge/slack/files.h"
#include "bridge/store/store.h"

enum { SLACK_FILES_MAX = 50 }; /* of a message; Slack's clients allow ten */

enum slack_files_kind {
	SLACK_FILES_ALONE, /* the message has nothing else: the first one takes its key */
	SLACK_FILES_BEHIND_TEXT, /* it has: they come after it */
};
/* Adds the jobs for all files of a message of that kind to a transaction, once however
 * often it comes. False: it is none of that kind, and nothing was added. */
bool slack_files_add(struct login *login, struct store_tx *tx,
        const struct slack_event *event, enum slack_files_kind kind);

/* Adds the jobs for the files that the event says are deleted. */
void slack_files_gone_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event);

/* The content of the event that shows the file; media are mxc URIs, thumbnail may be
 * NULL. Caller deletes. */
cJSON *slack_file_content(
        const struct slack_file *file, const char *media, const char *thumbnail);
/* What stands for a file that cannot be carried: its name, why, and where it is. */
cJSON *slack_file_notice(const struct slack_file *file, const char *why);

#endif
