#include "bridge/flow/eraser.h"

#include "bridge/flow/author.h"
#include "bridge/flow/wait.h"
#include "lib/str.h"

static void handle_deleted(const struct err *err, void *arg)
{
	struct eraser *eraser = arg;
	const struct err judged = author_judge(author_fact(eraser->flow), err);

	eraser->erased = err->kind == ERR_NONE;
	eraser->in_doubt = str_equal(err->name, "cant_delete_message");
	eraser->refusal = judged;
	flow_continue(eraser->flow, eraser->in_doubt ? NULL : &judged);
}

static void handle_looked(
        bool there, const char *edit_id, const struct err *err, void *arg)
{
	struct eraser *eraser = arg;
	const struct err judged = author_judge(author_fact(eraser->flow), err);

	(void)edit_id;
	eraser->erased = err->kind == ERR_NONE && !there;
	flow_continue(eraser->flow,
	        err->kind == ERR_NONE && there ? &eraser->refusal : &judged);
}

enum step_rc eraser_run(struct flow *flow, struct eraser *eraser, struct slack_api *api,
        const char *channel_id, const char *thread_ts, const char *ts)
{
	if (eraser->erased) {
		*eraser = (struct eraser){0};
		return STEP_DONE;
	}
	eraser->flow = flow;
	if (eraser->in_doubt) {
		return wait_slack(flow, slack_look_at(api, channel_id, thread_ts, ts,
		                                handle_looked, eraser));
	}
	return wait_slack(
	        flow, slack_chat_delete(api, channel_id, ts, handle_deleted, eraser));
}
