#include "bridge/flow/matrix_door.h"

#include "bridge/flow/left_out.h"
#include "bridge/flow/matrix_file.h"
#include "bridge/flow/matrix_state.h"
#include "bridge/flow/notice.h"
#include "bridge/flow/portals.h"
#include "bridge/flow/profiles.h"
#include "bridge/flow/quarantine.h"
#include "bridge/flow/room_end.h"
#include "bridge/flow/waiting.h"
#include "bridge/matrix/events.h"
#include "bridge/ops/secrets.h"
#include "bridge/slack/tokens.h"
#include "lib/crumb.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

/* An answer that waits for all the commits of its transaction. */
struct owed_answer {
	struct appservice_txn *txn;
	unsigned commits; /* still to come */
	bool failed;
};

static void handle_committed(bool committed, void *arg)
{
	struct owed_answer *owed = arg;
	struct err err = ERR_INIT;

	owed->failed = owed->failed || !committed;
	if (--owed->commits > 0) {
		return;
	}
	if (owed->failed) {
		err_set(&err, ERR_RETRY, 0, "not all events could be stored");
		log_warn("transaction not stored, so not accepted", "error=\"%s\"",
		        err.msg);
	}
	REQ("HS-03");
	appservice_txn_done(owed->txn, &err);
	free(owed);
}

static void add_job(struct app *app, struct store_tx *tx,
        const struct matrix_event *event, const char *flow, const cJSON *payload)
{
	autofree char *key = xasprintf("m:%s", event->event_id);
	autofree char *lane = lane_from_matrix(event->room_id);
	autofree char *text = json_print(payload);

	queue_add(app->queue, tx, key, lane, flow, text);
}

static cJSON *payload_of(const struct matrix_event *event)
{
	cJSON *payload = json_new();

	json_set_str(payload, "event", event->event_id);
	json_set_str(payload, "room", event->room_id);
	json_set_str(payload, "sender", event->sender);
	json_set_str(payload, "msgtype", event->msgtype);
	json_set_str(payload, "target", event->target);
	json_set_str(payload, "key", event->key);
	json_set_str(payload, "thread", event->thread);
	json_set_str(payload, "reply_to", event->reply_to);
	if (event->content != NULL) {
		json_lend(payload, "content", event->content);
	}
	return payload;
}

/* Edits, reactions and redactions mean something in portals alone. */
static void take_change(struct app *app, struct store_tx *tx,
        const struct matrix_event *event, const char *flow)
{
	if (portals_by_room(app->portals, event->room_id) != NULL) {
		autojson cJSON *payload = payload_of(event);
		add_job(app, tx, event, flow, payload);
	}
}

static void take_message(
        struct app *app, struct store_tx *tx, const struct matrix_event *event)
{
	/* The room's portal is recorded before anybody is invited, so a message in a
	 * portal is known as one here. */
	bool in_portal = portals_by_room(app->portals, event->room_id) != NULL;
	/* Notices are for people: bots that answer those of others never end. */
	bool is_text = str_equal(event->msgtype, "m.text");
	bool is_command = !in_portal || (is_text && app_command_text(app, event->body));

	if (is_command && !is_text) {
		return;
	}
	autojson cJSON *payload = payload_of(event);
	/* A token said to the bot is in the database like the login's own: sealed. */
	autofree char *sealed = is_command && slack_token_is_in(event->body)
	                                ? secrets_seal(app->secrets, event->body)
	                                : NULL;
	json_set_str(payload, "body", sealed == NULL ? event->body : sealed);
	json_set_bool(payload, "portal", in_portal);
	if (!is_command && matrix_file_is(event->msgtype, event->content)) {
		add_job(app, tx, event, FLOW_MATRIX_FILE, payload);
		matrix_file_carry_add(app, tx, payload);
		return;
	}
	add_job(app, tx, event, is_command ? FLOW_COMMAND : FLOW_MATRIX_MESSAGE, payload);
}

/* The bot was put out of a portal: the bridging ends, and its owner is told. */
static void take_bot_out(
        struct app *app, struct store_tx *tx, const struct matrix_event *event)
{
	if (str_equal(event->membership, "leave") ||
	        str_equal(event->membership, "ban")) {
		room_lost(app, tx, event->event_id,
		        portals_by_room(app->portals, event->room_id));
	}
}

/* Somebody brings a ghost into a portal, or puts one out. */
static void take_ghost(
        struct app *app, struct store_tx *tx, const struct matrix_event *event)
{
	if (str_equal(event->state_key, matrix_bot_mxid(app->matrix))) {
		take_bot_out(app, tx, event);
		return;
	}
	if (!matrix_member_is_carried(event->membership)) {
		return;
	}
	autojson cJSON *payload = payload_of(event);
	json_set_str(payload, "ghost", event->state_key);
	json_set_str(payload, "membership", event->membership);
	add_job(app, tx, event, FLOW_MATRIX_MEMBER, payload);
}

static void take_member(
        struct app *app, struct store_tx *tx, const struct matrix_event *event)
{
	autojson cJSON *payload = json_new();

