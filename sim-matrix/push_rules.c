#include "sim-matrix/push_rules.h"

#include "lib/mem.h"

#include "sim-matrix/auth_rules.h"
#include "sim-matrix/content.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

const char *const push_rule_kinds[] = {
        "override", "content", "room", "sender", "underride", NULL};

/* ---- the server's own rules: MXID and LOCALPART stand for the user ---- */

#define RULE(id, conditions, actions)                                                    \
	"{\"rule_id\":\".m.rule." id                                                     \
	"\",\"default\":true,\"enabled\":true,\"conditions\":[" conditions               \
	"],\"actions\":[" actions "]}"
#define IS(key, pattern)                                                                 \
	"{\"kind\":\"event_match\",\"key\":\"" key "\",\"pattern\":\"" pattern "\"}"
#define PROPERTY(key, value)                                                             \
	"{\"kind\":\"event_property_is\",\"key\":\"" key "\",\"value\":" value "}"
#define TWO "{\"kind\":\"room_member_count\",\"is\":\"2\"}"
#define MAY_NOTIFY_ROOM "{\"kind\":\"sender_notification_permission\",\"key\":\"room\"}"
#define SOUND(name) "{\"set_tweak\":\"sound\",\"value\":\"" name "\"}"
#define HIGHLIGHT "{\"set_tweak\":\"highlight\"}"

static const char default_rules[] =
        "{\"override\":["
        "{\"rule_id\":\".m.rule.master\",\"default\":true,\"enabled\":false,"
        "\"conditions\":[],\"actions\":[]}," /* the one that is off */
        RULE("suppress_notices", IS("content.msgtype", "m.notice"), "") "," RULE(
                "invite_for_me",
                IS("type", "m.room.member") "," IS("content.membership", "invite") "," IS(
                        "state_key", "MXID"),
                "\"notify\"," SOUND("default")) "," RULE("member_event",
                IS("type", "m.room.member"), "") "," RULE("is_user_mention",
                "{\"kind\":\"event_property_contains\",\"key\":"
                "\"content.m\\\\.mentions.user_ids\",\"value\":\"MXID\"}",
                "\"notify\"," SOUND(
                        "default") "," HIGHLIGHT) "," RULE("contains_display_name",
                "{\"kind\":\"contains_display_name\"}",
                "\"notify\"," SOUND("default") "," HIGHLIGHT) "," RULE("is_room_mention",
                PROPERTY("content.m\\\\.mentions.room", "true") "," MAY_NOTIFY_ROOM,
                "\"notify\"," HIGHLIGHT) "," RULE("roomnotif",
                IS("content.body", "@room") "," MAY_NOTIFY_ROOM,
                "\"notify\"," HIGHLIGHT) "," RULE("tombstone",
                IS("type", "m.room.tombstone") "," IS("state_key", ""),
                "\"notify\"," HIGHLIGHT) "," RULE("reaction", IS("type", "m.reaction"),
                "") "," RULE("room.server_acl",
                IS("type", "m.room.server_acl") "," IS("state_key", ""),
                "") "," RULE("suppress_edits",
                PROPERTY("content.m\\\\.relates_to.rel_type", "\"m.replace\""),
                "") "],\"content\":["
                    "{\"rule_id\":\".m.rule.contains_user_name\",\"default\":true,\"enabled\":true,"
                    "\"pattern\":\"LOCALPART\",\"actions\":[\"notify\"," SOUND(
                            "default") "," HIGHLIGHT
                                       "]}],\"room\":[],\"sender\":[],\"underride\":[" RULE(
                                               "call", IS("type", "m.call.invite"),
                                               "\"notify\"," SOUND(
                                                       "ring")) "," RULE("encrypted_room_one_to_one",
                                               TWO "," IS("type", "m.room.encrypted"),
                                               "\"notify\"," SOUND(
                                                       "default")) "," RULE("room_one_to_one",
                                               TWO "," IS("type", "m.room.message"),
                                               "\"notify\"," SOUND(
                                                       "default")) "," RULE("message",
                                               IS("type", "m.room.message"),
                                               "\"notify\"") "," RULE("encrypted",
                                               IS("type", "m.room.encrypted"),
                                               "\"notify\"") "]}";

static void put_user(cJSON *value, const struct user *user)
{
	cJSON *item;

	if (cJSON_IsString(value) && strcmp(value->valuestring, "MXID") == 0) {
		cJSON_SetValuestring(value, user->user_id);
	} else if (cJSON_IsString(value) &&
	           strcmp(value->valuestring, "LOCALPART") == 0) {
		cJSON_SetValuestring(value, user->localpart);
	}
	cJSON_ArrayForEach(item, value)
	{
		put_user(item, user);
	}
}

