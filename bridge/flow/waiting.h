/* waiting: the sender of a message that has not reached Slack within a few seconds sees
 * that it waits: the bot reacts to it with an hourglass, and takes that back when the
 * message has arrived, or was given up.
 *
 * It makes no difference why it waits: Slack's limits, Slack away, a refused token, a
 * file in front of it. Once for each message; of a long queue the first hundred messages
 * bear one, for what stands behind them waits as well. Which messages wait and which
 * reactions stand is read from the database, so nothing of it is lost or doubled by a
 * crash. */
#ifndef BRIDGE_FLOW_WAITING_H
#define BRIDGE_FLOW_WAITING_H

#include "bridge/flow/app.h"

struct waiting;

struct waiting *waiting_create(struct app *app);
void waiting_destroy(
        struct waiting **waiting); /* before the queue. *waiting may be NULL */

/* The queue works: looks for reactions that an earlier life left. */
void waiting_start(struct waiting *waiting);
/* Something came from Matrix. waiting may be NULL: nothing is watched. */
void waiting_wake(struct waiting *waiting);

#endif
