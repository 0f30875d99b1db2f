/* The order is that of the daemon's own start; each question begins when the one before
 * has been answered. */
#include "bridge/doctor/doctor.h"

#include "bridge/doctor/local.h"
#include "bridge/exit_codes.h"
#include "bridge/matrix/appservice.h"
#include "bridge/matrix/client.h"
#include "bridge/ops/secrets.h"
#include "bridge/slack/scopes.h"
#include "bridge/slack/web_api.h"
#include "lib/buf.h"
#include "lib/http_client.h"
#include "lib/mark.h"
#include "lib/mem.h"
#include "lib/str.h"

#include <stdlib.h>

enum { ASK_WITHIN_MS = 15000, MAX_LIST_BYTES = 4096 };

struct doctor {
	const struct doctor_options *options;
	struct findings findings;
	struct config *config;
	struct loop *loop;
	struct http_client *http;
	struct matrix *matrix;
	struct appservice
	        *appservice; /* to be pinged at, unless somebody listens there */
	struct peek peek;
	size_t login; /* the one being asked about */
	size_t user;  /* likewise, after them */
	struct slack_api *api;
	/* The question that is open; at most one. */
	struct http_req *req;
	struct matrix_call *matrix_call;
	struct slack_call *slack_call;
	struct timer patience;
	const char *asking; /* whom, for when patience ends */
};

static void ask_whoami(struct doctor *doctor);
static void ask_ping(struct doctor *doctor);
static void ask_login(struct doctor *doctor);
static void ask_app_token(struct doctor *doctor);
static void ask_user(struct doctor *doctor);

static void end(struct doctor *doctor)
{
	loop_stop(doctor->loop);
}

static void begin(struct doctor *doctor, const char *whom)
{
	doctor->asking = whom;
	timer_start(&doctor->patience, ASK_WITHIN_MS);
}

/* The answer is there: nobody waits for it any more. */
static void answered(struct doctor *doctor)
{
	timer_stop(&doctor->patience);
	doctor->req = NULL;
	doctor->matrix_call = NULL;
	doctor->slack_call = NULL;
}

static void handle_no_patience(void *arg)
{
	struct doctor *doctor = arg;

	findings_add(&doctor->findings, VERDICT_FAIL, doctor->asking, EXIT_GENERAL,
	        "look at the network, a proxy or a firewall between",
	        "no answer within %d s", ASK_WITHIN_MS / 1000);
	end(doctor);
}

static bool is_refused_token(const struct err *err)
{
	return str_equal(err->name, "M_UNKNOWN_TOKEN") ||
	       str_equal(err->name, "M_MISSING_TOKEN") ||
	       str_equal(err->name, "M_EXCLUSIVE");
}

/* ---------------------------------------------------------------- the homeserver */

static void handle_versions(
        const struct http_reply *reply, const struct err *err, void *arg)
{
	struct doctor *doctor = arg;
	const char *address = doctor->config->homeserver.address;

	answered(doctor);
	if (reply == NULL || reply->status != 200) {
		autofree char *what =
		        reply == NULL ? xstrdup(err->msg)
		                      : xasprintf("HTTP status %d", reply->status);
		findings_add(&doctor->findings, VERDICT_FAIL, "homeserver", EXIT_GENERAL,
		        "start it, or correct homeserver.address; the bridge waits for it",
		        "%s: %s", address, what);
		ask_login(doctor);
		return;
	}
	found_ok(&doctor->findings, "homeserver", "%s answers", address);
	findings_add_clock(&doctor->findings, "the homeserver",
	        http_reply_header(reply, "Date"), loop_wall_ms(doctor->loop));
	ask_whoami(doctor);
}

static void ask_versions(struct doctor *doctor)
{
	autofree char *url = xasprintf(
	        "%s/_matrix/client/versions", doctor->config->homeserver.address);

	begin(doctor, "homeserver");
	doctor->req = http_req_create(doctor->http, "GET", url);
	http_req_start(doctor->req, handle_versions, doctor);
}

