#include "sim-slack/oauth/oauth.h"

#include "lib/list.h"
#include "lib/mem.h"
#include "lib/str.h"
#include "sim-slack/acts.h"
#include "sim-slack/api.h"
#include "sim-slack/clients.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_LIFE_S = 43200, SECRET_CHARS = 64, ACTIVE_MAX = 2, BASIC_MAX = 400 };

/* One access token, and the refresh token that came with it. */
struct grant {
	struct list link; /* oauth::grants, oldest first */
	int kind;
	struct user *user;
	char *text, *refresh; /* refresh NULL: it never expires */
	char *scopes;
	char error[48];
	int64_t expires_ms; /* loop_now_ms(); 0: never */
	bool refreshed;     /* its refresh token was used, then: */
	int64_t refreshed_ms;
	bool lasting; /* a plain xoxb-, from before rotation */
};

/* What the consent page gives back. */
struct code {
	struct list link; /* oauth::codes */
	struct user *user;
	char *text, *user_scopes;
};

struct oauth {
	struct sim_slack *sim;
	struct list grants, codes;
	char *client_id, *client_secret; /* NULL: nobody asked yet */
};

struct oauth *oauth_create(struct sim_slack *sim)
{
	struct oauth *oauth = xcalloc(1, sizeof(*oauth));

	oauth->sim = sim;
	list_init(&oauth->grants);
	list_init(&oauth->codes);
	return oauth;
}

static void code_free(struct code *code)
{
	list_del(&code->link);
	free(code->text);
	free(code->user_scopes);
	free(code);
}

void oauth_destroy(struct oauth **oauth)
{
	if (!*oauth) {
		return;
	}
	list_for_each(link, &(*oauth)->grants)
	{
		struct grant *grant = container_of(link, struct grant, link);

		list_del(&grant->link);
		free(grant->text);
		free(grant->refresh);
		free(grant->scopes);
		free(grant);
	}
	list_for_each(link, &(*oauth)->codes)
	{
		code_free(container_of(link, struct code, link));
	}
	free((*oauth)->client_id);
	free((*oauth)->client_secret);
	free(*oauth);
	*oauth = NULL;
}

/* ---- making secrets ---- */

static char *new_secret(struct oauth *oauth, const char *prefix)
{
	char text[SECRET_CHARS + 1];
	char *secret;

	rand_text(&oauth->sim->ids.secrets, text, SECRET_CHARS);
	secret = xasprintf("%s%s", prefix, text);
	cJSON_AddItemToArray(oauth->sim->secrets, cJSON_CreateString(secret));
	return secret;
}

static struct grant *add_grant(struct oauth *oauth, int kind, struct user *user,
        const char *scopes, bool rotating)
{
	struct grant *grant = xcalloc(1, sizeof(*grant));

	grant->kind = kind;
	grant->user = user;
	grant->scopes = xstrdup(scopes);
	if (rotating) {
		grant->text = new_secret(
		        oauth, kind == TOKEN_BOT ? "xoxe.xoxb-1-" : "xoxe.xoxp-1-");
		grant->refresh = new_secret(oauth, "xoxe-1-");
		grant->expires_ms = loop_now_ms(oauth->sim->loop) + TOKEN_LIFE_S * 1000LL;
	} else {
		grant->text = kind == TOKEN_BOT ? ids_bot_token(&oauth->sim->ids)
		                                : new_secret(oauth, "xoxp-");
	}
	list_add_tail(&oauth->grants, &grant->link);
	return grant;
}

const char *oauth_user_token(struct oauth *oauth, struct user *user, const char *scopes)
{
	list_for_each(link, &oauth->grants)
	{
		struct grant *grant = container_of(link, struct grant, link);

		if (grant->kind == TOKEN_USER && grant->user == user && !grant->refresh &&
		        !grant->error[0]) {
			str_replace(&grant->scopes, scopes);
			return grant->text;
		}
	}
	return add_grant(oauth, TOKEN_USER, user, scopes, false)->text;
}

void oauth_pair(struct oauth *oauth, const char **access, const char **refresh)
{
	struct sim_slack *sim = oauth->sim;
	const struct grant *grant = add_grant(
	        oauth, TOKEN_BOT, sim->app.bot, sim->app.tokens[TOKEN_BOT].scopes, true);

	*access = grant->text;
	*refresh = grant->refresh;
}

