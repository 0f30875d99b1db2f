/* What a person's client sees: sync, messages, relations, typing; and people's verbs. */
#include "sim-matrix/events.h"

#include "tests/unit/sim_matrix_fixture.h"

static char *alice, *bob; /* access tokens */

static int setup_people(void **state)
{
	struct fixture *f = fixture_create(NULL);

	alice = verb_text(f, "register_user",
	        "{\"name\":\"alice\",\"displayname\":\"Alice\"}", "access_token");
	bob = verb_text(f, "register_user", "{\"name\":\"bob\"}", "access_token");
	say(f, "create_room", "{\"as\":\"alice\",\"room\":\"r\",\"name\":\"#general\"}");
	*state = f;
	return 0;
}

static int teardown_people(void **state)
{
	free(alice);
	free(bob);
	return teardown(state);
}

static struct room *labelled(struct fixture *f, const char *label)
{
	void *room;

	for (size_t i = 0; map_next(f->sim->rooms, &i, NULL, &room);) {
		if (str_equal(((struct room *)room)->label, label)) {
			return room;
		}
	}
	return NULL;
}

/* The part of the last sync about a room: "join", "invite" or "leave". */
static const cJSON *room_part(struct fixture *f, const char *kind, const char *label)
{
	return content_get(content_get(json_obj(f->reply, "rooms"), kind),
	        labelled(f, label)->room_id);
}

static void sync_now(struct fixture *f, const char *token, const char *since)
{
	autofree char *target = since != NULL
	                                ? xasprintf(C3 "sync?timeout=0&since=%s", since)
	                                : xstrdup(C3 "sync");

	expect_call(f, 200, NULL, "GET", target, token, "");
}

static char *next_batch(struct fixture *f)
{
	return xstrdup(json_str(f->reply, "next_batch"));
}

static void test_first_sync(void **state)
{
	struct fixture *f = *state;
	const cJSON *room;

	say(f, "post", "{\"as\":\"alice\",\"in\":\"r\",\"text\":\"hello\"}");
	sync_now(f, alice, NULL);
	room = room_part(f, "join", "r");
	assert_non_null(room);
	/* everything is in the timeline or, if older, in the state */
	assert_int_equal(cJSON_GetArraySize(json_arr(room, "timeline.events")), 8);
	assert_int_equal(cJSON_GetArraySize(json_arr(room, "state.events")), 0);
	assert_false(json_bool(room, "timeline.limited", true));
	sync_now(f, bob, NULL);
	assert_null(room_part(f, "join", "r"));
}

static void test_state_before_the_timeline(void **state)
{
	struct fixture *f = *state;
	const cJSON *room;
	autofree char *since = NULL;

	sync_now(f, alice, NULL);
	since = next_batch(f);
	for (int i = 0; i < 15; i++) {
		autofree char *args =
		        xasprintf("{\"as\":\"alice\",\"in\":\"r\",\"text\":\"m%d\"}", i);
		if (i == 2) {
			say(f, "set_state",
			        "{\"as\":\"alice\",\"room\":\"r\",\"type\":\"m.room.topic\","
			        "\"content\":{\"topic\":\"T\"}}");
		}
		say(f, "post", args);
	}
	sync_now(f, alice, since);
	room = room_part(f, "join", "r");
	assert_int_equal(cJSON_GetArraySize(json_arr(room, "timeline.events")), 10);
	assert_true(json_bool(room, "timeline.limited", false));
	assert_int_equal(cJSON_GetArraySize(json_arr(room, "state.events")), 1);
	assert_string_equal(
	        json_str(cJSON_GetArrayItem(json_arr(room, "state.events"), 0), "type"),
	        "m.room.topic");
}

static void test_long_poll(void **state)
{
	struct fixture *f = *state;
	autofree char *since = NULL;
	autofree char *target = NULL;

	sync_now(f, alice, NULL);
	since = next_batch(f);
	target = xasprintf(C3 "sync?since=%s&timeout=20000", since);
	start_call(f, "GET", target, alice, "");
	advance(f, 19000);
	assert_false(f->done);
	advance(f, 1500);
	assert_true(f->done);
	assert_int_equal(cJSON_GetArraySize(json_get(f->reply, "rooms.join")), 0);
	start_call(f, "GET", target, alice, "");
	settle(f);
	assert_false(f->done);
	say(f, "post", "{\"as\":\"alice\",\"in\":\"r\",\"text\":\"news\"}");
	wait_answer(f);
	assert_non_null(room_part(f, "join", "r"));
}

/* However long the client asks, 30 s is the end. */
static void test_long_poll_is_capped(void **state)
{
	struct fixture *f = *state;
	autofree char *since = NULL;
	autofree char *target = NULL;

	sync_now(f, alice, NULL);
	since = next_batch(f);
	target = xasprintf(C3 "sync?since=%s&timeout=900000", since);
	start_call(f, "GET", target, alice, "");
	advance(f, 30100);
	assert_true(f->done);
}

