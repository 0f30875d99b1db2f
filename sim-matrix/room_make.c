#include "sim-matrix/room_make.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"
#include "sim-matrix/events.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_ID_LENGTH = 18 };

static const struct {
	const char *version;
	const char *stability;
} versions[] = {
        {"2", "unstable"},
        {"3", "unstable"},
        {"4", "unstable"},
        {"5", "unstable"},
        {"6", "stable"},
        {"7", "stable"},
        {"8", "stable"},
        {"9", "stable"},
        {"10", "stable"},
        {"11", "stable"},
};

static const char default_version[] = "11";

const char *room_version_known(const char *version)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (strcmp(versions[i].version, version) == 0) {
			return versions[i].version;
		}
	}
	return NULL;
}

cJSON *room_versions(void)
{
	cJSON *json = json_new();
	cJSON *available = json_new();

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		json_set_str(available, versions[i].version, versions[i].stability);
	}
	json_set_str(json, "default", default_version);
	json_set(json, "available", available);
	return json;
}

char *room_id_new(struct sim_matrix *sim)
{
	char text[ROOM_ID_LENGTH + 1];

	rand_text(&sim->rand, text, ROOM_ID_LENGTH);
	return xasprintf("!%s:%s", text, sim->server_name);
}

/* ---- one room in the making ---- */

struct making {
	struct sim_matrix *sim;
	struct actor actor;
	struct appservice *as;
	const cJSON *body;
	struct room *room;
	const char *version;
	const char *preset;
	bool is_direct;
	char *alias; /* full; NULL: none */
	struct fail *fail;
};

/* Takes content. */
static bool put_state(struct making *m, const char *type, const char *key, cJSON *content)
{
	struct proposal proposal = {
	        .type = type,
	        .sender = m->actor.user_id,
	        .state_key = key,
	        .content = content,
	        .by_as = m->actor.by_as,
	};
	bool sent = event_send(m->sim, m->room, &proposal, NULL, m->fail);

	cJSON_Delete(content);
	return sent;
}

static cJSON *one_text(const char *key, const char *text)
{
	return json_set_str(json_new(), key, text);
}

static bool put_create(struct making *m)
{
	const cJSON *given = json_obj(m->body, "creation_content");
	cJSON *content = given != NULL ? content_copy(given) : json_new();

	if (strcmp(m->version, "11") != 0) {
		json_set_str(content, "creator", m->actor.user_id);
	}
	json_set_str(content, "room_version", m->version);
	return put_state(m, "m.room.create", "", content);
}

static bool put_creator(struct making *m)
{
	cJSON *content = member_content(m->sim, m->actor.user_id, "join");

	if (!m->sim->profile->strict) {
		json_set_bool(content, "is_direct", m->is_direct);
	}
	return put_state(m, "m.room.member", m->actor.user_id, content);
}

/* Synapse writes every level down, also those that are the default anyway. */
static void add_all_levels(const struct making *m, cJSON *content)
{
	static const struct {
		const char *key;
		int64_t level;
	} levels[] = {{"ban", 50}, {"events_default", 0}, {"historical", 100},
	        {"kick", 50}, {"redact", 50}, {"state_default", 50},
	        {"users_default", 0}};
	bool is_public = strcmp(m->preset, "public_chat") == 0;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		json_set_int(content, levels[i].key, levels[i].level);
	}
	json_set_int(content, "invite", is_public ? 50 : 0);
}

static cJSON *all_power_events(bool is_public)
{
	static const struct {
		const char *type;
		int64_t level;
	} events[] = {{"m.room.avatar", 50}, {"m.room.canonical_alias", 50},
	        {"m.room.encryption", 100}, {"m.room.history_visibility", 100},
	        {"m.room.name", 50}, {"m.room.power_levels", 100},
	        {"m.room.server_acl", 100}, {"m.room.tombstone", 100}};
	cJSON *json = json_new();

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		json_set_int(json, events[i].type, events[i].level);
	}
	if (is_public) {
		json_set_int(json, "m.call.invite", 50);
	}
	return json;
}

