/* verbs: the runners behind the verb table (verbs.c), and what they share. */
#ifndef SIM_SLACK_VERBS_H
#define SIM_SLACK_VERBS_H

#include "sim-slack/sim.h"

/* The user an argument names ("bot" is the app's own); the first person if the argument
 * is absent. NULL and *err: there is no such user. */
struct user *verb_user(
        struct sim_slack *sim, const cJSON *args, const char *field, struct err *err);
/* The channel `in` names, by name or ID, or "@name": the direct conversation of `as` (may
 * be NULL) with that user. NULL and *err: there is none. */
struct channel *verb_channel(
        struct sim_slack *sim, const cJSON *args, struct user *as, struct err *err);
/* The message meant: by `ts`, by `of` (the last one with that text), or the last one.
 * author (may be NULL) must have written it. NULL and *err: there is none. */
struct message *verb_message(const struct channel *channel, const cJSON *args,
        const struct user *author, struct err *err);

/* False and *err: people cannot write there. */
bool verb_may_write(
        const struct channel *channel, const struct user *user, struct err *err);
/* The parent that thread_ts or thread_of name, NULL if neither is said. False and *err:
 * there is no such message. */
bool verb_parent(const struct channel *channel, const cJSON *args,
        const struct message **out, struct err *err);

typedef bool verb_run_fn(void *sim, const cJSON *args, cJSON **result, struct err *err);

verb_run_fn verb_post, verb_edit, verb_delete, verb_react, verb_unreact, verb_pin,
        verb_unpin;
verb_run_fn verb_create_channel, verb_invite, verb_kick, verb_join, verb_leave,
        verb_archive, verb_unarchive, verb_rename, verb_topic, verb_add_user,
        verb_update_user;
verb_run_fn verb_unfurl, verb_add_emoji, verb_remove_emoji, verb_rename_emoji;
verb_run_fn verb_share_channel, verb_unshare_channel, verb_change_channel_id,
        verb_convert, verb_delete_channel, verb_posting, verb_history_changed,
        verb_open_direct, verb_change_team, verb_create_group, verb_change_group;
verb_run_fn verb_user_token;
verb_run_fn verb_upload, verb_delete_file, verb_change_file;
verb_run_fn verb_disconnect, verb_answer, verb_envelope, verb_refuse, verb_revoke,
        verb_knob, verb_tokens, verb_app, verb_state;
verb_run_fn verb_wire, verb_tls, verb_log;
verb_run_fn verb_command, verb_click, verb_shortcut, verb_submit, verb_suggest,
        verb_session, verb_typing;

#endif
