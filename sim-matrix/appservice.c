#include "sim-matrix/appservice.h"

#include "lib/mem.h"

#include "sim-matrix/call.h"
#include "sim-matrix/content.h"
#include "sim-matrix/pattern.h"
#include "sim-matrix/push.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- patterns ---- */

static void patterns_free(
        struct pattern ***patterns, const struct registration_rules *rules)
{
	for (size_t i = 0; *patterns != NULL && i < rules->count; i++) {
		pattern_destroy(&(*patterns)[i]);
	}
	free(*patterns);
	*patterns = NULL;
}

static bool patterns_compile(struct sim_matrix *sim,
        const struct registration_rules *rules, struct pattern ***out, char *why,
        size_t why_room)
{
	*out = xcalloc(rules->count + 1, sizeof((*out)[0]));
	for (size_t i = 0; i < rules->count; i++) {
		(*out)[i] = pattern_create(rules->items[i].regex,
		        sim->profile->regex_anchored, why, why_room);
		if ((*out)[i] == NULL) {
			return false;
		}
	}
	return true;
}

static bool any_matches(struct pattern *const *patterns,
        const struct registration_rules *rules, const char *text, bool exclusive_only)
{
	for (size_t i = 0; i < rules->count; i++) {
		if ((!exclusive_only || rules->items[i].exclusive) &&
		        pattern_matches(patterns[i], text)) {
			return true;
		}
	}
	return false;
}

/* ---- registering ---- */

static void appservice_free(struct appservice *as)
{
	push_destroy(&as->push);
	patterns_free(&as->users, &as->reg.users);
	patterns_free(&as->aliases, &as->reg.aliases);
	patterns_free(&as->rooms, &as->reg.rooms);
	registration_finish(&as->reg);
	free(as->sender_id);
	free(as);
}

static void forget_all_insides(struct sim_matrix *sim)
{
	void *room;

	for (size_t i = 0; map_next(sim->rooms, &i, NULL, &room);) {
		appservice_members_changed(room);
	}
}

static void insert_by_id(struct sim_matrix *sim, struct appservice *as)
{
	struct list *before = &sim->appservices;

	list_for_each(it, &sim->appservices)
	{
		if (strcmp(container_of(it, struct appservice, link)->reg.id,
		            as->reg.id) > 0) {
			before = it;
			break;
		}
	}
	list_add_tail(before, &as->link);
}

/* Gives the new registration's insides to the old one's place. */
static void replace(struct appservice *old, struct appservice *as)
{
	struct appservice gone = *old;

	old->reg = as->reg;
	old->sender_id = as->sender_id;
	old->users = as->users;
	old->aliases = as->aliases;
	old->rooms = as->rooms;
	*as = gone;
	as->push = NULL;
	appservice_free(as);
}

bool appservice_register(
        struct sim_matrix *sim, struct str yaml, char **id, char *why, size_t why_room)
{
	struct appservice *as = xcalloc(1, sizeof(*as));
	struct appservice *old;
	char reason[256] = "";

	as->sim = sim;
	if (!registration_parse(yaml, &as->reg, reason, sizeof(reason))) {
		snprintf(why, why_room, "Could not parse appservice config as YAML: %s",
		        reason);
		free(as);
		return false;
	}
	as->sender_id = user_id_of(sim, as->reg.sender_localpart);
	if (!patterns_compile(sim, &as->reg.users, &as->users, reason, sizeof(reason)) ||
	        !patterns_compile(
	                sim, &as->reg.aliases, &as->aliases, reason, sizeof(reason)) ||
	        !patterns_compile(
	                sim, &as->reg.rooms, &as->rooms, reason, sizeof(reason))) {
		snprintf(why, why_room, "Failed to register appservice: %s", reason);
		appservice_free(as);
		return false;
	}
	*id = xstrdup(as->reg.id);
	old = appservice_find(sim, as->reg.id);
	if (old != NULL) {
		replace(old, as);
	} else {
		as->push = push_create(as);
		insert_by_id(sim, as);
	}
	forget_all_insides(sim);
	return true;
}

static void appservice_remove(struct appservice *as)
{
	list_del(&as->link);
	calls_forget_appservice(as->sim, as);
	appservice_free(as);
}

bool appservice_unregister(struct sim_matrix *sim, const char *id)
{
	struct appservice *as = appservice_find(sim, id);

	if (as == NULL) {
		return false;
	}
	appservice_remove(as);
	forget_all_insides(sim);
	return true;
}

void appservices_finish(struct sim_matrix *sim)
{
	list_for_each(it, &sim->appservices)
	{
		appservice_remove(container_of(it, struct appservice, link));
	}
}

/* ---- whose ---- */