static cJSON *default_power_events(bool is_public)
{
	static const char *const guarded[] = {"m.room.power_levels", "m.room.server_acl",
	        "m.room.tombstone", "m.room.encryption", "m.room.history_visibility"};
	static const char *const free_for_all[] = {
	        "org.matrix.msc3381.poll.response", "m.poll.response"};
	static const char *const calls[] = {"m.call.invite", "m.call", "m.call.member",
	        "org.matrix.msc3401.call", "org.matrix.msc3401.call.member"};
	cJSON *events = json_new();

	for (size_t i = 0; i < sizeof(guarded) / sizeof(guarded[0]); i++) {
		json_set_int(events, guarded[i], 100);
	}
	for (size_t i = 0; i < sizeof(free_for_all) / sizeof(free_for_all[0]); i++) {
		json_set_int(events, free_for_all[i], 0);
	}
	for (size_t i = 0; is_public && i < sizeof(calls) / sizeof(calls[0]); i++) {
		json_set_int(events, calls[i], 50);
	}
	return events;
}

static cJSON *default_power_users(const struct making *m)
{
	const cJSON *invited;
	cJSON *users = json_new();

	json_set_int(users, m->actor.user_id, 100);
	if (strcmp(m->preset, "trusted_private_chat") == 0) {
		cJSON_ArrayForEach(invited, json_arr(m->body, "invite"))
		{
			if (cJSON_IsString(invited)) {
				json_set_int(users, invited->valuestring, 100);
			}
		}
	}
	return users;
}

/* Each key of the override replaces the whole default under it: `users` without the
 * creator leaves the creator powerless. */
static bool put_power_levels(struct making *m)
{
	const cJSON *over = json_obj(m->body, "power_level_content_override");
	const cJSON *entry;
	bool is_public = str_equal(json_str(m->body, "visibility"), "public");
	cJSON *content = json_new();

	json_set(content, "users", default_power_users(m));
	if (m->sim->profile->full_power_levels) {
		json_set(content, "events",
		        all_power_events(strcmp(m->preset, "public_chat") == 0));
		add_all_levels(m, content);
	} else {
		json_set(content, "events", default_power_events(is_public));
	}
	cJSON_ArrayForEach(entry, over)
	{
		json_set(content, entry->string, content_copy(entry));
	}
	return put_state(m, "m.room.power_levels", "", content);
}

/* In Synapse, what the caller gives takes the place of what the preset would say. */
static bool is_given(const struct making *m, const char *type)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, json_arr(m->body, "initial_state"))
	{
		if (str_equal(json_str(entry, "type"), type) &&
		        json_str_or(entry, "state_key", "")[0] == '\0') {
			return m->sim->profile->strict;
		}
	}
	return false;
}

static bool put_default(struct making *m, const char *type, cJSON *content)
{
	if (is_given(m, type)) {
		cJSON_Delete(content);
		return true;
	}
	return put_state(m, type, "", content);
}

static bool put_preset(struct making *m)
{
	bool is_public = strcmp(m->preset, "public_chat") == 0;

	if (m->alias != NULL && !put_state(m, "m.room.canonical_alias", "",
	                                one_text("alias", m->alias))) {
		return false;
	}
	return put_default(m, "m.room.join_rules",
	               one_text("join_rule", is_public ? "public" : "invite")) &&
	       put_default(m, "m.room.history_visibility",
	               one_text("history_visibility", "shared")) &&
	       ((is_public && m->sim->profile->strict) ||
	               put_default(m, "m.room.guest_access",
	                       one_text("guest_access",
	                               is_public ? "forbidden" : "can_join")));
}

static bool put_initial_state(struct making *m)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, json_arr(m->body, "initial_state"))
	{
		const char *type = json_str(entry, "type");
		const cJSON *content = json_obj(entry, "content");
		if (type == NULL || content == NULL) {
			return fail_set(m->fail, FAIL_INVALID_PARAM,
			        "Invalid initial state event.");
		}
		/* An empty content is passed over in silence. */
		if ((content->child != NULL || m->sim->profile->strict) &&
		        !put_state(m, type, json_str_or(entry, "state_key", ""),
		                content_copy(content))) {
			return false;
		}
	}
	return true;
}

/* Synapse adds the topic as extensible content (MSC3765). */
static cJSON *topic_content(const struct making *m, const char *topic)
{
	cJSON *content = one_text("topic", topic);
	cJSON *texts;

	if (m->sim->profile->strict) {
		texts = cJSON_CreateArray();
		cJSON_AddItemToArray(texts, one_text("body", topic));
		json_set(content, "m.topic", json_set(json_new(), "m.text", texts));
	}
	return content;
}

static bool put_name_and_topic(struct making *m)
{
	const char *name = json_str(m->body, "name");
	const char *topic = json_str(m->body, "topic");

	return (name == NULL ||
	               put_state(m, "m.room.name", "", one_text("name", name))) &&
	       (topic == NULL ||
	               put_state(m, "m.room.topic", "", topic_content(m, topic)));
}

