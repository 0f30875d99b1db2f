#include "bridge/flow/logins.h"

#include "bridge/flow/app.h"
#include "bridge/flow/catch_up.h"
#include "bridge/flow/connection_news.h"
#include "bridge/flow/credentials.h"
#include "bridge/flow/rotation.h"
#include "bridge/flow/slack_door.h"
#include "bridge/ops/secrets.h"
#include "bridge/slack/open_budget.h"
#include "lib/log.h"
#include "lib/map.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum { SETTLE_MS = 30000 };

struct logins {
	struct app *app;
	struct map *by_team; /* team_id -> struct login */
	struct map *budgets; /* app_id -> struct open_budget; never forgotten */
	struct list ended;   /* login::link; calls made with them may be on their way */
	struct list loaded;  /* waiter::link; for logins_load() */
	struct store_tx *loading;
	unsigned stopping; /* logins whose connections are being closed */
	struct timer stopped;
	void (*stop_done)(void *arg); /* NULL: nobody waits */
	void *stop_arg;
	bool read; /* once: what is read later was made in this life */
};

/* ---------------------------------------------------------------- one login */

static void handle_state(enum socket_mode_state state, const char *why, void *arg)
{
	struct login *login = arg;

	str_replace(&login->why, why);
	log_info("Slack connection", "team=%s state=%s why=\"%s\"", login->team_id,
	        socket_mode_state_to_str(state), why);
	if (state == SM_CONNECTED) {
		catch_up_begin(login);
	} else if (state == SM_BAD_CREDENTIALS) {
		credentials_refused(login->credentials, TOKEN_APP, why);
	}
	connection_news(login);
	if (state != SM_CONNECTING && state != SM_STOPPED &&
	        !list_empty(&login->settled)) {
		timer_start(&login->settle_timer, 0);
	}
}

static void handle_settled(void *arg)
{
	struct login *login = arg;
	static const struct err none = ERR_INIT;

	waiters_finish(&login->settled, &none);
}

struct waiter *logins_when_settled(struct login *login, waiter_fn *fn, void *arg)
{
	enum socket_mode_state state = socket_mode_state(login->socket);
	bool now = state != SM_CONNECTING && state != SM_STOPPED;

	if (now || !timer_active(&login->settle_timer)) {
		timer_start(&login->settle_timer, now ? 0 : SETTLE_MS);
	}
	return waiter_add(&login->settled, fn, arg);
}

static void handle_envelope(const struct slack_envelope *envelope, void *arg)
{
	slack_door_envelope(arg, envelope);
}

/* Looked up before what comes later is sent: see HOLD_MS of bridge.c. */
static void handle_lost(void *arg)
{
	catch_up_begin(arg);
}

static const struct socket_mode_handlers socket_handlers = {
        .envelope = handle_envelope,
        .lost = handle_lost,

        .state = handle_state,
};

/* The tenth connection is the app's, and so is its budget of URLs. */
static struct open_budget *budget_of(const struct login *login)
{
	struct app *app = login->app;
	struct logins *logins = app->logins;
	struct open_budget *budget = map_get(logins->budgets, login->app_id);

	if (budget == NULL) {
		budget = xcalloc(1, sizeof(*budget));
		open_budget_init(budget, app->seed, loop_now_ms(app->loop));
		map_set(logins->budgets, login->app_id, budget);
	}
	return budget;
}

static void open_socket(struct login *login)
{
	const struct app *app = login->app;

	login->socket = socket_mode_create(
	        app->loop, app->ws, login->app_api, app->seed, &socket_handlers, login);
	socket_mode_set_connections(
	        login->socket, (unsigned)app->config->slack.max_connections);
	if (login->app_id[0] != '\0') {
		socket_mode_set_budget(login->socket, budget_of(login));
	}
	if (!credentials_are_bad(login->credentials, TOKEN_APP)) {
		socket_mode_start(login->socket);
	}
}

static void connect_login(struct login *login, const char *stored_state)
{
	struct app *app = login->app;

	login->bot_api = app_slack_api(app, login->bot_token, login->team_id);
	login->app_api = app_slack_api(app, login->app_token, login->team_id);
	if (!app->logins->read) {
		/* A process before this one used its tokens. */
		slack_api_resume(login->bot_api);
		slack_api_resume(login->app_api);
	}
	login->rotation = rotation_create(login);
	login->credentials = credentials_create(login, stored_state);
	rotation_plan(login->rotation);
	open_socket(login);
}

static void free_login(void *value)
{
	struct login *login = value;

	waiters_drop(&login->settled);
	timer_stop(&login->settle_timer);
	timer_stop(&login->catch_up_timer);
	timer_stop(&login->news_timer);
	socket_mode_destroy(&login->socket);
	rotation_destroy(&login->rotation);
	credentials_destroy(&login->credentials);
	slack_api_destroy(&login->app_api);
	slack_api_destroy(&login->bot_api);
	free(login->team_id);
	free(login->team_name);
	free(login->team_domain);
	free(login->app_id);
	free(login->bot_user_id);
	free(login->bot_id);
	free(login->owner_mxid);
	secrets_wipe(login->bot_token);
	secrets_wipe(login->app_token);
	secrets_wipe(login->refresh_token);
	free(login->declared);
	free(login->told);
	free(login->why);
	free(login);
}

