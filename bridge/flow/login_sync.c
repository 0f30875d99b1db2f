/* login_sync: after a login, the conversations the bot is in get portals: up to
 * conversation_count of each kind, one job each. */
#include "bridge/flow/app.h"
#include "bridge/flow/channel_shape.h"
#include "bridge/flow/logins.h"
#include "bridge/flow/portals.h"
#include "bridge/flow/user_logins.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdio.h>
#include <stdlib.h>

enum { LOADING_TRIES = 3 };

static const char *const count_facts[] = {"public", "private", "mpim", "im"};

/* Counts one more of a kind; false if there are enough. */
static bool take_one(struct flow *flow, enum slack_channel_kind kind)
{
	struct app *app = flow->app;
	long limit = app->config->slack.conversation_count;
	const char *fact = flow_fact(flow, count_facts[kind]);
	long taken = fact == NULL ? 0 : strtol(fact, NULL, 10);
	char text[24];

	if (limit >= 0 && taken >= limit) {
		return false;
	}
	snprintf(text, sizeof(text), "%ld", taken + 1);
	flow_set_fact(flow, count_facts[kind], text);
	return true;
}

static void add_job(struct flow *flow, const struct slack_channel *channel)
{
	struct app *app = flow->app;
	const char *team_id = json_str_or(flow->payload, "team", "");
	autofree char *key = xasprintf("open:%s:%s", flow->key, channel->id);
	autofree char *lane = lane_from_slack(team_id, channel->id);
	autojson cJSON *payload = json_new();

	json_set_str(payload, "team", team_id);
	json_set_str(payload, "channel", channel->id);
	json_set_bool(payload, "invite", true);
	json_set_str(payload, "owner", json_str(flow->payload, "owner"));
	autofree char *text = json_print(payload);
	queue_add(app->queue, flow_tx(flow), key, lane, FLOW_OPEN_PORTAL, text);
}

/* After a user's login: where the app is not nothing can be bridged, so only what has a
 * room already; that one they may enter. */
static bool is_wanted(struct flow *flow, const struct slack_channel *channel)
{
	const struct app *app = flow->app;

	if (json_str(flow->payload, "user") == NULL) {
		return channel_shape_is_wanted(app->config,
		               json_str_or(flow->payload, "team", ""), channel) &&
		       take_one(flow, channel->kind);
	}
	return portals_by_channel(app->portals, json_str_or(flow->payload, "team", ""),
	               channel->id) != NULL;
}

static void handle_page(const struct slack_channel *channels, size_t count,
        const char *next_cursor, const struct err *err, void *arg)
{
	struct flow *flow = arg;

	for (size_t i = 0; err->kind == ERR_NONE && i < count; i++) {
		if (!channels[i].is_archived && is_wanted(flow, &channels[i])) {
			add_job(flow, &channels[i]);
		}
	}
	if (err->kind == ERR_NONE) {
		flow_set_fact(
		        flow, "cursor", next_cursor[0] == '\0' ? "end" : next_cursor);
		flow_set_fact(flow, "page", "new");
	}
	flow_continue(flow, err);
}

/* Whose conversations; NULL: that login is gone. */
static struct slack_api *lister(const struct flow *flow)
{
	const struct app *app = flow->app;
	const char *team_id = json_str_or(flow->payload, "team", "");
	const char *mxid = json_str(flow->payload, "user");
	const struct login *login = logins_by_team(app->logins, team_id);
	const struct user_login *user =
	        mxid == NULL ? NULL : user_logins_find(app->users, team_id, mxid);

	if (mxid != NULL) {
		return user == NULL ? NULL : user->api;
	}
	return login == NULL ? NULL : login->bot_api;
}

static enum step_rc list_page(struct flow *flow)
{
	struct slack_api *api = lister(flow);
	const char *cursor = flow_fact(flow, "cursor");

	if (flow_fact(flow, "page") != NULL) {
		flow_set_fact(flow, "page", NULL);
		return STEP_SAVE; /* this page's jobs and the cursor in one commit */
	}
	if (str_equal(cursor, "end")) {
		return STEP_DONE;
	}
	if (api == NULL && json_str(flow->payload, "user") != NULL &&
	        flow->attempts < LOADING_TRIES) {
		/* Stored in the same commit, it may not have been read yet. */
		err_set(&flow->err, ERR_RETRY, 0, "the login is not known yet");
		return STEP_FAIL;
	}
	if (api == NULL) {
		return STEP_END;
	}
	return wait_slack(flow, slack_users_conversations(api,
	                                cursor == NULL ? "" : cursor, handle_page, flow));
}

static const struct step steps[] = {
        {"list", list_page},
        {NULL, NULL},
};

const struct flow_def login_sync_flow = {
        .name = FLOW_LOGIN_SYNC,
        .steps = steps,
};
