/* Accounts: registering, logging in and out. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/appservice.h"
#include "sim-matrix/login_tokens.h"
#include "sim-matrix/uia.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { RANDOM_NAME_LENGTH = 10 };

static const char as_login[] = "m.login.application_service";
static const char token_login[] = "m.login.token";

static bool localpart_is_fine(const char *localpart)
{
	return localpart[0] != '\0' && strlen(localpart) < 200 &&
	       strspn(localpart, "abcdefghijklmnopqrstuvwxyz0123456789._=-/+") ==
	               strlen(localpart);
}

static void lower(char *text)
{
	for (; *text != '\0'; text++) {
		*text = (char)tolower((unsigned char)*text);
	}
}

/* ---- registering ---- */

/* The user ID that is asked for; NULL and answered if it cannot be had. Caller frees. */
static char *wanted_localpart(struct call *call, const char *given)
{
	char made[RANDOM_NAME_LENGTH + 1];
	autofree char *user_id = NULL;
	char *localpart;
	/* Synapse leaves the spelling of users in a namespace to the appservice. */
	bool is_free = call->sim->profile->strict && call->as != NULL;

	if (given == NULL) {
		rand_text(&call->sim->rand, made, RANDOM_NAME_LENGTH);
	}
	localpart = xstrdup(given != NULL ? given : made);
	if (!is_free) {
		lower(localpart);
	}
	user_id = user_id_of(call->sim, localpart);
	if (is_free ? localpart[0] == '\0' : !localpart_is_fine(localpart)) {
		call_fail(call, FAIL_USERNAME, localpart);
	} else if (localpart[0] == '_' && !is_free && call->sim->profile->strict) {
		call_fail_as(
		        call, 400, "M_INVALID_USERNAME", "User ID may not begin with _");
	} else if (user_find(call->sim, user_id) != NULL) {
		call_fail(call, FAIL_USER_IN_USE, NULL);
	} else {
		return localpart;
	}
	free(localpart);
	return NULL;
}

/* An appservice is asked for, and it is none: Synapse tells no token from a wrong one. */
static void no_appservice(struct call *call, enum fail_id wrong)
{
	bool strict = call->sim->profile->strict;

	if (!strict ||
	        (call->request.bearer == NULL && wrong != FAIL_NOT_APPSERVICE_TOKEN)) {
		call_fail(call, FAIL_MISSING_AS_TOKEN, NULL);
	} else if (call->request.bearer == NULL) {
		call_fail_as(call, 400, "M_UNKNOWN",
		        "Appservice token must be provided when using a type of "
		        "m.login.application_service");
	} else {
		call_fail_as(call, 401, "M_UNKNOWN_TOKEN", "Unrecognised access token");
	}
}

static bool namespace_allows(struct call *call, const char *localpart)
{
	autofree char *user_id = user_id_of(call->sim, localpart);

	if (str_equal(json_str(call->body, "type"), as_login)) {
		if (call->as == NULL) {
			no_appservice(call, FAIL_NOT_APPSERVICE_TOKEN);
			return false;
		}
		if (!appservice_owns_user(call->as, user_id)) {
			call_fail(call, FAIL_REGISTER_NAMESPACE, user_id);
			return false;
		}
		return true;
	}
	if (user_id_is_reserved(call->sim, user_id)) {
		call_fail(call, FAIL_REGISTER_RESERVED, user_id);
		return false;
	}
	return true;
}

/* People go through one stage that asks nothing. */
static bool interactive_auth_done(struct call *call)
{
	if (call->as != NULL) {
		return true;
	}
	if (!uia_session_known(call)) {
		return false;
	}
	if (str_equal(json_str(call->body, "auth.type"), "m.login.dummy")) {
		return true;
	}
	uia_ask(call, "m.login.dummy", NULL, NULL);
	return false;
}

static void reply_device(struct call *call, struct user *user, struct device *device)
{
	cJSON *json = json_new();

	json_set_str(json, "user_id", user->user_id);
	json_set_str(json, "access_token", device->token);
	json_set_str(json, "device_id", device->device_id);
	json_set_str(json, "home_server", call->sim->server_name);
	call_reply(call, 200, json);
}

