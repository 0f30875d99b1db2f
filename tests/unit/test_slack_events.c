#include "bridge/slack/events.h"
#include "lib/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* Puts an inner event into the outer wrapper, as Socket Mode brings it. */
static char *wrap(const char *event)
{
	return xasprintf("{\"token\":\"t\",\"team_id\":\"T1\",\"api_app_id\":\"A1\","
	                 "\"event\":%s,\"type\":\"event_callback\",\"event_id\":\"Ev1\","
	                 "\"event_time\":1700000000,\"authorizations\":[]}",
	        event);
}

static cJSON *parse(const char *text)
{
	cJSON *json = json_parse(str_from(text), NULL);

	assert_non_null(json);
	return json;
}

/* ---------------------------------------------------------------- whose effect is what
 */

static const struct {
	enum slack_event_kind kind;
	const char *event;
} kinds[] = {
        {SLACK_EVENT_MESSAGE, "{\"type\":\"message\",\"channel\":\"C1\",\"user\":\"U1\","
                              "\"text\":\"hi\",\"ts\":\"1.1\"}"},
        {SLACK_EVENT_MESSAGE, "{\"type\":\"message\",\"channel\":\"C1\",\"user\":\"U1\","
                              "\"text\":\"\",\"ts\":\"1.1\"}"},
        {SLACK_EVENT_MESSAGE, "{\"type\":\"message\",\"subtype\":\"bot_message\","
                              "\"channel\":\"C1\",\"bot_id\":\"B1\",\"text\":\"hi\","
                              "\"ts\":\"1.1\",\"username\":\"Bob\"}"},
        {SLACK_EVENT_MESSAGE, "{\"type\":\"message\",\"subtype\":\"me_message\","
                              "\"channel\":\"C1\",\"user\":\"U1\",\"text\":\"x\","
                              "\"ts\":\"1.1\"}"},
        {SLACK_EVENT_MESSAGE, "{\"type\":\"message\",\"subtype\":\"thread_broadcast\","
                              "\"channel\":\"C1\",\"user\":\"U1\",\"text\":\"x\","
                              "\"ts\":\"1.1\",\"thread_ts\":\"1.0\"}"},
        {SLACK_EVENT_MESSAGE, "{\"type\":\"message\",\"subtype\":\"file_share\","
                              "\"channel\":\"C1\",\"user\":\"U1\",\"text\":\"\","
                              "\"ts\":\"1.1\",\"files\":[{}]}"},
        /* not known, shown by Slack as text */
        {SLACK_EVENT_MESSAGE, "{\"type\":\"message\",\"subtype\":\"huddle_thread\","
                              "\"channel\":\"C1\",\"user\":\"USLACKBOT\","
                              "\"text\":\"A huddle\",\"ts\":\"1.1\"}"},
        {SLACK_EVENT_MESSAGE, "{\"type\":\"message\",\"subtype\":\"brand_new\","
                              "\"channel\":\"C1\",\"user\":\"U1\",\"text\":\"x\","
                              "\"ts\":\"1.1\"}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"message\",\"subtype\":\"brand_new\","
                              "\"channel\":\"C1\",\"user\":\"U1\",\"ts\":\"1.1\"}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"message\",\"subtype\":\"brand_new\","
                              "\"channel\":\"C1\",\"hidden\":true,\"text\":\"x\","
                              "\"ts\":\"1.1\"}"},
        /* hidden wins over everything */
        {SLACK_EVENT_IGNORED, "{\"type\":\"message\",\"channel\":\"C1\",\"user\":\"U1\","
                              "\"text\":\"x\",\"ts\":\"1.1\",\"hidden\":true}"},
        {SLACK_EVENT_EDITED,
                "{\"type\":\"message\",\"subtype\":\"message_changed\","
                "\"hidden\":true,\"channel\":\"C1\",\"ts\":\"2.1\",\"message\":{"
                "\"type\":\"message\",\"user\":\"U1\",\"text\":\"new\",\"ts\":\"1.1\"}}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"message\",\"subtype\":\"message_changed\","
                              "\"hidden\":true,\"channel\":\"C1\",\"ts\":\"2.1\"}"},
        {SLACK_EVENT_EDITED,
                "{\"type\":\"message\",\"subtype\":\"message_changed\","
                "\"hidden\":true,\"channel\":\"C1\",\"ts\":\"2.1\",\"message\":{"
                "\"type\":\"message\",\"user\":\"U1\",\"text\":\"new\",\"ts\":\"1.1\","
                "\"edited\":{\"user\":\"U1\",\"ts\":\"2.0\"}}}"},
        {SLACK_EVENT_IGNORED,
                "{\"type\":\"message\",\"subtype\":\"message_changed\","
                "\"hidden\":true,\"channel\":\"C1\",\"ts\":\"2.1\",\"message\":{"
                "\"edited\":{\"ts\":\"2.0\"}}}"},
        {SLACK_EVENT_DELETED,
                "{\"type\":\"message\",\"subtype\":\"message_changed\","
                "\"hidden\":true,\"channel\":\"C1\",\"ts\":\"2.1\",\"message\":{"
                "\"type\":\"message\",\"subtype\":\"tombstone\",\"user\":\"USLACKBOT\","
                "\"ts\":\"1.1\",\"thread_ts\":\"1.1\"}}"},
        {SLACK_EVENT_DELETED, "{\"type\":\"message\",\"subtype\":\"message_deleted\","
                              "\"hidden\":true,\"channel\":\"C1\",\"ts\":\"2.1\","
                              "\"deleted_ts\":\"1.1\"}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"message\",\"subtype\":\"message_deleted\","
                              "\"hidden\":true,\"channel\":\"C1\",\"ts\":\"2.1\"}"},
        /* message_replied as the Events API sends it: without subtype, by nobody */
        {SLACK_EVENT_IGNORED, "{\"type\":\"message\",\"channel\":\"C1\",\"ts\":\"2.1\","
                              "\"message\":{\"thread_ts\":\"1.1\",\"reply_count\":1}}"},
        {SLACK_EVENT_EMOJI_CHANGED, "{\"type\":\"emoji_changed\",\"event_ts\":\"2.1\"}"},
        {SLACK_EVENT_GROUP_CHANGED, "{\"type\":\"subteam_created\",\"subteam\":{\"id\":"
                                    "\"S1\",\"handle\":\"ops\"}}"},
        {SLACK_EVENT_GROUP_CHANGED, "{\"type\":\"subteam_updated\",\"subteam\":{\"id\":"
                                    "\"S1\",\"handle\":\"ops\"}}"},
        {SLACK_EVENT_IGNORED,
                "{\"type\":\"subteam_updated\",\"subteam\":{\"id\":\"S1\"}}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"subteam_created\",\"subteam\":\"S1\"}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"message\",\"subtype\":\"channel_join\","
                              "\"channel\":\"C1\",\"user\":\"U1\",\"ts\":\"1.1\","
                              "\"text\":\"<@U1> has joined the channel\"}"},
        {SLACK_EVENT_CHANNEL, "{\"type\":\"message\",\"subtype\":\"channel_topic\","
                              "\"channel\":\"C1\",\"user\":\"U1\",\"ts\":\"1.1\","
                              "\"text\":\"<@U1> set the channel topic: x\"}"},
        {SLACK_EVENT_CHANNEL, "{\"type\":\"message\",\"subtype\":\"channel_archive\","
                              "\"channel\":\"C1\",\"user\":\"U1\",\"ts\":\"1.1\","
                              "\"text\":\"archived the channel\"}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"message\",\"subtype\":\"ekm_access_denied\","
                              "\"channel\":\"C1\",\"user\":\"UREVOKEDU\","
                              "\"ts\":\"1.1\",\"text\":\"x\"}"},
        /* not whole */
        {SLACK_EVENT_IGNORED, "{\"type\":\"message\",\"user\":\"U1\",\"text\":\"hi\","
                              "\"ts\":\"1.1\"}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"message\",\"channel\":\"C1\","
                              "\"user\":\"U1\",\"text\":\"hi\"}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"message\",\"channel\":7,\"user\":[],"
                              "\"text\":{},\"ts\":1.1}"},
        {SLACK_EVENT_MEMBER_JOINED,
                "{\"type\":\"member_joined_channel\",\"user\":\"U1\","
                "\"channel\":\"C1\",\"channel_type\":\"C\",\"team\":\"T1\"}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"member_joined_channel\",\"user\":\"U1\"}"},
        {SLACK_EVENT_REACTION_ADDED,
                "{\"type\":\"reaction_added\",\"user\":\"U1\","
                "\"reaction\":\"eyes\",\"item\":{\"type\":\"message\","
                "\"channel\":\"C1\",\"ts\":\"1.1\"}}"},
        {SLACK_EVENT_REACTION_REMOVED,
                "{\"type\":\"reaction_removed\",\"user\":\"U1\","
                "\"reaction\":\"eyes\",\"item\":{\"type\":\"message\","
                "\"channel\":\"C1\",\"ts\":\"1.1\"}}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"reaction_added\",\"user\":\"U1\","
                              "\"reaction\":\"eyes\",\"item\":{\"type\":\"file\","
                              "\"channel\":\"C1\",\"ts\":\"1.1\"}}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"app_mention\",\"user\":\"U1\","
                              "\"channel\":\"C1\",\"text\":\"x\",\"ts\":\"1.1\"}"},
        {SLACK_EVENT_CHANNEL, "{\"type\":\"channel_rename\",\"channel\":{"
                              "\"id\":\"C1\",\"name\":\"n\"}}"},
        {SLACK_EVENT_CHANNEL, "{\"type\":\"group_unarchive\",\"channel\":\"C1\","
                              "\"actor_id\":\"U1\"}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"channel_archive\"}"},
        {SLACK_EVENT_MEMBER_LEFT, "{\"type\":\"member_left_channel\","
                                  "\"user\":\"U1\",\"channel\":\"C1\"}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"member_left_channel\",\"user\":\"U1\"}"},
        {SLACK_EVENT_CHANNEL_MOVED, "{\"type\":\"channel_id_changed\","
                                    "\"old_channel_id\":\"C1\","
                                    "\"new_channel_id\":\"C2\"}"},
        {SLACK_EVENT_IGNORED, "{\"type\":\"channel_id_changed\","
                              "\"old_channel_id\":\"C1\"}"},
        {SLACK_EVENT_TOKENS_REVOKED, "{\"type\":\"tokens_revoked\",\"tokens\":{}}"},
        {SLACK_EVENT_UNKNOWN, "{\"type\":\"from_the_future\",\"user\":\"U1\"}"},
};

