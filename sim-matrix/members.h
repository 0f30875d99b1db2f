/* members: joining, inviting, leaving, kicking, banning, and the profile members show. */
#ifndef SIM_MATRIX_MEMBERS_H
#define SIM_MATRIX_MEMBERS_H

#include "sim-matrix/fail.h"
#include "sim-matrix/state.h"

struct actor { /* on whose behalf; borrowed */
	const char *user_id;
	bool by_as; /* an appservice asked */
};

/* All: false and *fail if refused; reason may be NULL. */
bool members_join(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *reason, struct fail *fail);
bool members_invite(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *user_id, const char *reason, bool is_direct, struct fail *fail);
bool members_leave(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *reason, struct fail *fail);
bool members_kick(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *user_id, const char *reason, struct fail *fail);
bool members_ban(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *user_id, const char *reason, struct fail *fail);
bool members_unban(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *user_id, const char *reason, struct fail *fail);
bool members_knock(struct sim_matrix *sim, struct room *room, struct actor actor,
        const char *reason, struct fail *fail);

/* {"membership":.., displayname and avatar_url of the user's profile}. Caller deletes. */
cJSON *member_content(
        const struct sim_matrix *sim, const char *user_id, const char *membership);

/* Sets one field (NULL: unset) and tells every room the user is in. An unchanged value
 * tells nobody. */
void profile_set_displayname(
        struct sim_matrix *sim, struct user *user, const char *name, bool by_as);
void profile_set_avatar(
        struct sim_matrix *sim, struct user *user, const char *url, bool by_as);

#endif
