/* metrics_set: what the daemon counts, and how it is fed. The names are a promise to
 * whoever has drawn a graph: they are not changed. */
#ifndef BRIDGE_HEALTH_METRICS_SET_H
#define BRIDGE_HEALTH_METRICS_SET_H

#include "bridge/flow/app.h"
#include "lib/metrics.h"

struct metrics_set {
	struct metrics *metrics;
	/* fed as things happen */
	struct metric *slack_calls, *slack_seconds, *slack_waits, *slack_wait_seconds;
	struct metric *matrix_calls, *matrix_seconds;
	struct metric *jobs, *messages, *message_seconds;
	/* set when somebody asks */
	struct metric *state, *connections, *since, *reconnects, *opened;
	struct metric *waiting, *oldest, *database_up;
	struct metric *build, *memory, *started;
};

/* Watches app->queue and app->matrix, which exist, and the Web API clients that will be
 * made. */
void metrics_set_init(struct metrics_set *set, struct app *app);
void metrics_set_finish(struct metrics_set *set);

/* What stands in logins and in the process now. */
void metrics_set_look(struct metrics_set *set, const struct app *app);
/* Rows of QUEUE_DEPTHS; NULL: the database did not answer. */
void metrics_set_queue(
        struct metrics_set *set, const struct store_result *rows, int64_t now_wall_ms);

#endif