struct tokens { /* opened */
	char *bot, *app, *refresh;
};

static void tokens_finish(struct tokens *tokens)
{
	secrets_wipe(tokens->bot);
	secrets_wipe(tokens->app);
	secrets_wipe(tokens->refresh);
	*tokens = (struct tokens){0};
}

/* What was stored before there was a key is sealed now. */
static void seal_stored(
        struct logins *logins, const char *team_id, const struct tokens *tokens)
{
	struct store_tx *tx = store_tx_create(logins->app->store);
	autofree char *bot = secrets_seal(logins->app->secrets, tokens->bot);
	autofree char *app = secrets_seal(logins->app->secrets, tokens->app);

	autofree char *refresh = secrets_seal(logins->app->secrets, tokens->refresh);
	store_tx_add(tx, STMT_LOGIN_TOKENS, "ssss", team_id, bot, app, refresh);
	store_tx_submit(tx, NULL, NULL);
	log_info("stored tokens are sealed now", "team=%s", team_id);
}

static bool open_tokens(struct logins *logins, const struct store_result *rows,
        size_t row, struct tokens *out)
{
	const struct secrets *secrets = logins->app->secrets;
	const char *team_id = store_text(rows, row, 0);
	struct err err = ERR_INIT;

	*out = (struct tokens){secrets_open(secrets, store_text(rows, row, 7), &err),
	        secrets_open(secrets, store_text(rows, row, 8), &err),
	        secrets_open(secrets, store_text(rows, row, 10), &err)};
	if (out->bot == NULL || out->app == NULL || out->refresh == NULL) {
		log_error("the stored tokens of a login cannot be opened",
		        "team=%s error=\"%s\"", team_id, err.msg);
		tokens_finish(out);
		return false;
	}
	if (secrets_have_key(secrets) && !secrets_are_sealed(store_text(rows, row, 7))) {
		seal_stored(logins, team_id, out);
	}
	return true;
}

/* Columns: see LOGIN_ALL. */
static void fill_login(struct login *login, const struct store_result *rows, size_t row,
        const struct tokens *tokens)
{
	str_replace(&login->team_name, store_text(rows, row, 1));
	str_replace(&login->team_domain, store_text(rows, row, 2));
	str_replace(&login->app_id, store_text(rows, row, 3));
	str_replace(&login->bot_user_id, store_text(rows, row, 4));
	str_replace(&login->bot_id, store_text(rows, row, 5));
	str_replace(&login->owner_mxid, store_text(rows, row, 6));
	str_replace(&login->bot_token, tokens->bot);
	str_replace(&login->app_token, tokens->app);
	str_replace(&login->refresh_token, tokens->refresh);
	login->expires_ms = store_int(rows, row, 11);
	str_replace(&login->declared, store_text(rows, row, 12));
}

static void add_login(struct logins *logins, const struct store_result *rows, size_t row,
        const struct tokens *tokens)
{
	struct login *login = xcalloc(1, sizeof(*login));

	login->app = logins->app;
	login->team_id = xstrdup(store_text(rows, row, 0));
	login->why = xstrdup("");
	login->told = xstrdup(store_text(rows, row, 13));
	list_init(&login->link);
	list_init(&login->settled);
	timer_init(&login->settle_timer, logins->app->loop, handle_settled, login);
	timer_init(&login->news_timer, logins->app->loop, connection_news_handle_timer,
	        login);
	timer_init(
	        &login->catch_up_timer, logins->app->loop, catch_up_handle_timer, login);
	fill_login(login, rows, row, tokens);
	map_set(logins->by_team, login->team_id, login);
	connect_login(login, store_text(rows, row, 9));
}

/* New tokens for a workspace we know: the clients take them over from the next call on.
 */
static void refresh_login(struct login *login, const struct store_result *rows,
        size_t row, const struct tokens *tokens)
{
	/* A renewal that is under way goes on, unless there is nothing left for it. */
	bool same_pair = str_equal(login->bot_token, tokens->bot) &&
	                 str_equal(login->refresh_token, tokens->refresh) &&
	                 credentials_trouble(login->credentials)[0] == '\0';
	bool same_app_token = str_equal(login->app_token, tokens->app);
	enum socket_mode_state state = socket_mode_state(login->socket);
	/* It was given up, and somebody has just shown that it works again. */
	bool given_up = state == SM_BAD_CREDENTIALS || state == SM_LINK_DISABLED ||
	                state == SM_STOPPED;

	fill_login(login, rows, row, tokens);
	slack_api_set_token(login->bot_api, login->bot_token);
	if (str_equal(store_text(rows, row, 9), "connected")) {
		credentials_renewed(login->credentials);
	}
	if (!same_pair) {
		rotation_plan(login->rotation);
	}
	if (!same_app_token || given_up) {
		socket_mode_destroy(&login->socket); /* its calls carry the old token */
		slack_api_set_token(login->app_api, login->app_token);
		open_socket(login);
	}
}

