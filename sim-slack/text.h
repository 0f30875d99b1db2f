/* text: message text as Slack stores it, and the rich_text block its clients send along.
 */
#ifndef SIM_SLACK_TEXT_H
#define SIM_SLACK_TEXT_H

#include "lib/json.h"
#include "lib/map.h"
#include "sim-slack/ids.h"
#include <stdbool.h>
#include <stddef.h>

enum { TEXT_MAX_CHARS = 40000, TEXT_EDIT_MAX_CHARS = 4000 };

/* Characters, not bytes. */
size_t text_length(const char *text);

/* What Slack makes of text that was typed or posted: a bare & < > is escaped, a bare web
 * address is put in <>, and what passes 40,000 characters is cut off. Caller frees. */
char *text_store(const char *raw);

/* Bytes of "<...>" at p if it is one of Slack's sequences, otherwise 0. */
size_t text_sequence_length(const char *p);
/* One of the three entities that stored text knows. */
bool text_is_entity(const char *p);

/* [rich_text] for stored text, as a Slack client sends it along: sections, lists, quotes,
 * preformatted parts (section 6.3). custom (may be NULL) holds the workspace's own emoji
 * by name. NULL for empty text. Caller deletes. */
cJSON *text_to_blocks(struct ids *ids, const struct map *custom, const char *stored);

#endif
