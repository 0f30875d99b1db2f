/* login_look: what happened to a login's channels while nobody listened. The list of the
 * conversations the bot is in is compared with what is known; each that differs or is
 * missing there gets a job that looks at it. Archived channels are always missing: the
 * bot is put out of them. The lists are short-lived: an interrupted one begins anew. */
#include "bridge/flow/app.h"
#include "bridge/flow/channel_shape.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/portals.h"
#include "bridge/flow/slack_channel.h"
#include "bridge/flow/wait.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { JOBS_PER_TX = 400 };

struct state {
	struct map *listed; /* channel ID -> the map itself, as a mark */
	struct map *differ; /* likewise */
	char *cursor;       /* of the next page; NULL: the first */
	bool read;          /* all pages */
	bool checked;       /* that no later one waits */
	bool is_last;
};

static bool is_as_known(const struct app *app, const struct login *login,
        const struct portal *portal, const struct slack_channel *channel)
{
	const struct channel_team team = {login->team_name, login->team_domain};
	autofree char *name = channel_shape_name(app->config, channel, &team);
	autofree char *topic = channel_shape_topic(channel);
	const char *state = channel_shape_state(channel);

	return str_equal(name, portal->name) && str_equal(topic, portal->topic) &&
	       str_equal(state, portal->state) &&
	       str_equal(channel_shape_kind(channel->kind), portal->kind) &&
	       channel_shape_level(state, channel->posting) == portal->level;
}

static void take_page(struct flow *flow, const struct login *login,
        const struct slack_channel *channels, size_t count)
{
	const struct app *app = flow->app;
	struct state *state = flow->state;

	for (size_t i = 0; i < count; i++) {
		const struct portal *portal =
		        portals_by_channel(app->portals, login->team_id, channels[i].id);
		if (portal == NULL) {
			continue;
		}
		map_set(state->listed, channels[i].id, state->listed);
		if (!is_as_known(app, login, portal, &channels[i])) {
			map_set(state->differ, channels[i].id, state->differ);
		}
	}
}

static void handle_page(const struct slack_channel *channels, size_t count,
        const char *next_cursor, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	const struct app *app = flow->app;
	struct state *state = flow->state;
	const struct login *login =
	        logins_by_team(app->logins, payload_text(flow, "team"));

	if (err->kind == ERR_NONE && login != NULL) {
		take_page(flow, login, channels, count);
		str_replace(&state->cursor, next_cursor);
		state->read = next_cursor[0] == '\0';
	}
	flow_continue(flow, err);
}

static void handle_others(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->checked = err->kind == ERR_NONE;
	state->is_last = state->checked && store_int(results[0], 0, 0) == 0;
	flow_continue(flow, err);
}

static bool is_missing(const struct state *state, const struct portal *portal)
{
	return map_get(state->listed, portal->channel_id) == NULL &&
	       !str_equal(portal->state, "gone");
}

static void add_looks(struct flow *flow, const char *team_id)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	const struct portal *portal;

	for (size_t i = 0; portals_next(app->portals, &i, &portal);) {
		if (!str_equal(portal->team_id, team_id) ||
		        store_tx_count(flow_tx(flow)) >= JOBS_PER_TX) {
			continue;
		}
		if (is_missing(state, portal) ||
		        map_get(state->differ, portal->channel_id) != NULL) {
			autofree char *key =
			        xasprintf("%s:%s", flow->key, portal->channel_id);
			slack_channel_look(
			        app, flow_tx(flow), key, team_id, portal->channel_id);
			map_set(state->listed, portal->channel_id, state->listed);
			map_del(state->differ, portal->channel_id);
		}
	}
}

static enum step_rc look(struct flow *flow)
{
	struct app *app = flow->app;
	struct state *state = flow->state;
	const char *team_id = payload_text(flow, "team");
	struct login *login = logins_by_team(app->logins, team_id);

	if (login == NULL) {
		return STEP_END;
	}
	if (!state->checked) {
		struct store_tx *tx = store_tx_create(app->store);
		store_tx_add(tx, STMT_INBOX_LATER, "ss", flow->lane, flow->key);
		store_tx_submit(tx, handle_others, flow);
		return wait_store(flow, tx);
	}
	if (!state->is_last) {
		return STEP_END;
	}
	if (state->listed == NULL) {
		state->listed = map_create();
		state->differ = map_create();
	}
	if (!state->read) {
		return wait_slack(
		        flow, slack_users_conversations(login->bot_api,
		                      state->cursor == NULL ? "" : state->cursor,
		                      handle_page, flow));
	}
	add_looks(flow, team_id);
	return store_tx_count(flow_tx(flow)) >= JOBS_PER_TX ? STEP_SAVE : STEP_END;
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	map_destroy(&state->listed, NULL);
	map_destroy(&state->differ, NULL);
	free(state->cursor);
}

static const struct step steps[] = {
        {"look", look},
        {NULL, NULL},
};

const struct flow_def login_look_flow = {
        .name = FLOW_LOGIN_LOOK,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};

void login_look_add(struct login *login, struct store_tx *tx, int64_t now_ms)
{
	autofree char *key = xasprintf("look:%s:%lld", login->team_id, (long long)now_ms);
	autofree char *lane = xasprintf("l %s", login->team_id);
	autojson cJSON *payload = json_set_str(json_new(), "team", login->team_id);
	autofree char *text = json_print(payload);

	queue_add(login->app->queue, tx, key, lane, FLOW_LOGIN_LOOK, text);
}
