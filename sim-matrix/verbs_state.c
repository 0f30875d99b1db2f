/* What people do to rooms and to themselves: state, profile, and looking at it. */
#include "sim-matrix/verbs.h"

#include "lib/mem.h"

#include "sim-matrix/content.h"
#include "sim-matrix/media.h"
#include "sim-matrix/people.h"
#include "sim-matrix/records.h"
#include "sim-matrix/room_make.h"

#include <stdlib.h>
#include <string.h>

struct doing { /* somebody about to change a room */
	struct sim_matrix *sim;
	struct user *user;
	struct room *room;
};

static bool doing_of(
        struct sim_matrix *sim, const cJSON *args, struct doing *out, struct err *err)
{
	out->sim = sim;
	return verb_actor(sim, args, &out->user, err) &&
	       verb_room(sim, args, out->user, &out->room, err);
}

/* Takes content. */
static bool put(struct doing *d, const char *type, cJSON *content, cJSON **result,
        struct err *err)
{
	struct event *event;

	if (!verb_send(d->sim, d->room, d->user, type, "", content, &event, err)) {
		return false;
	}
	*result = json_set_str(json_new(), "event_id", event->event_id);
	return true;
}

/* ---- state ---- */

bool verb_set_room_name(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	cJSON *content;
	struct doing d;

	if (!doing_of(sim, args, &d, err)) {
		return false;
	}
	content = json_set_str(json_new(), "name", json_str_or(args, "name", ""));
	return put(&d, "m.room.name", content, result, err);
}

bool verb_set_topic(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	cJSON *content;
	struct doing d;

	if (!doing_of(sim, args, &d, err)) {
		return false;
	}
	content = json_set_str(json_new(), "topic", json_str_or(args, "topic", ""));
	return put(&d, "m.room.topic", content, result, err);
}

static bool has_picture(const cJSON *args)
{
	return json_get(args, "url") != NULL || json_get(args, "file") != NULL ||
	       json_get(args, "contents") != NULL;
}

bool verb_set_room_avatar(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	autofree char *url = NULL;
	struct doing d;

	if (!doing_of(sim, args, &d, err)) {
		return false;
	}
	url = has_picture(args) ? verb_picture(sim, args, err) : NULL;
	if (url == NULL && has_picture(args)) {
		return false;
	}
	return put(
	        &d, "m.room.avatar", json_set_str(json_new(), "url", url), result, err);
}

bool verb_encrypt(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	cJSON *content;
	struct doing d;

	if (!doing_of(sim, args, &d, err)) {
		return false;
	}
	content = json_set_str(json_new(), "algorithm", "m.megolm.v1.aes-sha2");
	json_set_int(content, "rotation_period_ms", 604800000);
	json_set_int(content, "rotation_period_msgs", 100);
	return put(&d, "m.room.encryption", content, result, err);
}

static bool repin(struct sim_matrix *sim, const cJSON *args, bool pin, cJSON **result,
        struct err *err)
{
	const cJSON *item, *old;
	const struct event *state;
	struct event *event;
	cJSON *pinned;
	struct doing d;

	if (!doing_of(sim, args, &d, err)) {
		return false;
	}
	event = people_event(sim, d.room, json_str(args, "event"), err);
	if (event == NULL) {
		return false;
	}
	state = room_state(d.room, "m.room.pinned_events", "");
	old = state != NULL ? content_get(state->content, "pinned") : NULL;
	pinned = cJSON_CreateArray();
	cJSON_ArrayForEach(item, old)
	{
		if (cJSON_IsString(item) &&
		        strcmp(item->valuestring, event->event_id) != 0) {
			cJSON_AddItemToArray(pinned, content_copy(item));
		}
	}
	if (pin) {
		cJSON_AddItemToArray(pinned, cJSON_CreateString(event->event_id));
	}
	return put(&d, "m.room.pinned_events", json_set(json_new(), "pinned", pinned),
	        result, err);
}

bool verb_pin(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	return repin(sim, args, true, result, err);
}

bool verb_unpin(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	return repin(sim, args, false, result, err);
}

bool verb_upgrade(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	const char *version = room_version_known(json_str_or(args, "version", "11"));
	struct room *made;
	struct fail fail;
	struct doing d;

	if (!doing_of(sim, args, &d, err)) {
		return false;
	}
	if (version == NULL) {
		return err_set(err, ERR_PERMANENT, 0, "there is no room version %s",
		        json_str(args, "version"));
	}
	made = room_upgrade(
	        sim, (struct actor){d.user->user_id, false}, d.room, version, &fail);
	if (made == NULL) {
		return verb_refused(sim, &fail, err);
	}
	*result = json_set_str(json_new(), "room_id", made->room_id);
	return true;
}

