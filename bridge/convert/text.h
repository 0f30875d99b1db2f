/* text: plain text between Slack's message text and a Matrix body. Pure.
 *
 * Slack's `text` escapes & < > and puts links, mentions and commands between < and >
 * (docs.slack.dev, "Formatting message text"). */
#ifndef BRIDGE_CONVERT_TEXT_H
#define BRIDGE_CONVERT_TEXT_H

/* Readable plain text: links as "label (url)", mentions as @name or #name, dates by their
 * fall-back text, everything unescaped once. Never empty for a text that is not. Caller
 * frees. */
char *text_from_slack(const char *mrkdwn);

/* Escapes & < >, so that nothing a Matrix user writes becomes a mention or a command on
 * Slack. Caller frees. */
char *text_to_slack(const char *body);

#endif
