#include "bridge/flow/team_lists.h"

#include "bridge/flow/app.h"
#include "bridge/flow/group_list.h"
#include "lib/mem.h"
#include <stdlib.h>

enum { MAX_REMOVED = 500 }; /* in one event */

static void add_job(struct login *login, struct store_tx *tx, const char *prefix,
        const char *flow, int64_t number)
{
	autofree char *key =
	        xasprintf("%s:%s:%lld", flow, login->team_id, (long long)number);
	autofree char *lane = xasprintf("%s %s", prefix, login->team_id);
	autojson cJSON *payload = json_set_str(json_new(), "team", login->team_id);
	autofree char *text = json_print(payload);

	queue_add(login->app->queue, tx, key, lane, flow, text);
}

void team_lists_refresh(struct login *login, struct store_tx *tx)
{
	int64_t now_ms = loop_wall_ms(login->app->loop);

	add_job(login, tx, "e", FLOW_EMOJI_LIST, now_ms);
	add_job(login, tx, "g", FLOW_GROUP_LIST, now_ms);
}

static void handle_others(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct team_list_others *others = arg;

	if (err->kind == ERR_NONE) {
		others->known = true;
		others->count = store_int(results[0], 0, 0);
	}
	flow_continue(others->flow, err);
}

enum step_rc team_list_count_others(struct flow *flow, struct team_list_others *others)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);

	others->flow = flow;
	store_tx_add(
	        tx, STMT_INBOX_OTHERS, "sss", flow->lane, flow->def->name, flow->key);
	store_tx_submit(tx, handle_others, others);
	return wait_store(flow, tx);
}

void team_lists_emoji_changed(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	struct slack_emoji_change change;
	const char *team_id = login->team_id;
	const cJSON *name;
	int count = 0;

	slack_event_emoji_change(event, &change);
	cJSON_ArrayForEach(name, change.removed)
	{
		if (cJSON_IsString(name) && count++ < MAX_REMOVED) {
			store_tx_add(tx, STMT_EMOJI_CHANGED, "ssss", team_id,
			        name->valuestring, "", event->ts);
		}
	}
	if (change.renamed[0] != '\0') {
		store_tx_add(tx, STMT_EMOJI_CHANGED, "ssss", team_id, change.renamed, "",
		        event->ts);
	}
	if (change.added[0] != '\0') {
		store_tx_add(tx, STMT_EMOJI_CHANGED, "ssss", team_id, change.added,
		        change.value, event->ts);
	} else if (count == 0 || count > MAX_REMOVED) {
		add_job(login, tx, "e", FLOW_EMOJI_LIST, loop_wall_ms(login->app->loop));
	}
}

void team_lists_group_changed(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	struct slack_group group;

	if (slack_event_group(event->raw, &group)) {
		group_list_put(tx, login->team_id, &group);
	}
}
