/* Push rules, unread counts, filters, presence and knocks in /sync. */
/* proves: SIMM-01 */
#include "tests/unit/sim_matrix_fixture.h"

#define RULE C3 "pushrules/global/"

static char *alice, *bob;

static int begin(void **state, const char *profile)
{
	struct fixture *f = fixture_create(profile);

	alice = verb_text(f, "register_user", "{\"name\":\"alice\"}", "access_token");
	bob = verb_text(f, "register_user",
	        "{\"name\":\"bob\",\"displayname\":\"Bobby\"}", "access_token");
	say(f, "register_user", "{\"name\":\"carl\"}");
	say(f, "create_room",
	        "{\"as\":\"alice\",\"room\":\"r\",\"invite\":[\"bob\",\"carl\"]}");
	say(f, "accept", "{\"as\":\"bob\"}");
	say(f, "accept", "{\"as\":\"carl\"}");
	*state = f;
	return 0;
}

static int setup_conduwuit(void **state)
{
	return begin(state, NULL);
}

static int setup_strict(void **state)
{
	return begin(state, "synapse");
}

static int end(void **state)
{
	free(alice);
	free(bob);
	return teardown(state);
}

static const char *room_id(struct fixture *f)
{
	const char *id = NULL;
	void *value;

	for (size_t i = 0; map_next(f->sim->rooms, &i, &id, &value);) {
		if (str_equal(((struct room *)value)->label, "r")) {
			return id;
		}
	}
	return "";
}

/* Bob's room in an initial sync, with a filter (NULL: none). */
static const cJSON *bobs_room(struct fixture *f, const char *filter)
{
	autofree char *encoded = url_encode(filter != NULL ? filter : "");
	autofree char *target = xasprintf(
	        C3 "sync?timeout=0%s%s", filter != NULL ? "&filter=" : "", encoded);
	const cJSON *joined;

	expect_call(f, 200, NULL, "GET", target, bob, "");
	joined = content_obj(content_obj(f->reply, "rooms"), "join");
	return content_obj(joined, room_id(f));
}

static void expect_unread(struct fixture *f, int64_t notify, int64_t highlight)
{
	const cJSON *counts = content_obj(bobs_room(f, NULL), "unread_notifications");

	/* what is empty may be left out */
	assert_int_equal(json_int(counts, "notification_count", 0), notify);
	assert_int_equal(json_int(counts, "highlight_count", 0), highlight);
}

/* ---- counting ---- */

static const struct {
	const char *args; /* of post, by alice */
	int64_t notify, highlight;
} counted[] = {
        {"\"text\":\"plain\"", 1, 0},
        {"\"text\":\"hello bob!\"", 2, 1},
        {"\"text\":\"bobsled\"", 3, 1},
        {"\"text\":\"ask Bobby\"", 4, 2},
        {"\"text\":\"quiet\",\"msgtype\":\"m.notice\"", 4, 2},
        {"\"text\":\"you\",\"mentions\":[\"bob\"]", 5, 3},
        {"\"text\":\"bob, but another\",\"mentions\":[\"carl\"]", 6, 3},
        {"\"text\":\"all\",\"mentions\":[\"room\"]", 7, 4},
        {"\"text\":\"@room now\"", 8, 5},
};

static void test_rules_decide_what_counts(void **state)
{
	struct fixture *f = *state;

	say(f, "read", "{\"as\":\"bob\",\"in\":\"r\"}");
	for (size_t i = 0; i < sizeof(counted) / sizeof(counted[0]); i++) {
		autofree char *args =
		        xasprintf("{\"as\":\"alice\",\"in\":\"r\",%s}", counted[i].args);
		say(f, "post", args);
		expect_unread(f, counted[i].notify, counted[i].highlight);
	}
	say(f, "react",
	        "{\"as\":\"alice\",\"in\":\"r\",\"event\":\"plain\",\"key\":\"x\"}");
	say(f, "edit",
	        "{\"as\":\"alice\",\"in\":\"r\",\"event\":\"plain\",\"text\":\"bob\"}");
	expect_unread(f, 8, 5);
	say(f, "redact", "{\"as\":\"alice\",\"in\":\"r\",\"event\":\"ask Bobby\"}");
	expect_unread(f, 7, 4);
	say(f, "read", "{\"as\":\"bob\",\"in\":\"r\",\"private\":true}");
	expect_unread(f, 0, 0);
	say(f, "post", "{\"as\":\"alice\",\"in\":\"r\",\"text\":\"more\"}");
	expect_unread(f, 1, 0);
	say(f, "post", "{\"as\":\"bob\",\"in\":\"r\",\"text\":\"who speaks has read\"}");
	expect_unread(f, 0, 0);
}

