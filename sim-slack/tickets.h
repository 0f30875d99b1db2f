/* tickets: what opens a WebSocket: each once, and only for a short time. */
#ifndef SIM_SLACK_TICKETS_H
#define SIM_SLACK_TICKETS_H

#include "lib/list.h"
#include "sim-slack/ids.h"

struct tickets {
	struct list all; /* struct ticket, oldest first */
};

void tickets_init(struct tickets *tickets);
void tickets_finish(struct tickets *tickets);
/* A fresh one, good until now_ms + ttl_ms. */
void tickets_issue(struct tickets *tickets, struct ids *ids, int64_t now_ms,
        int64_t ttl_ms, char out[UUID_SIZE]);
/* True if the ticket was good; it is used up then. text may be NULL. */
bool tickets_use(struct tickets *tickets, const char *text, int64_t now_ms);

#endif
