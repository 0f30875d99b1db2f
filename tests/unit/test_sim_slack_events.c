#include "tests/unit/sim_slack_fixture.h"

struct listener { /* the app, connected and in general */
	struct fixture *f;
	struct ws ws;
};

static int setup_listener(void **state)
{
	struct listener *l = xcalloc(1, sizeof(*l));
	void *fixture = NULL;

	fixture_setup(&fixture);
	l->f = fixture;
	say(l->f, "app",
	        "{\"unsubscribe\":[\"message.channels\",\"member_joined_channel\"]}");
	say(l->f, "invite", "{\"in\":\"general\",\"bot\":true}");
	say(l->f, "app",
	        "{\"subscribe\":[\"message.channels\",\"member_joined_channel\"]}");
	ws_ready(&l->ws, l->f);
	*state = l;
	return 0;
}

static int teardown_listener(void **state)
{
	struct listener *l = *state;
	void *fixture = l->f;

	ws_close(&l->ws);
	fixture_teardown(&fixture);
	free(l);
	return 0;
}

/* The next event's payload, acknowledged; NULL if there is none. Caller deletes. */
static cJSON *next_payload(struct listener *l)
{
	cJSON *envelope, *payload;

	advance(l->f, 10);
	envelope = ws_message(&l->ws);
	if (!envelope) {
		return NULL;
	}
	ws_ack(&l->ws, envelope);
	payload = cJSON_DetachItemFromObjectCaseSensitive(envelope, "payload");
	cJSON_Delete(envelope);
	return payload;
}

/* The next events' types and subtypes are exactly these, "type/subtype" separated by
 * blanks. */
static void expect_events(struct listener *l, const char *wanted)
{
	struct buf got;

	buf_init(&got, 4096);
	for (;;) {
		autojson cJSON *payload = next_payload(l);
		const char *subtype = json_str(payload, "event.subtype");

		if (!payload) {
			break;
		}
		buf_printf(&got, "%s%s%s%s", got.len ? " " : "",
		        json_str(payload, "event.type"), subtype ? "/" : "",
		        subtype ? subtype : "");
	}
	assert_string_equal(buf_cstr(&got), wanted);
	buf_finish(&got);
}

static void test_wrapper(void **state)
{
	struct listener *l = *state;
	autojson cJSON *payload = NULL, *sent = NULL;
	const cJSON *who;

	sent = verb(l->f, "post", "{\"in\":\"general\",\"text\":\"hi\"}");
	payload = next_payload(l);
	assert_string_equal(json_str(payload, "team_id"), "T0SIMTEAM0");
	assert_string_equal(json_str(payload, "context_team_id"), "T0SIMTEAM0");
	assert_true(cJSON_IsNull(json_get(payload, "context_enterprise_id")));
	assert_string_equal(json_str(payload, "api_app_id"), "A0SIMAPP00");
	assert_string_equal(json_str(payload, "type"), "event_callback");
	assert_string_equal(json_str(payload, "event_id"), json_str(sent, "event_id"));
	assert_true(str_starts(json_str(payload, "event_id"), "Ev"));
	assert_int_equal(json_int(payload, "event_time", 0), FIXTURE_WALL_MS / 1000);
	assert_true(
	        str_starts(json_str(payload, "event_context"), "4-eyJldCI6Im1lc3NhZ2Ui"));
	assert_false(json_bool(payload, "is_ext_shared_channel", true));
	who = json_arr(payload, "authorizations")->child;
	assert_string_equal(json_str(who, "user_id"), "U0SIMBOT00");
	assert_true(json_bool(who, "is_bot", false));
	assert_null(who->next);
}

static void test_message_of_a_person(void **state)
{
	struct listener *l = *state;
	autojson cJSON *payload = NULL;
	const cJSON *event;

	say(l->f, "post", "{\"in\":\"general\",\"text\":\"hi <@U0SIMCAROL>\"}");
	payload = next_payload(l);
	event = json_obj(payload, "event");
	assert_string_equal(json_str(event, "type"), "message");
	assert_null(json_str(event, "subtype"));
	assert_string_equal(json_str(event, "user"), "U0SIMALICE");
	assert_string_equal(json_str(event, "channel"), "C0GENERAL0");
	assert_string_equal(json_str(event, "channel_type"), "channel");
	assert_string_equal(json_str(event, "ts"), json_str(event, "event_ts"));
	assert_string_equal(json_str(event, "team"), "T0SIMTEAM0");
	assert_int_equal(strlen(json_str(event, "client_msg_id")), 36);
	assert_string_equal(
	        json_str(json_arr(event, "blocks")->child, "type"), "rich_text");
	assert_null(json_str(event, "bot_id"));
}

