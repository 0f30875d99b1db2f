/* author: as whom a job from Matrix acts on Slack: as the bot, or as the sender's own
 * Slack user (flow/user_logins.h). That is decided once, for each message, and kept with
 * it: what changes or deletes it goes out by the token that wrote it.
 *
 * While Slack refuses somebody's token their jobs wait in a lane of their own for each
 * room, in order, and hold up nobody else's. */
#ifndef BRIDGE_FLOW_AUTHOR_H
#define BRIDGE_FLOW_AUTHOR_H

#include "bridge/flow/logins.h"
#include "bridge/flow/user_logins.h"

/* Decides it for something new: the fact "author" is then the Slack user, or not set: the
 * bot. STEP_DONE, or the job waits or moves. */
enum step_rc author_choose(struct flow *flow);
/* For what changes something of the sender's: it comes after what of theirs waits. */
enum step_rc author_wait_turn(struct flow *flow);
/* The fact, "" for the bot. Borrowed. */
const char *author_fact(const struct flow *flow);

/* STEP_DONE: *api is the client to act with as that Slack user ("": the bot's own); NULL
 * if nobody is logged in as them any more. Otherwise the job waits or moves; to be asked
 * before every request. */
enum step_rc author_api(struct flow *flow, const char *author, struct slack_api **api);
/* The same without waiting for a token that is refused: its calls fail, to be tried
 * again. For jobs in lanes of their own. */
struct slack_api *author_api_now(struct flow *flow, const char *author);

/* What somebody wrote with a login that is gone cannot be changed: says so in flow->err.
 */
enum step_rc author_is_gone(struct flow *flow);

/* A call as `author` failed with *err: their token being refused is seen to at once, for
 * the job stands in the way of others. */
struct err author_judge(const char *author, const struct err *err);

#endif
