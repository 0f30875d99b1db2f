/* mark: how a message that the bridge wrote with a person's own token is known again: by
 * the ID of its first block, which Slack keeps as it is (docs.slack.dev, Block Kit,
 * block_id: up to 255 characters). "mx:<tag>:<event>:<piece>:<edit>", where event and
 * edit are digests. Internal to slack/. */
#ifndef BRIDGE_SLACK_MARK_H
#define BRIDGE_SLACK_MARK_H

#include "bridge/slack/web_api.h"

/* The ID; with_edit false: only as far as the edit. Caller frees. */
char *mark_block_id(const struct slack_mark *mark, bool with_edit);
/* The blocks, JSON text, with the mark; text: what they say, if there are none. Caller
 * frees. */
char *mark_blocks(const char *blocks, const char *text, const struct slack_mark *mark);

/* The ID of a message's first block if it is a mark, "" otherwise. Borrowed. */
const char *mark_of_blocks(const cJSON *message);
/* Its part for the edit, "" if none. Borrowed from it. */
const char *mark_edit(const char *block_id);
/* Is it the mark of somebody with that tag? */
bool mark_has_tag(const char *block_id, const char *tag);

#endif