static void test_own_messages_come_back(void **state)
{
	struct listener *l = *state;
	autojson cJSON *plain = NULL, *custom = NULL;

	call_ok(l->f, "chat.postMessage", "channel=C0GENERAL0&text=mine");
	plain = next_payload(l);
	assert_null(json_str(plain, "event.subtype"));
	assert_string_equal(json_str(plain, "event.user"), "U0SIMBOT00");
	assert_string_equal(json_str(plain, "event.bot_id"), "B0SIMBOT00");
	assert_string_equal(json_str(plain, "event.app_id"), "A0SIMAPP00");
	assert_string_equal(json_str(plain, "event.bot_profile.id"), "B0SIMBOT00");
	call_ok(l->f, "chat.postMessage",
	        "channel=C0GENERAL0&text=bob&username=Bob&icon_url=http://i/b.png"
	        "&metadata={\"event_type\":\"m\",\"event_payload\":{\"event_id\":\"$1\"}}");
	custom = next_payload(l);
	assert_string_equal(json_str(custom, "event.subtype"), "bot_message");
	assert_null(json_str(custom, "event.user"));
	assert_string_equal(json_str(custom, "event.username"), "Bob");
	assert_string_equal(json_str(custom, "event.bot_id"), "B0SIMBOT00");
	assert_string_equal(json_str(custom, "event.metadata.event_type"), "m");
	assert_null(json_get(custom, "event.metadata.event_payload"));
}

static void test_edits_and_deletions(void **state)
{
	struct listener *l = *state;
	autojson cJSON *sent =
	        verb(l->f, "post", "{\"in\":\"general\",\"text\":\"old\"}");
	autojson cJSON *edit = NULL, *gone = NULL;
	const cJSON *event;

	expect_events(l, "message");
	say(l->f, "edit", "{\"in\":\"general\",\"of\":\"old\",\"text\":\"new\"}");
	edit = next_payload(l);
	event = json_obj(edit, "event");
	assert_string_equal(json_str(event, "subtype"), "message_changed");
	assert_true(json_bool(event, "hidden", false));
	assert_string_equal(json_str(event, "ts"), json_str(event, "event_ts"));
	assert_string_not_equal(json_str(event, "ts"), json_str(sent, "ts"));
	assert_string_equal(json_str(event, "message.ts"), json_str(sent, "ts"));
	assert_string_equal(json_str(event, "message.text"), "new");
	assert_string_equal(json_str(event, "message.edited.user"), "U0SIMALICE");
	assert_string_equal(json_str(event, "previous_message.text"), "old");
	say(l->f, "delete", "{\"in\":\"general\",\"of\":\"new\"}");
	gone = next_payload(l);
	event = json_obj(gone, "event");
	assert_string_equal(json_str(event, "subtype"), "message_deleted");
	assert_string_equal(json_str(event, "deleted_ts"), json_str(sent, "ts"));
	assert_string_equal(json_str(event, "previous_message.text"), "new");
	say_wrong(l->f, "edit", "{\"in\":\"general\",\"of\":\"new\",\"text\":\"x\"}");
}

/* A parent with replies stays as a tombstone until its last reply goes. */
static void test_tombstone(void **state)
{
	struct listener *l = *state;
	autojson cJSON *tombstone = NULL;
	const cJSON *event;

	say(l->f, "post", "{\"in\":\"general\",\"text\":\"parent\"}");
	say(l->f, "post",
	        "{\"in\":\"general\",\"text\":\"reply\",\"thread_of\":\"parent\"}");
	expect_events(l, "message message");
	say(l->f, "delete", "{\"in\":\"general\",\"of\":\"parent\"}");
	tombstone = next_payload(l);
	event = json_obj(tombstone, "event");
	assert_string_equal(json_str(event, "subtype"), "message_changed");
	assert_string_equal(json_str(event, "message.subtype"), "tombstone");
	assert_string_equal(json_str(event, "message.user"), "USLACKBOT");
	assert_string_equal(json_str(event, "message.text"), "This message was deleted.");
	assert_int_equal(json_int(event, "message.reply_count", 0), 1);
	assert_string_equal(json_str(event, "previous_message.text"), "parent");
	say(l->f, "delete", "{\"in\":\"general\",\"of\":\"reply\"}");
	expect_events(l, "message/message_deleted message/message_deleted");
}