static void test_invite_and_leave(void **state)
{
	struct fixture *f = *state;
	autofree char *before = NULL, *after = NULL;
	const cJSON *events, *event;
	bool found = false;

	sync_now(f, bob, NULL);
	before = next_batch(f);
	say(f, "invite", "{\"as\":\"alice\",\"room\":\"r\",\"user\":\"bob\"}");
	sync_now(f, bob, before);
	events = json_arr(room_part(f, "invite", "r"), "invite_state.events");
	cJSON_ArrayForEach(event, events)
	{
		found = found || str_equal(json_str(event, "state_key"), "@bob:sim.test");
		assert_null(json_get(event, "event_id"));
	}
	assert_true(found);
	say(f, "accept", "{\"as\":\"bob\"}");
	sync_now(f, bob, before);
	assert_null(room_part(f, "invite", "r"));
	assert_true(cJSON_GetArraySize(
	                    json_arr(room_part(f, "join", "r"), "timeline.events")) > 0);
	assert_non_null(content_get(room_part(f, "join", "r"), "summary"));
	after = next_batch(f);
	say(f, "kick", "{\"as\":\"alice\",\"room\":\"r\",\"user\":\"bob\"}");
	sync_now(f, bob, after);
	assert_int_equal(
	        cJSON_GetArraySize(json_arr(room_part(f, "leave", "r"), "state.events")),
	        1);
}

/* A client sees the transaction IDs of its own sends, never those of others. */
static void test_transaction_ids_are_private(void **state)
{
	struct fixture *f = *state;
	autofree char *send = NULL;
	autofree char *before = NULL;
	const cJSON *event;

	say(f, "invite", "{\"as\":\"alice\",\"room\":\"r\",\"user\":\"bob\"}");
	say(f, "accept", "{\"as\":\"bob\"}");
	sync_now(f, bob, NULL);
	before = next_batch(f);
	send = xasprintf(C3 "rooms/%s/send/m.room.message/tx", labelled(f, "r")->room_id);
	expect_call(f, 200, NULL, "PUT", send, alice, "{\"body\":\"x\"}");
	sync_now(f, bob, before);
	event = cJSON_GetArrayItem(
	        json_arr(room_part(f, "join", "r"), "timeline.events"), 0);
	assert_null(json_get(event, "unsigned"));
	sync_now(f, alice, before);
	event = cJSON_GetArrayItem(
	        json_arr(room_part(f, "join", "r"), "timeline.events"), 0);
	assert_string_equal(json_str(event, "unsigned.transaction_id"), "tx");
}

static void test_messages(void **state)
{
	struct fixture *f = *state;
	const char *room = labelled(f, "r")->room_id;
	autofree char *last = xasprintf(C3 "rooms/%s/messages?dir=b&limit=3", room);
	autofree char *end = NULL, *more = NULL, *forward = NULL, *filtered = NULL;
	int seen = 0;

	for (int i = 0; i < 5; i++) {
		autofree char *args =
		        xasprintf("{\"as\":\"alice\",\"in\":\"r\",\"text\":\"m%d\"}", i);
		say(f, "post", args);
	}
	expect_call(f, 200, NULL, "GET", last, alice, "");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "chunk")), 3);
	assert_string_equal(json_str(cJSON_GetArrayItem(json_arr(f->reply, "chunk"), 0),
	                            "content.body"),
	        "m4");
	end = xstrdup(json_str(f->reply, "end"));
	for (int i = 0; i < 10 && end != NULL; i++) {
		free(more);
		more = xasprintf(C3 "rooms/%s/messages?dir=b&limit=3&from=%s", room, end);
		expect_call(f, 200, NULL, "GET", more, alice, "");
		seen += cJSON_GetArraySize(json_arr(f->reply, "chunk"));
		free(end);
		end = xstrdup_null(json_str(f->reply, "end"));
	}
	assert_null(end); /* no end when nothing is left */
	assert_int_equal(seen, 7 + 5 - 3);
	forward = xasprintf(C3 "rooms/%s/messages?dir=f&limit=1", room);
	expect_call(f, 200, NULL, "GET", forward, alice, "");
	assert_string_equal(
	        json_str(cJSON_GetArrayItem(json_arr(f->reply, "chunk"), 0), "type"),
	        "m.room.create");
	filtered = xasprintf(C3
	        "rooms/%s/messages?dir=b&limit=50&filter=%%7B%%22types%%22%%3A%%5B%%22"
	        "m.room.message%%22%%5D%%7D",
	        room);
	expect_call(f, 200, NULL, "GET", filtered, alice, "");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "chunk")), 5);
	expect_call(
	        f, 200, NULL, "GET", last, bob, ""); /* not a member: nothing to see */
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "chunk")), 0);
}

