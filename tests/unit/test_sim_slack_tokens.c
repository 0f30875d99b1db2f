/* Tokens besides the app's first two: people's, clients', those that expire. */
/* proves: SIMS-01 */
#include "tests/unit/sim_slack_fixture.h"

#define IN_GENERAL "channel=C0GENERAL0"

static const char form_type[] = "application/x-www-form-urlencoded";

static void call_as(
        struct fixture *f, const char *token, const char *method, const char *form)
{
	autofree char *path = xasprintf("/api/%s", method);

	request(f, "POST", path, token, form_type, form);
}

static void ok_as(
        struct fixture *f, const char *token, const char *method, const char *form)
{
	call_as(f, token, method, form);
	if (!json_bool(f->reply, "ok", false)) {
		fail_msg("%s %s: %s", method, form, f->body);
	}
}

static void error_as(struct fixture *f, const char *token, const char *method,
        const char *form, const char *error)
{
	call_as(f, token, method, form);
	if (!str_equal(json_str(f->reply, "error"), error)) {
		fail_msg("%s %s: %s is not %s", method, form, f->body, error);
	}
}

/* Caller frees. */
static char *said(struct fixture *f, const char *name, const char *args, const char *what)
{
	autojson cJSON *result = verb(f, name, args);

	assert_non_null(json_str(result, what));
	return xstrdup(json_str(result, what));
}

static void test_people_have_tokens(void **state)
{
	struct fixture *f = *state;
	autofree char *carol = NULL, *poor = NULL;

	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	carol = said(f, "user_token", "{\"as\":\"carol\"}", "token");
	poor = said(
	        f, "user_token", "{\"as\":\"dave\",\"scopes\":\"users:read\"}", "token");
	assert_true(str_starts(carol, "xoxp-"));
	ok_as(f, carol, "auth.test", "");
	assert_string_equal(json_str(f->reply, "user_id"), "U0SIMCAROL");
	assert_null(json_str(f->reply, "bot_id"));
	ok_as(f, carol, "chat.postMessage", IN_GENERAL "&text=mine");
	assert_string_equal(json_str(f->reply, "message.user"), "U0SIMCAROL");
	assert_string_equal(json_str(f->reply, "message.bot_id"), "B0SIMBOT00");
	autofree char *own =
	        xasprintf(IN_GENERAL "&ts=%s&text=y", json_str(f->reply, "ts"));
	ok_as(f, carol, "chat.update", own);
	assert_string_equal(json_str(f->reply, "message.edited.user"), "U0SIMCAROL");
	/* The app's bot is somebody else. */
	invite_bot(f);
	call_error(f, "chat.update", own, "cant_update_message");
	ok_as(f, carol, "conversations.history", "channel=C0SECRET00");
	call_error(f, "conversations.history", "channel=C0SECRET00", "channel_not_found");
	error_as(f, poor, "chat.postMessage", IN_GENERAL "&text=x", "missing_scope");
	assert_string_equal(json_str(f->reply, "provided"), "users:read");
	ok_as(f, carol, "users.profile.set",
	        "profile={\"status_text\":\"lunch\",\"status_emoji\":\":sushi:\"}");
	assert_string_equal(json_str(f->reply, "profile.status_text"), "lunch");
	call_error(
	        f, "users.profile.set", "name=title&value=x", "not_allowed_token_type");
	ok_as(f, carol, "auth.revoke", "");
	error_as(f, carol, "auth.test", "", "token_revoked");
	call_ok(f, "auth.test", "");
	say(f, "update_user", "{\"user\":\"dave\",\"deleted\":true}");
	error_as(f, poor, "auth.test", "", "account_inactive");
}

static void test_people_can_what_bots_cannot(void **state)
{
	struct fixture *f = *state;
	autofree char *carol = said(f, "user_token", "{\"as\":\"carol\"}", "token");
	autofree char *form = NULL;

	say(f, "leave", "{\"as\":\"carol\",\"in\":\"random\"}");
	ok_as(f, carol, "conversations.history", "channel=C0RANDOM00");
	say(f, "archive", "{\"in\":\"random\"}");
	ok_as(f, carol, "conversations.unarchive", "channel=C0RANDOM00");
	autojson cJSON *made = verb(f, "upload",
	        "{\"as\":\"carol\",\"in\":\"general\",\"name\":\"a.txt\",\"content\":\"A\"}");
	form = xasprintf("file=%s", json_str(made, "file_id"));
	call_error(f, "files.sharedPublicURL", form, "not_allowed_token_type");
	ok_as(f, carol, "files.sharedPublicURL", form);
	const char *url = json_str(f->reply, "file.permalink_public");
	const char *base = sim_slack_url(f->sim);
	assert_true(str_starts(url, base));
	autofree char *path = xstrdup(url + strlen(base));
	request(f, "GET", path, NULL, NULL, NULL);
	assert_string_equal(f->body, "A");
	error_as(f, carol, "files.sharedPublicURL", form, "already_public");
}