static void test_thread_events(void **state)
{
	struct listener *l = *state;
	autojson cJSON *sent =
	        verb(l->f, "post", "{\"in\":\"general\",\"text\":\"parent\"}");
	autojson cJSON *reply = NULL, *broadcast = NULL;

	expect_events(l, "message");
	say(l->f, "post",
	        "{\"as\":\"carol\",\"in\":\"general\",\"text\":\"r\",\"thread_of\":\"parent\"}");
	reply = next_payload(l);
	assert_null(json_str(reply, "event.subtype"));
	assert_string_equal(json_str(reply, "event.thread_ts"), json_str(sent, "ts"));
	assert_string_equal(json_str(reply, "event.parent_user_id"), "U0SIMALICE");
	say(l->f, "post",
	        "{\"as\":\"carol\",\"in\":\"general\",\"text\":\"b\",\"thread_of\":\"parent\","
	        "\"broadcast\":true}");
	broadcast = next_payload(l);
	assert_string_equal(json_str(broadcast, "event.subtype"), "thread_broadcast");
	assert_string_equal(json_str(broadcast, "event.root.text"), "parent");
	say(l->f, "knob", "{\"name\":\"parent_changed\",\"value\":true}");
	say(l->f, "post",
	        "{\"in\":\"general\",\"text\":\"r2\",\"thread_of\":\"parent\"}");
	expect_events(l, "message message/message_changed");
}

static void test_reactions_and_pins(void **state)
{
	struct listener *l = *state;
	autojson cJSON *sent = verb(l->f, "post", "{\"in\":\"general\",\"text\":\"x\"}");
	autojson cJSON *react = NULL, *hook = NULL, *pin = NULL, *unpin = NULL;

	expect_events(l, "message");
	say(l->f, "react",
	        "{\"as\":\"carol\",\"in\":\"general\",\"of\":\"x\",\"name\":\"+1\"}");
	say_wrong(l->f, "react",
	        "{\"as\":\"carol\",\"in\":\"general\",\"of\":\"x\",\"name\":\"+1\"}");
	react = next_payload(l);
	assert_string_equal(json_str(react, "event.type"), "reaction_added");
	assert_string_equal(json_str(react, "event.user"), "U0SIMCAROL");
	assert_string_equal(json_str(react, "event.reaction"), "+1");
	assert_string_equal(json_str(react, "event.item.ts"), json_str(sent, "ts"));
	assert_string_equal(json_str(react, "event.item.channel"), "C0GENERAL0");
	assert_string_equal(json_str(react, "event.item_user"), "U0SIMALICE");
	say(l->f, "unreact",
	        "{\"as\":\"carol\",\"in\":\"general\",\"of\":\"x\",\"name\":\"+1\"}");
	expect_events(l, "reaction_removed");
	/* No item_user where no user wrote it. */
	say(l->f, "post", "{\"in\":\"general\",\"text\":\"hook\",\"username\":\"CI\"}");
	expect_events(l, "message/bot_message");
	say(l->f, "react", "{\"in\":\"general\",\"of\":\"hook\",\"name\":\"eyes\"}");
	hook = next_payload(l);
	assert_null(json_str(hook, "event.item_user"));
	say(l->f, "pin", "{\"in\":\"general\",\"of\":\"x\"}");
	pin = next_payload(l);
	assert_string_equal(json_str(pin, "event.type"), "pin_added");
	assert_string_equal(json_str(pin, "event.channel_id"), "C0GENERAL0");
	assert_int_equal(json_int(pin, "event.pin_count", 0), 1);
	assert_string_equal(json_str(pin, "event.item.message.text"), "x");
	say(l->f, "unpin", "{\"in\":\"general\",\"of\":\"x\"}");
	unpin = next_payload(l);
	assert_string_equal(json_str(unpin, "event.type"), "pin_removed");
	assert_false(json_bool(unpin, "event.has_pins", true));
	assert_null(json_get(unpin, "event.item.message.pinned_to"));
}

