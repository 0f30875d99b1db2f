/* admin_room: the room in which the server's user takes commands (conduwuit). Other
 * homeservers have none; the simulator keeps it in every profile, as its way to register
 * appservices. */
#ifndef SIM_MATRIX_ADMIN_ROOM_H
#define SIM_MATRIX_ADMIN_ROOM_H

#include "sim-matrix/auth_rules.h"
#include "sim-matrix/fail.h"
#include "sim-matrix/state.h"

/* Makes the server's user, the administrator and their room. */
void admin_room_create(struct sim_matrix *sim);

/* What may not be done in the admin room. */
bool admin_room_allows(struct sim_matrix *sim, const struct room *room,
        const struct proposal *proposal, struct fail *fail);

/* An event stands; a command is carried out and answered at once. */
void admin_room_notice(struct sim_matrix *sim, const struct event *event);

/* The server's user says something there. */
void admin_room_say(struct sim_matrix *sim, const char *text);

/* The reply to one command text, in Markdown. Caller frees. */
char *admin_command_reply(struct sim_matrix *sim, const char *text);

#endif
