/* Devices: looking, renaming, removing. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/appservice.h"
#include "sim-matrix/content.h"
#include "sim-matrix/keys.h"
#include "sim-matrix/uia.h"

static void fill_with_null(cJSON *json, const char *key)
{
	if (content_get(json, key) == NULL) {
		json_set(json, key, cJSON_CreateNull());
	}
}

/* strict: Synapse leaves nothing out. */
static cJSON *device_to_json(const struct device *device, bool strict)
{
	cJSON *json = json_new();

	json_set_str(json, "device_id", device->device_id);
	json_set_str(json, "display_name", device->display_name);
	if (device->seen_ms != 0) {
		json_set_str(json, "last_seen_ip", "127.0.0.1");
		json_set_int(json, "last_seen_ts", device->seen_ms);
	}
	if (strict) {
		json_set_str(json, "user_id", device->user->user_id);
		fill_with_null(json, "display_name");
		fill_with_null(json, "last_seen_ip");
		fill_with_null(json, "last_seen_ts");
	}
	return json;
}

void api_devices_get(struct call *call)
{
	cJSON *list = cJSON_CreateArray();
	void *device;

	for (size_t i = 0;
	        call->user != NULL && map_next(call->user->devices, &i, NULL, &device);) {
		cJSON_AddItemToArray(
		        list, device_to_json(device, call->sim->profile->strict));
	}
	call_reply(call, 200, json_set(json_new(), "devices", list));
}

static struct device *named_device(struct call *call)
{
	return call->user != NULL
	               ? map_get(call->user->devices, call_param(call, "device"))
	               : NULL;
}

void api_device_get(struct call *call)
{
	const struct device *device = named_device(call);

	if (device != NULL) {
		call_reply(call, 200, device_to_json(device, call->sim->profile->strict));
	} else {
		call_fail(call, FAIL_NO_DEVICE_FOUND, NULL);
	}
}

/* MSC4190: an appservice makes a device by naming it. conduwuit makes one of another name
 * (reference 3.11). */
static void make_device(struct call *call)
{
	bool by_name = call->sim->profile->device_made_by_name;

	if (call->as == NULL || !call->as->reg.device_management || call->user == NULL) {
		call_fail(call, FAIL_NO_DEVICE_FOUND, NULL);
		return;
	}
	device_create(call->sim, call->user, by_name ? call_param(call, "device") : NULL,
	        json_str(call->body, "display_name"));
	call_reply(call, by_name ? 201 : 200, json_new());
}

void api_device_put(struct call *call)
{
	struct device *device = named_device(call);

	if (device == NULL) {
		make_device(call);
		return;
	}
	str_replace(&device->display_name, json_str(call->body, "display_name"));
	keys_changed(call->sim, call->user);
	call_reply_empty(call);
}

/* ---- removing ---- */

void device_end(struct sim_matrix *sim, struct device *device)
{
	list_for_each(it, &sim->calls)
	{
		struct call *other = container_of(it, struct call, link);
		if (other->device == device) {
			other->device = NULL;
		}
	}
	if (device->keys != NULL) {
		keys_changed(sim, device->user);
	}
	device_destroy(sim, device);
}

void api_device_delete(struct call *call)
{
	struct device *device;

	if (!uia_passed(call)) {
		return;
	}
	device = named_device(call);
	if (device != NULL) {
		device_end(call->sim, device);
	}
	call_reply_empty(call);
}

void api_devices_delete(struct call *call)
{
	const cJSON *id;

	if (!uia_passed(call)) {
		return;
	}
	cJSON_ArrayForEach(id, json_arr(call->body, "devices"))
	{
		struct device *device =
		        cJSON_IsString(id) && call->user != NULL
		                ? map_get(call->user->devices, id->valuestring)
		                : NULL;
		if (device != NULL) {
			device_end(call->sim, device);
		}
	}
	call_reply_empty(call);
}