cJSON *push_rules_of(const struct user *user)
{
	const cJSON *kept = account_data_get(user, NULL, "m.push_rules");
	cJSON *rules;

	if (content_obj(kept, "global") != NULL) {
		return content_copy(content_obj(kept, "global"));
	}
	rules = cJSON_Parse(default_rules);
	if (rules == NULL) {
		abort();
	}
	put_user(rules, user);
	return rules;
}

void push_rules_set(struct sim_matrix *sim, struct user *user, cJSON *rules)
{
	account_data_set(
	        sim, user, NULL, "m.push_rules", json_set(json_new(), "global", rules));
}

/* ---- looking into an event ---- */

/* The next part of "content.m\.mentions.user_ids" without its backslashes; *path moves
 * on. Caller frees. */
static char *next_part(const char **path)
{
	char *part = xmalloc(strlen(*path) + 1);
	size_t length = 0;

	for (; **path != '\0' && **path != '.'; (*path)++) {
		if (**path == '\\' && (*path)[1] != '\0') {
			(*path)++;
		}
		part[length++] = **path;
	}
	part[length] = '\0';
	*path += **path == '.' ? 1 : 0;
	return part;
}

/* The member of the event's content that a path behind "content." names. */
static const cJSON *content_at(const struct event *event, const char *path)
{
	const cJSON *at = event->content;

	while (at != NULL && *path != '\0') {
		autofree char *part = next_part(&path);
		at = content_get(at, part);
	}
	return at;
}

static const char *text_at(const struct event *event, const char *key)
{
	const cJSON *value;

	if (str_starts(key, "content.")) {
		value = content_at(event, key + strlen("content."));
		return cJSON_IsString(value) ? value->valuestring : NULL;
	}
	if (strcmp(key, "type") == 0) {
		return event->type;
	}
	if (strcmp(key, "state_key") == 0) {
		return event->state_key;
	}
	if (strcmp(key, "room_id") == 0) {
		return event->room->room_id;
	}
	return strcmp(key, "sender") == 0 ? event->sender : NULL;
}

/* ---- conditions ---- */

static bool is_word_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '_' || (unsigned char)c >= 0x80;
}

/* Does a run of words in the text match the glob? */
static bool words_match(const char *text, const char *glob)
{
	size_t length = strlen(text);

	for (size_t from = 0; from < length; from++) {
		if (from > 0 && is_word_byte(text[from - 1]) &&
		        is_word_byte(text[from])) {
			continue;
		}
		for (size_t to = from + 1; to <= length; to++) {
			autofree char *part = NULL;
			if (to < length && is_word_byte(text[to - 1]) &&
			        is_word_byte(text[to])) {
				continue;
			}
			part = xstrndup(text + from, to - from);
			if (fnmatch(glob, part, FNM_NOESCAPE | FNM_CASEFOLD) == 0) {
				return true;
			}
		}
	}
	return false;
}

enum { BODY_LOOKED_AT = 1000 };

static bool text_matches(const char *text, const char *glob, bool by_words)
{
	autofree char *head = NULL;

	if (text == NULL || glob == NULL) {
		return false;
	}
	if (!by_words) {
		return fnmatch(glob, text, FNM_NOESCAPE | FNM_CASEFOLD) == 0;
	}
	head = xstrndup(text, strnlen(text, BODY_LOOKED_AT));
	return strpbrk(glob, "*?[") == NULL && strcasestr(head, glob) == NULL
	               ? false
	               : words_match(head, glob);
}

/* "2", "==2", "<2", ">=2" */
static bool count_matches(size_t count, const char *is)
{
	size_t digits = is != NULL ? strcspn(is, "0123456789") : 0;
	int64_t wanted, have = (int64_t)count;

	if (is == NULL || !str_to_int64(str_from(is + digits), 0, INT32_MAX, &wanted)) {
		return false;
	}
	if (is[0] == '<') {
		return is[1] == '=' ? have <= wanted : have < wanted;
	}
	if (is[0] == '>') {
		return is[1] == '=' ? have >= wanted : have > wanted;
	}
	return have == wanted;
}

static bool contains(const cJSON *list, const cJSON *value)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
	{
		if (cJSON_Compare(item, value, true)) {
			return true;
		}
	}
	return false;
}

