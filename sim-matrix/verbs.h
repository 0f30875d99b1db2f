/* verbs: what people do, one function for each line of the table in verbs.c. Arguments
 * have been checked against the table; `sim` is a struct sim_matrix. */
#ifndef SIM_MATRIX_VERBS_H
#define SIM_MATRIX_VERBS_H

#include "sim-matrix/events.h"
#include "sim-matrix/members.h"
#include "sim-matrix/state.h"

typedef bool verb_run_fn(void *sim, const cJSON *args, cJSON **result, struct err *err);

/* verbs_people.c: accounts and registrations */
verb_run_fn verb_register_user, verb_register_appservice, verb_unregister_appservice,
        verb_set_displayname, verb_auto_accept;
/* verbs_rooms.c: rooms and their members */
verb_run_fn verb_create_room, verb_dm, verb_join, verb_leave, verb_invite, verb_accept,
        verb_kick, verb_ban, verb_unban, verb_knock, verb_set_state, verb_power;
/* verbs_state.c: a room's state, one's own profile, looking */
verb_run_fn verb_set_room_name, verb_set_topic, verb_set_room_avatar, verb_encrypt,
        verb_pin, verb_unpin, verb_upgrade, verb_set_avatar, verb_leave_all, verb_look;
/* verbs_messages.c: text, and what is done to it */
verb_run_fn verb_post, verb_edit, verb_redact, verb_react, verb_unreact, verb_reply,
        verb_typing, verb_read;
/* verbs_files.c: files, stickers, places, polls */
verb_run_fn verb_post_file, verb_sticker, verb_upload, verb_location, verb_poll,
        verb_vote, verb_end_poll;
/* verbs_faults.c */
verb_run_fn verb_answer, verb_down, verb_up, verb_restart, verb_push, verb_limit_uploads,
        verb_limit_rate;

/* ---- shared ---- */

/* The person in `as`; false if there is none, or if the homeserver is down. */
bool verb_actor(
        struct sim_matrix *sim, const cJSON *args, struct user **out, struct err *err);
/* The room in `in` or `room`, as the person sees it. */
bool verb_room(struct sim_matrix *sim, const cJSON *args, const struct user *viewer,
        struct room **out, struct err *err);
/* Turns a refusal into an error; returns false. */
bool verb_refused(struct sim_matrix *sim, const struct fail *fail, struct err *err);
/* Sends as a person; takes content. *out may be NULL. */
bool verb_send(struct sim_matrix *sim, struct room *room, const struct user *sender,
        const char *type, const char *state_key, cJSON *content, struct event **out,
        struct err *err);

/* The URL of a picture or file: `url` as it is, or an upload of what `file`, `mimetype`,
 * `size` and `contents` describe (verbs_files.c). NULL and *err if that fails. Caller
 * frees. */
char *verb_picture(struct sim_matrix *sim, const cJSON *args, struct err *err);

#endif
