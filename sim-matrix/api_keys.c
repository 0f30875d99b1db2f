/* Keys for end-to-end encryption: up, asked for, claimed, signed. */
#include "lib/mem.h"

#include "sim-matrix/api.h"
#include "sim-matrix/content.h"
#include "sim-matrix/keys.h"
#include "sim-matrix/uia.h"

#include <stdlib.h>
#include <string.h>

enum { ONE_TIME_MAX = 1000 };

/* ---- up ---- */

static bool device_keys_are_own(struct call *call, const cJSON *keys)
{
	if (!str_equal(content_str(keys, "user_id"), call->user_id)) {
		call_fail(call, FAIL_KEYS_USER, NULL);
		return false;
	}
	if (!str_equal(content_str(keys, "device_id"), call->device->device_id)) {
		call_fail(call, FAIL_KEYS_DEVICE, NULL);
		return false;
	}
	return true;
}

static void set_device_keys(struct call *call, const cJSON *keys)
{
	if (call->device->keys != NULL && cJSON_Compare(call->device->keys, keys, true)) {
		return;
	}
	cJSON_Delete(call->device->keys);
	call->device->keys = content_copy(keys);
	keys_changed(call->sim, call->user);
}

/* False and answered: another key of this name is there. */
static bool add_one_time_keys(struct call *call, const cJSON *keys)
{
	struct device *device = call->device;
	const cJSON *key;

	cJSON_ArrayForEach(key, keys)
	{
		const cJSON *old = content_get(device->one_time_keys, key->string);
		if (old != NULL && !cJSON_Compare(old, key, true) &&
		        call->sim->profile->errors == ERRORS_SYNAPSE) {
			call_fail(call, FAIL_KEYS_TAKEN, key->string);
			return false;
		}
		if (old == NULL &&
		        cJSON_GetArraySize(device->one_time_keys) < ONE_TIME_MAX) {
			json_set(device->one_time_keys, key->string, content_copy(key));
		}
	}
	return true;
}

/* device->fallback_keys[algorithm] = {"id":..,"key":..,"used":false} */
static void set_fallback_keys(struct call *call, const cJSON *keys)
{
	const cJSON *key;

	cJSON_ArrayForEach(key, keys)
	{
		autofree char *algorithm =
		        xstrndup(key->string, strcspn(key->string, ":"));
		cJSON *entry = json_set_str(json_new(), "id", key->string);
		json_set(entry, "key", content_copy(key));
		json_set_bool(entry, "used", false);
		json_set(call->device->fallback_keys, algorithm, entry);
	}
}

static const cJSON *fallbacks_of(const struct call *call)
{
	const cJSON *keys = content_obj(call->body, "fallback_keys");

	return keys != NULL ? keys
	                    : content_obj(call->body, "org.matrix.msc2732.fallback_keys");
}

/* Synapse tells of the one algorithm also when there is none of it. */
static cJSON *counts_of(const struct call *call)
{
	cJSON *counts = keys_one_time_counts(call->device);

	if (call->sim->profile->strict &&
	        content_get(counts, "signed_curve25519") == NULL) {
		json_set_int(counts, "signed_curve25519", 0);
	}
	return counts;
}

void api_keys_upload(struct call *call)
{
	const cJSON *keys = content_obj(call->body, "device_keys");
	cJSON *json;

	if (call->device == NULL) {
		call_fail(call, FAIL_KEYS_NO_DEVICE, NULL);
		return;
	}
	if (call->device->one_time_keys == NULL) {
		call->device->one_time_keys = json_new();
		call->device->fallback_keys = json_new();
	}
	if ((keys != NULL && !device_keys_are_own(call, keys)) ||
	        !add_one_time_keys(call, content_obj(call->body, "one_time_keys"))) {
		return;
	}
	if (keys != NULL) {
		set_device_keys(call, keys);
	}
	if (call->sim->profile->fallback_keys) {
		set_fallback_keys(call, fallbacks_of(call));
	}
	json = json_set(json_new(), "one_time_key_counts", counts_of(call));
	call_reply(call, 200, json);
}

/* ---- asked for ---- */

static void add_device(cJSON *to, const struct device *device)
{
	cJSON *keys = content_copy(device->keys);

	if (device->display_name != NULL) {
		json_set(keys, "unsigned",
		        json_set_str(
		                json_new(), "device_display_name", device->display_name));
	}
	json_set(to, device->device_id, keys);
}