static void test_kinds(void **state)
{
	(void)state;
	for (size_t i = 0; i < SIZE(kinds); i++) {
		autofree char *text = wrap(kinds[i].event);
		autojson cJSON *payload = parse(text);
		struct slack_event event;
		struct err err = ERR_INIT;
		assert_true(slack_event_parse(payload, &event, &err));
		if (event.kind != kinds[i].kind) {
			fail_msg("kind %d of %s", event.kind, kinds[i].event);
		}
	}
}

/* Every event type of the mautrix manifest is known, so that an unknown one stands out.
 */
static void test_manifest_events_are_known(void **state)
{
	static const char *const names[] = {"app_uninstalled", "channel_archive",
	        "channel_created", "channel_deleted", "channel_history_changed",
	        "channel_id_changed", "channel_left", "channel_rename", "channel_shared",
	        "channel_unarchive", "channel_unshared", "email_domain_changed",
	        "group_archive", "group_deleted", "group_history_changed", "group_left",
	        "group_rename", "group_unarchive", "im_history_changed",
	        "member_left_channel", "pin_added", "pin_removed", "reaction_added",
	        "reaction_removed", "team_domain_change", "team_join", "team_rename",
	        "user_change"};

	(void)state;
	for (size_t i = 0; i < SIZE(names); i++) {
		autofree char *event = xasprintf("{\"type\":\"%s\"}", names[i]);
		autofree char *text = wrap(event);
		autojson cJSON *payload = parse(text);
		struct slack_event out;
		assert_true(slack_event_parse(payload, &out, NULL));
		bool ends = strcmp(names[i], "app_uninstalled") == 0;
		assert_int_equal(out.kind,
		        ends ? SLACK_EVENT_APP_UNINSTALLED : SLACK_EVENT_IGNORED);
		assert_string_equal(out.type, names[i]);
	}
}

