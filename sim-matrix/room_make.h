/* room_make: createRoom: the order of a new room's first events. */
#ifndef SIM_MATRIX_ROOM_MAKE_H
#define SIM_MATRIX_ROOM_MAKE_H

#include "sim-matrix/appservice.h"
#include "sim-matrix/fail.h"
#include "sim-matrix/members.h"

/* body: as POST createRoom's. as: who asks on behalf of actor, or NULL. label: short name
 * for records, or NULL. False and *fail if refused; the room may then stand half-made, as
 * it does on the real server. *out may be set even then. */
bool room_make(struct sim_matrix *sim, struct actor actor, struct appservice *as,
        const cJSON *body, const char *label, struct room **out, struct fail *fail);

/* Replaces a room by one of another version (room_upgrade.c). NULL and *fail if refused.
 */
struct room *room_upgrade(struct sim_matrix *sim, struct actor actor, struct room *old,
        const char *version, struct fail *fail);

/* "11" and the others it knows; NULL: unknown. Static. */
const char *room_version_known(const char *version);
/* The m.room_versions capability. Caller deletes. */
cJSON *room_versions(void);
/* A new room ID. Caller frees. */
char *room_id_new(struct sim_matrix *sim);

#endif
