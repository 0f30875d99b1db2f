/* text: plain text between Slack's message text and a Matrix body. Pure.
 *
 * Slack's `text` escapes & < > and puts links, mentions and commands between < and >
 * (docs.slack.dev, "Formatting message text"). */
#ifndef BRIDGE_CONVERT_TEXT_H
#define BRIDGE_CONVERT_TEXT_H

#include <stddef.h>

/* Readable plain text: links as "label (url)", mentions as @name or #name, dates by their
 * fall-back text, everything unescaped once. Never empty for a text that is not. Caller
 * frees. */
char *text_from_slack(const char *mrkdwn);

/* The first piece of a text that is too long for one event: as JSON text it has at most
 * max_bytes (at least 12). It ends with a line, or else with a word, if one ends in its
 * second half; the line break or space is dropped. *rest is what follows in `text`, "" if
 * that was all. Caller frees. */
char *text_piece(const char *text, size_t max_bytes, const char **rest);

/* Escapes & < >, so that nothing a Matrix user writes becomes a mention or a command on
 * Slack. Caller frees. */
char *text_to_slack(const char *body);

#endif