/* ---------------------------------------------------------------- all of them */

static void handle_all_stopped(void *arg)
{
	struct logins *logins = arg;

	logins->stop_done(logins->stop_arg);
}

static void handle_one_stopped(void *arg)
{
	struct logins *logins = arg;

	if (--logins->stopping == 0) {
		timer_start(&logins->stopped, 0);
	}
}

void logins_stop(struct logins *logins, void (*done)(void *arg), void *arg)
{
	struct login *login;

	logins->stop_done = done;
	logins->stop_arg = arg;
	store_tx_cancel(&logins->loading); /* it might connect others */
	logins->stopping = 1;
	for (size_t i = 0; logins_next(logins, &i, &login);) {
		logins->stopping++;
		timer_stop(&login->catch_up_timer);
		timer_stop(&login->news_timer);
		socket_mode_stop(login->socket, handle_one_stopped, logins);
	}
	handle_one_stopped(logins);
}

struct logins *logins_create(struct app *app)
{
	struct logins *logins = xcalloc(1, sizeof(*logins));

	logins->app = app;
	timer_init(&logins->stopped, app->loop, handle_all_stopped, logins);
	logins->by_team = map_create();
	logins->budgets = map_create();
	list_init(&logins->loaded);
	list_init(&logins->ended);
	return logins;
}

void logins_destroy(struct logins **logins)
{
	if (*logins == NULL) {
		return;
	}
	store_tx_cancel(&(*logins)->loading);
	timer_stop(&(*logins)->stopped);
	waiters_drop(&(*logins)->loaded);
	map_destroy(&(*logins)->by_team, free_login);
	map_destroy(&(*logins)->budgets, free);
	list_for_each(it, &(*logins)->ended)
	{
		list_del(it);
		free_login(container_of(it, struct login, link));
	}
	free(*logins);
	*logins = NULL;
}

struct ending {
	struct logins *logins;
	char *team_id;
};

static void handle_ended(bool committed, void *arg)
{
	struct ending *ending = arg;
	struct logins *logins = ending->logins;
	struct login *login =
	        committed ? map_get(logins->by_team, ending->team_id) : NULL;

	if (login != NULL) {
		REQ("AUTH-10");
		map_del(logins->by_team, ending->team_id);
		list_add_tail(&logins->ended, &login->link);
		timer_stop(&login->catch_up_timer);
		timer_stop(&login->news_timer);
		socket_mode_destroy(&login->socket);
		rotation_destroy(&login->rotation);
		credentials_renewed(login->credentials);
		slack_api_set_asleep(login->bot_api, true);
		slack_api_set_token(login->bot_api, "");
		slack_api_set_token(login->app_api, "");
		explicit_bzero(login->bot_token, strlen(login->bot_token));
		explicit_bzero(login->app_token, strlen(login->app_token));
		explicit_bzero(login->refresh_token, strlen(login->refresh_token));
		queue_hurry(login->app->queue);
	}
	free(ending->team_id);
	free(ending);
}

void logins_end(struct login *login, struct store_tx *tx)
{
	struct ending *ending = xcalloc(1, sizeof(*ending));

	ending->logins = login->app->logins;
	ending->team_id = xstrdup(login->team_id);
	store_tx_add(tx, STMT_LOGIN_DELETE, "s", login->team_id);
	store_tx_on_commit(tx, handle_ended, ending);
}

static void handle_rows(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct logins *logins = arg;

	logins->loading = NULL;
	if (logins->stop_done != NULL) {
		waiters_finish(&logins->loaded, err);
		return;
	}
	for (size_t i = 0; err->kind == ERR_NONE && i < store_rows(results[0]); i++) {
		struct login *login =
		        map_get(logins->by_team, store_text(results[0], i, 0));
		struct tokens tokens;
		if (!open_tokens(logins, results[0], i, &tokens)) {
			continue;
		}
		if (login == NULL) {
			add_login(logins, results[0], i, &tokens);
		} else {
			refresh_login(login, results[0], i, &tokens);
		}
		tokens_finish(&tokens);
	}
	logins->read = logins->read || err->kind == ERR_NONE;
	waiters_finish(&logins->loaded, err);
}

struct waiter *logins_load(struct logins *logins, waiter_fn *done, void *arg)
{
	/* Always a read of its own: one already under way may not see what was just
	 * committed. */
	store_tx_cancel(&logins->loading);
	logins->loading = store_tx_create(logins->app->store);
	store_tx_add(logins->loading, STMT_LOGIN_ALL, "");
	store_tx_submit(logins->loading, handle_rows, logins);
	return done == NULL ? NULL : waiter_add(&logins->loaded, done, arg);
}

struct login *logins_by_team(const struct logins *logins, const char *team_id)
{
	return map_get(logins->by_team, team_id);
}

size_t logins_count(const struct logins *logins)
{
	return map_count(logins->by_team);
}

bool logins_next(const struct logins *logins, size_t *cursor, struct login **login)
{
	void *value;

	if (!map_next(logins->by_team, cursor, NULL, &value)) {
		return false;
	}
	*login = value;
	return true;
}
