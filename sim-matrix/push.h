/* push: the transactions towards one appservice: its queue, what is in flight, what is
 * sent again and when (see profile.h for the two manners). */
#ifndef SIM_MATRIX_PUSH_H
#define SIM_MATRIX_PUSH_H

#include "sim-matrix/appservice.h"

struct http_req;

struct push *push_create(struct appservice *as); /* borrows as */
/* What is queued or in flight is dropped. *push may be NULL. */
void push_destroy(struct push **push);

void push_offer(struct push *push, struct event *event);
void push_offer_edu(struct push *push, cJSON *edu); /* takes edu */

/* The homeserver dies: the request in flight ends without anybody having read its answer.
 */
void push_stop(struct push *push);
/* The homeserver starts: what was in flight is sent again. */
void push_start(struct push *push);

/* Adds a sentence for each thing the homeserver would still send by itself. */
void push_pending(const struct push *push, cJSON *sentences);
/* For the control interface: status, queued, last transaction. Caller deletes. */
cJSON *push_to_json(const struct push *push);

/* Transactions out of order, beside the queue; none of them is repeated. how:
 * replay_last, rebatch, empty, oversized, wrong_token, unknown_types, garbage. */
extern const char *const push_odd_kinds[];
bool push_odd(struct push *push, const char *how, struct err *err);

/* ---- shared by push.c and push_odd.c ---- */

struct batch {            /* the events of one transaction */
	struct list link; /* push's batches */
	char *txn_id;
	struct event **events;
	size_t count;
	cJSON *edus; /* an array, or NULL */
	unsigned attempts;
};

/* The last transactions that were taken, newest first; NULL beyond. */
const struct batch *push_taken(const struct push *push, size_t index);
struct list *push_odd_list(struct push *push);
struct appservice *push_appservice(const struct push *push);
/* Authorization, and what else every request to an appservice carries. */
void push_set_headers(
        const struct appservice *as, const char *hs_token, struct http_req *req);
/* PUT {url}/_matrix/app/v1/transactions/{txn}, with its headers; not started. Caller
 * starts. */
struct http_req *push_request(const struct appservice *as, const char *txn_id,
        const char *hs_token, const char *body);
/* Caller frees. */
char *push_body(const struct push *push, const struct batch *batch);
char *push_txn_id_of(struct event *const *events, size_t count);
void push_odd_cancel_all(struct push *push);

#endif
