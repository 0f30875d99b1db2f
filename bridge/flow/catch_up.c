/* After a gap Slack sends again what it had no acknowledgement for, but late (up to five
 * minutes), so later messages would overtake, and what it gave up on never comes. So the
 * history since the last message we have goes into the inbox first; the unique key makes
 * what comes again harmless. Replies in threads are not in that history. */
#include "bridge/flow/catch_up.h"

#include "bridge/flow/app.h"
#include "bridge/flow/portals.h"
#include "bridge/flow/slack_message.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdio.h>
#include <stdlib.h>

enum {
	/* Of one conversation at one time; the newest ones, if there are more. */
	MAX_MESSAGES = 500,
	JOBS_PER_TX = 60,
};

struct state {
	struct store_tx *page; /* the jobs of a page, gathered while it was read */
	int taken;
};

static const char *field(const struct flow *flow, const char *name)
{
	return json_str_or(flow->payload, name, "");
}

/* ---------------------------------------------------------------- since when */

static void handle_since(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	char opened[40];

	if (err->kind == ERR_NONE) {
		const char *since = store_text(results[0], 0, 0);
		/* A connection that comes and goes brings a job each time: one will do.
		 */
		bool is_last = store_int(results[2], 0, 0) == 0;
		if (since == NULL && store_rows(results[1]) > 0) {
			snprintf(opened, sizeof(opened), "%lld.000000",
			        (long long)store_int(results[1], 0, 0) / 1000);
			since = opened;
		}
		flow_set_fact(flow, "since", since == NULL || !is_last ? "none" : since);
	}
	flow_continue(flow, err);
}

static enum step_rc find_since(struct flow *flow)
{
	struct app *app = flow->app;

	if (flow_fact(flow, "since") != NULL) {
		return str_equal(flow_fact(flow, "since"), "none") ? STEP_END : STEP_DONE;
	}
	struct store_tx *tx = store_tx_create(app->store);
	store_tx_add(
	        tx, STMT_MESSAGE_LAST, "ss", field(flow, "team"), field(flow, "channel"));
	store_tx_add(
	        tx, STMT_PORTAL_SINCE, "ss", field(flow, "team"), field(flow, "channel"));
	store_tx_add(tx, STMT_CATCH_UP_OTHERS, "ss", flow->lane, flow->key);
	store_tx_submit(tx, handle_since, flow);
	return wait_store(flow, tx);
}

/* ---------------------------------------------------------------- the missed ones */

static void take(
        struct flow *flow, struct login *login, const struct slack_event *message)
{
	struct state *state = flow->state;

	if (message->kind != SLACK_EVENT_MESSAGE ||
	        slack_message_is_own(login, message)) {
		return;
	}
	if (state->taken++ >= MAX_MESSAGES) {
		return;
	}
	slack_message_add(login, flow_tx(flow), message);
}

static void handle_page(const struct slack_event *messages, size_t count,
        const char *next_cursor, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct app *app = flow->app;
	struct state *state = flow->state;
	struct login *login = logins_by_team(app->logins, field(flow, "team"));
	const struct err patient = logins_patient(err);

	if (err->kind == ERR_NONE && login != NULL) {
		for (size_t i = 0; i < count; i++) {
			take(flow, login, &messages[i]);
		}
		bool enough = state->taken > MAX_MESSAGES;
		if (enough) {
			log_warn("more missed messages than are caught up with",
			        "team=%s channel=%s limit=%d", field(flow, "team"),
			        field(flow, "channel"), MAX_MESSAGES);
		}
		flow_set_fact(flow, "cursor",
		        enough || next_cursor[0] == '\0' ? "end" : next_cursor);
		flow_set_fact(flow, "page", "new");
	}
	flow_continue(flow, &patient);
}

static enum step_rc list_missed(struct flow *flow)
{
	struct app *app = flow->app;
	struct login *login = logins_by_team(app->logins, field(flow, "team"));
	const char *cursor = flow_fact(flow, "cursor");

	if (flow_fact(flow, "page") != NULL) {
		flow_set_fact(flow, "page", NULL);
		return STEP_SAVE; /* this page's jobs and the cursor in one commit */
	}
	if (str_equal(cursor, "end") || login == NULL) {
		return STEP_END;
	}
	return wait_slack(flow, slack_history(login->bot_api, field(flow, "channel"),
	                                flow_fact(flow, "since"),
	                                cursor == NULL ? "" : cursor, handle_page, flow));
}

static const struct step steps[] = {
        {"since", find_since},
        {"list", list_missed},
        {NULL, NULL},
};

const struct flow_def catch_up_flow = {
        .name = FLOW_CATCH_UP,
        .steps = steps,
        .state_size = sizeof(struct state),
};

/* ---------------------------------------------------------------- beginning */

static void add_job(struct login *login, struct store_tx *tx, const struct portal *portal,
        int64_t now_ms)
{
	autofree char *key = xasprintf(
	        "c:%s:%s:%lld", portal->team_id, portal->channel_id, (long long)now_ms);
	autofree char *lane = lane_from_slack(portal->team_id, portal->channel_id);
	autojson cJSON *payload = json_new();

	json_set_str(payload, "team", portal->team_id);
	json_set_str(payload, "channel", portal->channel_id);
	autofree char *text = json_print(payload);
	queue_add(login->app->queue, tx, key, lane, FLOW_CATCH_UP, text);
}

void catch_up_begin(struct login *login)
{
	struct app *app = login->app;
	struct store_tx *tx = store_tx_create(app->store);
	const struct portal *portal;

	for (size_t i = 0; portals_next(app->portals, &i, &portal);) {
		if (!str_equal(portal->team_id, login->team_id)) {
			continue;
		}
		if (store_tx_count(tx) >= JOBS_PER_TX) {
			store_tx_submit(tx, NULL, NULL);
			tx = store_tx_create(app->store);
		}
		add_job(login, tx, portal, loop_wall_ms(app->loop));
	}
	store_tx_submit(tx, NULL, NULL);
}
