/* appservice: registered application services: whom they may act for, and which events
 * are theirs. Sending is push's. */
#ifndef SIM_MATRIX_APPSERVICE_H
#define SIM_MATRIX_APPSERVICE_H

#include "lib/list.h"
#include "sim-matrix/registration.h"
#include "sim-matrix/state.h"

struct pattern;
struct push;

struct appservice {
	struct list link; /* sim->appservices, by ID */
	struct sim_matrix *sim;
	struct registration reg;
	char *sender_id;        /* @sender_localpart:server */
	struct pattern **users; /* one for each of reg.users, as the others */
	struct pattern **aliases;
	struct pattern **rooms;
	struct push *push;
};

/* Registers, or replaces the registration of the same ID (what is queued for it stays).
 * False and a reply text of the admin command in `why`. */
bool appservice_register(
        struct sim_matrix *sim, struct str yaml, char **id, char *why, size_t why_room);
/* Drops what is queued for it. False: no such ID. */
bool appservice_unregister(struct sim_matrix *sim, const char *id);
void appservices_finish(struct sim_matrix *sim);

struct appservice *appservice_find(const struct sim_matrix *sim, const char *id);
struct appservice *appservice_by_token(
        const struct sim_matrix *sim, const char *as_token);
/* May it act for this user? Its sender, or one in its namespace. */
bool appservice_owns_user(const struct appservice *as, const char *user_id);
bool appservice_owns_alias(const struct appservice *as, const char *alias);
/* Does any appservice hold it for itself alone? */
bool user_id_is_reserved(const struct sim_matrix *sim, const char *user_id);
bool alias_is_reserved(const struct sim_matrix *sim, const char *alias);
/* Has it somewhere to be pushed to? */
bool appservice_has_url(const struct appservice *as);

/* A new event: queues it for every appservice that is interested. */
void appservices_offer(struct sim_matrix *sim, struct event *event);
/* Typing or receipts of a room, for those who want them. Takes edu. */
void appservices_offer_edu(struct sim_matrix *sim, struct room *room, cJSON *edu);
/* Who is inside has to be found out again. */
void appservice_members_changed(struct room *room);

#endif
