#include "bridge/flow/wait.h"

#include "lib/mem.h"
#include <stdlib.h>

struct waiter {
	struct list link;
	waiter_fn *fn;
	void *arg;
};

static void cancel_slack(void *handle)
{
	struct slack_call *call = handle;
	slack_call_cancel(&call);
}

static void cancel_matrix(void *handle)
{
	struct matrix_call *call = handle;
	matrix_call_cancel(&call);
}

static void cancel_store(void *handle)
{
	struct store_tx *tx = handle;
	store_tx_cancel(&tx);
}

static void cancel_waiter(void *handle)
{
	waiter_cancel(handle);
}

enum step_rc wait_slack(struct flow *flow, struct slack_call *call)
{
	/* What waits for the rate limits, which may be long, holds up nobody. */
	return slack_call_waits(call) ? flow_wait_aside(flow, call, cancel_slack)
	                              : flow_wait(flow, call, cancel_slack);
}

enum step_rc wait_matrix(struct flow *flow, struct matrix_call *call)
{
	return matrix_call_waits(call) ? flow_wait_aside(flow, call, cancel_matrix)
	                               : flow_wait(flow, call, cancel_matrix);
}

enum step_rc wait_store(struct flow *flow, struct store_tx *tx)
{
	return flow_wait(flow, tx, cancel_store);
}

enum step_rc wait_waiter(struct flow *flow, struct waiter *waiter)
{
	return flow_wait(flow, waiter, cancel_waiter);
}

enum step_rc wait_waiter_aside(struct flow *flow, struct waiter *waiter)
{
	return flow_wait_aside(flow, waiter, cancel_waiter);
}

void flow_ready(const struct err *err, void *flow)
{
	flow_continue(flow, err);
}

struct waiter *waiter_add(struct list *head, waiter_fn *fn, void *arg)
{
	struct waiter *waiter = xcalloc(1, sizeof(*waiter));

	waiter->fn = fn;
	waiter->arg = arg;
	list_add_tail(head, &waiter->link);
	return waiter;
}

void waiter_cancel(struct waiter *waiter)
{
	list_del(&waiter->link);
	free(waiter);
}

void waiters_move(struct list *from, struct list *to)
{
	list_init(to);
	list_for_each(it, from)
	{
		list_del(it);
		list_add_tail(to, it);
	}
}

void waiters_finish(struct list *head, const struct err *err)
{
	struct list now;

	/* A callback may cancel others of this list or add to it: take the whole first.
	 */
	waiters_move(head, &now);
	while (!list_empty(&now)) {
		struct waiter *waiter = container_of(now.next, struct waiter, link);
		waiter_fn *fn = waiter->fn;
		void *arg = waiter->arg;
		waiter_cancel(waiter);
		fn(err, arg);
	}
}

void waiters_drop(struct list *head)
{
	while (!list_empty(head)) {
		waiter_cancel(container_of(head->next, struct waiter, link));
	}
}
