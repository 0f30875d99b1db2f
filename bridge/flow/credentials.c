#include "bridge/flow/credentials.h"

#include "bridge/flow/app.h"
#include "bridge/flow/rotation.h"
#include "bridge/flow/tell_owner.h"
#include "lib/log.h"
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
	struct login *login;
	struct app *app;
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
	return kind == TOKEN_BOT ? "bot" : kind == TOKEN_APP ? "app-level" : "refresh";
}

/* ---------------------------------------------------------------- what is kept */

/* "bad bot token_revoked" */
static char *stored_text(enum token_kind kind, const char *word)
{
	return xasprintf("bad %s %s", kind_name(kind), word);
}

static bool read_stored(const char *stored, enum token_kind *kind, const char **word)
{
	static const enum token_kind kinds[] = {TOKEN_BOT, TOKEN_APP, TOKEN_REFRESH};

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

static void add_rows(struct credentials *credentials, struct store_tx *tx,
        enum token_kind kind, const char *word)
{
	const struct login *login = credentials->login;
	struct app *app = credentials->app;
	autofree char *state = stored_text(kind, word);
	autofree char *key = xasprintf(
	        "asleep:%s:%lld", login->team_id, (long long)loop_wall_ms(app->loop));
	autofree char *text = xasprintf(
	        "Slack refuses the %s token of %s: %s (%s). %s Nothing is lost: what is "
	        "written meanwhile waits. To mend it %s.",
	        kind_name(kind), login->team_name, meaning(word), word,
	        kind == TOKEN_APP ? "Nothing arrives from Slack until it is mended."
	                          : "Nothing is bridged until it is mended.",
	        is_configured_badly(word)
	                ? "correct the configuration and restart the bridge"
	                : "say `login app`");

	store_tx_add(tx, STMT_LOGIN_STATE, "ss", login->team_id, state);
	tell_owner_add(app, tx, key, login->owner_mxid, text);
}

/* ---------------------------------------------------------------- asleep, awake */

static void describe(struct credentials *credentials)
{
	snprintf(credentials->trouble, sizeof(credentials->trouble),
	        "the %s token is refused: %s; say `login app`",
	        kind_name(credentials->kind), credentials->word);
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
		slack_api_set_asleep(credentials->login->bot_api, true);
	}
	log_warn("login is asleep: its token is refused", "team=%s token=%s reason=%s",
	        credentials->login->team_id, kind_name(credentials->kind),
	        credentials->word);
}

void credentials_renewed(struct credentials *credentials)
{
	bool was_good = credentials->standing == GOOD;

	stop_looking(credentials);
	credentials->standing = GOOD;
	credentials->trouble[0] = '\0';
	slack_api_set_asleep(credentials->login->bot_api, false);
	if (!was_good) {
		log_info("login is awake", "team=%s", credentials->login->team_id);
		queue_hurry(credentials->app->queue);
	}
}

static void believe(struct credentials *credentials)
{
	struct store_tx *tx = store_tx_create(credentials->app->store);

	add_rows(credentials, tx, credentials->kind, credentials->word);
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

	credentials->standing = DOUBTED;
	snprintf(credentials->trouble, sizeof(credentials->trouble),
	        "Slack refuses the bot token: %s; looking into it", credentials->word);
	slack_api_set_asleep(login->bot_api, true);
	credentials->look_api = app_slack_api(app, login->bot_token, login->team_id);
	timer_start(&credentials->look_timer, looks_ms[0]);
	log_warn("token refused; looking into it", "team=%s reason=%s", login->team_id,
	        credentials->word);
}

/* It is no matter of people: the rotation gets another, or is refused itself. */
static void wait_for_pair(struct credentials *credentials)
{
	credentials->standing = DOUBTED;
	snprintf(credentials->trouble, sizeof(credentials->trouble),
	        "the bot token has expired; it is being renewed");
	slack_api_set_asleep(credentials->login->bot_api, true);
	log_info("token expired; renewing it", "team=%s", credentials->login->team_id);
}

void credentials_refused(
        struct credentials *credentials, enum token_kind kind, const char *word)
{
	if (credentials->standing == BAD ||
	        (credentials->standing == DOUBTED && kind == TOKEN_BOT)) {
		return;
	}
	stop_looking(credentials);
	note_refusal(credentials, kind, word);
	if (kind == TOKEN_BOT && str_equal(word, "token_expired") &&
	        rotation_hurry(credentials->login->rotation)) {
		wait_for_pair(credentials);
	} else if (kind == TOKEN_BOT && str_equal(word, "invalid_auth")) {
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
	credentials_refused(arg, TOKEN_BOT, word);
}

struct credentials *credentials_create(struct login *login, const char *stored)
{
	struct credentials *credentials = xcalloc(1, sizeof(*credentials));
	enum token_kind kind;
	const char *word;

	credentials->login = login;
	credentials->app = login->app;
	timer_init(&credentials->look_timer, login->app->loop, look, credentials);
	slack_api_set_guard(login->bot_api, handle_refused, credentials);
	if (read_stored(stored, &kind, &word)) {
		note_refusal(credentials, kind, word);
		fall_asleep(credentials);
	}
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
