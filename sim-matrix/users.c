#include "sim-matrix/state.h"

#include "lib/mem.h"

#include "sim-matrix/keys.h"

#include <stdlib.h>
#include <string.h>

enum { TOKEN_LENGTH = 32, DEVICE_ID_LENGTH = 10 };

char *user_id_of(const struct sim_matrix *sim, const char *localpart)
{
	return xasprintf("@%s:%s", localpart, sim->server_name);
}

bool user_id_valid(const char *user_id)
{
	const char *colon;

	if (user_id == NULL || user_id[0] != '@' || strlen(user_id) > 255) {
		return false;
	}
	colon = strchr(user_id, ':');
	return colon != NULL && colon[1] != '\0';
}

bool user_is_local(const struct sim_matrix *sim, const char *user_id)
{
	const char *colon = strchr(user_id, ':');

	return colon != NULL && strcmp(colon + 1, sim->server_name) == 0;
}

struct user *user_find(const struct sim_matrix *sim, const char *user_id)
{
	return user_id != NULL ? map_get(sim->users, user_id) : NULL;
}

struct user *user_create(
        struct sim_matrix *sim, const char *localpart, const char *password)
{
	struct user *user = xcalloc(1, sizeof(*user));

	user->localpart = xstrdup(localpart);
	user->user_id = user_id_of(sim, localpart);
	user->password = xstrdup_null(password);
	user->profile_extra = json_new();
	user->rate_spent_ms = INT64_MIN / 2; /* never */
	user->devices = map_create();
	user->rooms = map_create();
	user->account_data = map_create();
	user->filters = map_create();
	map_set(sim->users, user->user_id, user);
	return user;
}

/* ---- devices ---- */

static void new_token(struct sim_matrix *sim, struct device *device)
{
	char token[TOKEN_LENGTH + 1];

	rand_text(&sim->rand, token, TOKEN_LENGTH);
	device->token = xstrdup(token);
	map_set(sim->tokens, device->token, device);
}

struct device *device_create(struct sim_matrix *sim, struct user *user,
        const char *device_id, const char *display_name)
{
	struct device *device = xcalloc(1, sizeof(*device));
	char made_id[DEVICE_ID_LENGTH + 1];

	if (device_id == NULL) {
		rand_text(&sim->rand, made_id, DEVICE_ID_LENGTH);
		device_id = made_id;
	}
	device->user = user;
	device->device_id = xstrdup(device_id);
	device->display_name = xstrdup_null(display_name);
	list_init(&device->inbox);
	new_token(sim, device);
	map_set(user->devices, device->device_id, device);
	return device;
}

void device_renew_token(struct sim_matrix *sim, struct device *device)
{
	map_del(sim->tokens, device->token);
	free(device->token);
	new_token(sim, device);
}

void to_device_drop(struct device *device, struct to_device *message)
{
	list_del(&message->link);
	device->inbox_count--;
	cJSON_Delete(message->event);
	free(message);
}

static void device_free(void *value)
{
	struct device *device = value;

	list_for_each(it, &device->inbox)
	{
		to_device_drop(device, container_of(it, struct to_device, link));
	}
	device_keys_finish(device);
	free(device->device_id);
	free(device->token);
	free(device->display_name);
	free(device);
}

void device_destroy(struct sim_matrix *sim, struct device *device)
{
	map_del(sim->tokens, device->token);
	map_del(device->user->devices, device->device_id);
	device_free(device);
}

struct device *device_by_token(const struct sim_matrix *sim, const char *token)
{
	return map_get(sim->tokens, token);
}

/* ---- account data ---- */

static char *account_data_key(const char *room_id, const char *type)
{
	return xasprintf("%s %s", room_id != NULL ? room_id : "", type);
}

static void account_datum_free(void *value)
{
	struct account_datum *datum = value;

	free(datum->room_id);
	free(datum->type);
	cJSON_Delete(datum->content);
	free(datum);
}

void account_data_set(struct sim_matrix *sim, struct user *user, const char *room_id,
        const char *type, cJSON *content)
{
	struct account_datum *datum = xcalloc(1, sizeof(*datum));
	autofree char *key = account_data_key(room_id, type);
	struct account_datum *old;

	datum->room_id = xstrdup_null(room_id);
	datum->type = xstrdup(type);
	datum->content = content;
	datum->count = ++sim->count;
	old = map_set(user->account_data, key, datum);
	if (old != NULL) {
		account_datum_free(old);
	}
	timer_start(&sim->sync_timer, 0);
}

const cJSON *account_data_get(
        const struct user *user, const char *room_id, const char *type)
{
	autofree char *key = account_data_key(room_id, type);
	const struct account_datum *datum = map_get(user->account_data, key);

	return datum != NULL ? datum->content : NULL;
}

/* ---- ends ---- */

static void json_free(void *value)
{
	cJSON_Delete(value);
}

static void user_free(void *value)
{
	struct user *user = value;

	map_destroy(&user->devices, device_free);
	map_destroy(&user->rooms, NULL);
	map_destroy(&user->account_data, account_datum_free);
	map_destroy(&user->filters, json_free);
	cJSON_Delete(user->presence);
	cJSON_Delete(user->cross_keys);
	cJSON_Delete(user->pushers);
	cJSON_Delete(user->profile_extra);
	free(user->user_id);
	free(user->localpart);
	free(user->displayname);
	free(user->avatar_url);
	free(user->password);
	free(user->made_by);
	free(user);
}

void users_finish(struct sim_matrix *sim)
{
	map_destroy(&sim->tokens, NULL);
	map_destroy(&sim->users, user_free);
}
