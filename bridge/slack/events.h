/* events: from the JSON of an events_api payload to typed facts (docs.slack.dev, Events
 * API). Nothing above slack/ looks into Slack's JSON. */
#ifndef BRIDGE_SLACK_EVENTS_H
#define BRIDGE_SLACK_EVENTS_H

#include "lib/err.h"
#include "lib/json.h"

enum slack_event_kind {
	SLACK_EVENT_MESSAGE, /* a new message by a person or an app */
	/* One was changed: target_ts is the message, ts the change; the rest is the
	 * message as it is now. Slack reports previews and counters alike: whether its
	 * author changed it only `raw` can tell (convert/edits.h), for what apps change
	 * is not marked as edited (Slack protocol reference, 2.5). */
	SLACK_EVENT_EDITED,
	/* One was deleted, also one with a thread, of which a tombstone stays: target_ts;
	 * user_id, bot_id and message are its own as it was. */
	SLACK_EVENT_DELETED,
	SLACK_EVENT_FILES_GONE, /* slack_event_gone_file() says which; a change can say so
	                           too */
	SLACK_EVENT_REACTION_ADDED, /* by user_id to target_ts */
	SLACK_EVENT_REACTION_REMOVED,
	SLACK_EVENT_MEMBER_JOINED, /* of a user to a channel */
	SLACK_EVENT_MEMBER_LEFT,
	/* Something about a channel is not as it was: type or subtype say what. */
	SLACK_EVENT_CHANNEL,
	SLACK_EVENT_CHANNEL_MOVED,  /* raw: old_channel_id, new_channel_id */
	SLACK_EVENT_USER,           /* user_id is new or has changed: raw, "user" */
	SLACK_EVENT_TEAM,           /* the workspace's name, domain or picture */
	SLACK_EVENT_EMOJI_CHANGED,  /* slack_event_emoji_change() says how */
	SLACK_EVENT_GROUP_CHANGED,  /* slack_event_group() says which */
	SLACK_EVENT_TOKENS_REVOKED, /* user_id is one of the bots meant; "" if none */
	SLACK_EVENT_APP_UNINSTALLED,
	SLACK_EVENT_IGNORED, /* known, without effect (event_table.h); or not whole */
	SLACK_EVENT_UNKNOWN, /* not known; `type` says which */
};

struct slack_event { /* borrows from the payload */
	enum slack_event_kind kind;
	const char *type;     /* "message" */
	const char *subtype;  /* "" if none */
	const char *event_id; /* stable across redeliveries: the unique key */
	const char *team_id;
	const char *channel_id; /* "" if the event has none */
	const char *user_id;    /* who did it; "" for bots without a user */
	const char *bot_id;     /* "" if no bot */
	const char *app_id;     /* "" if no app */
	const char *username;   /* customised name of a bot message; "" if none */
	const char *text;       /* mrkdwn, "" if none */
	const char *ts;
	const char *thread_ts; /* "" outside threads */
	const char *mark; /* event_id in our metadata mark, "" if not ours or not shown */
	const char *block_mark; /* one of a bridge in the message's blocks, "" if none:
	                           see slack_event_has_tag() */
	const char
	        *target_ts; /* of what is changed, deleted or reacted to; "" otherwise */
	const char *edited_ts; /* of the last edit, "" if there was none */
	const char *reaction;  /* the emoji's name without colons; "" if it is none */
	const cJSON *raw;     /* the event as Slack sent it: a change also has what was */
	const cJSON *message; /* a message in Slack's own form, for the conversion; NULL
	                         if  the event is about none */
};

/* Does it stand in the message's mark (slack_mark::tag)? */
bool slack_event_has_tag(const struct slack_event *event, const char *tag);

/* The next reaction of a message that history lists: *cursor is 0 at first. Only of those
 * whose users are all named. False: no more. */
bool slack_event_reaction(const struct slack_event *message, size_t *cursor,
        const char **name, const char **user_id);
/* The newest reply in its thread, "" if history names none. */
const char *slack_event_latest_reply(const struct slack_event *message);

/* A message as conversations.history lists it: the same facts, without the event's own
 * (event_id and team_id are ""). The
 * tombstone of one that was deleted is SLACK_EVENT_DELETED. */
void slack_event_from_history(
        const cJSON *message, const char *channel_id, struct slack_event *out);

/* The index-th file that the event says is deleted, also one that is an edit; NULL after
 * the last. */
const char *slack_event_gone_file(const struct slack_event *event, unsigned index);

/* What an emoji_changed says: added: its name and value; removed: names, a list of texts,
 * or the old one of a renamed emoji. All empty: it does not say, and the whole list is to
 * be read again (Slack protocol reference, 2.2). */
struct slack_emoji_change {
	const char *added, *value; /* "" if none */
	const char *renamed;       /* "" if none */
	const cJSON *removed;      /* NULL if none */
};
void slack_event_emoji_change(
        const struct slack_event *event, struct slack_emoji_change *out);

struct slack_group;
/* Of SLACK_EVENT_GROUP_CHANGED, from its `raw`. */
bool slack_event_group(const cJSON *raw, struct slack_group *out);

/* False (permanent) only if the payload has not even the outer shape (event_id,
 * event.type). */
bool slack_event_parse(const cJSON *payload, struct slack_event *out, struct err *err);

#endif