static bool property_holds(
        const cJSON *condition, const struct event *event, bool within_list)
{
	const char *key = content_str(condition, "key");
	const cJSON *wanted = content_get(condition, "value");
	const cJSON *value = key != NULL && str_starts(key, "content.")
	                             ? content_at(event, key + strlen("content."))
	                             : NULL;

	if (value == NULL || wanted == NULL) {
		return false;
	}
	return within_list ? cJSON_IsArray(value) && contains(value, wanted)
	                   : cJSON_Compare(value, wanted, true) != 0;
}

static bool may_notify_room(const struct event *event)
{
	const struct event *levels = room_state(event->room, "m.room.power_levels", "");
	const cJSON *notifications =
	        levels != NULL ? content_obj(levels->content, "notifications") : NULL;
	const cJSON *room = content_get(notifications, "room");
	double needed = cJSON_IsNumber(room) ? room->valuedouble : 50;

	return (double)power_of_user(event->room, event->sender) >= needed;
}

static bool condition_holds(
        const cJSON *condition, const struct user *user, const struct event *event)
{
	const char *kind = content_str(condition, "kind");
	const char *key = content_str(condition, "key");

	if (str_equal(kind, "event_match")) {
		return key != NULL && text_matches(text_at(event, key),
		                              content_str(condition, "pattern"),
		                              strcmp(key, "content.body") == 0);
	}
	if (str_equal(kind, "event_property_is")) {
		return property_holds(condition, event, false);
	}
	if (str_equal(kind, "event_property_contains")) {
		return property_holds(condition, event, true);
	}
	if (str_equal(kind, "contains_display_name")) {
		return text_matches(content_str(event->content, "body"),
		        room_name_of_user(event->room->sim, event->room, user->user_id),
		        true);
	}
	if (str_equal(kind, "room_member_count")) {
		return count_matches(event->room->joined, content_str(condition, "is"));
	}
	return str_equal(kind, "sender_notification_permission") &&
	       may_notify_room(event);
}

/* ---- rules ---- */

/* Rules from before m.mentions are left out where it is. */
static bool is_superseded(const cJSON *rule, const struct event *event)
{
	const char *id = content_str(rule, "rule_id");

	return content_get(event->content, "m.mentions") != NULL &&
	       (str_equal(id, ".m.rule.contains_display_name") ||
	               str_equal(id, ".m.rule.roomnotif") ||
	               str_equal(id, ".m.rule.contains_user_name"));
}

static bool rule_holds(const char *kind, const cJSON *rule, const struct user *user,
        const struct event *event)
{
	const char *id = content_str(rule, "rule_id");
	const cJSON *condition;

	if (!cJSON_IsTrue(content_get(rule, "enabled")) || is_superseded(rule, event)) {
		return false;
	}
	if (strcmp(kind, "content") == 0) {
		return text_matches(content_str(event->content, "body"),
		        content_str(rule, "pattern"), true);
	}
	if (strcmp(kind, "room") == 0) {
		return str_equal(id, event->room->room_id);
	}
	if (strcmp(kind, "sender") == 0) {
		return str_equal(id, event->sender);
	}
	cJSON_ArrayForEach(condition, content_get(rule, "conditions"))
	{
		if (!condition_holds(condition, user, event)) {
			return false;
		}
	}
	return true;
}

static struct push_verdict verdict_of(const cJSON *rule)
{
	struct push_verdict verdict = {false, false};
	const cJSON *action;

	cJSON_ArrayForEach(action, content_get(rule, "actions"))
	{
		if (cJSON_IsString(action)) {
			verdict.notify |= strcmp(action->valuestring, "notify") == 0;
		} else if (str_equal(content_str(action, "set_tweak"), "highlight")) {
			verdict.highlight |= !cJSON_IsFalse(content_get(action, "value"));
		}
	}
	return verdict;
}

struct push_verdict push_rules_judge(
        const cJSON *rules, const struct user *user, const struct event *event)
{
	const cJSON *rule;

	if (strcmp(event->sender, user->user_id) == 0 || event->redacted_by != NULL) {
		return (struct push_verdict){false, false};
	}
	for (size_t i = 0; push_rule_kinds[i] != NULL; i++) {
		cJSON_ArrayForEach(rule, content_get(rules, push_rule_kinds[i]))
		{
			if (rule_holds(push_rule_kinds[i], rule, user, event)) {
				return verdict_of(rule);
			}
		}
	}
	return (struct push_verdict){false, false};
}