	if (app_is_own_user(app, event->state_key) &&
	        portals_by_room(app->portals, event->room_id) != NULL) {
		take_ghost(app, tx, event);
		return;
	}
	if (!str_equal(event->membership, "invite") ||
	        !str_equal(event->state_key, matrix_bot_mxid(app->matrix))) {
		return;
	}
	json_set_str(payload, "event", event->event_id);
	json_set_str(payload, "room", event->room_id);
	json_set_str(payload, "sender", event->sender);
	add_job(app, tx, event, FLOW_INVITE, payload);
}

/* Names and topics of portals. */
static void take_state(
        struct app *app, struct store_tx *tx, const struct matrix_event *event)
{
	if (event->state_key[0] != '\0' ||
	        portals_by_room(app->portals, event->room_id) == NULL ||
	        !matrix_state_is_carried(event->type)) {
		return;
	}
	autojson cJSON *payload = payload_of(event);
	json_set_str(payload, "type", event->type);
	add_job(app, tx, event, FLOW_MATRIX_STATE, payload);
}

/* Most clients encrypt direct chats unless told otherwise. Said once for each room. */
static void take_encrypted(
        struct app *app, struct store_tx *tx, const struct matrix_event *event)
{
	autofree char *key = xasprintf("encrypted:%s", event->room_id);

	notice_add(app, tx, key, event->room_id, event->event_id,
	        "\xE2\x9A\xA0 I cannot read encrypted messages: nothing that is said in this "
	        "room reaches me. Please use a room without encryption.");
}

static void take_event(struct app *app, struct store_tx *tx, const cJSON *json)
{
	struct matrix_event event;
	struct err err;

	if (!matrix_event_parse(json, &event, &err)) {
		/* Refusing the transaction would bring it back for ever. */
		log_warn("malformed Matrix event left out", "error=\"%s\"", err.msg);
		return;
	}
	if (app_is_own_user(app, event.sender)) {
		return;
	}
	log_debug("Matrix event", "event=%s room=%s type=\"%s\"", event.event_id,
	        event.room_id, event.type);
	switch (event.kind) {
	case MATRIX_EVENT_MESSAGE:
		take_message(app, tx, &event);
		return;
	case MATRIX_EVENT_EDIT:
		take_change(app, tx, &event, FLOW_MATRIX_EDIT);
		return;
	case MATRIX_EVENT_REACTION:
		take_change(app, tx, &event, FLOW_MATRIX_REACTION);
		return;
	case MATRIX_EVENT_REDACTION:
		take_change(app, tx, &event, FLOW_MATRIX_REDACTION);
		return;
	case MATRIX_EVENT_MEMBER:
		/* Perhaps a new name. */
		profiles_forget(app->profiles, event.state_key);
		take_member(app, tx, &event);
		return;
	case MATRIX_EVENT_OTHER:
		if (event.is_state) {
			take_state(app, tx, &event);
		} else if (str_equal(event.type, "m.room.encrypted")) {
			take_encrypted(app, tx, &event);
		}
		return;
	}
}

/* What one store transaction holds at most: a homeserver's batch is 1 to 100 events, a
 * hostile one may be longer and is then split. */
enum { EVENTS_PER_TX = 60 };

static void submit(struct store_tx *tx, struct owed_answer *owed)
{
	owed->commits++;
	store_tx_on_commit(tx, handle_committed, owed);
	store_tx_submit(tx, NULL, NULL);
}

/* Nothing of it is looked at but where an answer goes. */
static void leave_out(struct app *app, struct store_tx *tx, const cJSON *json)
{
	autofree char *source = xasprintf("m:%s", json_str_or(json, "event_id", ""));
	const char *event_id = json_str_or(json, "event_id", "");
	const char *room_id = json_str(json, "room_id");

	left_out_add(app, tx, source, NULL, json);
	if (room_id != NULL) {
		autofree char *key = xasprintf("left out:%s", event_id);
		notice_add(app, tx, key, room_id, event_id,
		        "\xE2\x9A\xA0 This could not be bridged: the bridge fails at it, and "
		        "whoever runs it has been told.");
	}
}

void matrix_door_again(struct app *app, struct store_tx *tx, const cJSON *event)
{
	take_event(app, tx, event);
}

void matrix_door_transaction(
        struct app *app, struct appservice_txn *txn, const cJSON *events)
{
	struct owed_answer *owed = xcalloc(1, sizeof(*owed));
	struct store_tx *tx = store_tx_create(app->store);
	const cJSON *event;

	crumb_event("matrix", "transaction");
	waiting_wake(app->waiting);
	owed->txn = txn;
	cJSON_ArrayForEach(event, events)
	{
		if (store_tx_count(tx) >= EVENTS_PER_TX) {
			/* Same turn, same commit; but alone if that fails. */
			submit(tx, owed);
			tx = store_tx_create(app->store);
		}
		if (quarantine_enter(app, "m:", json_str(event, "event_id"))) {
			take_event(app, tx, event);
			quarantine_leave();
		} else {
			leave_out(app, tx, event);
		}
	}
	if (owed->commits == 0 && store_tx_count(tx) == 0) {
		/* The bridge's own events, mostly: nothing is promised. */
		store_tx_cancel(&tx);
		appservice_txn_done(txn, NULL);
		free(owed);
		return;
	}
	submit(tx, owed);
}
