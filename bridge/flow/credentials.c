#include "bridge/flow/credentials.h"

#include "bridge/flow/app.h"
#include "bridge/flow/room_cleanup.h"
#include "bridge/flow/rotation.h"
#include "bridge/flow/tell_owner.h"
#include "lib/log.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* After a refusal that may be a mistake: asked again after these times, then believed. */
static const int64_t looks_ms[] = {5000, 30000, 120000};
enum { LOOKS = sizeof(looks_ms) / sizeof(looks_ms[0]), LOOK_AGAIN_MS = 30000 };

/* In place of a word of Slack's. */
#define NOT_CONFIGURED "client_not_configured"

enum standing { GOOD, DOUBTED, BAD };

struct credentials {
	struct login *login;     /* of an app; NULL: it is a user's */
	struct user_login *user; /* NULL: it is an app's */
	struct app *app;
	struct slack_api *api; /* whose calls sleep */
	enum standing standing;
	enum token_kind kind;
	char word[48];
	char trouble[160];
	unsigned looks;
	struct timer look_timer;
	struct slack_api *look_api; /* its calls leave while the login's own sleep */
	struct slack_call *look;
};

static const char *kind_name(enum token_kind kind)
{
	static const char *const names[] = {"bot", "app-level", "refresh", "user"};

	return names[kind];
}

static const char *team_id(const struct credentials *credentials)
{
	return credentials->user != NULL ? credentials->user->team_id
	                                 : credentials->login->team_id;
}

static const char *owner(const struct credentials *credentials)
{
	return credentials->user != NULL ? credentials->user->mxid
	                                 : credentials->login->owner_mxid;
}

/* What to say to the bot to mend it. */
static const char *command(const struct credentials *credentials)
{
	return credentials->user != NULL ? "login token" : "login app";
}

/* ---------------------------------------------------------------- what is kept */

/* "bad bot token_revoked" */
static char *stored_text(enum token_kind kind, const char *word)
{
	return xasprintf("bad %s %s", kind_name(kind), word);
}

static bool read_stored(const char *stored, enum token_kind *kind, const char **word)
{
	static const enum token_kind kinds[] = {
	        TOKEN_BOT, TOKEN_APP, TOKEN_REFRESH, TOKEN_USER};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		autofree char *begin = stored_text(kinds[i], "");
		if (str_starts(stored, begin)) {
			*kind = kinds[i];
			*word = stored + strlen(begin);
			return true;
		}
	}
	return false;
}

/* The app's credentials in the configuration are at fault, not the token. */
static bool is_configured_badly(const char *word)
{
	return str_equal(word, "invalid_client_id") ||
	       str_equal(word, "bad_client_secret") || str_equal(word, NOT_CONFIGURED);
}

static const char *meaning(const char *word)
{
	static const struct {
		const char *word, *means;
	} meanings[] = {
	        {"account_inactive",
	                "the app was removed from the workspace, or its user "
	                "deactivated"},
	        {"app_uninstalled", "the app was removed from the workspace"},
	        {"token_expired", "the token has expired"},
	        {"token_revoked", "the token was revoked"},
	        {"tokens_revoked", "the token was revoked"},
	        {"invalid_auth", "Slack does not know the token"},
	        {"invalid_refresh_token", "it was used already, or is not Slack's"},
	        {"invalid_client_id", "network.client_id is not that of the app"},
	        {"bad_client_secret", "network.client_secret is not that of the app"},
	        {NOT_CONFIGURED,
	                "network.client_id and network.client_secret are not set"},
	        {"not_allowed_token_type", "it is a token of the wrong kind"},
	};

	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (str_equal(meanings[i].word, word)) {
			return meanings[i].means;
		}
	}
	return "Slack refuses the token";
}

static const char *consequence(enum token_kind kind)
{
	static const char *const texts[] = {
	        [TOKEN_BOT] = "Nothing is bridged until it is mended. Nothing is lost: "
	                      "what is written meanwhile waits.",
	        [TOKEN_APP] = "Nothing arrives from Slack until it is mended. Nothing is "
	                      "lost: what is written meanwhile waits.",
	        [TOKEN_REFRESH] = "Nothing is bridged until it is mended. Nothing is "
	                          "lost: what is written meanwhile waits.",
	        [TOKEN_USER] = "What you write waits until it is mended, or until you "
	                       "say `logout`; what others write goes on.",
	};

	return texts[kind];
}

