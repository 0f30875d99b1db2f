/* slack_reader: what a Slack message is made of, read into a doc. One reader reads one
 * message; its parts are in files of their own. */
#ifndef BRIDGE_CONVERT_SLACK_READER_H
#define BRIDGE_CONVERT_SLACK_READER_H

#include "lib/str.h"

#include "bridge/convert/doc.h"
#include "bridge/convert/to_matrix.h"
#include "bridge/convert/url.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	SLACK_MAX_NESTING = 8,     /* of blocks in attachments in messages in blocks */
	SLACK_MAX_ELEMENTS = 20000 /* of all kinds, in one message */
};

struct slack_reader {
	struct doc *doc;
	const struct to_matrix_names *names;
	int utc_offset_minutes;
	unsigned nesting;
	unsigned elements; /* read so far */
};

/* False when there have been too many; nothing more is read then. */
bool slack_reader_count(struct slack_reader *reader);

/* ---------------------------------------------------------------- slack_inline.c */

/* One thing within a line. label is what the message calls it, without sign; it may be
 * empty. style is a set of enum doc_style. */
void slack_add_user(
        struct slack_reader *reader, struct str id, struct str label, unsigned style);
void slack_add_channel(
        struct slack_reader *reader, struct str id, struct str label, unsigned style);
void slack_add_group(
        struct slack_reader *reader, struct str id, struct str label, unsigned style);
void slack_add_broadcast(struct slack_reader *reader, unsigned style);
/* unicode: hyphen-joined code points as in rich_text, or empty. */
void slack_add_emoji(
        struct slack_reader *reader, struct str name, struct str unicode, unsigned style);
/* Whether :name: means an emoji here; then it is added. */
bool slack_try_emoji(struct slack_reader *reader, struct str name, unsigned style);
void slack_add_link(
        struct slack_reader *reader, struct str url, struct str label, unsigned style);
/* A message by its place; host may be empty, url (its permalink) too. */
void slack_add_message(struct slack_reader *reader, struct str channel, struct str ts,
        struct str url, unsigned style);
/* fallback and url may be empty. */
void slack_add_date(struct slack_reader *reader, int64_t seconds, struct str format,
        struct str fallback, unsigned style);

/* ---------------------------------------------------------------- the parts */

/* Escaped text with Slack's marks. Begins and ends blocks where it has quotes and code;
 * its last block stays open. */
void slack_read_mrkdwn(struct slack_reader *reader, struct str text, unsigned style);
/* Text without marks; &amp; &lt; &gt; and, if wanted, :emoji: are read. */
void slack_read_plain(
        struct slack_reader *reader, struct str text, bool emoji, unsigned style);
/* A text object of Block Kit: {type: plain_text or mrkdwn, text}. */
void slack_read_text_object(
        struct slack_reader *reader, const cJSON *object, unsigned style);
void slack_read_rich_text(struct slack_reader *reader, const cJSON *block);
/* The text of a markdown block: Markdown as models write it. */
void slack_read_markdown(struct slack_reader *reader, struct str text);
void slack_read_blocks(struct slack_reader *reader, const cJSON *blocks);
void slack_read_attachments(struct slack_reader *reader, const cJSON *message);

/* ---------------------------------------------------------------- slack_date.c */

/* Writes a date as Slack's format asks ("{date_short} at {time}"); false if the seconds
 * are no date. */
bool slack_format_date(
        struct buf *out, int64_t seconds, struct str format, int utc_offset_minutes);

/* ---------------------------------------------------------------- slack_permalink.c */

struct slack_permalink { /* NUL-terminated copies */
	char host[128], channel[64], ts[24];
};

/* Takes https://TEAM.slack.com/archives/C123/p1700000000000100 apart. */
bool slack_permalink_parse(struct str url, struct slack_permalink *out);

#endif