/* What the app hears depends on where it is, what it may and what it asked for. */
static void test_who_hears_what(void **state)
{
	struct listener *l = *state;

	say(l->f, "post", "{\"in\":\"random\",\"text\":\"not there\"}");
	say(l->f, "post", "{\"in\":\"secret\",\"text\":\"not there\"}");
	say(l->f, "react", "{\"in\":\"random\",\"of\":\"not there\",\"name\":\"+1\"}");
	expect_events(l, "");
	say(l->f, "invite", "{\"in\":\"secret\",\"bot\":true}");
	expect_events(l, "member_joined_channel message/channel_join");
	say(l->f, "post", "{\"in\":\"secret\",\"text\":\"there\"}");
	expect_events(l, "message");
	say(l->f, "app", "{\"ungrant\":[\"groups:history\"]}");
	say(l->f, "post", "{\"in\":\"secret\",\"text\":\"no scope\"}");
	expect_events(l, "");
	say(l->f, "app", "{\"unsubscribe\":[\"message.channels\"]}");
	say(l->f, "post", "{\"in\":\"general\",\"text\":\"not asked for\"}");
	expect_events(l, "");
	say(l->f, "post", "{\"as\":\"dave\",\"in\":\"@bot\",\"text\":\"direct\"}");
	expect_events(l, "message");
	say(l->f, "post", "{\"as\":\"dave\",\"in\":\"@carol\",\"text\":\"private\"}");
	expect_events(l, "");
	say(l->f, "kick", "{\"in\":\"general\",\"bot\":true}");
	expect_events(l, "channel_left");
}

static void test_direct_message(void **state)
{
	struct listener *l = *state;
	autojson cJSON *payload = NULL;

	say(l->f, "post", "{\"as\":\"dave\",\"in\":\"@bridge\",\"text\":\"hello\"}");
	payload = next_payload(l);
	assert_string_equal(json_str(payload, "event.channel_type"), "im");
	assert_int_equal(json_str(payload, "event.channel")[0], 'D');
}

static void test_channels(void **state)
{
	struct listener *l = *state;
	autojson cJSON *payload = NULL;

	say(l->f, "create_channel", "{\"name\":\"new\",\"members\":[\"carol\"]}");
	payload = next_payload(l);
	assert_string_equal(json_str(payload, "event.type"), "channel_created");
	assert_string_equal(json_str(payload, "event.channel.name"), "new");
	expect_events(l, "");
	say(l->f, "create_channel", "{\"name\":\"hidden\",\"private\":true}");
	expect_events(l, "");
	say_wrong(l->f, "create_channel", "{\"name\":\"hidden\"}");
	say(l->f, "rename", "{\"in\":\"general\",\"name\":\"lobby\"}");
	expect_events(l, "channel_rename message/channel_name");
	say(l->f, "rename", "{\"in\":\"random\",\"name\":\"chaos\"}");
	expect_events(l, "channel_rename");
	say(l->f, "topic", "{\"in\":\"lobby\",\"text\":\"a & b\"}");
	cJSON_Delete(payload);
	payload = next_payload(l);
	assert_string_equal(json_str(payload, "event.subtype"), "channel_topic");
	assert_string_equal(json_str(payload, "event.topic"), "a &amp; b");
	assert_string_equal(json_str(payload, "event.text"),
	        "<@U0SIMALICE> set the channel topic: a &amp; b");
	say(l->f, "topic", "{\"in\":\"lobby\",\"text\":\"\"}");
	expect_events(l, "message/channel_topic");
	say(l->f, "leave", "{\"as\":\"dave\",\"in\":\"lobby\"}");
	expect_events(l, "member_left_channel message/channel_leave");
	say(l->f, "join", "{\"as\":\"dave\",\"in\":\"lobby\"}");
	expect_events(l, "member_joined_channel message/channel_join");
}

