#include "bridge/flow/slack_limited.h"

#include "bridge/flow/app.h"
#include "bridge/flow/catch_up.h"
#include "bridge/flow/payload.h"
#include "lib/log.h"
#include "lib/mem.h"
#include <stdlib.h>

enum {
	MINUTE_S = 60,
	WAIT_S = MINUTE_S + 10,    /* the next word is there by then, if there is one */
	STRETCH_S = 10 * MINUTE_S, /* is looked up at once */
	LIKELY_S = 60 * MINUTE_S,  /* a word about long ago is no word */
};

/* Jobs of one stretch share a lane, and all but its last do nothing. */
void slack_limited_add(struct login *login, struct store_tx *tx, int64_t minute_s)
{
	struct app *app = login->app;
	int64_t now_s = loop_wall_ms(app->loop) / 1000;

	if (minute_s <= now_s - LIKELY_S || minute_s > now_s) {
		minute_s = now_s - MINUTE_S;
	}
	if (minute_s - login->limited_last_s > 2 * MINUTE_S ||
	        minute_s - login->limited_first_s >= STRETCH_S) {
		login->limited_first_s = minute_s;
	}
	login->limited_last_s = minute_s;
	autofree char *since =
	        xasprintf("%lld.000000", (long long)login->limited_first_s);
	autofree char *lane = xasprintf("l %s %s", login->team_id, since);
	autofree char *key =
	        xasprintf("limited:%s:%lld", login->team_id, (long long)minute_s);
	autojson cJSON *payload = json_new();

	json_set_str(payload, "team", login->team_id);
	json_set_str(payload, "since", since);
	autofree char *text = json_print(payload);
	queue_add_due(app->queue, tx, key, lane, (now_s + WAIT_S) * 1000,
	        FLOW_SLACK_LIMITED, text);
	log_warn("Slack drops events of this app: too many", "team=%s since=%s",
	        login->team_id, since);
}

static void handle_waiting(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;

	if (err->kind == ERR_NONE) {
		fact_set_number(flow, "waiting", (unsigned)store_int(results[0], 0, 0));
	}
	flow_continue(flow, err);
}

static enum step_rc look_up(struct flow *flow)
{
	const struct app *app = flow->app;
	struct login *login = logins_by_team(app->logins, payload_text(flow, "team"));

	if (login == NULL) {
		return STEP_END;
	}
	if (flow_fact(flow, "waiting") == NULL) {
		struct store_tx *tx = store_tx_create(app->store);
		store_tx_add(tx, STMT_INBOX_LANE_WAITS, "s", flow->lane);
		store_tx_submit(tx, handle_waiting, flow);
		return wait_store(flow, tx);
	}
	if (fact_number(flow, "waiting") <= 1) {
		catch_up_since(login, payload_text(flow, "since"));
	}
	return STEP_END;
}

static const struct step steps[] = {
        {"look", look_up},
        {NULL, NULL},
};

const struct flow_def slack_limited_flow = {
        .name = FLOW_SLACK_LIMITED,
        .steps = steps,
};
