#include "bridge/flow/tell_owner.h"

#include "bridge/flow/notice.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include <stdlib.h>

void tell_owner_add(struct app *app, struct store_tx *tx, const char *key,
        const char *owner_mxid, const char *text)
{
	autojson cJSON *payload = json_new();
	autofree char *lane = xasprintf("o %s", owner_mxid);

	json_set_str(payload, "owner", owner_mxid);
	json_set_str(payload, "text", text);
	autofree char *printed = json_print(payload);
	queue_add(app->queue, tx, key, lane, FLOW_TELL_OWNER, printed);
}

static const char *owner(const struct flow *flow)
{
	return json_str_or(flow->payload, "owner", "");
}

/* ---------------------------------------------------------------- in which room */

static void handle_person(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct flow *flow = arg;

	if (err->kind == ERR_NONE) {
		const char *room =
		        store_rows(results[0]) > 0 ? store_text(results[0], 0, 0) : NULL;
		flow_set_fact(flow, "room", room == NULL ? "none" : room);
	}
	flow_continue(flow, err);
}

static void handle_made(const char *room_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;

	if (err->kind == ERR_NONE) {
		flow_set_fact(flow, "room", room_id);
		flow_set_fact(flow, "made", "yes");
	}
	flow_continue(flow, err);
}

/* A crash between the making and its commit leaves a room that nobody uses: it is only
 * ever one with a single invitation. */
static enum step_rc make_room(struct flow *flow)
{
	struct app *app = flow->app;
	autojson cJSON *body = json_new();
	cJSON *invite = cJSON_CreateArray();

	json_set_str(body, "preset", "trusted_private_chat");
	json_set_str(body, "visibility", "private");
	json_set_bool(body, "is_direct", true);
	json_set_str(body, "topic", "Slack bridge management room");
	cJSON_AddItemToArray(invite, cJSON_CreateString(owner(flow)));
	json_set(body, "invite", invite);
	return wait_matrix(
	        flow, matrix_create_room(app->matrix, NULL, body, handle_made, flow));
}

static enum step_rc find_room(struct flow *flow)
{
	struct app *app = flow->app;
	const char *room = flow_fact(flow, "room");

	if (room == NULL) {
		struct store_tx *tx = store_tx_create(app->store);
		store_tx_add(tx, STMT_PERSON_GET, "s", owner(flow));
		store_tx_submit(tx, handle_person, flow);
		return wait_store(flow, tx);
	}
	if (str_equal(room, "none")) {
		return make_room(flow);
	}
	if (flow_fact(flow, "made") != NULL) {
		store_tx_add(
		        flow_tx(flow), STMT_PERSON_PUT_ROOM, "ss", owner(flow), room);
	}
	return STEP_DONE;
}

/* ---------------------------------------------------------------- say it */

static void handle_sent(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;

	if (event_id != NULL) {
		flow_set_fact(flow, "sent", event_id);
	}
	flow_continue(flow, err);
}

static enum step_rc say(struct flow *flow)
{
	struct app *app = flow->app;

	if (flow_fact(flow, "sent") != NULL) {
		return STEP_END;
	}
	autofree char *txn_id = matrix_txn_id("owner", flow->key, NULL);
	autojson cJSON *content =
	        notice_content(NULL, json_str_or(flow->payload, "text", ""));
	return wait_matrix(
	        flow, matrix_send(app->matrix, NULL, flow_fact(flow, "room"),
	                      "m.room.message", txn_id, content, 0, handle_sent, flow));
}

static const struct step steps[] = {
        {"room", find_room},
        {"say", say},
        {NULL, NULL},
};

const struct flow_def tell_owner_flow = {
        .name = FLOW_TELL_OWNER,
        .steps = steps,
};