/* Synapse wants an appservice to say what it does, and people to have a password. */
static bool strictly_asked(struct call *call)
{
	bool says_so = str_equal(json_str(call->body, "type"), as_login);

	if (!call->sim->profile->strict) {
		return true;
	}
	if (says_so && call->as != NULL && json_str(call->body, "username") == NULL) {
		call_fail_as(call, 400, "M_UNKNOWN",
		        "Desired Username is missing or not a string");
		return false;
	}
	if (!says_so && call->as != NULL) {
		call_fail_as(call, 400, "M_UNKNOWN",
		        "An access token should not be provided on requests to /register "
		        "(except if type is m.login.application_service)");
		return false;
	}
	if (!says_so && json_str(call->body, "password") == NULL &&
	        json_obj(call->body, "auth") != NULL) {
		call_fail_as(call, 400, "M_MISSING_PARAM", "Missing params: password");
		return false;
	}
	return true;
}

void api_register(struct call *call)
{
	autofree char *kind = call_query(call, "kind");
	autofree char *localpart = NULL;
	struct user *user;

	if (call->sim->profile->strict && kind != NULL && strcmp(kind, "guest") != 0 &&
	        strcmp(kind, "user") != 0) {
		call_fail_as(
		        call, 400, "M_UNRECOGNIZED", "Do not understand membership kind");
		return;
	}
	if (str_equal(kind, "guest")) {
		call_fail(call, FAIL_GUESTS, NULL);
		return;
	}
	if (!strictly_asked(call)) {
		return;
	}
	localpart = wanted_localpart(call, json_str(call->body, "username"));
	if (localpart == NULL || !namespace_allows(call, localpart) ||
	        !interactive_auth_done(call)) {
		return;
	}
	user = user_create(call->sim, localpart, json_str(call->body, "password"));
	user->displayname = xstrdup(localpart);
	if (call->as != NULL) {
		user->made_by = xstrdup(call->as->reg.id);
	}
	str_replace(&call->user_id, user->user_id);
	if (json_bool(call->body, "inhibit_login", false)) {
		cJSON *json = json_set_str(json_new(), "user_id", user->user_id);
		if (call->sim->profile->strict) {
			json_set_str(json, "home_server", call->sim->server_name);
		}
		call_reply(call, 200, json);
		return;
	}
	reply_device(call, user,
	        device_create(call->sim, user, json_str(call->body, "device_id"),
	                json_str(call->body, "initial_device_display_name")));
}

void api_register_available(struct call *call)
{
	autofree char *given = call_query(call, "username");
	autofree char *localpart = NULL;
	autofree char *user_id = NULL;

	if (given == NULL) {
		call_fail(call, FAIL_MISSING_PARAM, "username");
		return;
	}
	localpart = wanted_localpart(call, given);
	if (localpart == NULL) {
		return;
	}
	user_id = user_id_of(call->sim, localpart);
	if (call->as != NULL && !appservice_owns_user(call->as, user_id)) {
		call_fail(call, FAIL_REGISTER_NAMESPACE, user_id);
	} else if (user_id_is_reserved(call->sim, user_id)) {
		call_fail(call, FAIL_REGISTER_RESERVED, user_id);
	} else {
		call_reply(call, 200, json_set_bool(json_new(), "available", true));
	}
}

/* ---- logging in ---- */

void api_login_flows(struct call *call)
{
	static const char *const types[] = {"m.login.password", as_login, token_login};
	cJSON *flows = cJSON_CreateArray();

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		cJSON *flow = json_set_str(json_new(), "type", types[i]);
		if (types[i] == token_login) {
			json_set_bool(flow, "get_login_token", true);
		}
		cJSON_AddItemToArray(flows, flow);
	}
	call_reply(call, 200, json_set(json_new(), "flows", flows));
}

/* identifier.user or user, as a full ID; NULL and answered if there is none. Caller
 * frees. */
static char *login_user_id(struct call *call)
{
	const char *name = json_str(call->body, "identifier.user");
	const char *kind = json_str(call->body, "identifier.type");
	char *user_id;

	name = name != NULL ? name : json_str(call->body, "user");
	if (call->sim->profile->strict && kind != NULL &&
	        strcmp(kind, "m.id.user") != 0) {
		call_fail_as(call, 400, "M_UNKNOWN", "Unknown login identifier type");
		return NULL;
	}
	if (name == NULL) {
		call_fail(call, FAIL_LOGIN_TYPE, "");
		return NULL;
	}
	user_id = name[0] == '@' ? xstrdup(name) : user_id_of(call->sim, name);
	if (!user_id_valid(user_id) || !user_is_local(call->sim, user_id)) {
		call_fail(call, FAIL_LOGIN_OTHER_SERVER, NULL);
		free(user_id);
		return NULL;
	}
	return user_id;
}