static void test_relations_and_context(void **state)
{
	struct fixture *f = *state;
	const char *room = labelled(f, "r")->room_id;
	autofree char *id = verb_text(f, "post",
	        "{\"as\":\"alice\",\"in\":\"r\",\"text\":\"root\"}", "event_id");
	autofree char *all =
	        xasprintf("/_matrix/client/v1/rooms/%s/relations/%s", room, id);
	autofree char *edits = xasprintf("%s/m.replace", all);
	autofree char *reactions = xasprintf("%s/m.annotation/m.reaction", all);
	autofree char *context = xasprintf(C3 "rooms/%s/context/%s?limit=4", room, id);

	say(f, "edit",
	        "{\"as\":\"alice\",\"in\":\"r\",\"event\":\"root\",\"text\":\"new\"}");
	say(f, "react",
	        "{\"as\":\"alice\",\"in\":\"r\",\"event\":\"root\",\"key\":\"+\"}");
	say(f, "reply",
	        "{\"as\":\"alice\",\"in\":\"r\",\"event\":\"root\",\"text\":\"re\"}");
	say(f, "reply",
	        "{\"as\":\"alice\",\"in\":\"r\",\"event\":\"root\",\"text\":\"th\",\"thread\":true}");
	assert_string_equal(json_str(last_record(f, "event", "edit"), "text"), "new");
	assert_string_equal(json_str(last_record(f, "event", "edit"), "edits"), id);
	assert_string_equal(json_str(last_record(f, "event", "reaction"), "key"), "+");
	assert_string_equal(json_str(last_record(f, "text", "re"), "reply_to"), id);
	assert_string_equal(json_str(last_record(f, "text", "th"), "thread"), id);
	expect_call(f, 200, NULL, "GET", all, alice, "");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "chunk")), 4);
	expect_call(f, 200, NULL, "GET", edits, alice, "");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "chunk")), 1);
	expect_call(f, 200, NULL, "GET", reactions, alice, "");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "chunk")), 1);
	expect_call(f, 200, NULL, "GET", context, alice, "");
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "events_before")), 2);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "events_after")), 2);
	expect_call(f, 403, "M_FORBIDDEN", "GET", context, bob, "");
}

static void test_typing_and_receipts(void **state)
{
	struct fixture *f = *state;
	const char *room = labelled(f, "r")->room_id;
	autofree char *since = NULL;
	autofree char *typing = xasprintf(C3 "rooms/%s/typing/@alice:sim.test", room);
	autofree char *id = verb_text(
	        f, "post", "{\"as\":\"alice\",\"in\":\"r\",\"text\":\"x\"}", "event_id");
	autofree char *receipt = xasprintf(C3 "rooms/%s/receipt/m.read/%s", room, id);
	autofree char *odd = xasprintf(C3 "rooms/%s/receipt/m.odd/%s", room, id);

	sync_now(f, alice, NULL);
	since = next_batch(f);
	expect_call(f, 200, NULL, "PUT", typing, alice,
	        "{\"typing\":true,\"timeout\":30000}");
	expect_call(f, 403, "M_FORBIDDEN", "PUT", typing, bob, "{\"typing\":true}");
	expect_call(f, 200, NULL, "POST", receipt, alice, "{}");
	expect_call(f, 400, "M_INVALID_PARAM", "POST", odd, alice, "{}");
	sync_now(f, alice, since);
	assert_int_equal(cJSON_GetArraySize(
	                         json_arr(room_part(f, "join", "r"), "ephemeral.events")),
	        2);
}

/* A message to a device comes until the next sync has confirmed it; a used transaction ID
 * delivers nothing. */
static void test_to_device(void **state)
{
	struct fixture *f = *state;
	const char *body =
	        "{\"messages\":{\"@bob:sim.test\":{\"*\":{\"a\":1}},\"@no:x\":{\"d\":{}}}}";
	autofree char *since = NULL, *later = NULL;

	sync_now(f, bob, NULL);
	since = next_batch(f);
	expect_call(f, 200, NULL, "PUT", C3 "sendToDevice/m.x/t1", alice, body);
	expect_call(f, 200, NULL, "PUT", C3 "sendToDevice/m.x/t1", alice, body);
	for (int i = 0; i < 2; i++) {
		sync_now(f, bob, since);
		assert_int_equal(
		        cJSON_GetArraySize(json_arr(f->reply, "to_device.events")), 1);
	}
	assert_string_equal(
	        json_str(cJSON_GetArrayItem(json_arr(f->reply, "to_device.events"), 0),
	                "sender"),
	        "@alice:sim.test");
	later = next_batch(f);
	sync_now(f, bob, later);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "to_device.events")), 0);
	sync_now(f, bob, since);
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "to_device.events")), 0);
}

/* ---- people ---- */

