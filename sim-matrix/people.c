#include "sim-matrix/people.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"
#include "sim-matrix/events.h"
#include "sim-matrix/members.h"

#include <stdlib.h>
#include <string.h>

struct acceptance {       /* somebody about to accept an invite */
	struct list link; /* people's acceptances */
	char *user_id;
	char *room_id;
};

struct people {
	struct sim_matrix *sim;
	struct timer timer;
	struct list acceptances; /* struct acceptance::link */
};

static void acceptance_free(struct acceptance *acceptance)
{
	list_del(&acceptance->link);
	free(acceptance->user_id);
	free(acceptance->room_id);
	free(acceptance);
}

static void handle_acceptances(void *arg)
{
	struct people *people = arg;
	struct fail fail;

	while (!list_empty(&people->acceptances)) {
		struct acceptance *first =
		        container_of(people->acceptances.next, struct acceptance, link);
		struct room *room = room_find(people->sim, first->room_id);
		autofree char *user_id = xstrdup(first->user_id);

		acceptance_free(first);
		if (room != NULL && str_equal(room_membership(room, user_id), "invite")) {
			struct actor actor = {user_id, false};
			members_join(people->sim, room, actor, NULL, &fail);
		}
	}
}

struct people *people_create(struct sim_matrix *sim)
{
	struct people *people = xcalloc(1, sizeof(*people));

	people->sim = sim;
	list_init(&people->acceptances);
	timer_init(&people->timer, sim->loop, handle_acceptances, people);
	return people;
}

void people_destroy(struct people **people)
{
	if (*people == NULL) {
		return;
	}
	timer_stop(&(*people)->timer);
	list_for_each(it, &(*people)->acceptances)
	{
		acceptance_free(container_of(it, struct acceptance, link));
	}
	free(*people);
	*people = NULL;
}

void people_notice(struct sim_matrix *sim, const struct event *event)
{
	struct acceptance *acceptance;
	const struct user *user;

	if (event->state_key == NULL || strcmp(event->type, "m.room.member") != 0 ||
	        !str_equal(content_str(event->content, "membership"), "invite")) {
		return;
	}
	user = user_find(sim, event->state_key);
	if (user == NULL || !user->auto_accept) {
		return;
	}
	acceptance = xcalloc(1, sizeof(*acceptance));
	acceptance->user_id = xstrdup(user->user_id);
	acceptance->room_id = xstrdup(event->room->room_id);
	list_add_tail(&sim->people->acceptances, &acceptance->link);
	timer_start(&sim->people->timer, 0);
}

void people_pending(const struct sim_matrix *sim, cJSON *sentences)
{
	list_for_each(it, &sim->people->acceptances)
	{
		const struct acceptance *acceptance =
		        container_of(it, struct acceptance, link);
		autofree char *text = xasprintf("%s is about to join %s",
		        acceptance->user_id, acceptance->room_id);
		cJSON_AddItemToArray(sentences, cJSON_CreateString(text));
	}
}

/* ---- names ---- */

char *people_user_id(const struct sim_matrix *sim, const char *name)
{
	return name[0] == '@' && strchr(name, ':') != NULL ? xstrdup(name)
	                                                   : user_id_of(sim, name);
}

struct user *people_user(struct sim_matrix *sim, const char *name, struct err *err)
{
	autofree char *user_id = people_user_id(sim, name);
	struct user *user = user_find(sim, user_id);
	const char *near = NULL;
	unsigned best = 3;
	void *value;

	if (user != NULL) {
		return user;
	}
	for (size_t i = 0; map_next(sim->users, &i, NULL, &value);) {
		const struct user *other = value;
		unsigned distance = str_distance(other->localpart, name, best);
		if (distance < best) {
			best = distance;
			near = other->localpart;
		}
	}
	err_set(err, ERR_PERMANENT, 0, "there is no user %s%s%s%s", name,
	        near != NULL ? " (do you mean " : "", near != NULL ? near : "",
	        near != NULL ? "?)" : "");
	return NULL;
}

static bool is_or_was_asked_in(const struct room *room, const char *user_id)
{
	const char *membership = user_id != NULL ? room_membership(room, user_id) : NULL;

	return str_equal(membership, "join") || str_equal(membership, "invite");
}

struct room *people_room(
        struct sim_matrix *sim, const char *name, const char *viewer, struct err *err)
{
	autofree char *alias = name[0] == '#' && strchr(name, ':') == NULL
	                               ? xasprintf("%s:%s", name, sim->server_name)
	                               : xstrdup(name);
	const char *bare = name[0] == '#' ? name + 1 : name;
	struct room *best = room_find(sim, name);
	void *value;

	if (best == NULL && name[0] == '#') {
		best = map_get(sim->aliases, alias);
	}
	if (best != NULL) {
		return best;
	}
	for (size_t i = 0; map_next(sim->rooms, &i, NULL, &value);) {
		struct room *room = value;
		if (strcmp(room_short_name(room), bare) == 0 &&
		        (best == NULL || !is_or_was_asked_in(best, viewer) ||
		                is_or_was_asked_in(room, viewer))) {
			best = room;
		}
	}
	if (best == NULL) {
		err_set(err, ERR_PERMANENT, 0, "there is no room %s", name);
	}
	return best;
}

struct event *people_event(
        struct sim_matrix *sim, struct room *room, const char *event, struct err *err)
{
	struct event *found = event_find(sim, event);

	if (found != NULL) {
		return found;
	}
	for (size_t i = room->event_count; i > 0; i--) {
		found = room->events[i - 1];
		if (strcmp(found->type, "m.room.message") == 0 &&
		        str_equal(content_str(found->content, "body"), event)) {
			return found;
		}
	}
	err_set(err, ERR_PERMANENT, 0, "no event %s and no message with this text in %s",
	        event, room_short_name(room));
	return NULL;
}
