/* doc_slack: a doc as Slack shows it: a rich_text block and a text in mrkdwn. */
#ifndef BRIDGE_CONVERT_DOC_SLACK_H
#define BRIDGE_CONVERT_DOC_SLACK_H

#include "lib/buf.h"

#include "bridge/convert/doc.h"
#include "bridge/convert/doc_split.h"

/* Whether the text (without protection) says all there is and Slack takes none of it for
 * formatting, so that no blocks are needed. */
bool doc_is_plain_text(const struct doc *doc);

/* All append. The doc is tidy (doc_tidy). */

/* A JSON array with one rich_text block. */
void doc_write_rich_text(const struct doc *doc, struct buf *out);
/* protect: signs that Slack would take for formatting are kept apart by U+200B. Spoilers
 * are left out, for this text goes into notifications. */
void doc_write_mrkdwn(const struct doc *doc, bool protect, struct buf *out);

/* At most how many UTF-16 units parts of a doc take in mrkdwn. */
extern const struct doc_costs doc_slack_costs;

/* The cells of a table from block `first` on, as lines with columns of equal width;
 * returns the number of the block after the table. */
size_t doc_write_table(const struct doc *doc, size_t first, struct buf *out);

#endif