/* ---------------------------------------------------------------- fields */

static void test_fields_of_a_reply_by_a_person(void **state)
{
	autofree char *text = wrap("{\"type\":\"message\",\"channel\":\"C1\","
	                           "\"channel_type\":\"channel\",\"user\":\"U1\","
	                           "\"text\":\"a &lt; b\",\"ts\":\"1700000001.000200\","
	                           "\"thread_ts\":\"1700000000.000100\"}");
	autojson cJSON *payload = parse(text);
	struct slack_event e;

	(void)state;
	assert_true(slack_event_parse(payload, &e, NULL));
	assert_string_equal(e.type, "message");
	assert_string_equal(e.subtype, "");
	assert_string_equal(e.event_id, "Ev1");
	assert_string_equal(e.team_id, "T1");
	assert_string_equal(e.channel_id, "C1");
	assert_string_equal(e.user_id, "U1");
	assert_string_equal(e.bot_id, "");
	assert_string_equal(e.app_id, "");
	assert_string_equal(e.username, "");
	assert_string_equal(e.text, "a &lt; b");
	assert_string_equal(e.ts, "1700000001.000200");
	assert_string_equal(e.thread_ts, "1700000000.000100");
	assert_string_equal(e.mark, "");
}

static void test_fields_of_our_own_message(void **state)
{
	autofree char *text = wrap(
	        "{\"type\":\"message\",\"subtype\":\"bot_message\",\"channel\":\"C1\","
	        "\"bot_id\":\"B1\",\"bot_profile\":{\"id\":\"B1\",\"app_id\":\"A1\"},"
	        "\"username\":\"Bob (Matrix)\",\"text\":\"hi\",\"ts\":\"1.1\","
	        "\"metadata\":{\"event_type\":\"matrix_event\",\"event_payload\":"
	        "{\"event_id\":\"$abc\"}}}");
	autojson cJSON *payload = parse(text);
	struct slack_event e;

	(void)state;
	assert_true(slack_event_parse(payload, &e, NULL));
	assert_int_equal(e.kind, SLACK_EVENT_MESSAGE);
	assert_string_equal(e.subtype, "bot_message");
	assert_string_equal(e.user_id, "");
	assert_string_equal(e.bot_id, "B1");
	assert_string_equal(e.app_id, "A1");
	assert_string_equal(e.username, "Bob (Matrix)");
	assert_string_equal(e.mark, "$abc");
}

