/* text: message text as Slack stores it, and the rich_text block its clients send along.
 */
#ifndef SIM_SLACK_TEXT_H
#define SIM_SLACK_TEXT_H

#include "lib/json.h"
#include "sim-slack/ids.h"
#include <stdbool.h>
#include <stddef.h>

enum { TEXT_MAX_CHARS = 40000, TEXT_EDIT_MAX_CHARS = 4000 };

/* Characters, not bytes. */
size_t text_length(const char *text);

/* What Slack makes of text that was typed or posted: a bare & < > is escaped, a bare web
 * address is put in <>, and what passes 40,000 characters is cut off. Caller frees. */
char *text_store(const char *raw);

/* [rich_text] for stored text, or NULL: none is made for empty text and for text with
 * quotes or preformatted parts, whose blocks are a structure of their own. Caller
 * deletes. */
cJSON *text_to_blocks(struct ids *ids, const char *stored);

#endif
