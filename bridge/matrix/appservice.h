/* appservice: our end of the Application Service API: the homeserver's transactions in.
 *
 * Authenticates in constant time, parses, hands the events up, and answers 200 only when
 * told that they are stored. One bad event never makes a transaction fail (it would be
 * sent for ever): it is handed up as it is and its receiver decides. */
#ifndef BRIDGE_MATRIX_APPSERVICE_H
#define BRIDGE_MATRIX_APPSERVICE_H

#include "lib/err.h"
#include "lib/json.h"
#include "lib/loop.h"
#include <stdint.h>

struct appservice;
struct http_request;
struct appservice_txn; /* one transaction that waits for its answer */

struct appservice_handlers {
	/* events: an array, borrowed for the call; an event beyond our limits is a null
	 * in it. The owner owes the transaction exactly one appservice_txn_done(). */
	void (*transaction)(struct appservice_txn *txn, const char *txn_id,
	        const cJSON *events, void *arg);
	/* For GET /_matrix/mau/ready: 200 or 503? (live and ping answer 200 whenever we
	 * listen.) */
	bool (*ready)(void *arg);
	/* The body of GET /_matrix/mau/live and ready, as JSON, the caller's; NULL: {}.
	 */
	char *(*describe)(void *arg);
	/* A transaction was answered 503 or could not be taken; may be NULL. */
	void (*refused)(void *arg);
	/* Anybody's request, with or without the token, to a path that is none of the
	 * API's. True: the owner has taken it and owes it an answer as http_server.h has
	 * it; those without one at appservice_destroy() are dropped by it. May be NULL.
	 */
	bool (*other)(struct http_request *req, void *arg);
};

/* Listens on hostname:port at once (port 0: any). Borrows handlers and arg, copies
 * hs_token, which must not be empty. */
struct appservice *appservice_create(struct loop *loop, const char *hostname,
        uint16_t port, const char *hs_token, const struct appservice_handlers *handlers,
        void *arg, struct err *err);
/* Transactions that still wait are failed (the homeserver sends them again) and gone: no
 * appservice_txn_done() for them any more. Not from one of its handlers. *as may be NULL.
 */
void appservice_destroy(struct appservice **as);
/* No more transactions are taken: they are answered 503, for the next process. */
void appservice_pause(struct appservice *as);
uint16_t appservice_port(const struct appservice *as);

/* err NULL or ERR_NONE: stored, answers 200 {}. Otherwise answers 503, and the homeserver
 * sends the transaction again. */
void appservice_txn_done(struct appservice_txn *txn, const struct err *err);

#endif
