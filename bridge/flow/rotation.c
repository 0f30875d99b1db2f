#include "bridge/flow/rotation.h"

#include "bridge/flow/app.h"
#include "bridge/flow/credentials.h"
#include "bridge/ops/secrets.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum {
	AHEAD_MS = 2 * 60 * 60 * 1000,
	LOOK_EVERY_MS = 10 * 60 * 1000, /* the wall clock may be set */
	/* Quickly at first: a lost answer has used up the refresh token but for its
	   grace. */
	FIRST_RETRY_MS = 1000,
	LAST_RETRY_MS = 5 * 60 * 1000,
};

struct rotation {
	struct login *login;
	struct app *app;
	struct timer timer;
	struct slack_api *api; /* without a token; NULL until it is needed */
	struct slack_call *call;
	struct store_tx *storing;
	int64_t retry_ms;
	/* Slack's new pair until it is stored; NULL: none */
	char *bot_token, *refresh_token;
	int64_t expires_ms;
};

static void renew(struct rotation *rotation);

static bool rotates(const struct rotation *rotation)
{
	const char *refresh = rotation->login->refresh_token;

	return refresh != NULL && refresh[0] != '\0';
}

static void drop_pair(struct rotation *rotation)
{
	secrets_wipe(rotation->bot_token);
	secrets_wipe(rotation->refresh_token);
	rotation->bot_token = rotation->refresh_token = NULL;
}

static void retry_later(struct rotation *rotation, int64_t wish_ms)
{
	int64_t wait_ms = wish_ms > rotation->retry_ms ? wish_ms : rotation->retry_ms;

	timer_start(&rotation->timer, wait_ms);
	rotation->retry_ms = rotation->retry_ms * 2 < LAST_RETRY_MS
	                             ? rotation->retry_ms * 2
	                             : LAST_RETRY_MS;
}

/* ---------------------------------------------------------------- the new pair */

static void take_pair(struct rotation *rotation)
{
	struct login *login = rotation->login;

	secrets_wipe(login->bot_token);
	secrets_wipe(login->refresh_token);
	login->bot_token = rotation->bot_token;
	login->refresh_token = rotation->refresh_token;
	login->expires_ms = rotation->expires_ms;
	rotation->bot_token = rotation->refresh_token = NULL;
	REQ("AUTH-08");
	slack_api_set_token(login->bot_api, login->bot_token);
	log_info("bot token renewed", "team=%s", login->team_id);
	if (!credentials_are_bad(login->credentials, TOKEN_APP)) {
		credentials_renewed(login->credentials);
	}
	rotation_plan(rotation);
}

static void handle_stored(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct rotation *rotation = arg;

	(void)results;
	rotation->storing = NULL;
	if (err->kind != ERR_NONE) {
		log_warn("a renewed token is not stored yet", "team=%s error=\"%s\"",
		        rotation->login->team_id, err->msg);
		retry_later(rotation, 0);
		return;
	}
	take_pair(rotation);
}

static void store_pair(struct rotation *rotation)
{
	const struct login *login = rotation->login;
	struct app *app = rotation->app;
	autofree char *bot = secrets_seal(app->secrets, rotation->bot_token);
	autofree char *refresh = secrets_seal(app->secrets, rotation->refresh_token);

	rotation->storing = store_tx_create(app->store);
	store_tx_add(rotation->storing, STMT_LOGIN_PAIR, "sssi", login->team_id, bot,
	        refresh, rotation->expires_ms);
	if (credentials_are_bad(login->credentials, TOKEN_REFRESH)) {
		store_tx_add(rotation->storing, STMT_LOGIN_STATE, "ss", login->team_id,
		        "connected");
	}
	store_tx_submit(rotation->storing, handle_stored, rotation);
}

static void handle_pair(const struct slack_pair *pair, const struct err *err, void *arg)
{
	struct rotation *rotation = arg;

	rotation->call = NULL;
	if (err->kind == ERR_PERMANENT) {
		credentials_refused(rotation->login->credentials, TOKEN_REFRESH,
		        err->name[0] == '\0' ? "refused" : err->name);
		return;
	}
	if (err->kind != ERR_NONE) {
		log_warn("bot token not renewed yet", "team=%s error=\"%s\"",
		        rotation->login->team_id, err->msg);
		retry_later(rotation, err->retry_after_ms);
		return;
	}
	rotation->bot_token = xstrdup(pair->access_token);
	rotation->refresh_token = xstrdup(pair->refresh_token);
	rotation->expires_ms = loop_wall_ms(rotation->app->loop) + pair->expires_in_ms;
	rotation->retry_ms = FIRST_RETRY_MS;
	store_pair(rotation);
}

/* ---------------------------------------------------------------- when */

static void renew(struct rotation *rotation)
{
	struct app *app = rotation->app;
	const struct config *config = app->config;

	if (rotation->bot_token != NULL) {
		store_pair(rotation);
		return;
	}
	if (!config_can_rotate(config)) {
		credentials_refused(rotation->login->credentials, TOKEN_REFRESH,
		        "client_not_configured");
		return;
	}
	if (rotation->api == NULL) {
		rotation->api = app_slack_api(app, NULL, rotation->login->team_id);
	}
	rotation->call = slack_oauth_refresh(rotation->api, config->slack.client_id,
	        config->slack.client_secret, rotation->login->refresh_token, handle_pair,
	        rotation);
}

static bool is_busy(const struct rotation *rotation)
{
	return rotation->call != NULL || rotation->storing != NULL;
}

static void handle_timer(void *arg)
{
	struct rotation *rotation = arg;
	int64_t left_ms = rotation->login->expires_ms - loop_wall_ms(rotation->app->loop);

	if (left_ms > AHEAD_MS && rotation->bot_token == NULL) {
		int64_t wait_ms = left_ms - AHEAD_MS;
		timer_start(&rotation->timer,
		        wait_ms < LOOK_EVERY_MS ? wait_ms : LOOK_EVERY_MS);
	} else if (!is_busy(rotation)) {
		renew(rotation);
	}
}

static void stop(struct rotation *rotation)
{
	timer_stop(&rotation->timer);
	slack_call_cancel(&rotation->call);
	store_tx_cancel(&rotation->storing);
	drop_pair(rotation);
	rotation->retry_ms = FIRST_RETRY_MS;
}

void rotation_plan(struct rotation *rotation)
{
	stop(rotation);
	if (rotates(rotation) &&
	        !credentials_are_bad(rotation->login->credentials, TOKEN_BOT)) {
		timer_start(&rotation->timer, 0);
	}
}

bool rotation_hurry(struct rotation *rotation)
{
	if (rotation == NULL || !rotates(rotation)) {
		return false;
	}
	if (!is_busy(rotation)) {
		rotation->login->expires_ms = 0;
		timer_start(&rotation->timer, 0);
	}
	return true;
}

/* ---------------------------------------------------------------- life */

struct rotation *rotation_create(struct login *login)
{
	struct rotation *rotation = xcalloc(1, sizeof(*rotation));

	rotation->login = login;
	rotation->app = login->app;
	rotation->retry_ms = FIRST_RETRY_MS;
	timer_init(&rotation->timer, login->app->loop, handle_timer, rotation);
	return rotation;
}

void rotation_destroy(struct rotation **rotation)
{
	if (*rotation == NULL) {
		return;
	}
	stop(*rotation);
	slack_api_destroy(&(*rotation)->api);
	free(*rotation);
	*rotation = NULL;
}