static void add_rows(struct credentials *credentials, struct store_tx *tx,
        enum token_kind kind, const char *word)
{
	struct app *app = credentials->app;
	autofree char *state = stored_text(kind, word);
	autofree char *key = xasprintf("asleep:%s:%s:%lld", team_id(credentials),
	        kind_name(kind), (long long)loop_wall_ms(app->loop));
	autofree char *remedy = xasprintf("say `%s`", command(credentials));
	autofree char *text =
	        xasprintf("Slack refuses the %s token of %s: %s (%s). %s To mend it %s.",
	                kind_name(kind),
	                credentials->user != NULL ? credentials->user->team_name
	                                          : credentials->login->team_name,
	                meaning(word), word, consequence(kind),
	                is_configured_badly(word)
	                        ? "correct the configuration and restart the bridge"
	                        : remedy);

	if (credentials->user != NULL) {
		store_tx_add(tx, STMT_USER_LOGIN_STATE, "sss", team_id(credentials),
		        owner(credentials), state);
	} else {
		store_tx_add(tx, STMT_LOGIN_STATE, "ss", team_id(credentials), state);
	}
	tell_owner_add(app, tx, key, owner(credentials), text);
	if (kind == TOKEN_BOT || kind == TOKEN_USER) {
		room_cleanup_add(app, tx, team_id(credentials), owner(credentials),
		        CLEANUP_BAD_CREDENTIALS, key);
	}
}

/* ---------------------------------------------------------------- asleep, awake */

static void describe(struct credentials *credentials)
{
	snprintf(credentials->trouble, sizeof(credentials->trouble),
	        "the %s token is refused: %s; say `%s`", kind_name(credentials->kind),
	        credentials->word, command(credentials));
}

static void stop_looking(struct credentials *credentials)
{
	timer_stop(&credentials->look_timer);
	slack_call_cancel(&credentials->look);
	slack_api_destroy(&credentials->look_api);
	credentials->looks = 0;
}

static void note_refusal(
        struct credentials *credentials, enum token_kind kind, const char *word)
{
	credentials->kind = kind;
	snprintf(credentials->word, sizeof(credentials->word), "%s", word);
}

static void fall_asleep(struct credentials *credentials)
{
	stop_looking(credentials);
	credentials->standing = BAD;
	describe(credentials);
	if (credentials->kind != TOKEN_APP) {
		slack_api_set_asleep(credentials->api, true);
	}
	log_warn("login is asleep: its token is refused", "team=%s token=%s reason=%s",
	        team_id(credentials), kind_name(credentials->kind), credentials->word);
}

void credentials_renewed(struct credentials *credentials)
{
	bool was_good = credentials->standing == GOOD;

	stop_looking(credentials);
	credentials->standing = GOOD;
	credentials->trouble[0] = '\0';
	slack_api_set_asleep(credentials->api, false);
	if (!was_good) {
		REQ("AUTH-07");
		log_info("login is awake", "team=%s", team_id(credentials));
		queue_hurry(credentials->app->queue);
	}
}

static void believe(struct credentials *credentials)
{
	struct store_tx *tx = store_tx_create(credentials->app->store);

	add_rows(credentials, tx, credentials->kind, credentials->word);
	REQ("AUTH-06");
	store_tx_submit(tx, NULL, NULL);
	fall_asleep(credentials);
}

/* ---------------------------------------------------------------- looking again */

static void handle_look(
        const struct slack_identity *identity, const struct err *err, void *arg)
{
	struct credentials *credentials = arg;

	(void)identity;
	credentials->look = NULL;
	if (err->kind == ERR_NONE) {
		credentials_renewed(credentials);
	} else if (err->kind != ERR_PERMANENT) {
		timer_start(&credentials->look_timer, LOOK_AGAIN_MS);
	} else if (++credentials->looks < LOOKS) {
		timer_start(&credentials->look_timer, looks_ms[credentials->looks]);
	} else {
		believe(credentials);
	}
}

static void look(void *arg)
{
	struct credentials *credentials = arg;

	credentials->look =
	        slack_auth_test(credentials->look_api, handle_look, credentials);
}