const char *oauth_client_id(struct oauth *oauth)
{
	if (!oauth->client_id) {
		uint64_t a = 100000000000ULL +
		             rand_below(&oauth->sim->ids.secrets, 899999999999ULL);

		oauth->client_id = xasprintf(
		        "%llu.%llu", (unsigned long long)a, (unsigned long long)a + 17);
		oauth->client_secret = new_secret(oauth, "");
	}
	return oauth->client_id;
}

const char *oauth_client_secret(struct oauth *oauth)
{
	oauth_client_id(oauth);
	return oauth->client_secret;
}

const char *oauth_authorize(
        struct oauth *oauth, struct user *user, const char *user_scopes)
{
	struct code *code = xcalloc(1, sizeof(*code));

	code->user = user;
	code->text = new_secret(oauth, "code-");
	code->user_scopes = xstrdup(user_scopes);
	list_add_tail(&oauth->codes, &code->link);
	return code->text;
}

void oauth_spoil(struct grant *grant, const char *error)
{
	snprintf(grant->error, sizeof(grant->error), "%s", error);
}

/* ---- reading tokens ---- */

static struct grant *find_grant(const struct oauth *oauth, const char *token)
{
	list_for_each(link, &oauth->grants)
	{
		struct grant *grant = container_of(link, struct grant, link);

		if (str_equal(grant->text, token)) {
			return grant;
		}
	}
	return NULL;
}

static void read_grant(
        const struct sim_slack *sim, struct grant *grant, struct credential *out)
{
	int64_t now_ms = loop_now_ms(sim->loop);

	out->kind = grant->kind;
	out->user = grant->user;
	out->grant = grant;
	out->error = grant->error;
	/* The app's scopes are what a test changes; all its bot tokens have them. */
	out->scopes = grant->kind == TOKEN_BOT ? sim->app.tokens[TOKEN_BOT].scopes
	                                       : grant->scopes;
	if (!grant->expires_ms) {
		return;
	}
	if (now_ms >= grant->expires_ms) {
		out->error = grant->error[0] ? grant->error : "token_expired";
	} else {
		out->expires_in_s = (grant->expires_ms - now_ms) / 1000;
	}
}

void credential_read(const struct sim_slack *sim, const struct http_request *req,
        const char *token, struct credential *out)
{
	const struct user *client = clients_user(sim->clients, req, token);
	struct grant *grant = token ? find_grant(sim->oauth, token) : NULL;

	*out = (struct credential){
	        .kind = -1, .user = sim->app.bot, .scopes = "", .error = ""};
	for (int i = 0; token && i < TOKEN_KINDS; i++) {
		const struct token *own = &sim->app.tokens[i];

		if (str_equal(own->text, token)) {
			out->kind = i;
			out->scopes = own->scopes;
			out->error = own->error;
			return;
		}
	}
	if (grant) {
		read_grant(sim, grant, out);
	} else if (client) {
		out->kind = TOKEN_CLIENT;
		out->error = clients_error(sim->clients, client);
		out->user = workspace_user(&sim->ws, client->id);
	}
	if (out->kind >= 0 && out->user->deleted && !*out->error) {
		out->error = "account_inactive";
	}
}

/* ---- the app's own credentials ---- */

/* "Basic <base64 of id:secret>", or the two arguments. False and the call failed. */
static bool check_client(struct api_call *call)
{
	struct oauth *oauth = call->sim->oauth;
	const char *basic = http_request_header(call->req, "Authorization");
	const char *id = api_str(call, "client_id");
	const char *secret = api_str(call, "client_secret");
	unsigned char plain[BASIC_MAX + 1] = {0};

	if (!id && basic && str_starts(basic, "Basic ") && strlen(basic) < BASIC_MAX) {
		char *colon;

		EVP_DecodeBlock(
		        plain, (const unsigned char *)basic + 6, (int)strlen(basic) - 6);
		id = (char *)plain;
		colon = strchr((char *)plain, ':');
		if (colon) {
			*colon = '\0';
			secret = colon + 1;
		}
	}
	if (!str_equal(id, oauth_client_id(oauth))) {
		api_fail(call, "invalid_client_id");
		return false;
	}
	if (!str_equal(secret, oauth_client_secret(oauth))) {
		api_fail(call, "bad_client_secret");
		return false;
	}
	return true;
}

