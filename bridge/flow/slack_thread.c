#include "bridge/flow/slack_thread.h"

#include "bridge/flow/app.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

static void handle_thread(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct slack_thread *thread = arg;

	if (err->kind == ERR_NONE) {
		const struct target *root = targets_part(&thread->root, PART_TEXT);
		const struct target *first = targets_first(&thread->root);
		bool has_first = store_rows(results[0]) > 0;
		bool has_last = store_rows(results[1]) > 0;
		root = root != NULL ? root : first; /* it may be nothing but files */
		/* Of a thread from before the portal the first reply we have stands for
		 * its beginning. */
		str_replace(&thread->root_event, root != NULL ? root->event_id
		                                 : has_first
		                                         ? store_text(results[0], 0, 0)
		                                         : NULL);
		str_replace(&thread->last_event,
		        has_last ? store_text(results[1], 0, 0) : NULL);
		thread->known = true;
	}
	flow_continue(thread->flow, err);
}

enum step_rc slack_thread_find(struct flow *flow, struct slack_thread *thread)
{
	struct app *app = flow->app;
	const char *thread_ts = payload_text(flow, "thread_ts");

	if (thread->known || thread_ts[0] == '\0') {
		return STEP_DONE;
	}
	if (!thread->root.known) {
		return targets_by_ts(
		        flow, &thread->root, payload_portal(flow), thread_ts);
	}
	if (targets_wait(flow, &thread->root)) {
		return STEP_FAIL;
	}
	struct store_tx *tx = store_tx_create(app->store);
	for (int last = 0; last < 2; last++) {
		store_tx_add(tx,
		        last ? STMT_MESSAGE_THREAD_LAST : STMT_MESSAGE_THREAD_FIRST,
		        "ssss", payload_text(flow, "team"), payload_text(flow, "channel"),
		        thread_ts, payload_text(flow, "ts"));
	}
	thread->flow = flow;
	store_tx_submit(tx, handle_thread, thread);
	return wait_store(flow, tx);
}

void slack_thread_finish(struct slack_thread *thread)
{
	targets_forget(&thread->root);
	free(thread->root_event);
	free(thread->last_event);
}

int64_t slack_ts_ms(const char *text)
{
	struct str ts = {text, strcspn(text, ".")};
	int64_t seconds = 0;

	return str_to_int64(ts, 0, INT64_C(99999999999), &seconds) ? seconds * 1000 : 0;
}
