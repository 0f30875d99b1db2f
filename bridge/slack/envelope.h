/* envelope: one text frame of a Socket Mode connection, taken apart (docs.slack.dev,
 * "Using Socket Mode"). Pure. */
#ifndef BRIDGE_SLACK_ENVELOPE_H
#define BRIDGE_SLACK_ENVELOPE_H

#include "bridge/slack/socket_mode.h"
#include "lib/json.h"
#include "lib/str.h"

enum socket_frame_kind {
	SOCKET_FRAME_HELLO,
	SOCKET_FRAME_DISCONNECT,
	SOCKET_FRAME_ENVELOPE,
	SOCKET_FRAME_NOISE, /* no JSON object, or nothing that could be acknowledged */
};

enum socket_disconnect {
	SOCKET_DISCONNECT_REFRESH, /* warning, refresh_requested, and reasons we do not
	                              know */
	SOCKET_DISCONNECT_LINK_DISABLED,
	SOCKET_DISCONNECT_TOO_MANY,
};

struct socket_frame {
	enum socket_frame_kind kind;
	struct str raw; /* the text itself; borrowed */
	cJSON *json;    /* what the rest borrows from; NULL if the text was no JSON */
	/* hello */
	int64_t connections; /* of this app now, this one included; 0 if not said */
	int64_t lifetime_s;  /* about how long this connection will live; 0 if not said */
	/* disconnect */
	enum socket_disconnect disconnect;
	const char *reason; /* Slack's word, "" if none */
	/* envelope; conn is left 0 */
	struct slack_envelope envelope;
};

/* Always fills *out; any bytes will do. */
void socket_frame_parse(struct str text, struct socket_frame *out);
void socket_frame_finish(struct socket_frame *frame);

/* The frame that acknowledges it. Caller frees. */
char *socket_ack_frame(const char *envelope_id);

#endif
