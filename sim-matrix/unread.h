/* unread: how much of a room a user has not read, by their push rules and receipts. */
#ifndef SIM_MATRIX_UNREAD_H
#define SIM_MATRIX_UNREAD_H

#include "sim-matrix/state.h"

/* {"notification_count":n,"highlight_count":n}. threads: an object that takes the same
 * for each thread with news, by its root; NULL: threads count with the room. Caller
 * deletes. */
cJSON *unread_counts(const struct room *room, const struct user *user, cJSON *threads);

#endif
