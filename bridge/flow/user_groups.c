#include "bridge/flow/user_groups.h"

#include "bridge/flow/app.h"
#include "bridge/flow/group_list.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	PATIENCE_MS = 10 * 1000, /* a rate limit may last longer */
	ASK_AGAIN_MS = 5 * 60 * 1000,
	MAX_KEPT = 1000, /* in one transaction */
};

static bool all_known(const struct user_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		if (groups->items[i].handle == NULL) {
			return false;
		}
	}
	return true;
}

/* ---------------------------------------------------------------- the database */

static void handle_rows(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct user_groups *groups = arg;

	for (size_t i = 0; err->kind == ERR_NONE && i < groups->count; i++) {
		if (store_rows(results[i]) > 0) {
			str_replace(
			        &groups->items[i].handle, store_text(results[i], 0, 0));
		}
	}
	groups->looked_up = err->kind == ERR_NONE;
	groups->known = groups->looked_up && all_known(groups);
	flow_continue(groups->flow, err);
}

static enum step_rc look_up(struct flow *flow, struct user_groups *groups,
        const struct login *login, const struct id_list *ids)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);

	user_groups_finish(groups);
	groups->flow = flow;
	for (; groups->count < ids->count && groups->count < USER_GROUPS_MAX;
	        groups->count++) {
		const char *id = ids->ids[groups->count];
		groups->items[groups->count].id = xstrdup(id);
		store_tx_add(tx, STMT_GROUP_HANDLE, "ss", login->team_id, id);
	}
	store_tx_submit(tx, handle_rows, groups);
	return wait_store(flow, tx);
}

/* ---------------------------------------------------------------- Slack */

static void take(struct user_groups *groups, const struct slack_group *listed)
{
	for (size_t i = 0; i < groups->count; i++) {
		if (str_equal(groups->items[i].id, listed->id)) {
			str_replace(&groups->items[i].handle, listed->handle);
		}
	}
}

/* Whatever it said: a message does without the name rather than wait for it. */
static void handle_listed(
        const struct slack_group *listed, size_t count, const struct err *err, void *arg)
{
	struct user_groups *groups = arg;
	struct flow *flow = groups->flow;
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);

	(void)err;
	for (size_t i = 0; i < count; i++) {
		take(groups, &listed[i]);
		if (i < MAX_KEPT) {
			group_list_put(tx, groups->login->team_id, &listed[i]);
		}
	}
	store_tx_submit(tx, NULL, NULL);
	timer_stop(&groups->patience);
	groups->call = NULL;
	groups->known = true;
	flow_continue(flow, NULL);
}

static void stop_asking(void *arg)
{
	struct user_groups *groups = arg;

	timer_stop(&groups->patience);
	slack_call_cancel(&groups->call);
}

static void handle_impatience(void *arg)
{
	struct user_groups *groups = arg;

	stop_asking(groups);
	groups->known = true;
	flow_continue(groups->flow, NULL);
}

static enum step_rc ask_slack(
        struct flow *flow, struct user_groups *groups, struct login *login)
{
	struct app *app = flow->app;
	int64_t now_ms = loop_now_ms(app->loop);

	if (now_ms < login->ask_groups_after_ms) {
		groups->known = true;
		return STEP_DONE;
	}
	login->ask_groups_after_ms = now_ms + ASK_AGAIN_MS;
	groups->login = login;
	timer_init(&groups->patience, app->loop, handle_impatience, groups);
	timer_start(&groups->patience, PATIENCE_MS);
	groups->call = slack_group_list(login->bot_api, handle_listed, groups);
	return flow_wait_aside(flow, groups, stop_asking);
}

/* ---------------------------------------------------------------- public */

enum step_rc user_groups_find(struct flow *flow, struct user_groups *groups,
        struct login *login, const struct id_list *ids)
{
	if (groups->known || ids->count == 0) {
		return STEP_DONE;
	}
	return groups->looked_up ? ask_slack(flow, groups, login)
	                         : look_up(flow, groups, login, ids);
}

const char *user_groups_handle(const struct user_groups *groups, const char *id)
{
	for (size_t i = 0; i < groups->count; i++) {
		if (str_equal(groups->items[i].id, id)) {
			return groups->items[i].handle;
		}
	}
	return NULL;
}

void user_groups_finish(struct user_groups *groups)
{
	for (size_t i = 0; i < groups->count; i++) {
		free(groups->items[i].id);
		free(groups->items[i].handle);
	}
	*groups = (struct user_groups){0};
}