static void test_auto_accept(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *pending = NULL;

	say(f, "register_user", "{\"name\":\"carl\",\"auto_accept\":true}");
	say(f, "invite", "{\"as\":\"alice\",\"room\":\"r\",\"user\":\"carl\"}");
	pending = sim_matrix_pending(f->sim);
	assert_int_equal(cJSON_GetArraySize(pending), 1);
	assert_false(room_is_joined(labelled(f, "r"), "@carl:sim.test"));
	settle(f);
	assert_true(room_is_joined(labelled(f, "r"), "@carl:sim.test"));
	say(f, "auto_accept", "{\"as\":\"carl\",\"on\":false}");
	say(f, "create_room", "{\"as\":\"bob\",\"room\":\"b\",\"invite\":[\"carl\"]}");
	settle(f);
	assert_false(room_is_joined(labelled(f, "b"), "@carl:sim.test"));
}

static void test_direct_chat(void **state)
{
	struct fixture *f = *state;
	const struct event *invite;

	say(f, "dm", "{\"as\":\"alice\",\"with\":\"bob\",\"room\":\"ab\"}");
	invite = map_get(labelled(f, "ab")->members, "@bob:sim.test");
	assert_true(json_bool(invite->content, "is_direct", false));
	assert_int_equal(cJSON_GetArraySize(content_get(
	                         account_data_get(user_find(f->sim, "@alice:sim.test"),
	                                 NULL, "m.direct"),
	                         "@bob:sim.test")),
	        1);
	say_wrong(f, "dm",
	        "{\"as\":\"alice\",\"with\":\"bob\",\"room\":\"ab\"}"); /* taken */
}

static void test_names_of_rooms(void **state)
{
	struct fixture *f = *state;
	const char *room_id = labelled(f, "r")->room_id;
	autofree char *by_id =
	        xasprintf("{\"as\":\"alice\",\"in\":\"%s\",\"text\":\"1\"}", room_id);
	const char *create = "{\"name\":\"#random\"}"; /* known by it once it is named */

	say(f, "post", by_id);
	say(f, "post", "{\"as\":\"@alice:sim.test\",\"room\":\"r\",\"text\":\"2\"}");
	say_wrong(f, "post", "{\"as\":\"alice\",\"in\":\"none\",\"text\":\"x\"}");
	say_wrong(f, "post", "{\"as\":\"alise\",\"in\":\"r\",\"text\":\"x\"}");
	say_wrong(f, "post", "{\"as\":\"bob\",\"in\":\"r\",\"text\":\"x\"}");
	/* without a label the name counts, without its # */
	expect_call(f, 200, NULL, "POST", C3 "createRoom", alice, create);
	say(f, "post", "{\"as\":\"alice\",\"in\":\"random\",\"text\":\"3\"}");
	say(f, "post", "{\"as\":\"alice\",\"in\":\"#random\",\"text\":\"4\"}");
	assert_int_equal(count_records(f, "in", "random"), 4);
	say(f, "post", "{\"as\":\"admin\",\"in\":\"#admins\",\"text\":\"5\"}");
	assert_string_equal(json_str(last_record(f, "text", "5"), "in"), "admins");
}

static void test_secrets(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *secrets = NULL;
	autofree char *text = NULL;

	register_as(f, "null");
	secrets = sim_matrix_secrets(f->sim);
	text = json_print(secrets);
	assert_non_null(strstr(text, alice));
	assert_non_null(strstr(text, "\"HS\""));
	assert_non_null(strstr(text, "\"AS\""));
}

static void test_end_resets_what_waits(void **state)
{
	struct fixture *f = *state;
	autofree char *since = NULL;
	autofree char *target = NULL;

	sync_now(f, alice, NULL);
	since = next_batch(f);
	target = xasprintf(C3 "sync?since=%s&timeout=20000", since);
	start_call(f, "GET", target, alice, "");
	settle(f);
	assert_false(f->done);
	sim_matrix_destroy(&f->sim);
	assert_true(f->done);
	assert_int_equal(f->end, CALL_RESET);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_people, teardown_people)
	const struct CMUnitTest tests[] = {
	        TEST(test_first_sync),
	        TEST(test_state_before_the_timeline),
	        TEST(test_long_poll),
	        TEST(test_long_poll_is_capped),
	        TEST(test_invite_and_leave),
	        TEST(test_transaction_ids_are_private),
	        TEST(test_messages),
	        TEST(test_relations_and_context),
	        TEST(test_typing_and_receipts),
	        TEST(test_to_device),
	        TEST(test_auto_accept),
	        TEST(test_direct_chat),
	        TEST(test_names_of_rooms),
	        TEST(test_secrets),
	        TEST(test_end_resets_what_waits),
	};

	return cmocka_run_group_tests_name("sim_matrix_sync", tests, NULL, NULL);
}