/* ---- oauth.v2.access ---- */

static void set_token(cJSON *object, const struct grant *grant)
{
	json_set_str(object, "access_token", grant->text);
	json_set_str(object, "token_type", grant->kind == TOKEN_BOT ? "bot" : "user");
	json_set_str(object, "scope", grant->scopes);
	if (grant->refresh) {
		json_set_str(object, "refresh_token", grant->refresh);
		json_set_int(object, "expires_in", TOKEN_LIFE_S);
	}
}

static void set_installation(struct api_call *call)
{
	const struct sim_slack *sim = call->sim;
	cJSON *team = json_set_str(json_new(), "id", sim->ws.team_id);

	json_set_str(call->reply, "app_id", sim->app.id);
	json_set_str(call->reply, "bot_user_id", sim->app.bot->id);
	json_set(call->reply, "team", json_set_str(team, "name", sim->ws.name));
	cJSON_AddNullToObject(call->reply, "enterprise");
	json_set_bool(call->reply, "is_enterprise_install", false);
}

static void install(struct api_call *call, struct code *code)
{
	struct sim_slack *sim = call->sim;
	bool rotating = sim->knobs.token_rotation;
	const char *scopes = sim->app.tokens[TOKEN_BOT].scopes;
	cJSON *who = json_set_str(json_new(), "id", code->user->id);

	set_token(call->reply,
	        add_grant(sim->oauth, TOKEN_BOT, sim->app.bot, scopes, rotating));
	set_installation(call);
	if (*code->user_scopes) {
		set_token(who, add_grant(sim->oauth, TOKEN_USER, code->user,
		                       code->user_scopes, rotating));
	}
	json_set(call->reply, "authed_user", who);
	code_free(code);
}

static void exchange_code(struct api_call *call)
{
	const char *text = api_str(call, "code");

	list_for_each(link, &call->sim->oauth->codes)
	{
		struct code *code = container_of(link, struct code, link);

		if (text && str_equal(code->text, text)) {
			install(call, code);
			return;
		}
	}
	api_fail(call, "invalid_code");
}

/* At most two access tokens of a kind and user are good at the same time, and none that
 * never expires, once one has been refreshed. */
static void retire(struct oauth *oauth, const struct grant *fresh)
{
	int active = 0;

	list_for_each(link, &oauth->grants)
	{
		struct grant *grant = container_of(link, struct grant, link);

		active += grant->kind == fresh->kind && grant->user == fresh->user &&
		          !grant->error[0];
	}
	list_for_each(link, &oauth->grants)
	{
		struct grant *grant = container_of(link, struct grant, link);

		if (grant == fresh || grant->kind != fresh->kind ||
		        grant->user != fresh->user || grant->error[0]) {
			continue;
		}
		if (active > ACTIVE_MAX || !grant->refresh) {
			oauth_spoil(grant, "token_expired");
			active--;
		}
	}
	if (fresh->kind == TOKEN_BOT) {
		struct token *first = &oauth->sim->app.tokens[TOKEN_BOT];

		snprintf(first->error, sizeof(first->error), "token_expired");
	}
}

static void refresh(struct api_call *call)
{
	struct oauth *oauth = call->sim->oauth;
	const char *text = api_str(call, "refresh_token");
	int64_t now_ms = loop_now_ms(call->sim->loop);
	struct grant *found = NULL, *fresh;

	list_for_each(link, &oauth->grants)
	{
		struct grant *grant = container_of(link, struct grant, link);

		if (text && grant->refresh && str_equal(grant->refresh, text)) {
			found = grant;
		}
	}
	if (!found || (found->refreshed && now_ms - found->refreshed_ms >
	                                           call->sim->knobs.refresh_grace)) {
		api_fail(call, "invalid_refresh_token");
		return;
	}
	found->refreshed_ms = found->refreshed ? found->refreshed_ms : now_ms;
	found->refreshed = true;
	fresh = add_grant(oauth, found->kind, found->user, found->scopes, true);
	retire(oauth, fresh);
	set_token(call->reply, fresh);
	set_installation(call);
}

