/* matrix_reader: what a Matrix message is made of, read into a doc. One reader reads one
 * message; its parts are in files of their own. */
#ifndef BRIDGE_CONVERT_MATRIX_READER_H
#define BRIDGE_CONVERT_MATRIX_READER_H

#include "lib/str.h"

#include "bridge/convert/doc.h"
#include "bridge/convert/to_slack.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

enum {
	MATRIX_MAX_HTML_BYTES = 256 * 1024,
	MATRIX_MAX_NESTING = 100, /* Matrix specification: "Maximum nesting depth" */
	MATRIX_MAX_EMOJI = 300,   /* as emoji elements; those after are text */
};

struct matrix_reader {
	struct doc *doc;
	const struct to_slack_names *names;
	const struct to_slack_options *options;
	const cJSON *mentions; /* m.mentions, or NULL: an old client that has none */
};

/* Whether m.mentions allows that this user is called. */
bool matrix_is_mentioned(const struct matrix_reader *reader, const char *mxid);
bool matrix_room_is_mentioned(const struct matrix_reader *reader);

/* False: nested too deep, or too long; what was read so far is to be thrown away. */
bool matrix_read_html(struct matrix_reader *reader, const char *html);

/* A mention of a user by a mxid; name: what the message calls the user. */
void matrix_add_user(
        struct matrix_reader *reader, const char *mxid, struct str name, unsigned style);

/* The spans from number `first` on are the text of a link: it becomes a mention, the link
 * to a message, or a link. */
void matrix_end_link(struct matrix_reader *reader, size_t first, const char *href);

/* Finds emoji, addresses, @room, @handle and mxids in what was read; *out is a new doc.
 */
void matrix_enrich(struct matrix_reader *reader, struct doc *out);

/* ---------------------------------------------------------------- matrix_uri.c */

struct matrix_uri {     /* decoded; freed by matrix_uri_finish() */
	char *entity;   /* "@user:server", "!room", "#alias:server" */
	char *event_id; /* or NULL */
};

/* https://matrix.to/#/... and matrix:... (Matrix specification, appendices, "URIs"). */
bool matrix_uri_parse(const char *href, struct matrix_uri *out);
void matrix_uri_finish(struct matrix_uri *uri);

#endif
