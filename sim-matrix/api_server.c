/* What the homeserver says of itself. */
#include "sim-matrix/api.h"
#include "sim-matrix/appservice.h"
#include "sim-matrix/room_make.h"

#include <string.h>

static const char *const versions[] = {"r0.0.1", "r0.1.0", "r0.2.0", "r0.3.0", "r0.4.0",
        "r0.5.0", "r0.6.0", "r0.6.1", "v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.11",
        NULL};

static const char *const unstable[] = {"org.matrix.e2e_cross_signing",
        "org.matrix.msc2285.stable", "uk.half-shot.msc2666.query_mutual_rooms",
        "org.matrix.msc2836", "org.matrix.msc2946", "org.matrix.msc3026.busy_presence",
        "org.matrix.msc3827", "org.matrix.msc3952_intentional_mentions",
        "org.matrix.msc3575", "org.matrix.msc3916.stable", "org.matrix.msc4180",
        "uk.tcpip.msc4133", "us.cloke.msc4175", "org.matrix.simplified_msc3575", NULL};

/* Synapse, whose answer depends on who asks, looks at the token first. */
static bool has_bad_token(const struct call *call)
{
	return call->sim->profile->strict && call->request.bearer != NULL &&
	       call->as == NULL && call->device == NULL;
}

void api_versions(struct call *call)
{
	cJSON *json, *list, *features;

	if (has_bad_token(call)) {
		call_fail(call, FAIL_UNKNOWN_TOKEN, NULL);
		return;
	}
	json = json_new();
	list = cJSON_CreateArray();
	features = json_new();
	for (size_t i = 0; versions[i] != NULL; i++) {
		cJSON_AddItemToArray(list, cJSON_CreateString(versions[i]));
	}
	for (size_t i = 0; unstable[i] != NULL; i++) {
		json_set_bool(features, unstable[i], true);
	}
	json_set(json, "versions", list);
	json_set(json, "unstable_features", features);
	call_reply(call, 200, json);
}

static void set_enabled(cJSON *capabilities, const char *name, bool enabled)
{
	json_set(capabilities, name, json_set_bool(json_new(), "enabled", enabled));
}

void api_capabilities(struct call *call)
{
	cJSON *capabilities = json_new();

	json_set(capabilities, "m.room_versions", room_versions());
	set_enabled(capabilities, "m.change_password", true);
	set_enabled(capabilities, "m.3pid_changes", false);
	set_enabled(capabilities, "m.get_login_token", true);
	if (call->sim->profile->errors == ERRORS_CONDUWUIT) {
		set_enabled(capabilities, "uk.tcpip.msc4133.profile_fields", true);
		set_enabled(capabilities, "org.matrix.msc4267.forget_forced_upon_leave",
		        false);
	}
	call_reply(call, 200, json_set(json_new(), "capabilities", capabilities));
}

/* Synapse knows an appservice's sender though nobody registered it. */
static bool is_sender_of_strict(const struct call *call)
{
	return call->sim->profile->strict && call->as != NULL &&
	       strcmp(call->as->sender_id, call->user_id) == 0;
}

void api_whoami(struct call *call)
{
	cJSON *json;

	if (call->user == NULL && !is_sender_of_strict(call)) {
		call_fail(call, FAIL_WHOAMI_UNKNOWN, call->user_id);
		return;
	}
	json = json_new();
	json_set_str(json, "user_id", call->user_id);
	json_set_str(
	        json, "device_id", call->device != NULL ? call->device->device_id : NULL);
	json_set_bool(json, "is_guest",
	        call->as == NULL && call->user != NULL && call->user->made_by != NULL &&
	                call->sim->profile->as_users_look_deactivated);
	call_reply(call, 200, json);
}

void api_well_known_client(struct call *call)
{
	cJSON *homeserver = json_set_str(json_new(), "base_url", call->sim->url);

	call_reply(call, 200, json_set(json_new(), "m.homeserver", homeserver));
}

static cJSON *server_version(const struct call *call)
{
	cJSON *json = json_new();

	json_set_str(json, "name", call->sim->profile->software);
	json_set_str(json, "version", call->sim->profile->version);
	return json;
}

void api_server_version(struct call *call)
{
	call_reply(call, 200, server_version(call));
}

void api_federation_version(struct call *call)
{
	call_reply(call, 200, json_set(json_new(), "server", server_version(call)));
}

void api_local_user_count(struct call *call)
{
	call_reply(call, 200,
	        json_set_int(json_new(), "count", (int64_t)map_count(call->sim->users)));
}

void api_root(struct call *call)
{
	call_reply_bytes(call, "text/plain; charset=utf-8",
	        str_from("hewwo from conduwuit woof!"));
}
