/* auth_rules: may this event stand in this room? The authorisation rules of room version
 * 11 (Matrix specification, rooms/v11) and what differs in 2 to 10, against the room's
 * current state. */
#ifndef SIM_MATRIX_AUTH_RULES_H
#define SIM_MATRIX_AUTH_RULES_H

#include "sim-matrix/state.h"

struct proposal { /* an event that somebody wants to send; borrows all */
	const char *type;
	const char *sender;
	const char *state_key; /* NULL: not a state event */
	const cJSON *content;
	const char *redacts; /* of a redaction before room version 11, or NULL */
	int64_t ts_ms;       /* 0: now */
	const char *txn_id;  /* or NULL */
	bool by_as;          /* an appservice asked for it */
};

/* NULL: allowed. Otherwise why not: one static sentence. */
const char *auth_rules_check(const struct room *room, const struct proposal *event);

int64_t power_of_user(const struct room *room, const char *user_id);
/* The level that "ban", "kick", "invite" or "redact" asks for. */
int64_t power_for_action(const struct room *room, const char *action);
int64_t power_for_event(const struct room *room, const char *type, bool is_state);

#endif
