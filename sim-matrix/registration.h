/* registration: an appservice's registration file. */
#ifndef SIM_MATRIX_REGISTRATION_H
#define SIM_MATRIX_REGISTRATION_H

#include "lib/str.h"
#include <stdbool.h>
#include <stddef.h>

struct registration_rule {
	bool exclusive;
	char *regex;
};

struct registration_rules {
	struct registration_rule *items;
	size_t count;
};

struct registration {
	char *id;
	char *url; /* NULL, "" and "null": no push */
	char *as_token;
	char *hs_token;
	char *sender_localpart;
	struct registration_rules users, aliases, rooms;
	bool rate_limited_set, rate_limited;
	char **protocols;
	size_t protocol_count;
	bool receive_ephemeral;
	bool device_management; /* io.element.msc4190: makes and removes devices */
};

/* False and the reason, worded as serde_yaml does, if it is no registration. */
bool registration_parse(
        struct str yaml, struct registration *out, char *why, size_t why_room);
void registration_finish(struct registration *reg);

/* As YAML text, for the admin command that shows it. Caller frees. */
char *registration_to_yaml(const struct registration *reg);

#endif
