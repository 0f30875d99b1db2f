/* filter: which events and rooms a client asked for (Matrix specification, client-server
 * API, "Filtering"). A NULL filter allows all. */
#ifndef SIM_MATRIX_FILTER_H
#define SIM_MATRIX_FILTER_H

#include "sim-matrix/state.h"

/* An EventFilter, of events or of anything with a type and a sender (NULL: none). */
bool filter_allows(const cJSON *filter, const char *type, const char *sender);
/* A RoomEventFilter: contains_url too. */
bool filter_allows_event(const cJSON *filter, const struct event *event);
/* rooms and not_rooms. */
bool filter_allows_room(const cJSON *filter, const char *room_id);
/* Its limit within 1 and max. */
int64_t filter_limit(const cJSON *filter, int64_t otherwise, int64_t max);
/* lazy_load_members */
bool filter_is_lazy(const cJSON *filter);

/* What a filter parameter says: JSON, or the ID of one of the user's. Caller deletes;
 * NULL: none. */
cJSON *filter_of(const struct user *user, const char *parameter);

#endif
