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

/* Adds the jobs for all files of a message to a transaction, behind that of its text,
 * once however often it comes. */
void slack_files_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event);
/* The key of a file's row. Caller frees. */
char *slack_file_key(
        const char *team_id, const char *channel_id, const char *ts, const char *file_id);

/* Adds the jobs for the files that a change of a message brought, and for those that it
 * says are deleted. */
void slack_files_changed_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event);
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
