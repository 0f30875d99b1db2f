#include "bridge/flow/user_check.h"

#include "bridge/flow/logins.h"
#include "bridge/flow/user_logins.h"
#include "bridge/flow/wait.h"
#include "bridge/ops/secrets.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdio.h>
#include <stdlib.h>

static const struct err none = ERR_INIT;

static void handle_identity(
        const struct slack_identity *identity, const struct err *err, void *arg)
{
	struct user_check *check = arg;

	if (err->kind == ERR_NONE) {
		check->verified = true;
		str_replace(&check->team_id, identity->team_id);
		str_replace(&check->team, identity->team);
		str_replace(&check->user_id, identity->user_id);
		str_replace(&check->user_name, identity->user);
	} else if (err->kind == ERR_PERMANENT) {
		snprintf(check->refused, sizeof(check->refused), "Slack refuses them: %s",
		        err->name[0] == '\0' ? "no reason given" : err->name);
		err = &none;
	}
	flow_continue(check->flow, err);
}

enum step_rc user_check_run(struct flow *flow, struct user_check *check,
        const char *token, const char *cookie)
{
	const struct app *app = flow->app;

	check->flow = flow;
	if (check->refused[0] != '\0') {
		return STEP_DONE;
	}
	if (check->api == NULL) {
		check->api = user_login_api(app, token, cookie, "");
	}
	if (!check->verified) {
		return wait_slack(
		        flow, slack_auth_test(check->api, handle_identity, check));
	}
	if (logins_by_team(app->logins, check->team_id) == NULL) {
		check->no_app = true;
		snprintf(check->refused, sizeof(check->refused),
		        "nobody has logged in to %.60s with its Slack app yet, and without "
		        "that nothing comes from there; say `login app` first",
		        check->team);
	}
	return STEP_DONE;
}

void user_check_store(struct flow *flow, const struct user_check *check,
        const char *token, const char *cookie, const char *mxid, const char *declared)
{
	struct app *app = flow->app;
	struct store_tx *tx = flow_tx(flow);
	autofree char *sealed_token = secrets_seal(app->secrets, token);
	autofree char *sealed_cookie = secrets_seal(app->secrets, cookie);
	autofree char *key = xasprintf("sync:%s", flow->key);
	autofree char *lane = xasprintf("l %s %s", check->team_id, mxid);
	autojson cJSON *payload = json_set_str(json_new(), "team", check->team_id);
	json_set_str(payload, "owner", mxid);
	json_set_str(payload, "user", mxid);
	autofree char *text = json_print(payload);

	store_tx_add(tx, STMT_USER_LOGIN_PUT, "ssssssssi", check->team_id, mxid,
	        check->user_id, check->user_name, check->team, sealed_token,
	        sealed_cookie, declared, loop_wall_ms(app->loop));
	queue_add(app->queue, tx, key, lane, FLOW_LOGIN_SYNC, text);
	log_info("user login stored", "team=%s user=%s owner=%s", check->team_id,
	        check->user_id, mxid);
}

void user_check_finish(struct user_check *check)
{
	slack_api_destroy(&check->api);
	free(check->team_id);
	free(check->team);
	free(check->user_id);
	free(check->user_name);
}
