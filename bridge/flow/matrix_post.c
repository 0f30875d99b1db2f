#include "bridge/flow/matrix_post.h"

#include "bridge/flow/app.h"
#include "bridge/flow/author.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/profiles.h"
#include "bridge/ops/public_media.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

bool matrix_post_may_speak(struct flow *flow)
{
	const struct app *app = flow->app;

	if (config_permission(app->config, payload_text(flow, "sender")) < PERM_RELAY) {
		return err_set(&flow->err, ERR_PERMANENT, 0,
		        "you are not allowed to talk through this bridge");
	}
	return payload_login(flow) != NULL;
}

/* ---------------------------------------------------------------- thread */

/* What an answer is about that is on neither side: it stands by itself, and a quotation
 * in it stays. */
enum step_rc matrix_post_thread(struct flow *flow, struct targets *about)
{
	const struct portal *portal = payload_portal(flow);
	const char *thread = payload_text(flow, "thread");
	const char *event = thread[0] != '\0' ? thread : payload_text(flow, "reply_to");

	if (event[0] == '\0' || portal == NULL) {
		return STEP_DONE;
	}
	if (!about->known) {
		return targets_by_event(flow, about, portal, event);
	}
	if (targets_wait(flow, about)) {
		return STEP_FAIL;
	}
	if (about->count > 0) {
		const struct target *target = &about->items[0];
		REQ("MSG-06");
		flow_set_fact(flow, "thread_ts",
		        target->thread_ts[0] != '\0' ? target->thread_ts
		                                     : target->slack_ts);
	}
	return STEP_DONE;
}

/* ---------------------------------------------------------------- author */

static void handle_profile(const cJSON *profile, const struct err *err, void *arg)
{
	struct matrix_post *post = arg;
	static const struct err none = ERR_INIT;

	/* A profile that cannot be had is no reason to hold the message back. */
	bool unknown = err->kind == ERR_PERMANENT;
	post->profile_known = err->kind == ERR_NONE || unknown;
	str_replace(&post->name, json_str(profile, "displayname"));
	str_replace(&post->avatar_url, json_str(profile, "avatar_url"));
	if (err->kind == ERR_NONE) {
		const struct app *app = post->flow->app;
		profiles_keep(app->profiles, payload_text(post->flow, "sender"),
		        post->name, post->avatar_url);
	}
	flow_continue(post->flow, unknown ? &none : err);
}

enum step_rc matrix_post_author(struct flow *flow, struct matrix_post *post)
{
	struct app *app = flow->app;

	if (flow_fact(flow, "name") != NULL) {
		return STEP_DONE;
	}
	enum step_rc rc = author_choose(flow);
	if (rc != STEP_DONE) {
		return rc;
	}
	if (author_fact(flow)[0] != '\0') {
		flow_set_fact(flow, "name", payload_text(flow, "sender"));
		poster_intend(flow, &post->poster);
		return STEP_DONE;
	}
	const struct profile *kept =
	        profiles_find(app->profiles, payload_text(flow, "sender"));
	if (!post->profile_known && kept != NULL) {
		str_replace(&post->name, kept->name);
		str_replace(&post->avatar_url, kept->avatar_url);
		post->profile_known = true;
	}
	if (!post->profile_known) {
		post->flow = flow;
		return wait_matrix(
		        flow, matrix_profile(app->matrix, payload_text(flow, "sender"),
		                      handle_profile, post));
	}
	const char *name = post->name == NULL || post->name[0] == '\0'
	                           ? payload_text(flow, "sender")
	                           : post->name;
	autofree char *icon = public_media_url(app->config, post->avatar_url);
	flow_set_fact(flow, "name", name);
	flow_set_fact(flow, "icon", icon);
	/* The intent goes into the same commit: from the next step on the message may be
	 * on Slack. */
	poster_intend(flow, &post->poster);
	return STEP_DONE;
}

/* ---------------------------------------------------------------- new messages */