static void handle_whoami(const char *user_id, const struct err *err, void *arg)
{
	struct doctor *doctor = arg;
	const char *bot = matrix_bot_mxid(doctor->matrix);

	answered(doctor);
	if (is_refused_token(err)) {
		findings_add(&doctor->findings, VERDICT_FAIL, "as_token",
		        EXIT_HOMESERVER_TOKEN,
		        "register the registration file with the homeserver (conduwuit: "
		        "!admin appservices register)",
		        "the homeserver refuses it: %s", err->name);
		ask_login(doctor);
		return;
	}
	if (err->kind == ERR_NONE && !str_equal(user_id, bot)) {
		findings_add(&doctor->findings, VERDICT_FAIL, "as_token",
		        EXIT_HOMESERVER_IDENTITY,
		        "correct appservice.bot.username, or register anew",
		        "it belongs to %s, not to %s", user_id, bot);
	} else if (err->kind == ERR_NONE) {
		found_ok(&doctor->findings, "as_token", "the homeserver knows us as %s",
		        bot);
	} else {
		findings_add(&doctor->findings, VERDICT_WARN, "as_token", 0,
		        "none, before the first start",
		        "the homeserver has no such user yet: %s", err->msg);
	}
	ask_ping(doctor);
}

static void ask_whoami(struct doctor *doctor)
{
	begin(doctor, "as_token");
	doctor->matrix_call = matrix_whoami(doctor->matrix, handle_whoami, doctor);
}

/* What comes in while we stand in for the daemon is refused, and so sent again to it. */
static void refuse_transaction(
        struct appservice_txn *txn, const char *txn_id, const cJSON *events, void *arg)
{
	const struct err later = {.kind = ERR_RETRY};

	(void)txn_id;
	(void)events;
	(void)arg;
	appservice_txn_done(txn, &later);
}

static bool is_never_ready(void *arg)
{
	(void)arg;
	return false;
}

static const struct appservice_handlers stand_in = {
        .transaction = refuse_transaction,
        .ready = is_never_ready,
};

static void handle_ping(const struct err *err, void *arg)
{
	struct doctor *doctor = arg;
	const struct config *config = doctor->config;

	answered(doctor);
	if (err->kind == ERR_NONE) {
		found_ok(&doctor->findings, "ping", "the homeserver reaches %s",
		        config->appservice.address);
	} else if (str_equal(err->name, "M_UNRECOGNIZED")) {
		findings_add(&doctor->findings, VERDICT_SKIP, "ping", 0, NULL,
		        "the homeserver is too old to be asked");
	} else {
		findings_add(&doctor->findings, VERDICT_FAIL, "ping",
		        EXIT_HOMESERVER_PING,
		        "correct appservice.address, or open the way; after a change of "
		        "it run -g and register again",
		        "the homeserver does not reach %s: %s",
		        config->appservice.address, err->msg);
	}
	ask_login(doctor);
}

static void ask_ping(struct doctor *doctor)
{
	const struct config *config = doctor->config;
	struct err err = ERR_INIT;

	doctor->appservice = appservice_create(doctor->loop, config->appservice.hostname,
	        (uint16_t)config->appservice.port, config->appservice.hs_token, &stand_in,
	        doctor, &err);
	if (doctor->appservice == NULL) {
		findings_add(&doctor->findings, VERDICT_WARN, "listening", 0,
		        "none, if that is the running bridge",
		        "somebody listens at %s port %ld already",
		        config->appservice.hostname, config->appservice.port);
	}
	begin(doctor, "ping");
	doctor->matrix_call =
	        matrix_ping(doctor->matrix, config->appservice.id, handle_ping, doctor);
}

/* ---------------------------------------------------------------- Slack */

