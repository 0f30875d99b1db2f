#include "bridge/flow/power_levels.h"

#include "lib/mem.h"
#include "lib/str.h"
#include <stdlib.h>

/* Events that are said, not set: their levels follow what writing needs. */
static const char *const said[] = {"m.room.message", "m.room.encrypted", "m.sticker",
        "m.reaction", "m.poll.start", "m.poll.response", "m.poll.end",
        "org.matrix.msc3381.poll.start", "org.matrix.msc3381.poll.response",
        "org.matrix.msc3381.poll.end", NULL};

cJSON *power_levels_new(const char *bot_mxid, const char *owner_mxid)
{
	cJSON *levels = json_new(), *users = json_new(), *events = json_new();

	/* The creator must be in `users`: conduwuit replaces the whole key. */
	json_set_int(users, bot_mxid, LEVEL_BOT);
	if (owner_mxid != NULL && owner_mxid[0] != '\0') {
		json_set_int(users, owner_mxid, LEVEL_MODERATOR);
	}
	json_set_int(events, "m.room.name", LEVEL_MODERATOR);
	json_set_int(events, "m.room.topic", LEVEL_MODERATOR);
	json_set_int(events, "m.room.tombstone", LEVEL_BOT);
	json_set_int(events, "m.room.server_acl", LEVEL_BOT);
	json_set_int(events, "m.room.encryption", LEVEL_BOT);
	json_set_int(events, "m.room.power_levels", LEVEL_BOT);
	json_set(levels, "users", users);
	return json_set(levels, "events", events);
}

/* Keys here hold dots, which json_get() takes for steps. */
static const cJSON *member(const cJSON *obj, const char *key)
{
	return cJSON_IsObject(obj) ? cJSON_GetObjectItemCaseSensitive(obj, key) : NULL;
}

static int number_of(const cJSON *value, int otherwise)
{
	return cJSON_IsNumber(value) ? value->valueint : otherwise;
}

static cJSON *object_of(cJSON *levels, const char *key)
{
	cJSON *object = cJSON_GetObjectItemCaseSensitive(levels, key);

	if (!cJSON_IsObject(object)) {
		object = json_new();
		json_set(levels, key, object);
	}
	return object;
}

/* The members of `from`, with the numbers not below level. */
static void put(cJSON *into, const char *key, const cJSON *from, int level)
{
	int number = number_of(from, 0);

	if (from == NULL && level == 0) {
		cJSON_DeleteItemFromObjectCaseSensitive(into, key);
		return;
	}
	json_set_int(into, key, number > level ? number : level);
}

/* Of our own users only those who had it keep what they have. */
static void restore_users(
        cJSON *levels, const cJSON *former, power_levels_own_fn *is_own, void *arg)
{
	const cJSON *had = member(former, "users");
	cJSON *users = object_of(levels, "users");
	cJSON *user = users->child;

	while (user != NULL) {
		cJSON *next = user->next;
		if (is_own(user->string, arg)) {
			const cJSON *before = member(had, user->string);
			if (before == NULL) {
				cJSON_Delete(cJSON_DetachItemViaPointer(users, user));
			} else {
				cJSON_SetNumberValue(user, number_of(before, 0));
			}
		}
		user = next;
	}
}

bool power_levels_set(cJSON *levels, const cJSON *former, int level,
        power_levels_own_fn *is_own, void *arg)
{
	autofree char *before = json_print_sorted(levels);
	const cJSON *had = member(former, "events");
	cJSON *events = object_of(levels, "events");

	put(levels, "events_default", member(former, "events_default"), level);
	for (const char *const *type = said; *type != NULL; type++) {
		if (member(had, *type) != NULL) {
			put(events, *type, member(had, *type), level);
		}
	}
	if (level == 0) {
		restore_users(levels, former, is_own, arg);
	}
	autofree char *after = json_print_sorted(levels);
	return !str_equal(before, after);
}

bool power_levels_voice(cJSON *levels, const char *mxid, int level)
{
	cJSON *users = object_of(levels, "users");
	int now = number_of(
	        member(users, mxid), number_of(member(levels, "users_default"), 0));

	if (now >= level) {
		return false;
	}
	json_set_int(users, mxid, level);
	return true;
}
