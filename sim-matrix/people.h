/* people: the humans with their clients: who is meant by a name, and what clients do by
 * themselves. */
#ifndef SIM_MATRIX_PEOPLE_H
#define SIM_MATRIX_PEOPLE_H

#include "lib/err.h"
#include "sim-matrix/state.h"

struct people;

struct people *people_create(struct sim_matrix *sim);
void people_destroy(struct people **people);

/* An event stands: those who accept invites by themselves do so in the next turn. */
void people_notice(struct sim_matrix *sim, const struct event *event);
void people_pending(const struct sim_matrix *sim, cJSON *sentences);

/* A localpart or a full ID; NULL and *err with the nearest name if there is no such user.
 */
struct user *people_user(struct sim_matrix *sim, const char *name, struct err *err);
/* A localpart or a full ID as a full ID, known or not. Caller frees. */
char *people_user_id(const struct sim_matrix *sim, const char *name);
/* By label, by name without #, by alias, by ID; of several with one name the one that
 * `viewer` (may be NULL) is in or invited to, then the newest. */
struct room *people_room(
        struct sim_matrix *sim, const char *name, const char *viewer, struct err *err);
/* By ID, or the newest message in the room with this text. */
struct event *people_event(
        struct sim_matrix *sim, struct room *room, const char *event, struct err *err);

#endif