static void check_scopes(struct doctor *doctor, const char *team, const char *granted)
{
	struct buf missing;

	if (granted[0] == '\0') {
		findings_add(&doctor->findings, VERDICT_SKIP, "scopes", 0, NULL,
		        "%s: Slack does not say what is granted", team);
		return;
	}
	buf_init(&missing, MAX_LIST_BYTES);
	for (const struct slack_scope *scope = slack_scopes; scope->name != NULL;
	        scope++) {
		if (!slack_scope_is_in(scope->name, granted)) {
			buf_printf(&missing, "%s%s (%s)", missing.len > 0 ? ", " : "",
			        scope->name, scope->without);
		}
	}
	if (missing.len > 0) {
		findings_add(&doctor->findings, VERDICT_WARN, "scopes", 0,
		        "add them to the app's manifest, install it again, log in again",
		        "%s lacks %s", team, buf_cstr(&missing));
	} else {
		found_ok(&doctor->findings, "scopes", "%s: all that are used", team);
	}
	buf_finish(&missing);
}

static void handle_identity(
        const struct slack_identity *identity, const struct err *err, void *arg)
{
	struct doctor *doctor = arg;
	const struct peek_login *login = &doctor->peek.logins[doctor->login];

	answered(doctor);
	if (err->kind == ERR_NONE) {
		found_ok(&doctor->findings, "bot token", "%s (%s) takes it",
		        login->team_name, login->team_id);
		check_scopes(doctor, login->team_name, identity->scopes);
	} else {
		findings_add(&doctor->findings, VERDICT_FAIL, "bot token", EXIT_GENERAL,
		        err->kind == ERR_PERMANENT
		                ? "say `login app` to the bot, with a new token"
		                : "look at the network; the bridge keeps trying",
		        "%s (%s): %s", login->team_name, login->team_id,
		        err->name[0] != '\0' ? err->name : err->msg);
	}
	ask_app_token(doctor);
}

static void next_login(struct doctor *doctor)
{
	slack_api_destroy(&doctor->api);
	doctor->login++;
	ask_login(doctor);
}

static void handle_url(const char *url, const struct err *err, void *arg)
{
	struct doctor *doctor = arg;
	const struct peek_login *login = &doctor->peek.logins[doctor->login];

	(void)url; /* good for one use, which nobody makes: it expires */
	answered(doctor);
	if (err->kind == ERR_NONE) {
		found_ok(&doctor->findings, "app token", "%s (%s) takes it",
		        login->team_name, login->team_id);
	} else {
		findings_add(&doctor->findings, VERDICT_FAIL, "app token", EXIT_GENERAL,
		        err->kind == ERR_PERMANENT
		                ? "say `login app` to the bot, with a new token that has "
		                  "connections:write"
		                : "try again in a minute; the bridge keeps trying",
		        "%s (%s): %s", login->team_name, login->team_id,
		        err->name[0] != '\0' ? err->name : err->msg);
	}
	next_login(doctor);
}

static void ask_app_token(struct doctor *doctor)
{
	slack_api_set_token(doctor->api, doctor->peek.logins[doctor->login].app_token);
	begin(doctor, "app token");
	doctor->slack_call = slack_connections_open(doctor->api, handle_url, doctor);
}

static bool open_token(const struct secrets *secrets, char **token, struct err *err)
{
	char *plain = secrets_open(secrets, *token, err);

	if (plain != NULL) {
		free(*token);
		*token = plain;
	}
	return plain != NULL;
}

/* Both, in place. */
static bool open_tokens(
        struct doctor *doctor, const char *whose, char **first, char **second)
{
	struct err err = ERR_INIT;
	struct secrets *secrets = secrets_create(doctor->config->database.key_file, &err);
	bool ok = secrets != NULL && open_token(secrets, first, &err) &&
	          open_token(secrets, second, &err);

	if (!ok) {
		findings_add(&doctor->findings, VERDICT_FAIL, "key", EXIT_CONFIG_INVALID,
		        "let database.key_file name the key the tokens were sealed with",
		        "%s: %s", whose, err.msg);
	}
	secrets_destroy(&secrets);
	return ok;
}

static void ask_login(struct doctor *doctor)
{
	if (doctor->login >= doctor->peek.login_count) {
		ask_user(doctor);
		return;
	}
	struct peek_login *login = &doctor->peek.logins[doctor->login];
	if (!open_tokens(
	            doctor, login->team_name, &login->bot_token, &login->app_token)) {
		doctor->login++;
		ask_login(doctor);
		return;
	}
	doctor->api = slack_api_create(doctor->loop, doctor->http,
	        doctor->config->slack.api_url, login->bot_token);
	begin(doctor, "bot token");
	doctor->slack_call = slack_auth_test(doctor->api, handle_identity, doctor);
}