static void test_archive_events(void **state)
{
	struct listener *l = *state;
	autojson cJSON *payload = NULL, *group = NULL;

	say(l->f, "archive", "{\"in\":\"general\",\"by\":\"carol\"}");
	payload = next_payload(l);
	assert_string_equal(json_str(payload, "event.type"), "channel_archive");
	assert_string_equal(json_str(payload, "event.user"), "U0SIMCAROL");
	assert_int_equal(json_int(payload, "event.is_moved", -1), 0);
	expect_events(l, "message/channel_archive");
	/* The app is out, so of the return it hears the workspace's event alone. */
	say(l->f, "unarchive", "{\"in\":\"general\"}");
	expect_events(l, "channel_unarchive");
	say(l->f, "invite", "{\"in\":\"secret\",\"bot\":true}");
	expect_events(l, "member_joined_channel message/channel_join");
	say(l->f, "archive", "{\"in\":\"secret\"}");
	expect_events(l, "group_archive message/channel_archive");
	say(l->f, "unarchive", "{\"in\":\"secret\"}");
	group = next_payload(l);
	assert_string_equal(json_str(group, "event.type"), "group_unarchive");
	assert_string_equal(json_str(group, "event.actor_id"), "U0SIMALICE");
	assert_null(json_str(group, "event.user"));
	expect_events(l, "message/channel_unarchive");
	say(l->f, "knob", "{\"name\":\"archive_event_first\",\"value\":false}");
	say(l->f, "knob", "{\"name\":\"archive_member_events\",\"value\":true}");
	say(l->f, "archive", "{\"in\":\"secret\"}");
	expect_events(l, "message/channel_archive group_archive group_left");
}

static void test_user_events(void **state)
{
	struct listener *l = *state;
	autojson cJSON *join = NULL, *change = NULL;

	say(l->f, "add_user", "{\"name\":\"erin\",\"real_name\":\"Erin Evans\"}");
	join = next_payload(l);
	assert_string_equal(json_str(join, "event.type"), "team_join");
	assert_string_equal(json_str(join, "event.user.profile.real_name"), "Erin Evans");
	say(l->f, "update_user",
	        "{\"user\":\"erin\",\"display_name\":\"E\",\"deleted\":true}");
	change = next_payload(l);
	assert_string_equal(json_str(change, "event.type"), "user_change");
	assert_true(json_bool(change, "event.user.deleted", false));
	assert_string_equal(json_str(change, "event.user.profile.display_name"), "E");
	say_wrong(l->f, "add_user", "{\"name\":\"erin\"}");
	say_wrong(l->f, "update_user", "{\"user\":\"nobody\"}");
	say(l->f, "app", "{\"subscribe\":[\"tokens_revoked\"]}");
	say(l->f, "revoke", "{\"events\":true}");
	expect_events(l, "tokens_revoked app_uninstalled");
}

/* The same seed and the same doings give the same records, byte for byte. */
static char *story(uint64_t seed)
{
	void *state = NULL;
	struct fixture *f;
	struct ws ws;
	char *text;

	fixture_setup_seeded(&state, seed);
	f = state;
	say(f, "invite", "{\"in\":\"general\",\"bot\":true}");
	ws_ready(&ws, f);
	for (int i = 0; i < 20; i++) {
		say(f, "post", "{\"in\":\"general\",\"text\":\"hi\"}");
		advance(f, 500);
	}
	call_ok(f, "chat.postMessage", "channel=C0GENERAL0&text=x");
	say(f, "create_channel", "{\"name\":\"new\"}");
	advance(f, 10000);
	ws_close(&ws);
	text = json_print(f->records);
	fixture_teardown(&state);
	return text;
}

static void test_same_seed_same_records(void **state)
{
	autofree char *one = story(7), *two = story(7), *other = story(8);

	(void)state;
	assert_string_equal(one, two);
	assert_string_not_equal(one, other);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_listener, teardown_listener)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(test_wrapper),
	        T(test_message_of_a_person),
	        T(test_own_messages_come_back),
	        T(test_edits_and_deletions),
	        T(test_tombstone),
	        T(test_thread_events),
	        T(test_reactions_and_pins),
	        T(test_who_hears_what),
	        T(test_direct_message),
	        T(test_channels),
	        T(test_archive_events),
	        T(test_user_events),
	        cmocka_unit_test(test_same_seed_same_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