static void test_marks_of_others_are_none(void **state)
{
	static const char *const metadata[] = {
	        "{\"event_type\":\"matrix_event\"}", /* as events usually show it */
	        "{\"event_type\":\"else\",\"event_payload\":{\"event_id\":\"$abc\"}}",
	        "{\"event_payload\":{\"event_id\":\"$abc\"}}",
	        "{\"event_type\":\"matrix_event\",\"event_payload\":{\"event_id\":7}}",
	        "[]", "null"};

	(void)state;
	for (size_t i = 0; i < SIZE(metadata); i++) {
		autofree char *event = xasprintf(
		        "{\"type\":\"message\",\"channel\":\"C1\",\"user\":\"U1\","
		        "\"text\":\"x\",\"ts\":\"1.1\",\"metadata\":%s}",
		        metadata[i]);
		autofree char *text = wrap(event);
		autojson cJSON *payload = parse(text);
		struct slack_event e;
		assert_true(slack_event_parse(payload, &e, NULL));
		assert_string_equal(e.mark, "");
	}
}

static void test_a_parent_is_outside_its_thread(void **state)
{
	autofree char *text = wrap("{\"type\":\"message\",\"channel\":\"C1\","
	                           "\"user\":\"U1\",\"text\":\"x\",\"ts\":\"1.1\","
	                           "\"thread_ts\":\"1.1\"}");
	autojson cJSON *payload = parse(text);
	struct slack_event e;

	(void)state;
	assert_true(slack_event_parse(payload, &e, NULL));
	assert_string_equal(e.thread_ts, "");
}

