#include "bridge/flow/channel_moved.h"

#include "bridge/flow/app.h"
#include "bridge/flow/payload.h"
#include "bridge/flow/portals.h"
#include "bridge/flow/room_state.h"
#include "bridge/flow/slack_channel.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

struct state {
	struct room_state tombstone;
};

/* What was delivered under the old ID is delivered again under it, and is known by the
 * new one then. */
static void rekey(struct flow *flow, const char *old_id, const char *new_id)
{
	const char *team_id = payload_text(flow, "team");
	autofree char *before = xasprintf(":%s:%s:", team_id, old_id);
	autofree char *after = xasprintf(":%s:%s:", team_id, new_id);
	autofree char *like = xasprintf("%%%s%%", before);

	store_tx_add(flow_tx(flow), STMT_INBOX_REKEY, "sss", before, after, like);
}

/* What waits in the channel's lane goes on in the new one, behind a look at it. */
static void move_jobs(struct flow *flow, const char *old_id, const char *new_id)
{
	struct app *app = flow->app;
	const char *team_id = payload_text(flow, "team");
	autofree char *lane = lane_from_slack(team_id, new_id);
	autofree char *old_field = xasprintf("\"channel\":\"%s\"", old_id);
	/* What may have been sent already is the same request when it is sent again. */
	autofree char *new_field =
	        xasprintf("\"channel\":\"%s\",\"first_channel\":\"%s\"", new_id, old_id);
	autofree char *key = xasprintf("look:%s", flow->key);

	store_tx_add(flow_tx(flow), STMT_INBOX_MOVE, "sssss", flow->lane, lane, old_field,
	        new_field, flow->key);
	rekey(flow, old_id, new_id);
	slack_channel_look_as(
	        app, flow_tx(flow), key, "channel_id_changed", team_id, new_id);
}

/* A message under the new ID came first and got a room of its own: that ends here. */
static enum step_rc close_other(
        struct flow *flow, const struct portal *portal, const struct portal *other)
{
	static const char words[] = "This room continues in another one.";
	struct state *state = flow->state;
	cJSON *content = json_set_str(json_new(), "body", words);

	json_set_str(content, "replacement_room", portal->room_id);
	return room_state_set(
	        flow, &state->tombstone, other->room_id, "m.room.tombstone", "", content);
}

static enum step_rc move(struct flow *flow)
{
	struct app *app = flow->app;
	const char *team_id = payload_text(flow, "team");
	const char *new_id = payload_text(flow, "new");
	const struct portal *portal =
	        portals_by_channel(app->portals, team_id, payload_text(flow, "channel"));
	const struct portal *other = portals_by_channel(app->portals, team_id, new_id);

	if (portal == NULL || portal == other) {
		return STEP_END; /* done in an earlier life, or there is none */
	}
	if (other != NULL) {
		enum step_rc rc = close_other(flow, portal, other);
		if (rc != STEP_DONE) {
			return rc;
		}
	}
	log_info("channel has another ID", "team=%s old=%s new=%s room=%s", team_id,
	        portal->channel_id, new_id, portal->room_id);
	move_jobs(flow, portal->channel_id, new_id);
	portals_move(app->portals, portal, new_id, flow_tx(flow));
	return STEP_END;
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	room_state_finish(&state->tombstone);
}

static const struct step steps[] = {
        {"move", move},
        {NULL, NULL},
};

const struct flow_def channel_moved_flow = {
        .name = FLOW_CHANNEL_MOVED,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};

void channel_moved_add(
        struct login *login, struct store_tx *tx, const struct slack_event *event)
{
	struct app *app = login->app;
	const char *old_id = json_str_or(event->raw, "old_channel_id", "");

	if (!portals_know(app->portals, login->team_id, old_id)) {
		return;
	}
	autofree char *key = xasprintf("s:%s", event->event_id);
	autofree char *lane = lane_from_slack(login->team_id, old_id);
	autojson cJSON *payload = json_set_str(json_new(), "team", login->team_id);
	json_set_str(payload, "channel", old_id);
	json_set_str(payload, "new", json_str(event->raw, "new_channel_id"));
	autofree char *text = json_print(payload);
	/* Ahead of what waits: that belongs to the new ID. */
	queue_add(app->queue, tx, key, lane, FLOW_CHANNEL_MOVED, text);
}