static void test_muting_a_room(void **state)
{
	struct fixture *f = *state;
	autofree char *target = xasprintf(RULE "room/%s", room_id(f));

	say(f, "read", "{\"as\":\"bob\",\"in\":\"r\"}");
	expect_call(f, 200, NULL, "PUT", target, bob, "{\"actions\":[]}");
	say(f, "post", "{\"as\":\"alice\",\"in\":\"r\",\"text\":\"plain\"}");
	expect_unread(f, 0, 0);
	expect_call(f, 200, NULL, "DELETE", target, bob, "");
	expect_unread(f, 1, 0);
	expect_call(f, 200, NULL, "PUT", RULE "override/.m.rule.master/enabled", bob,
	        "{\"enabled\":true}");
	expect_unread(f, 0, 0);
}

/* ---- rules ---- */

static const struct {
	const char *method, *target, *body;
	int status;
	const char *errcode;
} rules[] = {
        {"GET", RULE "content/cheese", "", 404, "M_NOT_FOUND"},
        {"GET", RULE "nothing/cheese", "", 404, "M_NOT_FOUND"},
        {"PUT", RULE "content/cheese", "{\"actions\":[\"notify\"]}", 400,
                "M_INVALID_PARAM"},
        {"PUT", RULE "content/cheese", "{\"pattern\":\"c\"}", 400, "M_INVALID_PARAM"},
        {"PUT", RULE "content/.cheese", "{\"pattern\":\"c\",\"actions\":[]}", 400,
                "M_INVALID_PARAM"},
        {"PUT", RULE "content/cheese", "{\"pattern\":\"c\",\"actions\":[]}", 200, NULL},
        {"GET", RULE "content/cheese", "", 200, NULL},
        {"PUT", RULE "content/cheese/enabled", "{\"enabled\":false}", 200, NULL},
        {"PUT", RULE "content/cheese/enabled", "{\"enabled\":1}", 400, "M_INVALID_PARAM"},
        {"PUT", RULE "content/cheese/actions", "{\"actions\":[\"notify\"]}", 200, NULL},
        {"GET", RULE "content/cheese/actions", "", 200, NULL},
        {"GET", RULE "content/cheese/enabled", "", 200, NULL},
        {"PUT", RULE "content/none/enabled", "{\"enabled\":true}", 404, "M_NOT_FOUND"},
        {"DELETE", RULE "content/cheese", "", 200, NULL},
        {"DELETE", RULE "content/cheese", "", 404, "M_NOT_FOUND"},
        {"DELETE", RULE "override/.m.rule.master", "", 400, "M_INVALID_PARAM"},
        {"GET", C3 "pushrules/", "", 200, NULL},
        {"GET", C3 "pushrules/global/", "", 200, NULL},
        {"POST", C3 "pushers/set",
                "{\"pushkey\":\"k\",\"app_id\":\"a\",\"kind\":\"http\"}", 200, NULL},
        {"GET", C3 "pushers", "", 200, NULL},
};

static void test_rules_are_kept(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		expect_call(f, rules[i].status, rules[i].errcode, rules[i].method,
		        rules[i].target, bob, rules[i].body);
	}
	assert_int_equal(cJSON_GetArraySize(json_arr(f->reply, "pushers")), 1);
}

static void test_order_of_rules(void **state)
{
	struct fixture *f = *state;
	static const char body[] = "{\"pattern\":\"c\",\"actions\":[]}";
	static const char *const wanted[] = {"c", "b", "d", "a"};

	expect_call(f, 200, NULL, "PUT", RULE "content/a", bob, body);
	expect_call(f, 200, NULL, "PUT", RULE "content/b", bob, body);
	expect_call(f, 200, NULL, "PUT", RULE "content/c?before=b", bob, body);
	expect_call(f, 200, NULL, "PUT", RULE "content/d?after=b", bob, body);
	expect_call(f, 200, NULL, "GET", RULE, bob, "");
	for (int i = 0; i < 4; i++) {
		assert_string_equal(
		        json_str(cJSON_GetArrayItem(json_arr(f->reply, "content"), i),
		                "rule_id"),
		        wanted[i]);
	}
}

/* ---- filters ---- */

static void test_timeline_filters(void **state)
{
	struct fixture *f = *state;
	const cJSON *timeline;

	for (int i = 0; i < 30; i++) {
		say(f, "post", "{\"as\":\"alice\",\"in\":\"r\",\"text\":\"x\"}");
	}
	say(f, "post", "{\"as\":\"carl\",\"in\":\"r\",\"text\":\"carl's\"}");
	timeline = content_obj(
	        bobs_room(f, "{\"room\":{\"timeline\":{\"limit\":25}}}"), "timeline");
	assert_int_equal(cJSON_GetArraySize(json_arr(timeline, "events")), 25);
	timeline = content_obj(
	        bobs_room(f, "{\"room\":{\"timeline\":{\"senders\":[\"@carl:sim.test\"],"
	                     "\"not_types\":[\"m.room.member\"]}}}"),
	        "timeline");
	assert_int_equal(cJSON_GetArraySize(json_arr(timeline, "events")), 1);
	timeline = content_obj(
	        bobs_room(f, "{\"room\":{\"timeline\":{\"types\":[\"m.room.c*\"]}}}"),
	        "timeline");
	assert_true(cJSON_GetArraySize(json_arr(timeline, "events")) <= 2);
	assert_null(bobs_room(f, "{\"room\":{\"rooms\":[]}}"));
}