static void handle_user(
        const struct slack_identity *identity, const struct err *err, void *arg)
{
	struct doctor *doctor = arg;
	const struct peek_user *user = &doctor->peek.users[doctor->user];

	(void)identity;
	answered(doctor);
	if (err->kind == ERR_NONE) {
		found_ok(&doctor->findings, "user token", "%s takes that of %s (%s)",
		        user->team_name, user->user_name, user->mxid);
	} else {
		findings_add(&doctor->findings, VERDICT_FAIL, "user token", EXIT_GENERAL,
		        err->kind == ERR_PERMANENT
		                ? "let them say `login token` to the bot"
		                : "look at the network; the bridge keeps trying",
		        "%s, %s (%s): %s", user->team_name, user->user_name, user->mxid,
		        err->name[0] != '\0' ? err->name : err->msg);
	}
	slack_api_destroy(&doctor->api);
	doctor->user++;
	ask_user(doctor);
}

static void ask_user(struct doctor *doctor)
{
	if (doctor->user >= doctor->peek.user_count) {
		end(doctor);
		return;
	}
	struct peek_user *user = &doctor->peek.users[doctor->user];
	if (!open_tokens(doctor, user->mxid, &user->token, &user->cookie)) {
		doctor->user++;
		ask_user(doctor);
		return;
	}
	doctor->api = slack_api_create(
	        doctor->loop, doctor->http, doctor->config->slack.api_url, user->token);
	slack_api_set_cookie(doctor->api, user->cookie);
	begin(doctor, "user token");
	doctor->slack_call = slack_auth_test(doctor->api, handle_user, doctor);
}

/* ---------------------------------------------------------------- all of it */

static void ask_everybody(struct doctor *doctor)
{
	const struct config *config = doctor->config;
	const struct http_client_options http = {
	        .user_agent = "matrix-slack-bridge/" VERSION " doctor",
	        .ca_file = config->slack.ca_file,
	};

	doctor->loop = loop_create();
	doctor->http = http_client_create(doctor->loop, &http);
	doctor->matrix = matrix_create(doctor->loop, doctor->http,
	        config->homeserver.address, config->homeserver.domain,
	        config->appservice.as_token, config->appservice.bot_username);
	timer_init(&doctor->patience, doctor->loop, handle_no_patience, doctor);
	ask_versions(doctor);
	loop_run(doctor->loop);
	http_req_cancel(&doctor->req);
	matrix_call_cancel(&doctor->matrix_call);
	slack_call_cancel(&doctor->slack_call);
	timer_stop(&doctor->patience);
	slack_api_destroy(&doctor->api);
	appservice_destroy(&doctor->appservice);
	matrix_destroy(&doctor->matrix);
	http_client_destroy(&doctor->http);
	loop_destroy(&doctor->loop);
}

int doctor_run(const struct doctor_options *options)
{
	struct doctor doctor = {.options = options};
	struct findings *findings = &doctor.findings;

	doctor.config = local_check_config(findings, options->config_path);
	if (doctor.config != NULL) {
		local_check_database(findings, doctor.config, &doctor.peek);
		local_check_registration(
		        findings, doctor.config, options->registration_path);
	}
	local_check_modes(findings, options->config_path, options->registration_path);
	local_check_limits(findings);
	if (doctor.config != NULL) {
		ask_everybody(&doctor);
		if (doctor.peek.login_count == 0) {
			findings_add(findings, VERDICT_SKIP, "tokens", 0,
			        "say `login app` to the bot", "nobody has logged in yet");
		}
	}
	REQ("CRASH-06");
	findings_write(findings, options->out);
	int status = findings_status(findings);
	findings_finish(findings);
	peek_finish(&doctor.peek);
	config_free(&doctor.config);
	return status;
}
