/* room_summary: what those see of a room who are not in it. */
#ifndef SIM_MATRIX_ROOM_SUMMARY_H
#define SIM_MATRIX_ROOM_SUMMARY_H

#include "sim-matrix/state.h"

/* The text under `key` of a state event with an empty state key; NULL: none. */
const char *room_state_text(const struct room *room, const char *type, const char *key);
/* As in the directory and in a space's hierarchy. Caller deletes. */
cJSON *room_summary(const struct room *room);
/* May this user ("": nobody known) see it? In it, invited, or open to all. */
bool room_summary_visible(const struct room *room, const char *user_id);

#endif