static struct user *login_by_password(struct call *call, const char *user_id)
{
	const char *password = json_str(call->body, "password");
	autofree char *lowered = xstrdup(user_id);
	struct user *user = user_find(call->sim, user_id);

	lower(lowered);
	user = user != NULL ? user : user_find(call->sim, lowered);
	if (user != NULL &&
	        (user->deactivated ||
	                (user->password == NULL && !user->is_server &&
	                        call->sim->profile->as_users_look_deactivated))) {
		call_fail(call, FAIL_LOGIN_DEACTIVATED, NULL);
		return NULL;
	}
	if (password == NULL && call->sim->profile->strict) {
		call_fail_as(call, 400, "M_INVALID_PARAM", "Bad parameter: password");
		return NULL;
	}
	if (user == NULL || password == NULL || user->password == NULL ||
	        strcmp(user->password, password) != 0) {
		call_fail(call, FAIL_LOGIN_PASSWORD, NULL);
		return NULL;
	}
	return user;
}

static struct user *login_by_appservice(struct call *call, const char *user_id)
{
	struct user *user = user_find(call->sim, user_id);

	if (call->as == NULL) {
		call_fail(call, FAIL_MISSING_AS_TOKEN, NULL);
		return NULL;
	}
	if (!appservice_owns_user(call->as, user_id)) {
		call_fail(call, FAIL_LOGIN_NAMESPACE, user_id);
		return NULL;
	}
	if (user == NULL && call->sim->profile->strict) {
		call_fail_as(call, 404, "M_UNKNOWN", "No row found (users)");
	} else if (user == NULL) {
		call_fail(call, FAIL_LOGIN_PASSWORD, NULL);
	}
	return user;
}

static struct user *login_by_token(struct call *call)
{
	const char *token;
	struct user *user;

	if (!call_need_str(call, "token", &token)) {
		return NULL;
	}
	user = login_token_spend(call->sim, token);
	if (user == NULL) {
		call_fail(call, FAIL_LOGIN_TOKEN, NULL);
	}
	return user;
}

/* Who logs in; NULL and answered if nobody may. */
static struct user *login_user(struct call *call, const char *type)
{
	autofree char *user_id = NULL;

	if (strcmp(type, token_login) == 0) {
		return login_by_token(call);
	}
	if (strcmp(type, as_login) == 0 && call->as == NULL) {
		no_appservice(call, FAIL_MISSING_AS_TOKEN);
		return NULL;
	}
	user_id = login_user_id(call);
	if (user_id == NULL) {
		return NULL;
	}
	return strcmp(type, as_login) == 0 ? login_by_appservice(call, user_id)
	                                   : login_by_password(call, user_id);
}

void api_login(struct call *call)
{
	const char *type = json_str_or(call->body, "type", "");
	const char *device_id = json_str(call->body, "device_id");
	struct user *user;
	struct device *device;

	if (strcmp(type, as_login) != 0 && strcmp(type, "m.login.password") != 0 &&
	        strcmp(type, token_login) != 0) {
		call_fail(call, FAIL_LOGIN_TYPE, type);
		return;
	}
	user = login_user(call, type);
	if (user == NULL) {
		return;
	}
	str_replace(&call->user_id, user->user_id);
	device = device_id != NULL ? map_get(user->devices, device_id) : NULL;
	if (device != NULL) {
		device_renew_token(call->sim, device);
	} else {
		device = device_create(call->sim, user, device_id,
		        json_str(call->body, "initial_device_display_name"));
	}
	reply_device(call, user, device);
}

/* ---- logging out ---- */

void api_logout(struct call *call)
{
	if (call->device == NULL && call->sim->profile->strict) {
		call_fail_as(call, 401, "M_UNKNOWN", "Unrecognised access token");
		return;
	}
	if (call->device != NULL) {
		device_end(call->sim, call->device);
	}
	call_reply_empty(call);
}

void api_logout_all(struct call *call)
{
	void *device;

	for (size_t i = 0;
	        call->user != NULL && map_next(call->user->devices, &i, NULL, &device);) {
		device_end(call->sim, device);
	}
	call_reply_empty(call);
}
