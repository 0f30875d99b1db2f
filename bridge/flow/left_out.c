#include "bridge/flow/left_out.h"

#include "bridge/flow/logins.h"
#include "bridge/flow/matrix_door.h"
#include "bridge/flow/slack_door.h"
#include "bridge/ops/secrets.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { STATE_QUARANTINED = 3 };

void left_out_add(struct app *app, struct store_tx *tx, const char *source,
        const char *team_id, const cJSON *event)
{
	autofree char *key = xasprintf("door:%s", source);
	autofree char *lane = xasprintf("q %s", source);
	autofree char *text = json_print(event);
	/* Nobody has looked into it: it may hold a token. */
	autofree char *sealed = secrets_seal(app->secrets, text);
	autojson cJSON *payload = json_set_str(json_new(), "event", sealed);

	json_set_str(payload, "team", team_id);
	autofree char *printed = json_print(payload);
	store_tx_add(tx, STMT_INBOX_KEEP, "ssssiis", key, lane, FLOW_LEFT_OUT, printed,
	        (int64_t)STATE_QUARANTINED, loop_wall_ms(app->loop),
	        "left out: the bridge crashed while taking it in");
}

static enum step_rc take_in(struct flow *flow)
{
	struct app *app = flow->app;
	const char *team_id = json_str(flow->payload, "team");
	struct login *login =
	        team_id == NULL ? NULL : logins_by_team(app->logins, team_id);
	char *text = secrets_open(
	        app->secrets, json_str_or(flow->payload, "event", ""), &flow->err);

	if (text == NULL) {
		return STEP_FAIL;
	}
	autojson cJSON *event = json_parse(str_from(text), NULL);
	secrets_wipe(text);
	log_info("event taken in after all", "key=%s", flow->key);
	if (team_id == NULL) {
		matrix_door_again(app, flow_tx(flow), event);
	} else if (login != NULL) {
		slack_door_again(login, event);
	} else {
		err_set(&flow->err, ERR_PERMANENT, 0,
		        "nobody is logged in to that workspace any more");
		return STEP_FAIL;
	}
	return STEP_END;
}

static const struct step steps[] = {
        {"take", take_in},
        {NULL, NULL},
};

const struct flow_def left_out_flow = {
        .name = FLOW_LEFT_OUT,
        .steps = steps,
};