static void run_access(struct api_call *call)
{
	const char *type = api_str(call, "grant_type");

	if (!check_client(call)) {
		return;
	}
	if (!type || !*type || str_equal(type, "authorization_code")) {
		exchange_code(call);
	} else if (str_equal(type, "refresh_token")) {
		refresh(call);
	} else {
		api_fail(call, "invalid_grant_type");
	}
}

/* A token that lasts, for a pair that is renewed; once for each. */
static void run_exchange(struct api_call *call)
{
	struct sim_slack *sim = call->sim;
	struct grant *fresh;

	if (!check_client(call)) {
		return;
	}
	if (!sim->knobs.token_rotation) {
		api_fail(call, "token_rotation_not_enabled");
	} else if (call->kind != TOKEN_BOT && call->kind != TOKEN_USER) {
		api_fail(call, "invalid_token");
	} else if (call->grant && (call->grant->refresh || call->grant->lasting)) {
		api_fail(call, "token_already_exchanged");
	} else if (!call->grant && sim->app.exchanged) {
		api_fail(call, "token_already_exchanged");
	} else {
		if (call->grant) {
			call->grant->lasting = true;
		} else {
			sim->app.exchanged = true;
		}
		fresh = add_grant(sim->oauth, call->kind, call->user, call->scopes, true);
		set_token(call->reply, fresh);
		set_installation(call);
	}
}

/* ---- the end of tokens ---- */

/* A bot token that was revoked is answered account_inactive from then on, a user's
 * token_revoked, an app's invalid_auth. Of those that are renewed only this one dies. */
static void run_revoke(struct api_call *call)
{
	struct sim_slack *sim = call->sim;
	const char *error = call->kind == TOKEN_BOT    ? "account_inactive"
	                    : call->kind == TOKEN_USER ? "token_revoked"
	                                               : "invalid_auth";
	bool test = api_bool(call, "test", false);

	json_set_bool(call->reply, "revoked", !test);
	if (test) {
		return;
	}
	if (call->grant) {
		oauth_spoil(call->grant, error);
	} else if (call->kind < TOKEN_KINDS) {
		struct token *token = &sim->app.tokens[call->kind];

		snprintf(token->error, sizeof(token->error), "%s", error);
	}
	if (call->kind == TOKEN_BOT || call->kind == TOKEN_USER) {
		act_tokens_revoked(sim, call->user);
	}
}

static void run_uninstall(struct api_call *call)
{
	struct sim_slack *sim = call->sim;
	struct token *bot = &sim->app.tokens[TOKEN_BOT];

	if (!check_client(call)) {
		return;
	}
	snprintf(bot->error, sizeof(bot->error), "account_inactive");
	list_for_each(link, &sim->oauth->grants)
	{
		struct grant *grant = container_of(link, struct grant, link);

		oauth_spoil(grant,
		        grant->kind == TOKEN_BOT ? "account_inactive" : "token_revoked");
	}
	act_tokens_revoked(sim, sim->app.bot);
	act_uninstalled(sim);
}

static void run_teams_list(struct api_call *call)
{
	cJSON *teams = cJSON_CreateArray();
	cJSON *team = json_set_str(json_new(), "id", call->sim->ws.team_id);

	json_set_str(team, "name", call->sim->ws.name);
	cJSON_AddItemToArray(teams, team);
	json_set(call->reply, "teams", teams);
	api_next_cursor(call, "team", NULL);
}

const struct api_method api_oauth_methods[] = {
        {"oauth.v2.access", FOR_NOBODY, TIER_MANY, "", run_access},
        {"oauth.v2.exchange", FOR_BOT, TIER_3, "", run_exchange},
        {"auth.revoke", FOR_BOT | FOR_APP, TIER_3, "", run_revoke},
        {"auth.teams.list", FOR_BOT, TIER_2, "", run_teams_list},
        {"apps.uninstall", FOR_BOT, TIER_1, "", run_uninstall},
        {0},
};