void matrix_post_record(struct flow *flow, struct matrix_post *post, const char *event)
{
	struct app *app = flow->app;
	const struct portal *portal = payload_portal(flow);
	const char *thread_ts = flow_fact(flow, "thread_ts");

	REQ("MSG-01");
	store_tx_add(flow_tx(flow), STMT_MESSAGE_PUT, "sssississssi", portal->team_id,
	        portal->channel_id, post->poster.ts, (int64_t)0, portal->room_id, event,
	        (int64_t)fact_number(flow, "piece"), payload_text(flow, "sender"), "m",
	        thread_ts == NULL ? "" : thread_ts, "", loop_wall_ms(app->loop));
	if (author_fact(flow)[0] != '\0') {
		store_tx_add(flow_tx(flow), STMT_MESSAGE_AUTHOR, "ssss", portal->team_id,
		        portal->channel_id, post->poster.ts, author_fact(flow));
	}
	log_info("message to Slack", "team=%s channel=%s ts=%s room=%s event=%s",
	        portal->team_id, portal->channel_id, post->poster.ts, portal->room_id,
	        event);
}

enum step_rc matrix_post_content(struct flow *flow, struct matrix_post *post)
{
	const struct portal *portal = payload_portal(flow);

	if (portal == NULL || payload_login(flow) == NULL) {
		return STEP_FAIL;
	}
	enum step_rc rc = matrix_content_make(
	        flow, &post->content, portal, flow_fact(flow, "thread_ts") != NULL);
	if (rc == STEP_DONE && matrix_content_count(&post->content) == 0) {
		err_set(&flow->err, ERR_PERMANENT, 0, "no text");
		err_set_name(&flow->err, "no_text");
		return STEP_FAIL;
	}
	return rc;
}

/* Its author has logged out before it was posted: the bot posts it, after a look for what
 * the author's token may have posted. */
static struct slack_api *take_over(struct flow *flow, const struct matrix_post *post)
{
	if (post->poster.may_post) {
		flow_set_fact(flow, "author", NULL);
	}
	return payload_login(flow)->bot_api;
}

static void set_author(
        struct flow *flow, struct matrix_post *post, struct slack_post *request)
{
	const char *author = author_fact(flow);

	if (author[0] == '\0') {
		request->username = flow_fact(flow, "name");
		request->icon_url = flow_fact(flow, "icon");
		return;
	}
	if (post->tag == NULL) {
		post->tag = user_login_tag(flow->app, author);
	}
	request->mark.tag = post->tag;
}

enum step_rc matrix_post_piece(struct flow *flow, struct matrix_post *post,
        const char *event, const char *edit, const char *change_ts)
{
	unsigned piece = fact_number(flow, "piece");
	autofree char *text = NULL, *blocks = NULL;
	struct slack_api *api;
	struct slack_post request = {
	        .channel_id = payload_portal(flow)->channel_id,
	        .thread_ts = flow_fact(flow, "thread_ts"),
	        .mark = {.event_id = event, .piece = piece, .edit_id = edit},
	};
	enum step_rc rc = author_api(flow, author_fact(flow), &api);

	if (rc != STEP_DONE) {
		return rc;
	}
	if (api == NULL && change_ts != NULL) {
		return author_is_gone(flow);
	}
	if (api == NULL) {
		api = take_over(flow, post);
	}
	set_author(flow, post, &request);
	matrix_content_piece(&post->content, piece, &text, &blocks);
	request.text = text;
	request.blocks = blocks;
	return poster_run(flow, &post->poster, api, &request, change_ts);
}

/* The mapping, and the intent of the next piece or the end of the job: one commit. */
static enum step_rc next_piece(
        struct flow *flow, struct matrix_post *post, const char *event)
{
	unsigned piece = fact_number(flow, "piece");

	matrix_post_record(flow, post, event);
	poster_forget(flow, &post->poster);
	fact_set_number(flow, "piece", piece + 1);
	if (piece + 1 >= matrix_content_count(&post->content)) {
		return STEP_END;
	}
	poster_intend(flow, &post->poster);
	return STEP_SAVE;
}

enum step_rc matrix_post_all(
        struct flow *flow, struct matrix_post *post, const char *event, const char *edit)
{
	enum step_rc rc = matrix_post_content(flow, post);

	if (rc == STEP_DONE &&
	        fact_number(flow, "piece") >= matrix_content_count(&post->content)) {
		return STEP_END;
	}
	if (rc == STEP_DONE) {
		rc = matrix_post_piece(flow, post, event, edit, NULL);
	}
	return rc == STEP_DONE ? next_piece(flow, post, event) : rc;
}

void matrix_post_finish(struct matrix_post *post)
{
	matrix_content_finish(&post->content);
	poster_finish(&post->poster);
	free(post->tag);
	free(post->name);
	free(post->avatar_url);
}
