#include "sim-matrix/auth_rules.h"

#include "sim-matrix/content.h"

#include <string.h>

/* ---- levels ---- */

static const cJSON *power_content(const struct room *room)
{
	const struct event *levels = room_state(room, "m.room.power_levels", "");

	return levels != NULL ? levels->content : NULL;
}

/* A level as a number, or as the text that rooms before version 10 may hold. */
static bool level_is(const cJSON *value, int64_t *out)
{
	if (cJSON_IsNumber(value)) {
		*out = (int64_t)value->valuedouble;
		return value->valuedouble == (double)*out;
	}
	return cJSON_IsString(value) &&
	       str_to_int64(str_from(value->valuestring), INT64_MIN, INT64_MAX, out);
}

static int64_t level_or(const cJSON *obj, const char *key, int64_t otherwise)
{
	int64_t level;

	return level_is(content_get(obj, key), &level) ? level : otherwise;
}

static int64_t level_of(const cJSON *value)
{
	int64_t level;

	return level_is(value, &level) ? level : 0;
}

static const char *creator_of(const struct room *room)
{
	const struct event *create = room_state(room, "m.room.create", "");

	return create != NULL ? create->sender : "";
}

int64_t power_of_user(const struct room *room, const char *user_id)
{
	const cJSON *content = power_content(room);

	if (content == NULL) {
		return strcmp(creator_of(room), user_id) == 0 ? 100 : 0;
	}
	return level_or(content_obj(content, "users"), user_id,
	        level_or(content, "users_default", 0));
}

int64_t power_for_action(const struct room *room, const char *action)
{
	return level_or(
	        power_content(room), action, strcmp(action, "invite") == 0 ? 0 : 50);
}

int64_t power_for_event(const struct room *room, const char *type, bool is_state)
{
	const cJSON *content = power_content(room);
	int64_t otherwise;

	otherwise = is_state ? level_or(content, "state_default", 50)
	                     : level_or(content, "events_default", 0);
	return level_or(content_obj(content, "events"), type, otherwise);
}

/* ---- membership ---- */

/* Room versions 7 (knock), 8 (restricted) and 10 (both) brought these. */
static bool rule_is_known(const char *rule, int version)
{
	static const struct {
		const char *rule;
		int since;
	} rules[] = {{"public", 1}, {"invite", 1}, {"private", 1}, {"knock", 7},
	        {"restricted", 8}, {"knock_restricted", 10}};

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (strcmp(rules[i].rule, rule) == 0) {
			return version >= rules[i].since;
		}
	}
	return false;
}

static const char *join_rule_of(const struct room *room)
{
	const struct event *rules = room_state(room, "m.room.join_rules", "");
	const char *rule =
	        rules != NULL ? content_str(rules->content, "join_rule") : NULL;

	return rule != NULL && rule_is_known(rule, room_version_number(room)) ? rule
	                                                                      : "invite";
}

static bool is_any(const char *text, const char *a, const char *b)
{
	return str_equal(text, a) || str_equal(text, b);
}

static const char *check_join(const struct room *room, const struct proposal *event)
{
	const char *now = room_membership(room, event->sender);
	const char *rule = join_rule_of(room);

	/* The creator's join, right after the create event. */
	if (room->event_count == 1 && strcmp(creator_of(room), event->state_key) == 0) {
		return NULL;
	}
	if (strcmp(event->sender, event->state_key) != 0) {
		return "Cannot force another user to join.";
	}
	if (str_equal(now, "ban")) {
		return "You are banned from this room";
	}
	if (str_equal(now, "join") || strcmp(rule, "public") == 0) {
		return NULL;
	}
	if (str_equal(now, "invite")) {
		return NULL;
	}
	if (is_any(rule, "restricted", "knock_restricted")) {
		const char *via =
		        content_str(event->content, "join_authorised_via_users_server");
		if (via != NULL && room_is_joined(room, via) &&
		        power_of_user(room, via) >= power_for_action(room, "invite")) {
			return NULL;
		}
	}
	return "You are not invited to this room.";
}

static const char *check_invite(const struct room *room, const struct proposal *event)
{
	const char *target = room_membership(room, event->state_key);

	if (content_get(event->content, "third_party_invite") != NULL) {
		return "Invalid third party invite";
	}
	if (!room_is_joined(room, event->sender)) {
		return "You are not in the room.";
	}
	if (str_equal(target, "ban")) {
		return "User is banned from the room";
	}
	if (str_equal(target, "join")) {
		return "User is already in the room.";
	}
	if (power_of_user(room, event->sender) < power_for_action(room, "invite")) {
		return "You don't have permission to invite users";
	}
	return NULL;
}

static const char *check_leave(const struct room *room, const struct proposal *event)
{
	const char *now = room_membership(room, event->state_key);
	int64_t power = power_of_user(room, event->sender);

	if (strcmp(event->sender, event->state_key) == 0) {
		bool inside = is_any(now, "join", "invite") || str_equal(now, "knock");
		return inside ? NULL : "You are not in the room.";
	}
	if (!room_is_joined(room, event->sender)) {
		return "You are not in the room.";
	}
	if (str_equal(now, "ban") && power < power_for_action(room, "ban")) {
		return "You cannot unban this user.";
	}
	if (power >= power_for_action(room, "kick") &&
	        power > power_of_user(room, event->state_key)) {
		return NULL;
	}
	return "You cannot kick this user.";
}

static const char *check_ban(const struct room *room, const struct proposal *event)
{
	int64_t power = power_of_user(room, event->sender);

	if (!room_is_joined(room, event->sender)) {
		return "You are not in the room.";
	}
	if (power >= power_for_action(room, "ban") &&
	        power > power_of_user(room, event->state_key)) {
		return NULL;
	}
	return "You don't have permission to ban";
}