/* A refused invite does not undo the room. */
static void put_invites(struct making *m)
{
	const cJSON *invited;
	struct fail ignored;

	cJSON_ArrayForEach(invited, json_arr(m->body, "invite"))
	{
		if (cJSON_IsString(invited) && user_id_valid(invited->valuestring)) {
			members_invite(m->sim, m->room, m->actor, invited->valuestring,
			        NULL, m->is_direct, &ignored);
		}
	}
}

/* ---- checks before anything is made ---- */

static bool check_alias(struct making *m)
{
	const char *name = json_str(m->body, "room_alias_name");

	if (name == NULL) {
		return true;
	}
	if (strchr(name, ':') != NULL) {
		return fail_set(m->fail, FAIL_ALIAS_SYNTAX,
		        "Room alias contained `:` which is not allowed. Please note that this "
		        "expects a localpart, not the full room alias.");
	}
	if (strpbrk(name, " \t\r\n") != NULL) {
		return fail_set(m->fail, FAIL_ALIAS_SYNTAX,
		        "Room alias contained spaces which is not a valid room alias.");
	}
	m->alias = xasprintf("#%s:%s", name, m->sim->server_name);
	if (map_get(m->sim->aliases, m->alias) != NULL) {
		return fail_set(m->fail, FAIL_ALIAS_IN_USE, NULL);
	}
	if (m->as != NULL && !appservice_owns_alias(m->as, m->alias)) {
		return fail_set(m->fail, FAIL_ALIAS_NAMESPACE, NULL);
	}
	if (m->as == NULL && alias_is_reserved(m->sim, m->alias)) {
		return fail_set(m->fail, FAIL_ALIAS_RESERVED, NULL);
	}
	return true;
}

/* Synapse looks for the creator in an override, before it makes anything. */
static bool check_override(struct making *m)
{
	const cJSON *users = content_get(
	        content_get(m->body, "power_level_content_override"), "users");

	return !m->sim->profile->strict || users == NULL ||
	       content_get(users, m->actor.user_id) != NULL ||
	       fail_set(m->fail, FAIL_OVERRIDE, m->actor.user_id);
}

static bool check_version(struct making *m)
{
	m->version =
	        room_version_known(json_str_or(m->body, "room_version", default_version));
	return m->version != NULL || fail_set(m->fail, FAIL_ROOM_VERSION, NULL);
}

/* The caller may wish for a room ID's first half. Caller frees. */
static char *choose_id(struct making *m)
{
	const char *wish = json_str(m->body, "room_id");
	autofree char *id = NULL;

	if (wish == NULL) {
		return room_id_new(m->sim);
	}
	id = xasprintf("!%s:%s", wish, m->sim->server_name);
	if (strpbrk(wish, ": \t\r\n") != NULL) {
		fail_set(m->fail, FAIL_INVALID_PARAM,
		        "Custom room ID contained `:` or spaces "
		        "which is not allowed.");
		return NULL;
	}
	if (room_find(m->sim, id) != NULL) {
		fail_set(m->fail, FAIL_ROOM_ID_IN_USE, NULL);
		return NULL;
	}
	return xstrdup(id);
}

static bool build(struct making *m)
{
	if (!put_create(m) || !put_creator(m) || !put_power_levels(m) || !put_preset(m) ||
	        !put_initial_state(m) || !put_name_and_topic(m)) {
		return false;
	}
	put_invites(m);
	if (m->alias != NULL) {
		alias_set(m->sim, m->alias, m->room, m->actor.user_id);
	}
	m->room->is_public = str_equal(json_str(m->body, "visibility"), "public");
	return true;
}

bool room_make(struct sim_matrix *sim, struct actor actor, struct appservice *as,
        const cJSON *body, const char *label, struct room **out, struct fail *fail)
{
	struct making m = {
	        .sim = sim, .actor = actor, .as = as, .body = body, .fail = fail};
	bool is_public = str_equal(json_str(body, "visibility"), "public");
	autofree char *room_id = NULL;
	bool made = false;

	m.preset =
	        json_str_or(body, "preset", is_public ? "public_chat" : "private_chat");
	m.is_direct = json_bool(body, "is_direct", false);
	room_id = choose_id(&m);
	if (room_id != NULL && check_alias(&m) && check_version(&m) &&
	        check_override(&m)) {
		m.room = room_create_empty(sim, room_id, m.version, label);
		*out = m.room;
		made = build(&m);
	}
	free(m.alias);
	return made;
}
