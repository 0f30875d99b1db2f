/* to_matrix: a Slack message as Matrix shows it. Pure: names come through callbacks, no
 * time, no randomness; equal input gives equal output.
 *
 * What is read: text (mrkdwn), blocks (rich_text and Block Kit), attachments, subtype;
 * files are the caller's. When there are blocks, `text` is only their fall-back and is
 * not shown (Slack protocol reference, 6.3). docs/conversion.md says what becomes of
 * what. */
#ifndef BRIDGE_CONVERT_TO_MATRIX_H
#define BRIDGE_CONVERT_TO_MATRIX_H

#include "bridge/convert/id_list.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	/* Of one piece, body and html together as JSON text: an edit carries both twice,
	 * and an event has at most 65,536 bytes (Matrix specification, size limits). */
	TO_MATRIX_PIECE_BYTES = 28000,
	TO_MATRIX_MIN_PIECE_BYTES = 4096,
};

struct to_matrix_user {
	const char *mxid; /* NULL: a name without a pill */
	const char
	        *name; /* as shown; NULL: the ID or the label of the message is shown */
};

struct to_matrix_channel {
	const char *room; /* room ID or alias; NULL: no room, only the name is shown */
	const char *via;  /* server for a link to a room ID; NULL: none */
	const char *name; /* without #; NULL: the label or the ID is shown */
};

/* What the caller knows. Each callback is called during the conversion only, perhaps
 * several times for one ID; what it returns is borrowed until the conversion returns.
 * A callback that is NULL knows nothing. All IDs and names come from outside. */
struct to_matrix_names {
	void *arg;
	/* False: unknown; *out is empty when called. */
	bool (*user)(void *arg, const char *user_id, struct to_matrix_user *out);
	bool (*channel)(void *arg, const char *channel_id, struct to_matrix_channel *out);
	/* The handle of a user group without @, or NULL. */
	const char *(*group)(void *arg, const char *group_id);
	/* A custom emoji: an mxc: URI, or Unicode (an alias of a standard one), or NULL.
	 * The name has no colons. Not asked for standard emoji. */
	const char *(*emoji)(void *arg, const char *name);
	/* A matrix.to URL for a message, or NULL. host is that of the permalink
	 * ("acme.slack.com"), or NULL if the message names only channel and ts. */
	const char *(*message)(
	        void *arg, const char *host, const char *channel_id, const char *ts);
};

struct to_matrix_options {
	size_t piece_bytes;     /* 0: TO_MATRIX_PIECE_BYTES */
	int utc_offset_minutes; /* in which dates are written; they name the offset */
};

enum to_matrix_kind {
	TO_MATRIX_TEXT,
	TO_MATRIX_NOTICE, /* Slack itself speaks: joins, topics, huddles, tombstones */
	TO_MATRIX_EMOTE,  /* me_message */
};

struct to_matrix_piece {
	char *body;            /* never empty */
	char *html;            /* formatted_body, or NULL if the body says it all */
	struct id_list users;  /* Slack user IDs mentioned, also those without an mxid */
	struct id_list groups; /* user group IDs mentioned */
	bool room;             /* @here, @channel or @everyone */
};

/* In order; each is an event of its own. No piece at all: the message is only its files.
 * A message with neither text nor files says so in words. */
struct to_matrix {
	enum to_matrix_kind kind;
	struct to_matrix_piece *pieces;
	size_t count;
};

/* names and options may be NULL. message is borrowed. to_matrix_finish(out). */
void to_matrix_convert(const cJSON *message, const struct to_matrix_names *names,
        const struct to_matrix_options *options, struct to_matrix *out);
void to_matrix_finish(struct to_matrix *out);
const char *to_matrix_msgtype(enum to_matrix_kind kind); /* "m.text" ... */

struct to_matrix_message_ref {
	char *host; /* NULL: not named */
	char *channel_id;
	char *ts;
};

/* What a message refers to, so that names can be fetched first. */
struct to_matrix_refs {
	struct id_list users;
	struct id_list channels;
	struct id_list groups;
	struct id_list emoji; /* names that may be custom emoji */
	struct to_matrix_message_ref *messages;
	size_t message_count;
};

void to_matrix_list_refs(const cJSON *message, struct to_matrix_refs *out);
void to_matrix_refs_finish(struct to_matrix_refs *refs);

/* The matrix.to URLs of a user, a room (ID or alias; via may be NULL) and an event, with
 * everything escaped. Caller frees. */
char *matrix_to_user(const char *mxid);
char *matrix_to_room(const char *room, const char *via);
char *matrix_to_event(const char *room, const char *event_id, const char *via);

#endif
