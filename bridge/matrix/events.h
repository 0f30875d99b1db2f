/* events: from the JSON of a room event to typed facts. Nothing above matrix/ looks into
 * it. */
#ifndef BRIDGE_MATRIX_EVENTS_H
#define BRIDGE_MATRIX_EVENTS_H

#include "lib/err.h"
#include "lib/json.h"

enum matrix_event_kind {
	MATRIX_EVENT_MESSAGE,   /* m.room.message, not an edit; a sticker; the start of a
	                         * poll
	                         */
	MATRIX_EVENT_EDIT,      /* m.room.message with m.replace: of target */
	MATRIX_EVENT_REACTION,  /* m.reaction: to target, with key */
	MATRIX_EVENT_REDACTION, /* m.room.redaction: of target */
	MATRIX_EVENT_MEMBER,    /* m.room.member */
	MATRIX_EVENT_OTHER,
};

struct matrix_event { /* borrows from the JSON */
	enum matrix_event_kind kind;
	const char *type;
	const char *event_id;
	const char *room_id;
	const char *sender;
	int64_t ts_ms;
	/* messages */
	const char *msgtype;  /* "" if none; of a sticker or a poll its event type */
	const char *body;     /* "" if none */
	const cJSON *content; /* an object, or NULL; of an edit the new one */
	const char *target;   /* what it changes, reacts to or redacts; "" if nothing */
	const char *key;      /* of a reaction; "" if none */
	const char *thread;   /* the event its thread began with; "" if in none */
	const char *reply_to; /* the event it answers, or that stands for its place in the
	                         thread; "" if none */
	bool is_state;
	/* members */
	const char *state_key;   /* "" if none */
	const char *membership;  /* "" if none */
	const char *displayname; /* "" if none */
	bool is_direct;
};

/* False (permanent) if it is no event: event_id, room_id, sender or type missing or no
 * text. */
bool matrix_event_parse(const cJSON *event, struct matrix_event *out, struct err *err);

#endif
