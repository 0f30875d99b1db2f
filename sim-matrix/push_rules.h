/* push_rules: which events a user is to be told of (Matrix specification, client-server
 * API, "Push notifications"): the rules, and what they say of an event. */
#ifndef SIM_MATRIX_PUSH_RULES_H
#define SIM_MATRIX_PUSH_RULES_H

#include "sim-matrix/state.h"

/* {"override":[..],"content":[..],"room":[..],"sender":[..],"underride":[..]}: those the
 * user has changed, else the server's. Caller deletes. */
cJSON *push_rules_of(const struct user *user);
/* Keeps them as the user's m.push_rules. Takes rules. */
void push_rules_set(struct sim_matrix *sim, struct user *user, cJSON *rules);
/* The names of the five kinds, in order of precedence; NULL ends. */
extern const char *const push_rule_kinds[];

/* Does the user get to know of the event, and is it meant for them above all? */
struct push_verdict {
	bool notify, highlight;
};
struct push_verdict push_rules_judge(
        const cJSON *rules, const struct user *user, const struct event *event);

#endif
