#include "bridge/flow/user_logins.h"

#include "bridge/flow/app.h"
#include "bridge/flow/credentials.h"
#include "bridge/ops/secrets.h"
#include "lib/log.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>
#include <string.h>

enum { TAG_CHARS = 12 };

struct user_logins {
	struct app *app;
	struct map *by_key; /* "team mxid" -> struct user_login */
	struct list
	        ended; /* user_login::link; calls made with them may be on their way */
	struct list loaded; /* waiter::link; for user_logins_load() */
	struct store_tx *loading;
};

static char *key_of(const char *team_id, const char *mxid)
{
	return xasprintf("%s %s", team_id, mxid);
}

struct slack_api *user_login_api(const struct app *app, const char *token,
        const char *cookie, const char *workspace)
{
	struct slack_api *api = app_slack_api(app, token, workspace);

	slack_api_set_cookie(api, cookie);
	return api;
}

char *user_login_tag(const struct app *app, const char *slack_user_id)
{
	autofree char *text =
	        xasprintf("%s\n%s", matrix_bot_mxid(app->matrix), slack_user_id);
	autofree char *digest = sha256_hex(str_from(text));

	return xstrndup(digest, TAG_CHARS);
}

char *user_login_name(const struct user_login *user)
{
	return xasprintf("%s-%s", user->team_id, user->user_id);
}

/* ---------------------------------------------------------------- one of them */

static void free_user(void *value)
{
	struct user_login *user = value;

	credentials_destroy(&user->credentials);
	slack_api_destroy(&user->api);
	free(user->team_id);
	free(user->team_name);
	free(user->mxid);
	free(user->user_id);
	free(user->user_name);
	secrets_wipe(user->token);
	secrets_wipe(user->cookie);
	free(user->declared);
	free(user);
}

/* Columns: see USER_LOGIN_ALL. */
static void fill(struct user_login *user, const struct store_result *rows, size_t row,
        const char *token, const char *cookie)
{
	str_replace(&user->user_id, store_text(rows, row, 2));
	str_replace(&user->user_name, store_text(rows, row, 3));
	str_replace(&user->team_name, store_text(rows, row, 4));
	str_replace(&user->token, token);
	str_replace(&user->cookie, cookie);
	str_replace(&user->declared, store_text(rows, row, 8));
}

static void take_row(struct user_logins *users, const struct store_result *rows,
        size_t row, const char *token, const char *cookie)
{
	struct user_login *user = user_logins_find(
	        users, store_text(rows, row, 0), store_text(rows, row, 1));
	const char *state = store_text(rows, row, 7);

	if (user != NULL) {
		fill(user, rows, row, token, cookie);
		slack_api_set_token(user->api, token);
		slack_api_set_cookie(user->api, cookie);
		if (str_equal(state, "connected")) {
			credentials_renewed(user->credentials);
		}
		return;
	}
	user = xcalloc(1, sizeof(*user));
	user->app = users->app;
	user->team_id = xstrdup(store_text(rows, row, 0));
	user->mxid = xstrdup(store_text(rows, row, 1));
	user->may_wait = true;
	list_init(&user->link);
	fill(user, rows, row, token, cookie);
	user->api = user_login_api(users->app, token, cookie, user->team_id);
	user->credentials = credentials_of_user(user, state);
	autofree char *key = key_of(user->team_id, user->mxid);
	map_set(users->by_key, key, user);
}

/* What was stored before there was a key is sealed now. */
static void seal_stored(struct user_logins *users, const struct store_result *rows,
        size_t row, const char *token, const char *cookie)
{
	struct store_tx *tx = store_tx_create(users->app->store);
	autofree char *sealed_token = secrets_seal(users->app->secrets, token);
	autofree char *sealed_cookie = secrets_seal(users->app->secrets, cookie);

	store_tx_add(tx, STMT_USER_LOGIN_TOKENS, "ssss", store_text(rows, row, 0),
	        store_text(rows, row, 1), sealed_token, sealed_cookie);
	store_tx_submit(tx, NULL, NULL);
	log_info("stored tokens are sealed now", "team=%s user=%s",
	        store_text(rows, row, 0), store_text(rows, row, 1));
}

static void open_row(
        struct user_logins *users, const struct store_result *rows, size_t row)
{
	const struct secrets *secrets = users->app->secrets;
	struct err err = ERR_INIT;
	char *token = secrets_open(secrets, store_text(rows, row, 5), &err);
	char *cookie = secrets_open(secrets, store_text(rows, row, 6), &err);

