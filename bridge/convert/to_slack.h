/* to_slack: a Matrix message as Slack shows it. Pure: names come through callbacks, no
 * time, no randomness; equal input gives equal output.
 *
 * Nothing a Matrix user writes becomes a mention, a link or a command on Slack unless the
 * caller's names and options say so. docs/conversion.md says what becomes of what. */
#ifndef BRIDGE_CONVERT_TO_SLACK_H
#define BRIDGE_CONVERT_TO_SLACK_H

#include "bridge/convert/id_list.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	/* Of one piece in UTF-16 units of its escaped text: what chat.update takes, so
	 * that every piece stays editable (Slack protocol reference, 6.5). */
	TO_SLACK_PIECE_CHARS = 4000,
	TO_SLACK_MIN_PIECE_CHARS = 1000,
	TO_SLACK_MAX_PIECES = 64,
};

struct to_slack_user {
	const char *id; /* Slack user ID: a real mention; NULL: only the name is shown */
	const char *name; /* without @; NULL: what the message calls the user */
};

struct to_slack_channel {
	const char *id;   /* Slack channel ID; NULL: only the name is shown */
	const char *name; /* without #; NULL: what the message calls the room */
};

/* What the caller knows. Each callback is called during the conversion only, perhaps
 * several times for one thing; what it returns is borrowed until the conversion returns.
 * A callback that is NULL knows nothing. */
struct to_slack_names {
	void *arg;
	/* False: unknown; *out is empty when called. */
	bool (*user)(void *arg, const char *mxid, struct to_slack_user *out);
	/* room is a room ID or an alias. */
	bool (*channel)(void *arg, const char *room, struct to_slack_channel *out);
	/* The ID of the user group with this handle (written as @handle), or NULL. */
	const char *(*group)(void *arg, const char *handle);
	/* The name of the custom emoji that is this mxc: URI, without colons, or NULL. */
	const char *(*emoji)(void *arg, const char *mxc);
	/* The permalink of the Slack message that is this event, or NULL. */
	const char *(*message)(void *arg, const char *room, const char *event_id);
};

struct to_slack_options {
	/* Without it @room in the text stays text. With it, it becomes a broadcast if
	 * m.mentions.room says that it is meant. */
	bool may_ping_room;
	bool may_ping_groups; /* likewise for @handle of a user group; names.group is
	                         asked */
	/* The text alone will be posted (chat.meMessage takes no blocks): it carries the
	 * formatting, and signs that would be taken for formatting are kept apart. */
	bool text_only;
	bool blocks_always; /* also where the text alone would say the same */
	size_t piece_chars; /* 0: TO_SLACK_PIECE_CHARS */
};

struct to_slack_piece {
	char *text; /* escaped mrkdwn, never empty: notifications, search, or the message
	             */
	char *blocks; /* JSON: an array with one rich_text block; NULL: the text says it
	                 all */
};

/* In order; each is a message of its own. No piece at all: a file without a caption. */
struct to_slack {
	bool emote; /* m.emote: the pieces are spoken in the third person */
	bool cut;   /* over TO_SLACK_MAX_PIECES: the last one ends by saying so */
	struct to_slack_piece *pieces;
	size_t count;
};

/* content: of an m.room.message (for an edit: its m.new_content), of a sticker, or of a
 * poll start; for a file the caption is what counts. names and options may be NULL.
 * to_slack_finish(out). */
void to_slack_convert(const cJSON *content, const struct to_slack_names *names,
        const struct to_slack_options *options, struct to_slack *out);
void to_slack_finish(struct to_slack *out);

/* Plain text, such as a notice of the bridge, escaped. Caller frees. */
char *to_slack_escape(const char *text);

struct to_slack_event_ref {
	char *room; /* ID or alias */
	char *event_id;
};

/* What a message refers to, so that names can be fetched first. */
struct to_slack_refs {
	struct id_list users;   /* mxids */
	struct id_list rooms;   /* IDs and aliases */
	struct id_list emoji;   /* mxc: URIs */
	struct id_list handles; /* that may be those of user groups, without @ */
	struct to_slack_event_ref *events;
	size_t event_count;
};

void to_slack_list_refs(const cJSON *content, struct to_slack_refs *out);
void to_slack_refs_finish(struct to_slack_refs *refs);

#endif
