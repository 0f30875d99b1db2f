/* state: the workspace as data: users, channels, memberships, messages. Nothing here
 * reports or sends anything (acts.h does); what has a wire form already is kept in it. */
#ifndef SIM_SLACK_STATE_H
#define SIM_SLACK_STATE_H

#include "lib/json.h"
#include "lib/map.h"
#include "sim-slack/ids.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum channel_kind { CHANNEL_PUBLIC, CHANNEL_PRIVATE, CHANNEL_MPIM, CHANNEL_IM };
enum { CHANNEL_KINDS = 4 };

struct user {
	char *id;
	char *name;
	char *real_name;
	char *display_name;
	char *email;
	char *title;
	char *phone, *pronouns, *status_text, *status_emoji;
	int64_t status_expiration_s;
	char *team_id; /* NULL: one of our own */
	cJSON *fields; /* {Xf...: {value, alt, label}}, or NULL */
	char *bot_id;  /* NULL for people */
	char *app_id;  /* NULL for people */
	char avatar_hash[13];
	bool deleted;
	bool admin;
	bool restricted;       /* a guest of several channels */
	bool ultra_restricted; /* a guest of one */
	bool away;
	int64_t updated_s;
};

struct topic {
	char *text;
	char *creator;
	int64_t set_s;
};

/* Who may write where not everybody may. */
struct posting {
	bool admins_only;  /* at the top of the channel */
	bool threads_only; /* nobody there, all in threads */
	bool no_threads;
};

struct channel {
	char *id;
	char *name;
	enum channel_kind kind;
	char *creator;
	int64_t created_s;
	int64_t updated_ms;
	bool archived;
	bool general;
	bool closed; /* a direct one, by the app: until it is opened again */
	struct posting posting;
	cJSON *teams; /* IDs of the other teams it is shared with */
	struct topic topic;
	struct topic purpose;
	cJSON *previous_names;
	struct map *members;       /* user ID -> struct user, in the order of joining */
	struct message **messages; /* by ts, oldest first */
	size_t message_count;
	size_t message_room;
	int64_t last_us; /* the newest time stamp given out */
	char last_read[TS_SIZE];
};

struct file; /* files/files.h */

struct message {
	struct channel *channel;
	int64_t us;
	char ts[TS_SIZE];
	const struct user *user; /* NULL: a bot_message */
	char *subtype;           /* NULL: none */
	char *text;
	char *bot_id;
	char *username;
	char *icon_url;
	char *icon_emoji;
	char *client_msg_id;
	bool by_client;  /* a program wrote it with a person's token */
	char *thread_ts; /* NULL: not a reply; the parent's is known by its replies */
	cJSON *blocks, *attachments, *metadata; /* NULL: none */
	cJSON *extra;                           /* the subtype's own keys, or NULL */
	cJSON *reactions;                       /* [{name, users, count}], or NULL */
	struct file **files;
	size_t file_count;
	char *edited_by;
	int64_t edited_s;
	char *pinned_by;
	int64_t pinned_s;
	size_t reply_count;
	cJSON *reply_users;
	char latest_reply[TS_SIZE];
};

struct workspace {
	char *team_id;
	char *name;
	char *domain;
	char *email_domain;
	char icon_hash[13];   /* "": Slack's own picture */
	struct map *users;    /* ID -> struct user */
	struct map *channels; /* ID -> struct channel */
	struct map *gone;     /* deleted ones, which others may still point at */
	struct map *groups;   /* ID -> struct group (groups/groups.h) */
	struct map *emoji;    /* name -> char *, an address or "alias:<name>" */
	int64_t emoji_us;     /* when they last changed */
};

void workspace_init(
        struct workspace *ws, const char *id, const char *name, const char *domain);
void workspace_finish(struct workspace *ws);

/* id is copied; must be new. The user is the workspace's. */
struct user *workspace_add_user(struct workspace *ws, const char *id, const char *name);
struct user *workspace_user(const struct workspace *ws, const char *id);
/* By ID, name or display name, with or without "@". NULL if there is none. */
struct user *workspace_find_user(const struct workspace *ws, const char *name);
struct user *workspace_next_user(const struct workspace *ws, size_t *cursor);

struct channel *workspace_add_channel(struct workspace *ws, const char *id,
        const char *name, enum channel_kind kind, const char *creator, int64_t now_ms);
struct channel *workspace_channel(const struct workspace *ws, const char *id);
/* By ID or name, with or without "#". NULL if there is none. */
struct channel *workspace_find_channel(const struct workspace *ws, const char *name);
struct channel *workspace_next_channel(const struct workspace *ws, size_t *cursor);
void workspace_rename_channel_id(
        struct workspace *ws, struct channel *channel, const char *id);
/* Nobody finds it any more; its memory stays. */
void workspace_remove_channel(struct workspace *ws, struct channel *channel);
/* The conversation of exactly these users, or NULL. */
struct channel *workspace_find_direct(const struct workspace *ws, enum channel_kind kind,
        struct user *const *users, size_t count);

/* An error word of chat.postMessage, or NULL: they may write there. */
const char *channel_refuses(
        const struct channel *channel, const struct user *user, bool in_thread);
bool channel_has(const struct channel *channel, const struct user *user);
void channel_join(struct channel *channel, struct user *user);
void channel_part(struct channel *channel, const struct user *user);
void channel_rename(struct channel *channel, const char *name);
void topic_set(struct topic *topic, const char *text, const char *by, int64_t now_s);
struct user *channel_next_member(const struct channel *channel, size_t *cursor);
/* The other side of an IM as `user` sees it; their own for a conversation with oneself.
 */
struct user *channel_partner(const struct channel *channel, const struct user *user);

/* A new, empty, newest message. thread_ts (copied) may be NULL; the parent counts the
 * reply. */
struct message *channel_add_message(struct channel *channel, int64_t wall_ms,
        const struct user *user, const char *thread_ts);
/* Takes it out and frees it; its parent's counters follow. */
void channel_remove_message(struct message *message);
/* Frees all messages, for good. */
void channel_clear(struct channel *channel);
struct message *channel_message(const struct channel *channel, const char *ts);
/* Index of the first message at or after `us`. */
size_t channel_seek(const struct channel *channel, int64_t us);
/* The message a reply belongs to; NULL if it is none or the parent is gone. */
struct message *message_parent(const struct message *message);

/* The reaction of that name in message->reactions, or NULL. */
cJSON *message_reaction(const struct message *message, const char *name);
bool reaction_has(const cJSON *reaction, const char *user_id);
void message_react(struct message *message, const char *name, const char *user_id);
void message_unreact(struct message *message, const char *name, const char *user_id);

bool array_has(const cJSON *array, const char *text);

#endif
