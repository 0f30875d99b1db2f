/* event_table: every event an app can subscribe to, and every subtype of messages, with
 * its effect or the reason why it has none (Slack protocol reference, 2.2 to 2.4). What
 * events.c makes of an event, docs/slack-events.md and the shipped app manifest all come
 * from here. */
#ifndef BRIDGE_SLACK_EVENT_TABLE_H
#define BRIDGE_SLACK_EVENT_TABLE_H

#include "bridge/slack/events.h"

#include <stdio.h>

struct slack_event_row {
	const char *name;  /* the event's type, or the message's subtype */
	const char *scope; /* bot scopes of which one is needed; "" if none is */
	/* What it is if it is whole; IGNORED: nothing is to be done. The shipped manifest
	 * subscribes to all others. */
	enum slack_event_kind kind;
	const char *effect; /* in words; of IGNORED why there is none */
};

extern const struct slack_event_row slack_event_rows[];   /* ends with a name of NULL */
extern const struct slack_event_row slack_subtype_rows[]; /* likewise */

/* NULL: not known. */
const struct slack_event_row *slack_event_row(const char *type);
const struct slack_event_row *slack_subtype_row(const char *subtype);

/* docs/slack-events.md, and the app's manifest with the scopes of scopes.h. */
void slack_event_write_doc(FILE *out);
void slack_event_write_manifest(FILE *out);

#endif
