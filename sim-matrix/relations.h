/* relations: what servers add to an event of the events that refer to it: its newest
 * edit, its thread (Matrix specification, "Aggregations of child events"). */
#ifndef SIM_MATRIX_RELATIONS_H
#define SIM_MATRIX_RELATIONS_H

#include "sim-matrix/events.h"

/* A new event refers to another one. */
void relations_note(struct event *event);
/* An event was redacted: it no longer counts. */
void relations_forget(const struct event *event);
/* unsigned.m.relations for this viewer; NULL: nothing refers to it. Caller deletes. */
cJSON *relations_of(const struct event *event, const char *viewer, enum event_form form);
/* Events in the thread that this one began; 0: none. */
bool relations_in_thread(const struct event *root, const char *user_id);

#endif
