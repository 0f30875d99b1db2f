/* scopes: which permission a call or an event needs, by kind of conversation. */
#ifndef SIM_SLACK_SCOPES_H
#define SIM_SLACK_SCOPES_H

#include "sim-slack/state.h"
#include <stdbool.h>

enum scope_family {
	SCOPE_READ,
	SCOPE_HISTORY,
	SCOPE_WRITE, /* open, leave, archive, rename ... */
	SCOPE_INVITE,
	SCOPE_TOPIC,
	SCOPE_KICK,
	SCOPE_JOIN,
	SCOPE_NONE, /* the method's own scope is enough */
};

/* Any one of these, comma-separated. */
const char *scopes_for(enum scope_family family, enum channel_kind kind);

/* True if `any_of` is empty or shares a scope with `granted` (both comma-separated). */
bool scopes_have(const char *granted, const char *any_of);

/* Adds or removes one name in a comma-separated list. */
void scopes_change(char **list, const char *name, bool add);

/* What the app is granted and subscribed to at first. */
extern const char scopes_default[];
extern const char subscriptions_default[];

#endif