struct appservice *appservice_find(const struct sim_matrix *sim, const char *id)
{
	list_for_each(it, &sim->appservices)
	{
		struct appservice *as = container_of(it, struct appservice, link);
		if (strcmp(as->reg.id, id) == 0) {
			return as;
		}
	}
	return NULL;
}

struct appservice *appservice_by_token(const struct sim_matrix *sim, const char *as_token)
{
	list_for_each(it, &sim->appservices)
	{
		struct appservice *as = container_of(it, struct appservice, link);
		if (strcmp(as->reg.as_token, as_token) == 0) {
			return as;
		}
	}
	return NULL;
}

/* conduwuit compares the localpart alone, whatever the server. */
static bool is_sender(const struct appservice *as, const char *user_id)
{
	size_t n = strlen(as->reg.sender_localpart);

	if (as->sim->profile->regex_anchored) {
		return strcmp(user_id, as->sender_id) == 0;
	}
	return user_id[0] == '@' &&
	       strncmp(user_id + 1, as->reg.sender_localpart, n) == 0 &&
	       user_id[1 + n] == ':';
}

bool appservice_owns_user(const struct appservice *as, const char *user_id)
{
	return is_sender(as, user_id) ||
	       any_matches(as->users, &as->reg.users, user_id, false);
}

bool appservice_owns_alias(const struct appservice *as, const char *alias)
{
	return any_matches(as->aliases, &as->reg.aliases, alias, false);
}

bool user_id_is_reserved(const struct sim_matrix *sim, const char *user_id)
{
	list_for_each(it, &sim->appservices)
	{
		const struct appservice *as = container_of(it, struct appservice, link);
		if (is_sender(as, user_id) ||
		        any_matches(as->users, &as->reg.users, user_id, true)) {
			return true;
		}
	}
	return false;
}

bool alias_is_reserved(const struct sim_matrix *sim, const char *alias)
{
	list_for_each(it, &sim->appservices)
	{
		const struct appservice *as = container_of(it, struct appservice, link);
		if (any_matches(as->aliases, &as->reg.aliases, alias, true)) {
			return true;
		}
	}
	return false;
}

bool appservice_has_url(const struct appservice *as)
{
	const char *url = as->reg.url;

	return url != NULL && url[0] != '\0' && strcmp(url, "null") != 0;
}

/* ---- which events ---- */

static bool somebody_inside(const struct appservice *as, const struct room *room)
{
	const char *user_id;
	void *member;

	if (room_is_joined(room, as->sender_id)) {
		return true;
	}
	for (size_t i = 0; map_next(room->members, &i, &user_id, &member);) {
		if (room_is_joined(room, user_id) &&
		        any_matches(as->users, &as->reg.users, user_id, false)) {
			return true;
		}
	}
	return false;
}

static bool is_inside(const struct appservice *as, struct room *room)
{
	static char yes, no;
	const char *known = map_get(room->as_inside, as->reg.id);

	if (known == NULL) {
		known = somebody_inside(as, room) ? &yes : &no;
		map_set(room->as_inside, as->reg.id, known == &yes ? &yes : &no);
	}
	return known == &yes;
}

void appservice_members_changed(struct room *room)
{
	map_destroy(&room->as_inside, NULL);
	room->as_inside = map_create();
}

static bool is_interested(const struct appservice *as, const struct event *event)
{
	bool is_member =
	        event->state_key != NULL && strcmp(event->type, "m.room.member") == 0;
	const char *alias;

	if (is_inside(as, event->room)) {
		return true;
	}
	for (size_t i = 0; map_next(event->room->aliases, &i, &alias, NULL);) {
		if (appservice_owns_alias(as, alias)) {
			return true;
		}
	}
	if (any_matches(as->rooms, &as->reg.rooms, event->room->room_id, false) ||
	        any_matches(as->users, &as->reg.users, event->sender, false)) {
		return true;
	}
	/* conduwuit means to add the sender's own invites here, but compares a user ID
	 * with a localpart: they are never sent. */
	if (is_member && as->sim->profile->regex_anchored &&
	        strcmp(event->state_key, as->sender_id) == 0) {
		return true;
	}
	return is_member &&
	       any_matches(as->users, &as->reg.users, event->state_key, false);
}

void appservices_offer(struct sim_matrix *sim, struct event *event)
{
	list_for_each(it, &sim->appservices)
	{
		struct appservice *as = container_of(it, struct appservice, link);
		if (is_interested(as, event)) {
			push_offer(as->push, event);
		}
	}
}

void appservices_offer_edu(struct sim_matrix *sim, struct room *room, cJSON *edu)
{
	if (sim->profile->push_ephemeral) {
		list_for_each(it, &sim->appservices)
		{
			struct appservice *as = container_of(it, struct appservice, link);
			if (as->reg.receive_ephemeral && is_inside(as, room)) {
				push_offer_edu(as->push, content_copy(edu));
			}
		}
	}
	cJSON_Delete(edu);
}