/* A code becomes a token, which is renewed before it expires. */
static void test_rotation(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *app = verb(f, "tokens", "{\"client\":true}");
	autofree char *client = xasprintf("client_id=%s&client_secret=%s",
	        json_str(app, "client_id"), json_str(app, "client_secret"));
	autofree char *code = said(f, "user_token",
	        "{\"as\":\"alice\",\"code\":true,\"scopes\":\"chat:write\"}", "code");
	autofree char *form = xasprintf("%s&code=%s", client, code);
	autofree char *bot = NULL, *refresh = NULL, *next = NULL, *renew = NULL;

	say(f, "knob", "{\"name\":\"token_rotation\",\"value\":true}");
	call_as(f, NULL, "oauth.v2.access", "client_id=x&client_secret=y&code=z");
	assert_string_equal(json_str(f->reply, "error"), "invalid_client_id");
	ok_as(f, NULL, "oauth.v2.access", form);
	assert_string_equal(json_str(f->reply, "token_type"), "bot");
	assert_int_equal(json_int(f->reply, "expires_in", 0), 43200);
	assert_string_equal(json_str(f->reply, "authed_user.scope"), "chat:write");
	bot = xstrdup(json_str(f->reply, "access_token"));
	refresh = xstrdup(json_str(f->reply, "refresh_token"));
	assert_true(str_starts(bot, "xoxe.xoxb-1-"));
	assert_true(str_starts(refresh, "xoxe-1-"));
	error_as(f, NULL, "oauth.v2.access", form, "invalid_code");
	ok_as(f, bot, "auth.test", "");
	assert_int_equal(json_int(f->reply, "expires_in", 0), 43200);

	renew = xasprintf(
	        "%s&grant_type=refresh_token&refresh_token=%s", client, refresh);
	ok_as(f, NULL, "oauth.v2.access", renew);
	next = xstrdup(json_str(f->reply, "access_token"));
	assert_string_not_equal(next, bot);
	/* Both are good for a while, the one that would have lasted is not. */
	ok_as(f, bot, "auth.test", "");
	call_error(f, "auth.test", "", "token_expired");
	ok_as(f, NULL, "oauth.v2.access", renew); /* within the grace */
	error_as(f, bot, "auth.test", "", "token_expired");
	ok_as(f, next, "auth.test", "");
	advance(f, 61000);
	error_as(f, NULL, "oauth.v2.access", renew, "invalid_refresh_token");
	advance(f, 43200 * 1000LL);
	error_as(f, next, "auth.test", "", "token_expired");
	autofree char *odd = xasprintf("%s&grant_type=password", client);
	error_as(f, NULL, "oauth.v2.access", odd, "invalid_grant_type");
}

static void test_exchange_and_uninstall(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *app = verb(f, "tokens", "{\"client\":true}");
	autofree char *client = xasprintf("client_id=%s&client_secret=%s",
	        json_str(app, "client_id"), json_str(app, "client_secret"));
	autofree char *wrong =
	        xasprintf("client_id=%s&client_secret=x", json_str(app, "client_id"));
	autofree char *bot = NULL;

	call_error(f, "oauth.v2.exchange", client, "token_rotation_not_enabled");
	say(f, "knob", "{\"name\":\"token_rotation\",\"value\":true}");
	call_error(f, "oauth.v2.exchange", wrong, "bad_client_secret");
	call_ok(f, "oauth.v2.exchange", client);
	bot = xstrdup(json_str(f->reply, "access_token"));
	call_error(f, "oauth.v2.exchange", client, "token_already_exchanged");
	call_ok(f, "auth.test", ""); /* still good: nothing was refreshed yet */
	say(f, "knob", "{\"name\":\"tiers\",\"value\":false}");
	call_error(f, "apps.uninstall", wrong, "bad_client_secret");
	call_ok(f, "apps.uninstall", client);
	call_error(f, "auth.test", "", "account_inactive");
	error_as(f, bot, "auth.test", "", "account_inactive");
}

static void test_clients(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *session = verb(f, "session", "{\"as\":\"dave\"}");
	const char *token = json_str(session, "token");
	autofree char *header = xasprintf("d=%s", json_str(session, "cookie"));
	autofree char *url = xasprintf("%s/api/client.userBoot", sim_slack_url(f->sim));
	struct http_req *req = http_req_create(f->http, "POST", url);
	autofree char *bearer = xasprintf("Bearer %s", token);

	/* Without its cookie the token is nobody's. */
	error_as(f, token, "client.userBoot", "", "invalid_auth");
	cJSON_Delete(f->reply);
	free(f->body);
	f->reply = NULL;
	f->body = NULL;
	f->done = false;
	http_req_set_header(req, "Authorization", bearer);
	http_req_set_header(req, "Cookie", header);
	http_req_set_body(req, form_type, str_from(""));
	http_req_start(req, fixture_done, f);
	pump(f);
	assert_true(json_bool(f->reply, "ok", false));
	assert_string_equal(json_str(f->reply, "self.id"), "U0SIMDAVE0");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "channels")), 2);
	call_error(f, "client.counts", "", "not_allowed_token_type");
}

static void test_authorizations(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *envelope = NULL;
	struct ws ws;

	invite_bot(f);
	ws_ready(&ws, f);
	say(f, "post", "{\"in\":\"general\",\"text\":\"x\"}");
	advance(f, 20);
	envelope = ws_message(&ws);
	autofree char *form = xasprintf(
	        "event_context=%s", json_str(envelope, "payload.event_context"));
	ok_as(f, f->app, "apps.event.authorizations.list", form);
	const cJSON *one = cJSON_GetArrayItem(json_arr(f->reply, "authorizations"), 0);
	assert_string_equal(json_str(one, "user_id"), "U0SIMBOT00");
	error_as(f, f->app, "apps.event.authorizations.list", "event_context=4-xyz",
	        "invalid_event_context");
	call_error(f, "apps.event.authorizations.list", form, "not_allowed_token_type");
	call_ok(f, "auth.teams.list", "");
	ws_close(&ws);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_people_have_tokens, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(test_people_can_what_bots_cannot,
	                fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_rotation, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_exchange_and_uninstall, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_clients, fixture_setup, fixture_teardown),
	        cmocka_unit_test_setup_teardown(
	                test_authorizations, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