	if (token == NULL || cookie == NULL) {
		log_error("the stored tokens of a login cannot be opened",
		        "team=%s user=%s error=\"%s\"", store_text(rows, row, 0),
		        store_text(rows, row, 1), err.msg);
	} else {
		if (secrets_have_key(secrets) &&
		        !secrets_are_sealed(store_text(rows, row, 5))) {
			seal_stored(users, rows, row, token, cookie);
		}
		take_row(users, rows, row, token, cookie);
	}
	secrets_wipe(token);
	secrets_wipe(cookie);
}

/* ---------------------------------------------------------------- all of them */

struct user_logins *user_logins_create(struct app *app)
{
	struct user_logins *users = xcalloc(1, sizeof(*users));

	users->app = app;
	users->by_key = map_create();
	list_init(&users->ended);
	list_init(&users->loaded);
	return users;
}

void user_logins_destroy(struct user_logins **users)
{
	if (*users == NULL) {
		return;
	}
	store_tx_cancel(&(*users)->loading);
	waiters_drop(&(*users)->loaded);
	map_destroy(&(*users)->by_key, free_user);
	list_for_each(it, &(*users)->ended)
	{
		struct user_login *user = container_of(it, struct user_login, link);
		list_del(&user->link);
		free_user(user);
	}
	free(*users);
	*users = NULL;
}

static void handle_rows(
        const struct store_result *const *results, const struct err *err, void *arg)
{
	struct user_logins *users = arg;

	users->loading = NULL;
	for (size_t i = 0; err->kind == ERR_NONE && i < store_rows(results[0]); i++) {
		open_row(users, results[0], i);
	}
	waiters_finish(&users->loaded, err);
}

struct waiter *user_logins_load(struct user_logins *users, waiter_fn *done, void *arg)
{
	/* Always a read of its own: one already under way may not see what was just
	 * committed. */
	store_tx_cancel(&users->loading);
	users->loading = store_tx_create(users->app->store);
	store_tx_add(users->loading, STMT_USER_LOGIN_ALL, "");
	store_tx_submit(users->loading, handle_rows, users);
	return done == NULL ? NULL : waiter_add(&users->loaded, done, arg);
}

struct user_login *user_logins_find(
        const struct user_logins *users, const char *team_id, const char *mxid)
{
	autofree char *key = key_of(team_id, mxid);

	return map_get(users->by_key, key);
}

struct user_login *user_logins_by_slack(
        const struct user_logins *users, const char *team_id, const char *user_id)
{
	struct user_login *user;

	for (size_t i = 0; user_logins_next(users, &i, &user);) {
		if (str_equal(user->team_id, team_id) &&
		        str_equal(user->user_id, user_id)) {
			return user;
		}
	}
	return NULL;
}

bool user_logins_next(
        const struct user_logins *users, size_t *cursor, struct user_login **user)
{
	void *value;

	if (!map_next(users->by_key, cursor, NULL, &value)) {
		return false;
	}
	*user = value;
	return true;
}

/* ---------------------------------------------------------------- the end */

struct ending {
	struct user_logins *users;
	char *key;
};

static void handle_ended(bool committed, void *arg)
{
	struct ending *ending = arg;
	struct user_logins *users = ending->users;
	struct user_login *user = committed ? map_get(users->by_key, ending->key) : NULL;

	if (user != NULL) {
		map_del(users->by_key, ending->key);
		list_add_tail(&users->ended, &user->link);
		credentials_renewed(user->credentials);
		slack_api_set_asleep(user->api, true);
		slack_api_set_token(user->api, "");
		slack_api_set_cookie(user->api, NULL);
		explicit_bzero(user->token, strlen(user->token));
		explicit_bzero(user->cookie, strlen(user->cookie));
		queue_hurry(users->app->queue);
	}
	free(ending->key);
	free(ending);
}

void user_logins_end(struct user_login *user, struct store_tx *tx)
{
	struct ending *ending = xcalloc(1, sizeof(*ending));

	ending->users = user->app->users;
	ending->key = key_of(user->team_id, user->mxid);
	store_tx_add(tx, STMT_USER_LOGIN_DELETE, "ss", user->team_id, user->mxid);
	store_tx_on_commit(tx, handle_ended, ending);
}