static void test_conduwuit_knows_no_timeline_filters(void **state)
{
	struct fixture *f = *state;
	const cJSON *timeline;

	for (int i = 0; i < 30; i++) {
		say(f, "post", "{\"as\":\"alice\",\"in\":\"r\",\"text\":\"x\"}");
	}
	timeline = content_obj(
	        bobs_room(f, "{\"room\":{\"timeline\":{\"limit\":25}}}"), "timeline");
	assert_int_equal(cJSON_GetArraySize(json_arr(timeline, "events")), 10);
}

static int members_in(const cJSON *room)
{
	const cJSON *event;
	int count = 0;

	cJSON_ArrayForEach(event, json_arr(content_obj(room, "state"), "events"))
	{
		count += str_equal(json_str(event, "type"), "m.room.member") ? 1 : 0;
	}
	return count;
}

static void test_members_are_loaded_lazily(void **state)
{
	struct fixture *f = *state;
	static const char lazy[] = "{\"room\":{\"state\":{\"lazy_load_members\":true}}}";

	for (int i = 0; i < 30; i++) {
		say(f, "post", "{\"as\":\"alice\",\"in\":\"r\",\"text\":\"x\"}");
	}
	assert_int_equal(members_in(bobs_room(f, NULL)), 3);
	assert_int_equal(members_in(bobs_room(f, lazy)), 2); /* who speaks, and bob */
}

/* ---- threads, presence, knocks ---- */

static void test_threads_count_by_themselves(void **state)
{
	struct fixture *f = *state;
	static const char by_thread[] = "{\"room\":{\"timeline\":{"
	                                "\"unread_thread_notifications\":true}}}";
	const cJSON *room, *threads;

	say(f, "post", "{\"as\":\"bob\",\"in\":\"r\",\"text\":\"root\"}");
	say(f, "post",
	        "{\"as\":\"alice\",\"in\":\"r\",\"text\":\"in it\",\"thread\":\"root\"}");
	room = bobs_room(f, by_thread);
	threads = content_obj(room, "unread_thread_notifications");
	assert_int_equal(json_int(content_obj(room, "unread_notifications"),
	                         "notification_count", 0),
	        0);
	assert_non_null(threads);
	assert_int_equal(json_int(threads->child, "notification_count", 0), 1);
	say(f, "post",
	        "{\"as\":\"bob\",\"in\":\"r\",\"text\":\"mine\",\"thread\":\"root\"}");
	threads = content_obj(bobs_room(f, by_thread), "unread_thread_notifications");
	assert_true(threads == NULL || threads->child == NULL);
}

static void test_presence_is_told(void **state)
{
	struct fixture *f = *state;
	autofree char *target = NULL;

	bobs_room(f, NULL);
	target = xasprintf(
	        C3 "sync?timeout=30000&since=%s", json_str(f->reply, "next_batch"));
	expect_call(f, 200, NULL, "PUT", C3 "presence/@alice:sim.test/status", alice,
	        "{\"presence\":\"unavailable\",\"status_msg\":\"lunch\"}");
	expect_call(f, 200, NULL, "GET", target, bob, "");
	assert_non_null(strstr(f->body, "\"status_msg\":\"lunch\""));
}

static void test_knocks_are_shown(void **state)
{
	struct fixture *f = *state;

	say(f, "create_room", "{\"as\":\"alice\",\"room\":\"k\"}");
	say(f, "set_state",
	        "{\"as\":\"alice\",\"room\":\"k\",\"type\":\"m.room.join_rules\","
	        "\"content\":{\"join_rule\":\"knock\"}}");
	say(f, "knock", "{\"as\":\"bob\",\"room\":\"k\"}");
	expect_call(f, 200, NULL, "GET", C3 "sync?timeout=0", bob, "");
	assert_non_null(content_obj(content_obj(f->reply, "rooms"), "knock"));
	assert_non_null(strstr(f->body, "\"knock_state\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                test_rules_decide_what_counts, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(test_muting_a_room, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_rules_are_kept, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_order_of_rules, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(test_timeline_filters, setup_strict, end),
	        cmocka_unit_test_setup_teardown(
	                test_conduwuit_knows_no_timeline_filters, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_members_are_loaded_lazily, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_threads_count_by_themselves, setup_strict, end),
	        cmocka_unit_test_setup_teardown(
	                test_presence_is_told, setup_conduwuit, end),
	        cmocka_unit_test_setup_teardown(
	                test_knocks_are_shown, setup_conduwuit, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
