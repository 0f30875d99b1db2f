#include "bridge/flow/poster.h"

#include "bridge/flow/app.h"
#include "bridge/flow/author.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdio.h>
#include <stdlib.h>

enum {
	/* How much older than our intent the message on Slack can be: clocks differ. */
	LOOK_BACK_S = 300,
	/* How long Slack may still be at work on the post of a process that died. */
	LOOK_AFTER_MS = 3000,
};

static const struct err no_error = ERR_INIT;

void poster_intend(struct flow *flow, struct poster *poster)
{
	const struct app *app = flow->app;
	autofree char *now_s =
	        xasprintf("%lld", (long long)(loop_wall_ms(app->loop) / 1000));

	flow_set_fact(flow, "posting", now_s);
	flow_set_fact(flow, "life", app->life);
	poster->may_post = true;
}

void poster_forget(struct flow *flow, struct poster *poster)
{
	flow_set_fact(flow, "posting", NULL);
	flow_set_fact(flow, "life", NULL);
	poster_finish(poster);
}

void poster_finish(struct poster *poster)
{
	free(poster->ts);
	free(poster->edit_id);
	*poster = (struct poster){0};
}

/* ---------------------------------------------------------------- look */

static void handle_found(const char *ts, const struct err *err, void *arg)
{
	struct poster *poster = arg;
	const struct err judged = author_judge(author_fact(poster->flow), err);

	if (err->kind == ERR_NONE && ts != NULL) {
		REQ("MSG-13");
		log_info("message was on Slack already", "key=%s ts=%s",
		        poster->flow->key, ts);
		str_replace(&poster->ts, ts);
	}
	poster->may_post = err->kind == ERR_NONE;
	flow_continue(poster->flow, &judged);
}

static void handle_looked_at(
        bool there, const char *edit_id, const struct err *err, void *arg)
{
	struct poster *poster = arg;
	const struct err judged = author_judge(author_fact(poster->flow), err);

	if (err->kind == ERR_NONE) {
		bool is_done = slack_mark_is_edit(edit_id, poster->edit_id);
		poster->gone = !there;
		poster->may_post = there && !is_done;
		if (there && is_done) {
			log_info(
			        "edit was on Slack already", "key=%s", poster->flow->key);
			str_replace(&poster->ts, "");
		}
	}
	flow_continue(poster->flow, &judged);
}

static enum step_rc look(struct flow *flow, struct poster *poster, struct slack_api *api,
        const struct slack_post *post, const char *change_ts)
{
	int64_t intended_s = 0;
	char oldest[40];

	if (change_ts != NULL) {
		return wait_slack(
		        flow, slack_look_at(api, post->channel_id, post->thread_ts,
		                      change_ts, handle_looked_at, poster));
	}
	str_to_int64(str_from(flow_fact(flow, "posting")), 0, INT64_C(99999999999),
	        &intended_s);
	snprintf(oldest, sizeof(oldest), "%lld.000000",
	        (long long)(intended_s > LOOK_BACK_S ? intended_s - LOOK_BACK_S : 0));
	return wait_slack(flow, slack_find_posted(api, post->channel_id, post->thread_ts,
	                                oldest, &post->mark, handle_found, poster));
}

/* ---------------------------------------------------------------- post */

static bool no_such_thread(const struct err *err)
{
	return str_equal(err->name, "cannot_reply_to_message") ||
	       str_equal(err->name, "thread_not_found");
}

static void handle_posted(const char *ts, const struct err *err, void *arg)
{
	struct poster *poster = arg;
	struct flow *flow = poster->flow;
	const struct err judged = author_judge(author_fact(poster->flow), err);

	poster->may_post = false;
	if (err->kind == ERR_NONE) {
		str_replace(&poster->ts, ts);
	} else if (judged.kind == ERR_RETRY) {
		/* Surely not there: no need to look. */
		flow_set_fact(flow, "posting", NULL);
	} else if (str_equal(err->name, "message_not_found")) {
		poster->gone = true;
		flow_continue(flow, &no_error);
		return;
	} else if (no_such_thread(err) && flow_fact(flow, "thread_ts") != NULL) {
		/* What it answers is deleted: it stands by itself. */
		flow_set_fact(flow, "thread_ts", NULL);
		poster->may_post = true;
		flow_continue(flow, &no_error);
		return;
	}
	flow_continue(flow, &judged);
}

enum step_rc poster_run(struct flow *flow, struct poster *poster, struct slack_api *api,
        const struct slack_post *post, const char *change_ts)
{
	const struct app *app = flow->app;

	poster->flow = flow;
	if (poster->ts != NULL || poster->gone) {
		return STEP_DONE;
	}
	if (flow_fact(flow, "posting") == NULL) {
		poster_intend(flow, poster);
		return STEP_SAVE;
	}
	if (!poster->may_post && !str_equal(flow_fact(flow, "life"), app->life)) {
		flow_set_fact(flow, "life", app->life);
		err_set(&flow->err, ERR_RETRY, 0,
		        "posted perhaps before a restart: to be looked up");
		flow->err.retry_after_ms = LOOK_AFTER_MS;
		return STEP_FAIL;
	}
	str_replace(&poster->edit_id, post->mark.edit_id);
	if (!poster->may_post) {
		return look(flow, poster, api, post, change_ts);
	}
	return wait_slack(flow,
	        change_ts == NULL
	                ? slack_chat_post(api, post, handle_posted, poster)
	                : slack_chat_update(api, change_ts, post, handle_posted, poster));
}
