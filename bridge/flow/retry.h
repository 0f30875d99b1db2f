/* retry: what was given up is tried again, when somebody asks for it. */
#ifndef BRIDGE_FLOW_RETRY_H
#define BRIDGE_FLOW_RETRY_H

#include "bridge/flow/app.h"

/* Anticlockwise arrows: a reaction that begins with it asks for another try. */
#define RETRY_KEY "\xF0\x9F\x94\x81"

/* What a notice says was given up. */
struct retry { /* in a flow's state; all zero at first */
	struct flow *flow;
	bool known;
	char *job; /* its key, if the event is such a notice and it is still given up */
};

/* STEP_DONE once it is known whether `event` is such a notice. */
enum step_rc retry_find(struct flow *flow, struct retry *retry, const char *event);
void retry_finish(struct retry *retry);

/* Adds to tx that this job waits again, and begins to work on it after the commit. */
void retry_add(struct app *app, struct store_tx *tx, const char *job_key);

/* After the commit of statements that made jobs wait again. */
void retry_look_again(struct app *app, struct store_tx *tx);

#endif
