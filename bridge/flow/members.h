/* members: bring one of our own users into a room, once, however many ask. */
#ifndef BRIDGE_FLOW_MEMBERS_H
#define BRIDGE_FLOW_MEMBERS_H

#include "bridge/flow/wait.h"

struct app;
struct members;

struct members *members_create(struct app *app);
void members_destroy(struct members **members);

/* Known to be there? If not: members_ensure(). */
bool members_has(const struct members *members, const char *room_id, const char *mxid);
/* Joins; where that is forbidden the bot invites first. */
struct waiter *members_ensure(struct members *members, const char *room_id,
        const char *mxid, waiter_fn *done, void *arg);
/* It turned out that this user is not there (any more). */
void members_forget(struct members *members, const char *room_id, const char *mxid);

#endif
