/* events: making room events and showing them.
 *
 * event_send() is the only door into a room: it judges, appends, and lets everybody know
 * who has to (state, members, redactions, appservices, syncing clients, records, the
 * admin room). */
#ifndef SIM_MATRIX_EVENTS_H
#define SIM_MATRIX_EVENTS_H

#include "sim-matrix/auth_rules.h"
#include "sim-matrix/fail.h"
#include "sim-matrix/state.h"

/* False and *fail if the event may not stand. *out may be NULL. */
bool event_send(struct sim_matrix *sim, struct room *room,
        const struct proposal *proposal, struct event **out, struct fail *fail);

enum event_form {
	EVENT_FULL,  /* with room_id, and what old clients look for */
	EVENT_STATE, /* the same, of a list of state */
	EVENT_RAW,   /* with room_id alone */
	EVENT_SYNC,  /* without */
	EVENT_SYNC_STATE,
	EVENT_STRIPPED, /* content, sender, state_key, type */
};
/* viewer: the user it is for; a sender sees their own transaction_id, others do not. NULL
 * shows it to whoever it is. Caller deletes. It shares content with the event: delete it
 * before the event changes. */
cJSON *event_to_json(const struct event *event, enum event_form form, const char *viewer);
/* Sets unsigned.age of what event_to_json() gave. */
void event_add_age(const struct sim_matrix *sim, const struct event *event, cJSON *json);

struct event *event_find(const struct sim_matrix *sim, const char *event_id);
/* What a redaction leaves of the content. Caller deletes. */
cJSON *event_redacted_content(const char *type, const cJSON *content, int version);

#endif
