/* acts: what people and apps do in the workspace. Each act changes the state, reports
 * what happened and sends the events Slack sends. Whoever calls has checked that it is
 * allowed: the Web API answers with Slack's error words, verbs with sentences. */
#ifndef SIM_SLACK_ACTS_H
#define SIM_SLACK_ACTS_H

#include "sim-slack/sim.h"

/* A message to be. Texts and JSON are borrowed; text must be stored text (text_store). */
struct post {
	struct channel *channel;
	const struct user *user; /* NULL: a bot_message */
	const char *bot_id;      /* NULL: a person's */
	const char *subtype;
	const char *text;
	const char *username, *icon_url, *icon_emoji;
	const char *thread_ts; /* the parent's */
	const char *client_msg_id;
	const cJSON *blocks, *attachments, *metadata, *extra;
	struct file *const *files;
	size_t file_count;
	bool own_blocks; /* give it the rich_text block a Slack client sends */
};

/* event_id (may be NULL) is "" if no event went out. */
struct message *act_post(
        struct sim_slack *sim, const struct post *post, char event_id[EVENT_ID_SIZE]);
/* A message that Slack itself writes about `user`; extra is taken, may be NULL. */
void act_note(struct sim_slack *sim, struct channel *channel, const struct user *user,
        const char *subtype, const char *text, cJSON *extra);

/* What an edit changes: NULL keeps; a JSON null takes away. */
struct edit {
	const char *text;
	const char *by; /* user or bot ID */
	const cJSON *blocks, *attachments, *metadata;
	struct file *const *files; /* added to those there are */
	size_t file_count;
	bool own_blocks;
};
void act_edit(struct sim_slack *sim, struct message *message, const struct edit *edit,
        char event_id[EVENT_ID_SIZE]);
/* A parent with replies stays as a tombstone. message may be gone afterwards. */
void act_delete(
        struct sim_slack *sim, struct message *message, char event_id[EVENT_ID_SIZE]);

/* For what changes a message otherwise than by an edit, as a preview of a link does:
 * what it looks like before, and then message_changed without `edited`. Takes before. */
cJSON *act_message_before(const struct sim_slack *sim, const struct message *message);
void act_message_changed(
        struct sim_slack *sim, const struct message *message, cJSON *before);

void act_react(struct sim_slack *sim, struct message *message, const struct user *user,
        const char *name, bool add);
void act_pin(struct sim_slack *sim, struct message *message, const struct user *user,
        bool add);

struct channel *act_create_channel(struct sim_slack *sim, const char *name,
        enum channel_kind kind, struct user *creator);
/* The direct conversation of these users, made if there was none; *made may be NULL. */
struct channel *act_open_direct(
        struct sim_slack *sim, struct user *const *users, size_t count, bool *made);
/* inviter NULL: by themselves. */
void act_join(struct sim_slack *sim, struct channel *channel, struct user *user,
        const struct user *inviter);
/* actor other than user: kicked. */
void act_leave(struct sim_slack *sim, struct channel *channel, struct user *user,
        const struct user *actor);
void act_archive(struct sim_slack *sim, struct channel *channel, const struct user *user);
void act_unarchive(struct sim_slack *sim, struct channel *channel, struct user *user);
void act_rename(struct sim_slack *sim, struct channel *channel, const struct user *user,
        const char *name);
/* purpose: the purpose instead of the topic. */
void act_topic(struct sim_slack *sim, struct channel *channel, const struct user *user,
        const char *text, bool purpose);

/* Slack Connect: with another team, which is at least one more than our own. */
void act_share_channel(
        struct sim_slack *sim, struct channel *channel, const char *team_id);
/* Its people leave. */
void act_unshare_channel(
        struct sim_slack *sim, struct channel *channel, const char *team_id);
void act_change_channel_id(
        struct sim_slack *sim, struct channel *channel, const char *new_id);
void act_convert(struct sim_slack *sim, struct channel *channel, const struct user *user,
        bool to_private);
/* With its history, for good. */
void act_delete_channel(
        struct sim_slack *sim, struct channel *channel, const struct user *user);
void act_restrict_posting(struct sim_slack *sim, struct channel *channel,
        const struct user *user, const struct posting *posting);
void act_history_changed(struct sim_slack *sim, struct channel *channel);

void act_rename_team(struct sim_slack *sim, const char *name);
void act_change_domain(struct sim_slack *sim, const char *domain);
void act_change_email_domain(struct sim_slack *sim, const char *domain);
void act_change_icon(struct sim_slack *sim);

/* Fills its fields, except the ID and the name. */
typedef void user_change_fn(struct sim_slack *sim, struct user *user, const void *arg);
/* team_join for one of our own; people of other teams just appear. fill may be NULL. */
struct user *act_add_user(
        struct sim_slack *sim, const char *name, user_change_fn *fill, const void *arg);
/* What has changed decides which events go out. */
void act_change_user(struct sim_slack *sim, struct user *user, user_change_fn *change,
        const void *arg);

/* The app's token for this user (its own: the bot token) was revoked: tells it so. */
void act_tokens_revoked(struct sim_slack *sim, const struct user *user);
void act_uninstalled(struct sim_slack *sim);

#endif
