#include "bridge/flow/declared_login.h"

#include "bridge/flow/login_check.h"
#include "bridge/flow/logins.h"
#include "bridge/flow/tell_owner.h"
#include "bridge/flow/user_check.h"
#include "bridge/flow/user_logins.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

enum { MAX_BYTES = 16 * 1024, APP_TRIES = 6 };

struct state {
	struct login_check check;
	struct user_check user;
	bool loaded;
};

/* Caller frees. */
static char *digest_of(const struct config_login *declared)
{
	struct buf all;

	buf_init(&all, MAX_BYTES);
	if (declared->user_token != NULL) {
		buf_printf(&all, "%s\n%s\n%s", declared->owner, declared->user_token,
		        declared->cookie);
	} else {
		buf_printf(&all, "%s\n%s\n%s\n%s", declared->owner, declared->bot_token,
		        declared->app_token,
		        declared->refresh_token == NULL ? "" : declared->refresh_token);
	}
	char *digest = sha256_hex(buf_str(&all));
	buf_finish(&all);
	return digest;
}

/* Does a stored login come from it? */
static bool is_stored(const struct app *app, const char *digest)
{
	struct login *login;
	struct user_login *user;

	for (size_t i = 0; logins_next(app->logins, &i, &login);) {
		if (str_equal(login->declared, digest)) {
			return true;
		}
	}
	for (size_t i = 0; user_logins_next(app->users, &i, &user);) {
		if (str_equal(user->declared, digest)) {
			return true;
		}
	}
	return false;
}

void declared_logins_begin(struct app *app)
{
	const struct config *config = app->config;

	for (size_t i = 0; i < config->login_count; i++) {
		autofree char *digest = digest_of(&config->logins[i]);
		if (is_stored(app, digest)) {
			continue;
		}
		struct store_tx *tx = store_tx_create(app->store);
		autofree char *key = xasprintf("declared:%s:%s", digest, app->life);
		autofree char *lane = xasprintf("l declared %s", digest);
		autojson cJSON *payload = json_set_str(json_new(), "declared", digest);
		autofree char *text = json_print(payload);
		queue_add(app->queue, tx, key, lane, FLOW_DECLARED_LOGIN, text);
		store_tx_submit(tx, NULL, NULL);
	}
}

/* ---------------------------------------------------------------- the job */

static const char *digest(const struct flow *flow)
{
	return json_str_or(flow->payload, "declared", "");
}

/* NULL: the configuration has it no more. */
static const struct config_login *find_declared(const struct flow *flow)
{
	const struct app *app = flow->app;
	const struct config *config = app->config;

	for (size_t i = 0; i < config->login_count; i++) {
		autofree char *one = digest_of(&config->logins[i]);
		if (str_equal(one, digest(flow))) {
			return &config->logins[i];
		}
	}
	return NULL;
}

/* The same refusal is told once, however often the bridge is started. */
static void tell_refused(struct flow *flow, const struct config_login *declared,
        const struct login_check *check)
{
	const char *word =
	        check->refused.name[0] == '\0' ? "no reason given" : check->refused.name;
	autofree char *key = xasprintf("declared:%s:%s", digest(flow), word);
	autofree char *text = xasprintf(
	        "Slack refuses the %s token of the login that the bridge's configuration "
	        "gives for you (network.logins): %s. It was not stored; a login made before "
	        "stays as it is. Correct the token there and restart the bridge.",
	        check->refused_kind, word);

	log_warn("a declared login is refused; it is not stored",
	        "owner=%s token=%s reason=\"%s\"", declared->owner, check->refused_kind,
	        word);
	tell_owner_add(flow->app, flow_tx(flow), key, declared->owner, text);
}

static void tell_missing(struct flow *flow, const struct config_login *declared,
        const struct login_check *check)
{
	autofree char *missing = login_check_missing_scopes(check);

	if (missing == NULL) {
		return;
	}
	autofree char *key = xasprintf("declared:%s:scopes", digest(flow));
	autofree char *text = xasprintf(
	        "The Slack app of %s lacks these scopes (add them under \"OAuth & "
	        "Permissions\", install the app again):%s",
	        check->team, missing);
	tell_owner_add(flow->app, flow_tx(flow), key, declared->owner, text);
}

/* The same for a person's own login. One whose workspace's app is declared too may come
 * before it. */
static enum step_rc verify_user(struct flow *flow, const struct config_login *declared)
{
	struct state *state = flow->state;
	struct user_check *check = &state->user;
	enum step_rc rc =
	        user_check_run(flow, check, declared->user_token, declared->cookie);

	if (rc != STEP_DONE) {
		return rc;
	}
	if (check->no_app && flow->attempts < APP_TRIES) {
		err_set(&flow->err, ERR_RETRY, 0, "waits for the login of the app");
		return STEP_FAIL;
	}
	if (check->refused[0] != '\0') {
		autofree char *key = xasprintf("declared:%s:user", digest(flow));
		autofree char *text = xasprintf(
		        "The login that the bridge's configuration gives for you "
		        "(network.logins) was not stored: %s. A login made before stays as "
		        "it is.",
		        check->refused);
		log_warn("a declared login is refused; it is not stored",
		        "owner=%s token=user reason=\"%s\"", declared->owner,
		        check->refused);
		tell_owner_add(flow->app, flow_tx(flow), key, declared->owner, text);
		flow_set_fact(flow, "refused", "yes");
	} else {
		user_check_store(flow, check, declared->user_token, declared->cookie,
		        declared->owner, digest(flow));
		flow_set_fact(flow, "user", "yes");
	}
	return STEP_DONE;
}

static enum step_rc verify(struct flow *flow)
{
	const struct app *app = flow->app;
	struct state *state = flow->state;
	const struct config_login *declared = find_declared(flow);

	if (declared == NULL || is_stored(app, digest(flow))) {
		return STEP_END;
	}
	REQ("AUTH-09");
	if (declared->user_token != NULL) {
		return verify_user(flow, declared);
	}
	const struct login_tokens tokens = {
	        declared->bot_token, declared->app_token, declared->refresh_token};
	enum step_rc rc = login_check_run(flow, &state->check, &tokens);
	if (rc != STEP_DONE) {
		return rc;
	}
	if (state->check.refused.kind != ERR_NONE) {
		tell_refused(flow, declared, &state->check);
		flow_set_fact(flow, "refused", "yes");
	} else {
		login_check_store(
		        flow, &state->check, &tokens, declared->owner, digest(flow));
		tell_missing(flow, declared, &state->check);
	}
	return STEP_DONE;
}

static void handle_loaded(const struct err *err, void *arg)
{
	struct flow *flow = arg;
	struct state *state = flow->state;

	state->loaded = err->kind == ERR_NONE;
	flow_continue(flow, err);
}

static enum step_rc connect_login(struct flow *flow)
{
	const struct app *app = flow->app;
	const struct state *state = flow->state;

	if (state->loaded || flow_fact(flow, "refused") != NULL) {
		return STEP_END;
	}
	return wait_waiter(
	        flow, flow_fact(flow, "user") != NULL
	                      ? user_logins_load(app->users, handle_loaded, flow)
	                      : logins_load(app->logins, handle_loaded, flow));
}

static void finish(struct flow *flow)
{
	struct state *state = flow->state;

	login_check_finish(&state->check);
	user_check_finish(&state->user);
}

static const struct step steps[] = {
        {"verify", verify},
        {"connect", connect_login},
        {NULL, NULL},
};

const struct flow_def declared_login_flow = {
        .name = FLOW_DECLARED_LOGIN,
        .steps = steps,
        .state_size = sizeof(struct state),
        .finish = finish,
};
