#include "sim-matrix/auth.h"

#include "lib/mem.h"

#include "sim-matrix/appservice.h"

#include <stdlib.h>
#include <string.h>

static bool refuse(struct call *call, enum fail_id id, const char *arg)
{
	call_fail(call, id, arg);
	return false;
}

static void act_as(struct call *call, const char *user_id)
{
	str_replace(&call->user_id, user_id);
	call->user = user_find(call->sim, user_id);
}

/* An appservice acts as ?user_id=, or as its sender. */
static bool masquerade(struct call *call)
{
	autofree char *wanted = call_query(call, "user_id");
	const char *user_id = wanted != NULL ? wanted : call->as->sender_id;

	if (!user_id_valid(user_id)) {
		return refuse(call, FAIL_USER_ID_SYNTAX, NULL);
	}
	if (!appservice_owns_user(call->as, user_id)) {
		return refuse(call, FAIL_NOT_IN_NAMESPACE, user_id);
	}
	act_as(call, user_id);
	if (call->sim->profile->masquerade_needs_user && call->user == NULL &&
	        strcmp(user_id, call->as->sender_id) != 0) {
		return refuse(call, FAIL_NOT_REGISTERED, user_id);
	}
	return true;
}

/* MSC4326 (MSC3202 before): an appservice acts as one of the user's devices. */
static bool masquerade_device(struct call *call)
{
	autofree char *stable = call_query(call, "device_id");
	autofree char *unstable = call_query(call, "org.matrix.msc3202.device_id");
	const char *device_id = stable != NULL ? stable : unstable;

	if (device_id == NULL) {
		return true;
	}
	call->device =
	        call->user != NULL ? map_get(call->user->devices, device_id) : NULL;
	return call->device != NULL || refuse(call, FAIL_UNKNOWN_DEVICE, device_id);
}

static bool auth_user(struct call *call, const char *token)
{
	if (token == NULL) {
		return refuse(call, FAIL_MISSING_TOKEN, NULL);
	}
	if (call->as != NULL) {
		if (!masquerade(call)) {
			return false;
		}
		if (call->sim->profile->masquerade_device && !masquerade_device(call)) {
			return false;
		}
		if (call->route->auth == AUTH_DEVICE &&
		        call->sim->profile->device_calls_panic) {
			return refuse(call, FAIL_NO_DEVICE, NULL);
		}
		return true;
	}
	if (call->device == NULL) {
		return refuse(call, FAIL_UNKNOWN_TOKEN, NULL);
	}
	act_as(call, call->device->user->user_id);
	call->device->seen_ms = loop_wall_ms(call->sim->loop);
	return true;
}

bool auth_check(struct call *call)
{
	autofree char *query_token =
	        call->request.bearer == NULL ? call_query(call, "access_token") : NULL;
	const char *token =
	        call->request.bearer != NULL ? call->request.bearer : query_token;

	if (token != NULL) {
		call->as = appservice_by_token(call->sim, token);
		call->device =
		        call->as == NULL ? device_by_token(call->sim, token) : NULL;
	}
	switch (call->route->auth) {
	case AUTH_USER:
	case AUTH_DEVICE:
		return auth_user(call, token);
	case AUTH_APPSERVICE:
		if (token != NULL && call->as == NULL) {
			return refuse(call,
			        call->device != NULL ? FAIL_NOT_APPSERVICE_TOKEN
			                             : FAIL_UNKNOWN_TOKEN,
			        NULL);
		}
		return true;
	case AUTH_OPEN:
		return true;
	case AUTH_NONE:
		break;
	}
	if (token != NULL && call->as == NULL && call->device == NULL &&
	        call->sim->profile->token_on_open) {
		return refuse(call, FAIL_UNKNOWN_TOKEN, NULL);
	}
	if (call->device != NULL) {
		act_as(call, call->device->user->user_id);
	}
	return true;
}
