#include "sim-matrix/uia.h"

#include "sim-matrix/appservice.h"

#include <stdio.h>
#include <string.h>

enum { SESSION_LENGTH = 32, SESSIONS_MAX = 10000 };

static char known; /* what the sessions' map holds */

void uia_init(struct sim_matrix *sim)
{
	sim->uia_sessions = map_create();
}

void uia_finish(struct sim_matrix *sim)
{
	map_destroy(&sim->uia_sessions, NULL);
}

static void forget_all(struct map *sessions)
{
	const char *session;

	for (size_t i = 0; map_next(sessions, &i, &session, NULL);) {
		map_del(sessions, session);
	}
}

void uia_ask(struct call *call, const char *stage, const char *errcode, const char *why)
{
	const char *old = json_str(call->body, "auth.session");
	char made[SESSION_LENGTH + 1];
	cJSON *json, *stages, *flows;

	if (old == NULL) {
		rand_text(&call->sim->rand, made, SESSION_LENGTH);
		if (map_count(call->sim->uia_sessions) >= SESSIONS_MAX) {
			forget_all(call->sim->uia_sessions);
		}
		map_set(call->sim->uia_sessions, made, &known);
	}
	stages = cJSON_CreateArray();
	cJSON_AddItemToArray(stages, cJSON_CreateString(stage));
	flows = cJSON_CreateArray();
	cJSON_AddItemToArray(flows, json_set(json_new(), "stages", stages));
	json = json_set(json_new(), "flows", flows);
	json_set(json, "params", json_new());
	json_set_str(json, "session", old != NULL ? old : made);
	if (errcode != NULL && call->sim->profile->strict) {
		json_set(json, "completed", cJSON_CreateArray());
	}
	json_set_str(json, "errcode", errcode);
	json_set_str(json, "error", why);
	snprintf(call->errcode, sizeof(call->errcode), "%s",
	        errcode != NULL ? errcode : "");
	call_reply(call, 401, json);
}

/* The user that identifier.user or user names: the caller, or nobody. */
static bool names_caller(const struct call *call)
{
	const char *name = json_str(call->body, "auth.identifier.user");

	name = name != NULL ? name : json_str(call->body, "auth.user");
	return name != NULL && (strcmp(name, call->user->user_id) == 0 ||
	                               strcmp(name, call->user->localpart) == 0);
}

bool uia_session_known(struct call *call)
{
	const char *session = json_str(call->body, "auth.session");

	if (session != NULL && map_get(call->sim->uia_sessions, session) == NULL) {
		call_fail(call, FAIL_UIA_SESSION, NULL);
		return false;
	}
	return true;
}

bool uia_passed(struct call *call)
{
	const char *type = json_str(call->body, "auth.type");
	const char *session = json_str(call->body, "auth.session");
	const char *password = json_str(call->body, "auth.password");

	if (call->as != NULL && call->as->reg.device_management) {
		return true;
	}
	if (call->user == NULL) {
		call_fail(call, FAIL_WHOAMI_UNKNOWN, call->user_id);
		return false;
	}
	if (type == NULL) {
		uia_ask(call, "m.login.password", NULL, NULL);
		return false;
	}
	if (!uia_session_known(call)) {
		return false;
	}
	if (strcmp(type, "m.login.password") != 0 || !names_caller(call) ||
	        password == NULL || call->user->password == NULL ||
	        strcmp(password, call->user->password) != 0) {
		uia_ask(call, "m.login.password", "M_FORBIDDEN",
		        "Invalid username or password.");
		return false;
	}
	if (session != NULL) {
		map_del(call->sim->uia_sessions, session);
	}
	return true;
}
