#include "sim-matrix/room_make.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"
#include "sim-matrix/events.h"

#include <stdlib.h>

#include <string.h>

static const char *const copied_on_upgrade[] = {"m.room.server_acl", "m.room.encryption",
        "m.room.name", "m.room.avatar", "m.room.topic", "m.room.guest_access",
        "m.room.history_visibility", "m.room.join_rules", "m.room.power_levels"};

struct upgrade {
	struct sim_matrix *sim;
	struct actor actor;
	struct room *old, *new;
	struct fail *fail;
};

/* Takes content. */
static bool put_state(struct upgrade *u, struct room *room, const char *type,
        const char *key, cJSON *content, struct event **out)
{
	struct proposal proposal = {
	        .type = type,
	        .sender = u->actor.user_id,
	        .state_key = key,
	        .content = content,
	        .by_as = u->actor.by_as,
	};
	bool sent = event_send(u->sim, room, &proposal, out, u->fail);

	cJSON_Delete(content);
	return sent;
}

static cJSON *upgraded_create(
        const struct upgrade *u, const char *version, const char *tombstone)
{
	const struct event *old = room_state(u->old, "m.room.create", "");
	cJSON *content = content_copy(old->content);
	cJSON *predecessor = json_new();

	json_set_str(predecessor, "room_id", u->old->room_id);
	json_set_str(predecessor, "event_id", tombstone);
	json_set(content, "predecessor", predecessor);
	json_set_str(content, "room_version", version);
	if (u->sim->profile->strict && strcmp(version, "11") == 0) {
		cJSON_DeleteItemFromObjectCaseSensitive(content, "creator");
	}
	return content;
}

static bool fill_new_room(struct upgrade *u, const char *version, const char *tombstone)
{
	const char *user_id = u->actor.user_id;

	if (!put_state(u, u->new, "m.room.create", "",
	            upgraded_create(u, version, tombstone), NULL) ||
	        !put_state(u, u->new, "m.room.member", user_id,
	                member_content(u->sim, user_id, "join"), NULL)) {
		return false;
	}
	for (size_t i = 0; i < sizeof(copied_on_upgrade) / sizeof(copied_on_upgrade[0]);
	        i++) {
		const struct event *old = room_state(u->old, copied_on_upgrade[i], "");
		if (old != NULL && !put_state(u, u->new, copied_on_upgrade[i], "",
		                           content_copy(old->content), NULL)) {
			return false;
		}
	}
	return true;
}

static void move_aliases(struct upgrade *u)
{
	const char *alias;
	void *creator;

	for (size_t i = 0; map_next(u->old->aliases, &i, &alias, &creator);) {
		alias_set(u->sim, alias, u->new, creator);
		free(map_del(u->old->aliases, alias));
	}
}

struct room *room_upgrade(struct sim_matrix *sim, struct actor actor, struct room *old,
        const char *version, struct fail *fail)
{
	struct upgrade u = {.sim = sim, .actor = actor, .old = old, .fail = fail};
	autofree char *room_id = room_id_new(sim);
	struct event *tombstone = NULL;
	cJSON *content;

	content = json_set_str(json_new(), "body", "This room has been replaced");
	json_set_str(content, "replacement_room", room_id);
	if (!put_state(&u, old, "m.room.tombstone", "", content, &tombstone)) {
		return NULL;
	}
	u.new = room_create_empty(sim, room_id, version, NULL);
	if (!fill_new_room(&u, version, tombstone->event_id)) {
		return NULL;
	}
	move_aliases(&u);
	return u.new;
}
