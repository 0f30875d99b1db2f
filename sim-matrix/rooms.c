#include "sim-matrix/state.h"

#include "lib/mem.h"

#include "sim-matrix/ephemeral.h"

#include <stdlib.h>
#include <string.h>

struct room *room_find(const struct sim_matrix *sim, const char *room_id)
{
	return room_id != NULL ? map_get(sim->rooms, room_id) : NULL;
}

struct room *room_create_empty(struct sim_matrix *sim, const char *room_id,
        const char *version, const char *label)
{
	struct room *room = xcalloc(1, sizeof(*room));

	room->sim = sim;
	room->room_id = xstrdup(room_id);
	room->label = xstrdup_null(label);
	room->version = version;
	room->short_id = ++sim->next_short;
	room->state = map_create();
	room->members = map_create();
	room->aliases = map_create();
	room->sim = sim;
	typing_init(sim, room);
	room->receipts = map_create();
	room->as_inside = map_create();
	map_set(sim->rooms, room->room_id, room);
	return room;
}

int room_version_number(const struct room *room)
{
	int64_t number = 0;

	str_to_int64(str_from(room->version), 0, INT16_MAX, &number);
	return (int)number;
}

/* The length in front keeps ("a", "bc") and ("ab", "c") apart whatever they contain. */
char *state_key_of(const char *type, const char *state_key)
{
	return xasprintf("%zu:%s%s", strlen(type), type, state_key);
}

struct event *room_state(const struct room *room, const char *type, const char *state_key)
{
	autofree char *key = state_key_of(type, state_key);

	return map_get(room->state, key);
}

const char *room_membership(const struct room *room, const char *user_id)
{
	const struct event *member = map_get(room->members, user_id);

	return member != NULL ? json_str(member->content, "membership") : NULL;
}

bool room_is_joined(const struct room *room, const char *user_id)
{
	return str_equal(room_membership(room, user_id), "join");
}

const char *room_short_name(const struct room *room)
{
	const struct event *name;
	const char *text;

	if (room->label != NULL) {
		return room->label;
	}
	name = room_state(room, "m.room.name", "");
	text = name != NULL ? json_str(name->content, "name") : NULL;
	if (text == NULL || text[0] == '\0') {
		return room->room_id;
	}
	return text[0] == '#' && text[1] != '\0' ? text + 1 : text;
}

const char *room_name_of_user(
        const struct sim_matrix *sim, const struct room *room, const char *user_id)
{
	const struct event *member = map_get(room->members, user_id);
	const struct user *user = user_find(sim, user_id);
	const char *name =
	        member != NULL ? json_str(member->content, "displayname") : NULL;

	if (name == NULL && user != NULL) {
		name = user->displayname;
	}
	return name != NULL ? name : user_id;
}

void alias_set(
        struct sim_matrix *sim, const char *alias, struct room *room, const char *creator)
{
	map_set(sim->aliases, alias, room);
	free(map_set(room->aliases, alias, xstrdup(creator)));
}

/* ---- ends ---- */

static void room_free(void *value)
{
	struct room *room = value;

	map_destroy(&room->state, NULL);
	map_destroy(&room->members, NULL);
	map_destroy(&room->aliases, free);
	typing_finish(room);
	map_destroy(&room->receipts, receipt_free);
	map_destroy(&room->as_inside, NULL);
	free(room->events);
	free(room->room_id);
	free(room->label);
	free(room);
}

static void event_free(void *value)
{
	struct event *event = value;

	cJSON_Delete(event->content);
	free(event->event_id);
	free(event->type);
	free(event->sender);
	free(event->state_key);
	free(event->redacts);
	free(event->txn_id);
	free(event);
}

void state_init(struct sim_matrix *sim)
{
	sim->users = map_create();
	sim->rooms = map_create();
	sim->events = map_create();
	sim->aliases = map_create();
	sim->tokens = map_create();
	list_init(&sim->calls);
	list_init(&sim->appservices);
}

void state_finish(struct sim_matrix *sim)
{
	map_destroy(&sim->aliases, NULL);
	map_destroy(&sim->events, event_free);
	map_destroy(&sim->rooms, room_free);
	users_finish(sim);
}