static void doubt(struct credentials *credentials)
{
	struct app *app = credentials->app;
	const struct login *login = credentials->login;
	const struct user_login *user = credentials->user;

	credentials->standing = DOUBTED;
	snprintf(credentials->trouble, sizeof(credentials->trouble),
	        "Slack refuses the %s token: %s; looking into it",
	        kind_name(credentials->kind), credentials->word);
	slack_api_set_asleep(credentials->api, true);
	credentials->look_api =
	        user != NULL
	                ? user_login_api(app, user->token, user->cookie, user->team_id)
	                : app_slack_api(app, login->bot_token, login->team_id);
	timer_start(&credentials->look_timer, looks_ms[0]);
	log_warn("token refused; looking into it", "team=%s token=%s reason=%s",
	        team_id(credentials), kind_name(credentials->kind), credentials->word);
}

/* It is no matter of people: the rotation gets another, or is refused itself. */
static void wait_for_pair(struct credentials *credentials)
{
	credentials->standing = DOUBTED;
	snprintf(credentials->trouble, sizeof(credentials->trouble),
	        "the bot token has expired; it is being renewed");
	slack_api_set_asleep(credentials->api, true);
	log_info("token expired; renewing it", "team=%s", team_id(credentials));
}

void credentials_refused(
        struct credentials *credentials, enum token_kind kind, const char *word)
{
	bool is_for_calls = kind == TOKEN_BOT || kind == TOKEN_USER;

	if (credentials->standing == BAD ||
	        (credentials->standing == DOUBTED && is_for_calls)) {
		return;
	}
	stop_looking(credentials);
	note_refusal(credentials, kind, word);
	if (kind == TOKEN_BOT && str_equal(word, "token_expired") &&
	        rotation_hurry(credentials->login->rotation)) {
		wait_for_pair(credentials);
	} else if (is_for_calls && str_equal(word, "invalid_auth")) {
		doubt(credentials);
	} else {
		believe(credentials);
	}
}

/* ---------------------------------------------------------------- told by an event */

struct revoking {
	struct app *app;
	char *team_id, *word;
};

static void handle_kept(bool committed, void *arg)
{
	struct revoking *revoking = arg;
	struct login *login =
	        committed ? logins_by_team(revoking->app->logins, revoking->team_id)
	                  : NULL;

	if (login != NULL) {
		note_refusal(login->credentials, TOKEN_BOT, revoking->word);
		fall_asleep(login->credentials);
	}
	free(revoking->team_id);
	free(revoking->word);
	free(revoking);
}

void credentials_revoked_by_event(
        struct credentials *credentials, struct store_tx *tx, const char *word)
{
	struct revoking *revoking;

	if (credentials->standing == BAD) {
		return;
	}
	revoking = xcalloc(1, sizeof(*revoking));
	revoking->app = credentials->app;
	revoking->team_id = xstrdup(credentials->login->team_id);
	revoking->word = xstrdup(word);
	add_rows(credentials, tx, TOKEN_BOT, word);
	store_tx_on_commit(tx, handle_kept, revoking);
}

/* ---------------------------------------------------------------- life */

static void handle_refused(const char *word, void *arg)
{
	struct credentials *credentials = arg;

	credentials_refused(
	        credentials, credentials->user != NULL ? TOKEN_USER : TOKEN_BOT, word);
}

static void begin(struct credentials *credentials, const char *stored)
{
	enum token_kind kind;
	const char *word;

	timer_init(&credentials->look_timer, credentials->app->loop, look, credentials);
	slack_api_set_guard(credentials->api, handle_refused, credentials);
	if (read_stored(stored, &kind, &word)) {
		note_refusal(credentials, kind, word);
		fall_asleep(credentials);
	}
}

struct credentials *credentials_create(struct login *login, const char *stored)
{
	struct credentials *credentials = xcalloc(1, sizeof(*credentials));

	credentials->login = login;
	credentials->app = login->app;
	credentials->api = login->bot_api;
	begin(credentials, stored);
	return credentials;
}

struct credentials *credentials_of_user(struct user_login *user, const char *stored)
{
	struct credentials *credentials = xcalloc(1, sizeof(*credentials));

	credentials->user = user;
	credentials->app = user->app;
	credentials->api = user->api;
	begin(credentials, stored);
	return credentials;
}

void credentials_destroy(struct credentials **credentials)
{
	if (*credentials == NULL) {
		return;
	}
	stop_looking(*credentials);
	free(*credentials);
	*credentials = NULL;
}

const char *credentials_trouble(const struct credentials *credentials)
{
	return credentials->trouble;
}

bool credentials_are_bad(const struct credentials *credentials, enum token_kind kind)
{
	return credentials->standing == BAD && credentials->kind == kind;
}
