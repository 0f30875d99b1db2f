#include "bridge/flow/targets.h"

#include "bridge/flow/app.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	WAIT_MS = 2000,
	/* A minute, together: longer than an answer takes. */
	MAX_WAITS = 30,
};

void targets_forget(struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++) {
		free(targets->items[i].slack_ts);
		free(targets->items[i].thread_ts);
		free(targets->items[i].edited_ts);
		free(targets->items[i].shown);
		free(targets->items[i].event_id);
		free(targets->items[i].sender);
		free(targets->items[i].author);
	}
	free(targets->items);
	free(targets->job_flow);
	*targets = (struct targets){0};
}

/* Columns: see MESSAGE_BY_TS. */
static void take_rows(struct targets *targets, const struct store_result *rows)
{
	targets->count = store_rows(rows);
	targets->items = xcalloc(targets->count + 1, sizeof(targets->items[0]));
	for (size_t i = 0; i < targets->count; i++) {
		targets->items[i] = (struct target){
		        .slack_ts = xstrdup(store_text(rows, i, 0)),
		        .part = (unsigned)store_int(rows, i, 1),
		        .event_id = xstrdup(store_text(rows, i, 2)),
		        .piece = (unsigned)store_int(rows, i, 3),
		        .sender = xstrdup(store_text(rows, i, 4)),
		        .from_slack = str_equal(store_text(rows, i, 5), "s"),
		        .thread_ts = xstrdup(store_text(rows, i, 6)),
		        .edited_ts = xstrdup(store_text(rows, i, 7)),
		        .shown = xstrdup(store_text(rows, i, 9)),
		        .author = xstrdup(store_text(rows, i, 10)),
		        .deleted = store_int(rows, i, 8) != 0,
		};
	}
}

static void handle_rows(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	static const enum target_job states[] = {
	        TARGET_JOB_WAITS, TARGET_JOB_DONE, TARGET_JOB_DEAD, TARGET_JOB_DEAD};
	struct targets *targets = arg;

	if (err->kind == ERR_NONE) {
		take_rows(targets, results[0]);
		if (store_rows(results[1]) > 0) {
			int64_t state = store_int(results[1], 0, 0);
			targets->job = states[state >= 0 && state <= 3 ? state : 1];
			targets->job_flow = xstrdup_null(store_text(results[1], 0, 1));
		}
		targets->may_come = store_int(results[2], 0, 0) > 0;
		targets->known = true;
	}
	flow_continue(targets->flow, err);
}

static enum step_rc ask(struct flow *flow, struct targets *targets, struct store_tx *tx,
        const char *key, const char *other_lane)
{
	targets_forget(targets);
	targets->flow = flow;
	store_tx_add(tx, STMT_INBOX_STATE, "s", key);
	store_tx_add(tx, STMT_INBOX_LANE_WAITS, "s", other_lane);
	store_tx_submit(tx, handle_rows, targets);
	return wait_store(flow, tx);
}

enum step_rc targets_by_ts(struct flow *flow, struct targets *targets,
        const struct portal *portal, const char *ts)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);
	autofree char *key =
	        xasprintf("s:%s:%s:%s", portal->team_id, portal->channel_id, ts);
	autofree char *lane = lane_from_matrix(portal->room_id);

	store_tx_add(
	        tx, STMT_MESSAGE_BY_TS, "sss", portal->team_id, portal->channel_id, ts);
	return ask(flow, targets, tx, key, lane);
}

enum step_rc targets_by_event(struct flow *flow, struct targets *targets,
        const struct portal *portal, const char *event_id)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);
	autofree char *key = xasprintf("m:%s", event_id);
	autofree char *lane = lane_from_slack(portal->team_id, portal->channel_id);

	store_tx_add(tx, STMT_MESSAGE_BY_EVENT, "s", event_id);
	return ask(flow, targets, tx, key, lane);
}

bool targets_wait(struct flow *flow, const struct targets *targets)
{
	unsigned waits = fact_number(flow, "waits");

	if (targets->count > 0 || waits >= MAX_WAITS ||
	        !(targets->may_come || targets->job == TARGET_JOB_WAITS)) {
		return false;
	}
	fact_set_number(flow, "waits", waits + 1);
	err_set(&flow->err, ERR_RETRY, 0, "what it is about is not there yet");
	flow->err.retry_after_ms = WAIT_MS;
	return true;
}

const struct target *targets_first(const struct targets *targets)
{
	for (size_t i = 0; i < targets->count; i++) {
		if (!targets->items[i].deleted) {
			return &targets->items[i];
		}
	}
	return NULL;
}

const struct target *targets_part(const struct targets *targets, unsigned part)
{
	for (size_t i = 0; i < targets->count; i++) {
		if (targets->items[i].part == part) {
			return &targets->items[i];
		}
	}
	return NULL;
}

const struct target *targets_piece(const struct targets *targets, unsigned piece)
{
	const struct target *found = NULL;

	/* One that was deleted may have been made again. */
	for (size_t i = 0; i < targets->count; i++) {
		const struct target *target = &targets->items[i];
		if (target->piece == piece && (found == NULL || found->deleted)) {
			found = target;
		}
	}
	return found;
}