static const char *check_knock(const struct room *room, const struct proposal *event)
{
	const char *now = room_membership(room, event->sender);

	if (!is_any(join_rule_of(room), "knock", "knock_restricted")) {
		return "You don't have permission to knock";
	}
	if (strcmp(event->sender, event->state_key) != 0) {
		return "You cannot knock for other users";
	}
	return is_any(now, "ban", "join") || str_equal(now, "invite")
	               ? "You cannot knock on this room."
	               : NULL;
}

static const char *check_member(const struct room *room, const struct proposal *event)
{
	static const struct {
		const char *membership;
		const char *(*check)(
		        const struct room *room, const struct proposal *event);
	} checks[] = {
	        {"join", check_join},
	        {"invite", check_invite},
	        {"leave", check_leave},
	        {"ban", check_ban},
	        {"knock", check_knock},
	};
	const char *membership = content_str(event->content, "membership");

	if (event->state_key == NULL || !user_id_valid(event->state_key)) {
		return "Membership event without a user";
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (str_equal(membership, checks[i].membership)) {
			return checks[i].check(room, event);
		}
	}
	return "Unknown membership";
}

/* ---- power levels ---- */

static bool is_level(const cJSON *value, bool texts_too)
{
	int64_t level;

	return (texts_too || cJSON_IsNumber(value)) && level_is(value, &level);
}

static bool levels_well_formed(const cJSON *content, bool texts_too)
{
	static const char *const numbers[] = {"users_default", "events_default",
	        "state_default", "ban", "redact", "kick", "invite"};
	static const char *const tables[] = {"events", "notifications", "users"};
	const cJSON *entry;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const cJSON *value = content_get(content, numbers[i]);
		if (value != NULL && !is_level(value, texts_too)) {
			return false;
		}
	}
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		const cJSON *table = content_get(content, tables[i]);
		if (table != NULL && !cJSON_IsObject(table)) {
			return false;
		}
		cJSON_ArrayForEach(entry, table)
		{
			bool is_users = i == 2;
			if (!is_level(entry, texts_too) ||
			        (is_users && !user_id_valid(entry->string))) {
				return false;
			}
		}
	}
	return true;
}

/* May `power` turn the old value of one entry (NULL: absent) into the new one? */
static bool may_change(const cJSON *old, const cJSON *new, int64_t power)
{
	bool same = old != NULL && new != NULL &&level_of(old) == level_of(new);

	if (same || (old == NULL && new == NULL)) {
		return true;
	}
	return (old == NULL || level_of(old) <= power) &&
	       (new == NULL || level_of(new) <= power);
}

static bool table_change_allowed(const cJSON *old, const cJSON *new, int64_t power)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, old)
	{
		if (!may_change(entry, content_get(new, entry->string), power)) {
			return false;
		}
	}
	cJSON_ArrayForEach(entry, new)
	{
		if (!may_change(content_get(old, entry->string), entry, power)) {
			return false;
		}
	}
	return true;
}

/* Beyond table_change_allowed: nobody but oneself is lowered from one's own level. */
static bool users_change_allowed(
        const cJSON *old, const cJSON *new, const char *sender, int64_t power)
{
	const cJSON *entry;

	cJSON_ArrayForEach(entry, old)
	{
		const cJSON *after = content_get(new, entry->string);
		bool same = after != NULL && level_of(after) == level_of(entry);
		if (!same && strcmp(entry->string, sender) != 0 &&
		        level_of(entry) >= power) {
			return false;
		}
	}
	return table_change_allowed(old, new, power);
}

static const char *check_power_levels(
        const struct room *room, const struct proposal *event)
{
	static const char *const numbers[] = {"users_default", "events_default",
	        "state_default", "ban", "redact", "kick", "invite"};
	const cJSON *old = power_content(room);
	const cJSON *new = event->content;
	int64_t power = power_of_user(room, event->sender);

	if (!levels_well_formed(new, room_version_number(room) < 10)) {
		return "Invalid power levels";
	}
	if (old == NULL) {
		return NULL;
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!may_change(content_get(old, numbers[i]),
		            content_get(new, numbers[i]), power)) {
			return "You don't have permission to add ops level greater than your own";
		}
	}
	if (!table_change_allowed(
	            content_obj(old, "events"), content_obj(new, "events"), power) ||
	        !table_change_allowed(content_obj(old, "notifications"),
	                content_obj(new, "notifications"), power)) {
		return "You don't have permission to add ops level greater than your own";
	}
	if (!users_change_allowed(content_obj(old, "users"), content_obj(new, "users"),
	            event->sender, power)) {
		return "You don't have permission to remove ops level equal to your own";
	}
	return NULL;
}

/* ---- all ---- */

const char *auth_rules_check(const struct room *room, const struct proposal *event)
{
	if (strcmp(event->type, "m.room.create") == 0) {
		return room->event_count == 0 ? NULL : "Create event has prev events";
	}
	if (room->event_count == 0) {
		return "No create event in auth events";
	}
	if (strcmp(event->type, "m.room.member") == 0) {
		return check_member(room, event);
	}
	if (!room_is_joined(room, event->sender)) {
		return "You are not in the room.";
	}
	if (power_of_user(room, event->sender) <
	        power_for_event(room, event->type, event->state_key != NULL)) {
		return "You don't have permission to post that to the room.";
	}
	if (event->state_key != NULL && event->state_key[0] == '@' &&
	        strcmp(event->state_key, event->sender) != 0) {
		return "You are not allowed to set others state";
	}
	if (strcmp(event->type, "m.room.power_levels") == 0) {
		return check_power_levels(room, event);
	}
	return NULL;
}