static bool is_wanted(const cJSON *ids, const char *device_id)
{
	const cJSON *id;

	cJSON_ArrayForEach(id, ids)
	{
		if (cJSON_IsString(id) && strcmp(id->valuestring, device_id) == 0) {
			return true;
		}
	}
	return !cJSON_IsArray(ids) || ids->child == NULL;
}

static void add_cross_key(
        cJSON *to, const char *kind, const struct user *user, const cJSON *key)
{
	cJSON *of_kind = cJSON_GetObjectItemCaseSensitive(to, kind);

	if (of_kind == NULL) {
		of_kind = json_new();
		json_set(to, kind, of_kind);
	}
	if (key != NULL) {
		json_set(of_kind, user->user_id, content_copy(key));
	}
}

static void query_user(struct call *call, const cJSON *wanted, cJSON *json)
{
	const struct user *user = user_find(call->sim, wanted->string);
	cJSON *devices = json_new();
	void *value;

	if (user == NULL) {
		json_set(cJSON_GetObjectItemCaseSensitive(json, "device_keys"),
		        wanted->string, devices);
		return;
	}
	for (size_t i = 0; map_next(user->devices, &i, NULL, &value);) {
		const struct device *device = value;
		if (device->keys != NULL && is_wanted(wanted, device->device_id)) {
			add_device(devices, device);
		}
	}
	json_set(cJSON_GetObjectItemCaseSensitive(json, "device_keys"), user->user_id,
	        devices);
	add_cross_key(
	        json, "master_keys", user, content_get(user->cross_keys, "master_key"));
	add_cross_key(json, "self_signing_keys", user,
	        content_get(user->cross_keys, "self_signing_key"));
	add_cross_key(json, "user_signing_keys", user,
	        user == call->user ? content_get(user->cross_keys, "user_signing_key")
	                           : NULL);
}

void api_keys_query(struct call *call)
{
	static const char *const kinds[] = {
	        "master_keys", "self_signing_keys", "user_signing_keys", NULL};
	cJSON *json = json_set(json_new(), "device_keys", json_new());
	const cJSON *wanted;

	json_set(json, "failures", json_new());
	for (size_t i = 0; call->sim->profile->strict && kinds[i] != NULL; i++) {
		json_set(json, kinds[i], json_new());
	}
	cJSON_ArrayForEach(wanted, content_obj(call->body, "device_keys"))
	{
		query_user(call, wanted, json);
	}
	call_reply(call, 200, json);
}

/* ---- claimed ---- */

/* {"signed_curve25519:ID":{..}} or NULL: an own key once, else the fallback. */
static cJSON *claim_one(struct device *device, const char *algorithm)
{
	const cJSON *key;
	cJSON *fallback;

	cJSON_ArrayForEach(key, device->one_time_keys)
	{
		if (strncmp(key->string, algorithm, strlen(algorithm)) == 0 &&
		        key->string[strlen(algorithm)] == ':') {
			autofree char *id = xstrdup(key->string);
			cJSON *taken = cJSON_DetachItemFromObjectCaseSensitive(
			        device->one_time_keys, id);
			return json_set(json_new(), id, taken);
		}
	}
	fallback = cJSON_GetObjectItemCaseSensitive(device->fallback_keys, algorithm);
	if (fallback == NULL) {
		return NULL;
	}
	json_set_bool(fallback, "used", true);
	return json_set(json_new(), content_str(fallback, "id"),
	        content_copy(content_get(fallback, "key")));
}

void api_keys_claim(struct call *call)
{
	cJSON *claimed = json_new();
	const cJSON *of_user, *algorithm;
	cJSON *json;

	cJSON_ArrayForEach(of_user, content_obj(call->body, "one_time_keys"))
	{
		const struct user *user = user_find(call->sim, of_user->string);
		cJSON *devices = json_new();
		cJSON_ArrayForEach(algorithm, of_user)
		{
			struct device *device =
			        user != NULL ? map_get(user->devices, algorithm->string)
			                     : NULL;
			cJSON *key = device != NULL && cJSON_IsString(algorithm)
			                     ? claim_one(device, algorithm->valuestring)
			                     : NULL;
			if (key != NULL) {
				json_set(devices, algorithm->string, key);
			}
		}
		if (devices->child != NULL) {
			json_set(claimed, of_user->string, devices);
		} else {
			cJSON_Delete(devices);
		}
	}
	timer_start(&call->sim->sync_timer, 0);
	json = json_set(json_new(), "one_time_keys", claimed);
	call_reply(call, 200, json_set(json, "failures", json_new()));
}

