/* notice: the bot says something in a room, surely and once. */
#ifndef BRIDGE_FLOW_NOTICE_H
#define BRIDGE_FLOW_NOTICE_H

#include "bridge/flow/app.h"

/* Adds the notice to a transaction, to be sent after its commit. key: unique for what it
 * is about; reply_to: the event it answers, or NULL. */
void notice_add(struct app *app, struct store_tx *tx, const char *key,
        const char *room_id, const char *reply_to, const char *text);

struct notice {
	const char *room_id;  /* NULL: the owner is told instead, if team_id is set */
	const char *reply_to; /* the event it answers, or NULL */
	const char *text;
	/* The key of a job that was given up, which a reaction to the notice tries again
	 * (retry.h); NULL: none. */
	const char *about;
	/* If the room cannot be told, the owner of this workspace's login is; NULL:
	 * nobody is. */
	const char *team_id;
};
void notice_say(struct app *app, struct store_tx *tx, const char *key,
        const struct notice *notice);

/* The content of a notice. Caller deletes. */
cJSON *notice_content(const char *reply_to, const char *text);

#endif
