/* login_sync: after a login, the conversations the bot is in get portals: up to
 * conversation_count of each kind, one job each. */
#include "bridge/flow/app.h"
#include "bridge/flow/logins.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdio.h>
#include <stdlib.h>

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

static void handle_page(const struct slack_channel *channels, size_t count,
        const char *next_cursor, const struct err *err, void *arg)
{
	struct flow *flow = arg;

	for (size_t i = 0; err->kind == ERR_NONE && i < count; i++) {
		if (!channels[i].is_archived && take_one(flow, channels[i].kind)) {
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

static enum step_rc list_page(struct flow *flow)
{
	struct app *app = flow->app;
	const char *team_id = json_str_or(flow->payload, "team", "");
	struct login *login = logins_by_team(app->logins, team_id);
	const char *cursor = flow_fact(flow, "cursor");

	if (flow_fact(flow, "page") != NULL) {
		flow_set_fact(flow, "page", NULL);
		return STEP_SAVE; /* this page's jobs and the cursor in one commit */
	}
	if (str_equal(cursor, "end")) {
		return STEP_DONE;
	}
	if (login == NULL) {
		return STEP_END;
	}
	return wait_slack(flow, slack_users_conversations(login->bot_api,
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