/* ---- oneself ---- */

bool verb_set_avatar(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	autofree char *url = NULL;
	struct user *user;

	if (!verb_actor(sim, args, &user, err)) {
		return false;
	}
	url = has_picture(args) ? verb_picture(sim, args, err) : NULL;
	if (url == NULL && has_picture(args)) {
		return false;
	}
	profile_set_avatar(sim, user, url, false);
	*result = json_set_str(json_new(), "url", url);
	return true;
}

bool verb_leave_all(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	struct user *user;
	const char *room_id;
	struct fail fail;
	cJSON *left;

	if (!verb_actor(sim, args, &user, err)) {
		return false;
	}
	left = cJSON_CreateArray();
	for (size_t i = 0; map_next(user->rooms, &i, &room_id, NULL);) {
		struct room *room = room_find(sim, room_id);
		const char *now = room_membership(room, user->user_id);
		if ((str_equal(now, "join") || str_equal(now, "invite")) &&
		        members_leave(sim, room, (struct actor){user->user_id, false},
		                NULL, &fail)) {
			cJSON_AddItemToArray(left, cJSON_CreateString(room_id));
		}
	}
	*result = json_set(json_new(), "left", left);
	return true;
}

/* ---- looking ---- */

/* "alice bob": the members with this membership, in the order they came. */
static char *names_of(const struct room *room, const char *membership)
{
	char *names = xstrdup("");
	const char *user_id;

	for (size_t i = 0; map_next(room->members, &i, &user_id, NULL);) {
		if (str_equal(room_membership(room, user_id), membership)) {
			char *more =
			        xasprintf("%s%s%.*s", names, names[0] != '\0' ? " " : "",
			                (int)strcspn(user_id + 1, ":"), user_id + 1);
			free(names);
			names = more;
		}
	}
	return names;
}

static void add_state_text(cJSON *json, const struct room *room, const char *type,
        const char *key, const char *as)
{
	const struct event *event = room_state(room, type, "");

	json_set_str(json, as, event != NULL ? content_str(event->content, key) : NULL);
}

static void add_room(const struct sim_matrix *sim, cJSON *json, const struct room *room)
{
	autofree char *joined = names_of(room, "join");
	autofree char *invited = names_of(room, "invite");
	const struct media *avatar;

	add_state_text(json, room, "m.room.name", "name", "name");
	add_state_text(json, room, "m.room.topic", "topic", "topic");
	add_state_text(json, room, "m.room.avatar", "url", "url");
	add_state_text(json, room, "m.room.canonical_alias", "alias", "alias");
	add_state_text(json, room, "m.room.join_rules", "join_rule", "join_rule");
	add_state_text(json, room, "m.room.create", "type", "room_type");
	add_state_text(json, room, "m.room.tombstone", "replacement_room", "replaced_by");
	avatar = media_by_uri(sim, json_str(json, "url"));
	json_set_str(json, "sha256", avatar != NULL ? avatar->sha256 : NULL);
	json_set_str(json, "members", joined);
	json_set_str(json, "invited", invited);
	json_set_int(json, "joined", (int64_t)room->joined);
	json_set_bool(
	        json, "encrypted", room_state(room, "m.room.encryption", "") != NULL);
}

static bool add_one_state(
        cJSON *json, const struct room *room, const cJSON *args, struct err *err)
{
	const char *type = json_str(args, "type");
	const char *key = json_str_or(args, "key", "");
	const struct event *event = room_state(room, type, key);
	autofree char *text = NULL;

	if (event == NULL) {
		return err_set(err, ERR_PERMANENT, 404, "%s has no %s %s",
		        room_short_name(room), type, key);
	}
	text = json_print_sorted(event->content);
	json_set_str(json, "type", type);
	json_set_str(json, "state_key", key);
	json_set_str(json, "sender", event->sender);
	json_set_str(json, "event_id", event->event_id);
	json_set_str(json, "content", text);
	return true;
}

bool verb_look(void *sim_ptr, const cJSON *args, cJSON **result, struct err *err)
{
	struct sim_matrix *sim = sim_ptr;
	struct room *room;
	cJSON *json;

	if (!verb_room(sim, args, NULL, &room, err)) {
		return false;
	}
	json = json_set_str(json_new(), "kind", "look");
	json_set_str(json, "room", room->room_id);
	json_set_str(json, "in", room_short_name(room));
	if (json_str(args, "type") == NULL) {
		add_room(sim, json, room);
	} else if (!add_one_state(json, room, args, err)) {
		cJSON_Delete(json);
		return false;
	}
	*result = content_copy(json);
	records_emit(sim, json);
	return true;
}
