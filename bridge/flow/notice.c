#include "bridge/flow/notice.h"

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

void notice_add(struct app *app, struct store_tx *tx, const char *key,
        const char *room_id, const char *reply_to, const char *text)
{
	autojson cJSON *payload = json_new();
	autofree char *lane = xasprintf("n %s", room_id);

	json_set_str(payload, "room", room_id);
	json_set_str(payload, "reply_to", reply_to);
	json_set_str(payload, "text", text);
	autofree char *printed = json_print(payload);
	queue_add(app->queue, tx, key, lane, FLOW_NOTICE, printed);
}

static void handle_sent(const char *event_id, const struct err *err, void *arg)
{
	struct flow *flow = arg;

	if (event_id != NULL) {
		flow_set_fact(flow, "sent", event_id);
	}
	flow_continue(flow, err);
}

static enum step_rc send_notice(struct flow *flow)
{
	struct app *app = flow->app;

	if (flow_fact(flow, "sent") != NULL) {
		return STEP_END;
	}
	autofree char *txn_id = matrix_txn_id("notice", flow->key, NULL);
	autojson cJSON *content = notice_content(json_str(flow->payload, "reply_to"),
	        json_str_or(flow->payload, "text", ""));
	return wait_matrix(flow,
	        matrix_send(app->matrix, NULL, json_str_or(flow->payload, "room", ""),
	                "m.room.message", txn_id, content, 0, handle_sent, flow));
}

static const struct step steps[] = {
        {"send", send_notice},
        {NULL, NULL},
};

const struct flow_def notice_flow = {
        .name = FLOW_NOTICE,
        .steps = steps,
};
