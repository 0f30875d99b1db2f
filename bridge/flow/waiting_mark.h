/* waiting_mark: one hourglass, set and taken back (waiting.h). */
#ifndef BRIDGE_FLOW_WAITING_MARK_H
#define BRIDGE_FLOW_WAITING_MARK_H

#include "bridge/flow/app.h"

/* In front of a message's own key: that of the job that marks it. */
#define WAITING_MARK_KEY "wait:"

/* The message `event` in this room is marked if it still waits by then. Once for each. */
void waiting_mark_add(
        struct app *app, struct store_tx *tx, const char *room, const char *event);
/* Takes the reaction `mark` back. */
void waiting_mark_clear(struct app *app, struct store_tx *tx, const char *room,
        const char *event, const char *mark);

#endif