/* Events differ in where they keep their channel and their user. */
static void test_places_of_channel_and_user(void **state)
{
	static const struct {
		const char *event, *channel_id, *user_id;
	} cases[] = {
	        {"{\"type\":\"channel_created\",\"channel\":{\"id\":\"C2\"}}", "C2", ""},
	        {"{\"type\":\"pin_added\",\"channel_id\":\"C3\",\"user\":\"U1\"}", "C3",
	                "U1"},
	        {"{\"type\":\"reaction_added\",\"user\":\"U1\","
	         "\"item\":{\"channel\":\"C4\",\"ts\":\"1.1\"}}",
	                "C4", "U1"},
	        {"{\"type\":\"user_change\",\"user\":{\"id\":\"U2\"}}", "", "U2"},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(cases); i++) {
		autofree char *text = wrap(cases[i].event);
		autojson cJSON *payload = parse(text);
		struct slack_event e;
		assert_true(slack_event_parse(payload, &e, NULL));
		assert_string_equal(e.channel_id, cases[i].channel_id);
		assert_string_equal(e.user_id, cases[i].user_id);
	}
}

/* ---------------------------------------------------------------- hostile */

static void test_without_the_outer_shape(void **state)
{
	static const char *const payloads[] = {"{}", "[]", "null", "\"x\"", "7",
	        "{\"event_id\":\"Ev1\"}", "{\"event_id\":\"Ev1\",\"event\":{}}",
	        "{\"event_id\":\"Ev1\",\"event\":[]}",
	        "{\"event_id\":\"Ev1\",\"event\":{\"type\":7}}",
	        "{\"event_id\":\"Ev1\",\"event\":{\"type\":\"\"}}",
	        "{\"event_id\":7,\"event\":{\"type\":\"message\"}}",
	        "{\"event_id\":\"\",\"event\":{\"type\":\"message\"}}",
	        "{\"event\":{\"type\":\"message\"}}"};

	(void)state;
	for (size_t i = 0; i < SIZE(payloads); i++) {
		autojson cJSON *payload = parse(payloads[i]);
		struct slack_event out = {.ts = "untouched"};
		struct err err = ERR_INIT;
		assert_false(slack_event_parse(payload, &out, &err));
		assert_int_equal(err.kind, ERR_PERMANENT);
		assert_string_equal(out.ts, "untouched");
	}
	assert_false(slack_event_parse(NULL, &(struct slack_event){0}, NULL));
}

static void test_app_rate_limited_is_named(void **state)
{
	autojson cJSON *payload =
	        parse("{\"token\":\"t\",\"type\":\"app_rate_limited\",\"team_id\":\"T1\","
	              "\"minute_rate_limited\":1518467820,\"api_app_id\":\"A1\"}");
	struct slack_event out;
	struct err err = ERR_INIT;

	(void)state;
	assert_false(slack_event_parse(payload, &out, &err));
	assert_string_equal(err.name, "app_rate_limited");
}

