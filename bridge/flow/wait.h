/* wait: what a step can wait for, and shared prerequisites: many flows that need the same
 * thing wait for one making of it. */
#ifndef BRIDGE_FLOW_WAIT_H
#define BRIDGE_FLOW_WAIT_H

#include "bridge/matrix/client.h"
#include "bridge/queue/flow.h"
#include "bridge/slack/web_api.h"
#include "lib/list.h"

enum step_rc wait_slack(struct flow *flow, struct slack_call *call);
enum step_rc wait_matrix(struct flow *flow, struct matrix_call *call);
enum step_rc wait_store(struct flow *flow, struct store_tx *tx);

/* One caller that waits for a shared thing. */
struct waiter;
typedef void waiter_fn(const struct err *err, void *arg);

/* head: waiter::link. */
struct waiter *waiter_add(struct list *head, waiter_fn *fn, void *arg);
void waiter_cancel(struct waiter *waiter);
/* Calls and frees all; those added by the callbacks are left for the next time. */
void waiters_finish(struct list *head, const struct err *err);
/* Moves all to another list, an empty one that is made here. For the end of what they
 * wait for: first this, then free it, then waiters_finish(). */
void waiters_move(struct list *from, struct list *to);
/* Frees all without a call. */
void waiters_drop(struct list *head);

/* The flow goes on when the waiter is called. Use flow_ready with the flow as its arg. */
enum step_rc wait_waiter(struct flow *flow, struct waiter *waiter);
/* Likewise; see flow_wait_aside(). */
enum step_rc wait_waiter_aside(struct flow *flow, struct waiter *waiter);
void flow_ready(const struct err *err, void *flow);

#endif
