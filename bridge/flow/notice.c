#include "bridge/flow/notice.h"

#include "bridge/flow/logins.h"
#include "bridge/flow/tell_owner.h"
#include "bridge/flow/wait.h"
#include "lib/mem.h"
#include <stdlib.h>

cJSON *notice_content(const char *reply_to, const char *text)
{
	cJSON *content = json_new();

	json_set_str(content, "msgtype", "m.notice");
	json_set_str(content, "body", text);
	json_set(content, "m.mentions", json_new());
	if (reply_to != NULL && reply_to[0] != '\0') {
		cJSON *relates = json_new(), *reply = json_new();
		json_set_str(reply, "event_id", reply_to);
		json_set(relates, "m.in_reply_to", reply);
		json_set(content, "m.relates_to", relates);
	}
	return content;
}

void notice_say(struct app *app, struct store_tx *tx, const char *key,
        const struct notice *notice)
{
	autojson cJSON *payload = json_new();
	const char *room = notice->room_id == NULL ? "" : notice->room_id;
	autofree char *lane = xasprintf("n %s", room);

	json_set_str(payload, "room", room);
	json_set_str(payload, "reply_to", notice->reply_to);
	json_set_str(payload, "text", notice->text);
	json_set_str(payload, "about", notice->about);
	json_set_str(payload, "team", notice->team_id);
	autofree char *printed = json_print(payload);
	queue_add(app->queue, tx, key, lane, FLOW_NOTICE, printed);
}

void notice_add(struct app *app, struct store_tx *tx, const char *key,
        const char *room_id, const char *reply_to, const char *text)
{
	const struct notice notice = {
	        .room_id = room_id, .reply_to = reply_to, .text = text};

	notice_say(app, tx, key, &notice);
}

static void handle_sent(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;

	if (event_id != NULL) {
		flow_set_fact(flow, "sent", event_id);
	}
	flow_continue(flow, err);
}

/* What it is about, so that a reaction to it can try that again. */
static enum step_rc record(struct flow *flow)
{
	const struct app *app = flow->app;
	const char *about = json_str(flow->payload, "about");

	if (about != NULL) {
		store_tx_add(flow_tx(flow), STMT_NOTICE_PUT, "ssi",
		        flow_fact(flow, "sent"), about, loop_wall_ms(app->loop));
	}
	return STEP_END;
}

static enum step_rc send_notice(struct flow *flow)
{
	struct app *app = flow->app;

	if (flow_fact(flow, "sent") != NULL) {
		return record(flow);
	}
	if (json_str_or(flow->payload, "room", "")[0] == '\0') {
		err_set(&flow->err, ERR_PERMANENT, 0, "there is no room for it");
		return STEP_FAIL;
	}
	autofree char *txn_id = matrix_txn_id("notice", flow->key, NULL);
	autojson cJSON *content = notice_content(json_str(flow->payload, "reply_to"),
	        json_str_or(flow->payload, "text", ""));
	return wait_matrix(flow,
	        matrix_send(app->matrix, NULL, json_str_or(flow->payload, "room", ""),
	                "m.room.message", txn_id, content, 0, handle_sent, flow));
}

/* It could not be said in the room. */
static void tell_owner(struct flow *flow, struct store_tx *tx)
{
	struct app *app = flow->app;
	const char *team_id = json_str(flow->payload, "team");
	const struct login *login =
	        team_id == NULL ? NULL : logins_by_team(app->logins, team_id);

	if (login == NULL) {
		return;
	}
	autofree char *key = xasprintf("owner:%s", flow->key);
	autofree char *text = xasprintf(
	        "%s\nThe room %s could not be told: %s. Say `retry` to try again "
	        "what was given up.",
	        json_str_or(flow->payload, "text", ""),
	        json_str_or(flow->payload, "room", ""), flow->err.msg);
	tell_owner_add(app, tx, key, login->owner_mxid, text);
}

static const struct step steps[] = {
        {"send", send_notice},
        {NULL, NULL},
};

const struct flow_def notice_flow = {
        .name = FLOW_NOTICE,
        .steps = steps,
        .dead = tell_owner,
};
