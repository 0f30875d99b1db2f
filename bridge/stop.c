#include "bridge/stop.h"

#include "bridge/flow/logins.h"
#include "bridge/matrix/appservice.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include <stdlib.h>

enum { PATIENCE_MS = 3500 }; /* the database may take a second more */

struct stop {
	struct app *app;
	unsigned waits_for;
	struct timer patience;
	void (*done)(void *arg);
	void *arg;
};

static void handle_patience(void *arg)
{
	struct stop *stop = arg;

	if (stop->waits_for > 0) {
		log_warn("what is under way is parked", "queue_lanes=%zu",
		        queue_lanes(stop->app->queue));
	}
	stop->done(stop->arg);
}

static void handle_part(void *arg)
{
	struct stop *stop = arg;

	if (--stop->waits_for == 0) {
		REQ("OPS-04");
		timer_start(&stop->patience, 0);
	}
}

static void handle_committed(const struct err *err, void *arg)
{
	(void)err;
	handle_part(arg);
}

/* What the jobs wrote at their end is submitted by now. */
static void handle_drained(void *arg)
{
	struct stop *stop = arg;

	store_after_commit(stop->app->store, handle_committed, stop);
}

struct stop *stop_begin(
        struct app *app, struct appservice *as, void (*done)(void *arg), void *arg)
{
	struct stop *stop = xcalloc(1, sizeof(*stop));

	stop->app = app;
	stop->done = done;
	stop->arg = arg;
	timer_init(&stop->patience, app->loop, handle_patience, stop);
	timer_start(&stop->patience, PATIENCE_MS);
	if (as != NULL) {
		appservice_pause(as);
	}
	stop->waits_for = 2;
	queue_drain(app->queue, handle_drained, stop);
	logins_stop(app->logins, handle_part, stop);
	return stop;
}

void stop_destroy(struct stop **stop)
{
	if (*stop == NULL) {
		return;
	}
	timer_stop(&(*stop)->patience);
	free(*stop);
	*stop = NULL;
}