static void test_ids_have_a_bound(void **state)
{
	char long_id[300];
	struct slack_event out;

	(void)state;
	memset(long_id, 'E', sizeof(long_id));
	long_id[sizeof(long_id) - 1] = '\0';
	autofree char *text = xasprintf(
	        "{\"event_id\":\"%s\",\"event\":{\"type\":\"message\"}}", long_id);
	autojson cJSON *payload = parse(text);
	assert_false(slack_event_parse(payload, &out, NULL));

	autofree char *event =
	        xasprintf("{\"type\":\"message\",\"channel\":\"%s\",\"user\":\"U1\","
	                  "\"text\":\"x\",\"ts\":\"1.1\"}",
	                long_id);
	autofree char *other_text = wrap(event);
	autojson cJSON *other = parse(other_text);
	assert_true(slack_event_parse(other, &out, NULL));
	assert_int_equal(out.kind, SLACK_EVENT_IGNORED);
	assert_string_equal(out.channel_id, "");
}

/* What an emoji_changed says (Slack protocol reference, 2.2); all empty: read the list
 * again. */
static const struct {
	const char *event, *added, *value, *renamed, *removed;
} emoji_changes[] = {
        {"{\"subtype\":\"add\",\"name\":\"party\",\"value\":\"https://e/p.png\"}",
                "party", "https://e/p.png", "", NULL},
        {"{\"subtype\":\"add\",\"name\":\"fiesta\",\"value\":\"alias:party\"}", "fiesta",
                "alias:party", "", NULL},
        {"{\"subtype\":\"remove\",\"names\":[\"party\",\"fiesta\"]}", "", "", "",
                "[\"party\",\"fiesta\"]"},
        {"{\"subtype\":\"rename\",\"old_name\":\"a\",\"new_name\":\"b\","
         "\"value\":\"https://e/p.png\"}",
                "b", "https://e/p.png", "a", NULL},
        /* incomplete, or of a kind that is not known */
        {"{\"subtype\":\"rename\",\"old_name\":\"a\",\"new_name\":\"b\"}", "", "", "",
                NULL},
        {"{\"subtype\":\"add\",\"name\":\"party\"}", "", "", "", NULL},
        {"{\"subtype\":\"add\",\"name\":7,\"value\":\"https://e/p.png\"}", "",
                "https://e/p.png", "", NULL},
        {"{\"subtype\":\"remove\",\"names\":\"party\"}", "", "", "", NULL},
        {"{\"subtype\":\"imported\"}", "", "", "", NULL},
        {"{}", "", "", "", NULL},
};

static void test_changes_of_emoji(void **arg)
{
	(void)arg;
	for (size_t i = 0; i < SIZE(emoji_changes); i++) {
		autojson cJSON *raw = parse(emoji_changes[i].event);
		const struct slack_event event = {
		        .subtype = json_str_or(raw, "subtype", ""), .raw = raw};
		struct slack_emoji_change change;
		slack_event_emoji_change(&event, &change);
		autofree char *removed =
		        change.removed == NULL ? NULL : json_print(change.removed);
		assert_string_equal(change.added, emoji_changes[i].added);
		assert_string_equal(change.value, emoji_changes[i].value);
		assert_string_equal(change.renamed, emoji_changes[i].renamed);
		assert_int_equal(removed == NULL, emoji_changes[i].removed == NULL);
		if (removed != NULL) {
			assert_string_equal(removed, emoji_changes[i].removed);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_kinds),
	        cmocka_unit_test(test_manifest_events_are_known),
	        cmocka_unit_test(test_fields_of_a_reply_by_a_person),
	        cmocka_unit_test(test_fields_of_our_own_message),
	        cmocka_unit_test(test_marks_of_others_are_none),
	        cmocka_unit_test(test_a_parent_is_outside_its_thread),
	        cmocka_unit_test(test_places_of_channel_and_user),
	        cmocka_unit_test(test_without_the_outer_shape),
	        cmocka_unit_test(test_app_rate_limited_is_named),
	        cmocka_unit_test(test_ids_have_a_bound),
	        cmocka_unit_test(test_changes_of_emoji),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
