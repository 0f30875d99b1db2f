/* Lists the custom emoji of a workspace and writes down what is different from what the
 * database has. */
#include "bridge/flow/app.h"
#include "bridge/flow/logins.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/team_lists.h"
#include "lib/log.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum { CHANGES_PER_COMMIT = 200 };

struct change {
	char *name;
	char *value; /* NULL: it is not there any more */
};

struct state {
	struct team_list_others others;
	bool listed, refused;
	struct map *wanted; /* name -> value */
	char *listed_ts;
	bool compared;
	struct change *changes;
	size_t count, next;
};

/* ---------------------------------------------------------------- what there is */

static void handle_listed(const struct slack_emoji *emoji, size_t count,
        const char *listed_ts, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;
	const struct app *app = flow->app;

	if (err->kind == ERR_PERMANENT) {
		log_info("Slack does not list custom emoji", "team=%s error=%s",
		        payload_text(flow, "team"), err->name);
		state->refused = true;
		flow_continue(flow, NULL);
		return;
	}
	if (err->kind == ERR_NONE) {
		state->listed = true;
		state->wanted = map_create();
		state->listed_ts =
		        listed_ts[0] != '\0'
		                ? xstrdup(listed_ts)
		                : xasprintf("%lld.000000",
		                          (long long)loop_wall_ms(app->loop) / 1000);
	}
	for (size_t i = 0; i < count; i++) {
		free(map_set(state->wanted, emoji[i].name, xstrdup(emoji[i].value)));
	}
	flow_continue(flow, err);
}

/* ---------------------------------------------------------------- what is different */

static void add_change(struct state *state, const char *name, const char *value)
{
	state->changes[state->count++] =
	        (struct change){xstrdup(name), xstrdup_null(value)};
}

/* Columns: see EMOJI_ALL. What is left of `wanted` afterwards is new. */
static void compare(struct state *state, const struct store_result *rows)
{
	const char *name;
	void *value;

	state->changes = xcalloc(
	        store_rows(rows) + map_count(state->wanted) + 1, sizeof(struct change));
	for (size_t i = 0; i < store_rows(rows); i++) {
		name = store_text(rows, i, 0);
		const char *stored = store_text(rows, i, 1);
		autofree char *listed = map_del(state->wanted, name);
		bool is_newer = strcmp(store_text(rows, i, 2), state->listed_ts) > 0;
		if (!is_newer && (listed == NULL || !str_equal(listed, stored))) {
			add_change(state, name, listed);
		}
	}
	for (size_t i = 0; map_next(state->wanted, &i, &name, &value);) {
		add_change(state, name, value);
	}
	state->compared = true;
}

static void handle_stored(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;

	if (err->kind == ERR_NONE) {
		compare(flow->state, results[0]);
	}
	flow_continue(flow, err);
}

static enum step_rc read_stored(struct flow *flow, const struct login *login)
{
	struct app *app = flow->app;
	struct store_tx *tx = store_tx_create(app->store);

	store_tx_add(tx, STMT_EMOJI_ALL, "s", login->team_id);
	store_tx_submit(tx, handle_stored, flow);
	return wait_store(flow, tx);
}

static enum step_rc write_changes(struct flow *flow, const struct login *login)
{
	struct state *state = flow->state;

	for (size_t i = 0; state->next < state->count; i++) {
		const struct change *change = &state->changes[state->next];
		if (i == CHANGES_PER_COMMIT) {
			return STEP_SAVE;
		}
		state->next++;
		if (change->value == NULL) {
			store_tx_add(flow_tx(flow), STMT_EMOJI_DEL, "sss", login->team_id,
			        change->name, state->listed_ts);
		} else {
			store_tx_add(flow_tx(flow), STMT_EMOJI_LISTED, "ssss",
			        login->team_id, change->name, change->value,
			        state->listed_ts);
		}
	}
	store_tx_add(flow_tx(flow), STMT_TEAM_LIST_PUT, "sss", login->team_id, "emoji",
	        state->listed_ts);
	log_info("custom emoji listed", "team=%s changes=%zu", login->team_id,
	        state->count);
	return STEP_END;
}

static enum step_rc refresh(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	struct login *login = logins_by_team(app->logins, payload_text(flow, "team"));

	if (login == NULL || state->refused) {
		return STEP_END;
	}
	if (!state->others.known) {
		return team_list_count_others(flow, &state->others);
	}
	if (state->others.count > 0) {
		return STEP_END;
	}
	if (!state->listed) {
		return wait_slack(
		        flow, slack_emoji_list(login->bot_api, handle_listed, flow));
	}
	return state->compared ? write_changes(flow, login) : read_stored(flow, login);
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	for (size_t i = 0; i < state->count; i++) {
		free(state->changes[i].name);
		free(state->changes[i].value);
	}
	free(state->changes);
	map_destroy(&state->wanted, free);
	free(state->listed_ts);
}

static const struct step steps[] = {
        {"refresh", refresh},
        {NULL, NULL},
};

const struct flow_def emoji_list_flow = {
        .name = FLOW_EMOJI_LIST,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};
