#include "bridge/flow/retry.h"

#include "bridge/flow/wait.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

static void handle_about(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct retry *retry = arg;

	if (err->kind == ERR_NONE) {
		retry->known = true;
		if (store_rows(results[0]) > 0) {
			str_replace(&retry->job, store_text(results[0], 0, 0));
		}
	}
	flow_continue(retry->flow, err);
}

enum step_rc retry_find(struct flow *flow, struct retry *retry, const char *event)
{
	struct app *app = flow->app;

	if (retry->known) {
		return STEP_DONE;
	}
	retry->flow = flow;
	struct store_tx *tx = store_tx_create(app->store);
	store_tx_add(tx, STMT_NOTICE_ABOUT, "s", event);
	store_tx_submit(tx, handle_about, retry);
	return wait_store(flow, tx);
}

void retry_finish(struct retry *retry)
{
	free(retry->job);
	*retry = (struct retry){0};
}

static void handle_committed(bool committed, void *arg)
{
	struct app *app = arg;

	if (committed) {
		queue_look_again(app->queue);
	}
}

void retry_look_again(struct app *app, struct store_tx *tx)
{
	store_tx_on_commit(tx, handle_committed, app);
}

void retry_add(struct app *app, struct store_tx *tx, const char *job_key)
{
	log_info("job tried again", "key=%s", job_key);
	store_tx_add(tx, STMT_INBOX_REVIVE, "s", job_key);
	retry_look_again(app, tx);
}