void api_keys_changes(struct call *call)
{
	int64_t from = call_query_int(call, "from", -1);
	int64_t to = call_query_int(call, "to", (int64_t)call->sim->count);

	if (from < 0 || to < 0) {
		call_fail(call, FAIL_INVALID_PARAM, "Invalid `from`.");
		return;
	}
	if (call->user == NULL) {
		call_fail(call, FAIL_WHOAMI_UNKNOWN, call->user_id);
		return;
	}
	call_reply(call, 200,
	        keys_device_lists(call->sim, call->user, (uint64_t)from, (uint64_t)to));
}

/* ---- cross-signing ---- */

static const char *const cross_kinds[] = {
        "master_key", "self_signing_key", "user_signing_key"};

enum { CROSS_KINDS = sizeof(cross_kinds) / sizeof(cross_kinds[0]) };

/* Of two versions of a key, is the key itself the same? Signatures may have come since.
 */
static bool same_key(const cJSON *a, const cJSON *b)
{
	return cJSON_Compare(content_get(a, "keys"), content_get(b, "keys"), true);
}

/* The first upload needs no password, nor does the same again (MSC3967). */
static bool replaces_cross_keys(const struct call *call)
{
	for (size_t i = 0; i < CROSS_KINDS; i++) {
		const cJSON *old = content_get(call->user->cross_keys, cross_kinds[i]);
		const cJSON *new = content_obj(call->body, cross_kinds[i]);
		if (old != NULL && new != NULL && !same_key(old, new)) {
			return true;
		}
	}
	return false;
}

void api_keys_signing(struct call *call)
{
	if (call->user == NULL) {
		call_fail(call, FAIL_WHOAMI_UNKNOWN, call->user_id);
		return;
	}
	if (call->user->cross_keys == NULL) {
		call->user->cross_keys = json_new();
	}
	if (replaces_cross_keys(call) && !uia_passed(call)) {
		return;
	}
	for (size_t i = 0; i < CROSS_KINDS; i++) {
		const cJSON *new = content_obj(call->body, cross_kinds[i]);
		const cJSON *old = content_get(call->user->cross_keys, cross_kinds[i]);
		if (new != NULL && (old == NULL || !same_key(old, new))) {
			json_set(call->user->cross_keys, cross_kinds[i],
			        content_copy(new));
			keys_changed(call->sim, call->user);
		}
	}
	call_reply_empty(call);
}

/* The stored key that this ID names: of a device, or the cross-signing key that bears it.
 */
static cJSON *key_named(struct user *user, const char *id)
{
	const struct device *device = map_get(user->devices, id);
	cJSON *key;

	if (device != NULL) {
		return device->keys;
	}
	cJSON_ArrayForEach(key, user->cross_keys)
	{
		const cJSON *name;
		cJSON_ArrayForEach(name, content_get(key, "keys"))
		{
			if (cJSON_IsString(name) && strcmp(name->valuestring, id) == 0) {
				return key;
			}
		}
	}
	return NULL;
}

static cJSON *object_in(cJSON *obj, const char *name)
{
	cJSON *in = cJSON_GetObjectItemCaseSensitive(obj, name);

	if (!cJSON_IsObject(in)) {
		in = json_new();
		json_set(obj, name, in);
	}
	return in;
}

static void sign(struct call *call, struct user *user, const cJSON *signed_key)
{
	cJSON *key = key_named(user, signed_key->string);
	const cJSON *signature;

	cJSON_ArrayForEach(signature,
	        content_get(content_get(signed_key, "signatures"), call->user_id))
	{
		if (key != NULL) {
			json_set(object_in(object_in(key, "signatures"), call->user_id),
			        signature->string, content_copy(signature));
			keys_changed(call->sim, user);
		}
	}
}

void api_keys_signatures(struct call *call)
{
	const cJSON *of_user, *key;

	cJSON_ArrayForEach(of_user, call->body)
	{
		struct user *user = user_find(call->sim, of_user->string);
		cJSON_ArrayForEach(key, of_user)
		{
			if (user != NULL) {
				sign(call, user, key);
			}
		}
	}
	call_reply(call, 200, json_set(json_new(), "failures", json_new()));
}

/* No backup is kept: clients ask whether there is one. */
void api_keys_no_backup(struct call *call)
{
	call_fail(call, FAIL_NO_BACKUP, NULL);
}
