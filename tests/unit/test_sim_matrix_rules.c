#include "sim-matrix/auth_rules.h"
#include "sim-matrix/events.h"

#include "tests/unit/sim_matrix_fixture.h"

/* One room: ann made it (100), ben is a moderator (50), cat a member, dan invited, eve
 * banned, fay outside. */
static void build(struct fixture *f)
{
	static const char *const names[] = {"ann", "ben", "cat", "dan", "eve", "fay"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		autofree char *args = xasprintf("{\"name\":\"%s\"}", names[i]);
		say(f, "register_user", args);
	}
	say(f, "create_room",
	        "{\"as\":\"ann\",\"room\":\"r\",\"invite\":[\"ben\",\"cat\",\"dan\",\"eve\"]}");
	say(f, "accept", "{\"as\":\"ben\"}");
	say(f, "accept", "{\"as\":\"cat\"}");
	say(f, "ban", "{\"as\":\"ann\",\"room\":\"r\",\"user\":\"eve\"}");
	say(f, "power", "{\"as\":\"ann\",\"room\":\"r\",\"user\":\"ben\",\"level\":50}");
}

static int setup_room(void **state)
{
	struct fixture *f = fixture_create(NULL);

	build(f);
	*state = f;
	return 0;
}

static struct room *the_room(struct fixture *f)
{
	void *room;

	for (size_t i = 0; map_next(f->sim->rooms, &i, NULL, &room);) {
		if (str_equal(((struct room *)room)->label, "r")) {
			return room;
		}
	}
	return NULL;
}

static const struct {
	const char *sender;
	const char *type;
	const char *key; /* NULL: no state event; a name stands for its user ID */
	const char *content;
	bool allowed;
} rows[] = {
        /* messages */
        {"cat", "m.room.message", NULL, "{}", true},
        {"dan", "m.room.message", NULL, "{}", false},
        {"eve", "m.room.message", NULL, "{}", false},
        {"fay", "m.room.message", NULL, "{}", false},
        /* state */
        {"ben", "m.room.topic", "", "{}", true},
        {"cat", "m.room.topic", "", "{}", false},
        {"ben", "m.room.tombstone", "", "{}", false},
        {"ann", "m.room.tombstone", "", "{}", true},
        {"ben", "org.test", "@ben", "{}", true},
        {"ben", "org.test", "@cat", "{}", false},
        {"ann", "m.room.create", "", "{}", false},
        /* joining */
        {"dan", "m.room.member", "@dan", "{\"membership\":\"join\"}", true},
        {"fay", "m.room.member", "@fay", "{\"membership\":\"join\"}", false},
        {"eve", "m.room.member", "@eve", "{\"membership\":\"join\"}", false},
        {"ann", "m.room.member", "@fay", "{\"membership\":\"join\"}", false},
        {"cat", "m.room.member", "@cat", "{\"membership\":\"join\"}", true},
        /* inviting */
        {"cat", "m.room.member", "@fay", "{\"membership\":\"invite\"}", true},
        {"fay", "m.room.member", "@fay", "{\"membership\":\"invite\"}", false},
        {"ann", "m.room.member", "@eve", "{\"membership\":\"invite\"}", false},
        {"ann", "m.room.member", "@cat", "{\"membership\":\"invite\"}", false},
        {"cat", "m.room.member", "@fay",
                "{\"membership\":\"invite\",\"third_party_invite\":{}}", false},
        /* leaving and kicking */
        {"cat", "m.room.member", "@cat", "{\"membership\":\"leave\"}", true},
        {"dan", "m.room.member", "@dan", "{\"membership\":\"leave\"}", true},
        {"fay", "m.room.member", "@fay", "{\"membership\":\"leave\"}", false},
        {"eve", "m.room.member", "@eve", "{\"membership\":\"leave\"}", false},
        {"ben", "m.room.member", "@cat", "{\"membership\":\"leave\"}", true},
        {"ben", "m.room.member", "@ann", "{\"membership\":\"leave\"}", false},
        {"cat", "m.room.member", "@ben", "{\"membership\":\"leave\"}", false},
        {"ben", "m.room.member", "@eve", "{\"membership\":\"leave\"}", true},
        {"cat", "m.room.member", "@eve", "{\"membership\":\"leave\"}", false},
        /* banning */
        {"ben", "m.room.member", "@cat", "{\"membership\":\"ban\"}", true},
        {"ben", "m.room.member", "@ben", "{\"membership\":\"ban\"}", false},
        {"cat", "m.room.member", "@fay", "{\"membership\":\"ban\"}", false},
        /* knocking, and nonsense */
        {"fay", "m.room.member", "@fay", "{\"membership\":\"knock\"}", false},
        {"cat", "m.room.member", "@cat", "{\"membership\":\"dance\"}", false},
        {"cat", "m.room.member", "@cat", "{}", false},
        {"ann", "m.room.member", "", "{\"membership\":\"leave\"}", false},
        {"ann", "m.room.member", NULL, "{\"membership\":\"leave\"}", false},
};

static void test_table(void **state)
{
	struct fixture *f = *state;
	const struct room *room = the_room(f);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		autofree char *sender = user_id_of(f->sim, rows[i].sender);
		autofree char *key = rows[i].key != NULL && rows[i].key[0] == '@'
		                             ? user_id_of(f->sim, rows[i].key + 1)
		                             : xstrdup_null(rows[i].key);
		autojson cJSON *content = json_parse(str_from(rows[i].content), NULL);
		struct proposal proposal = {.type = rows[i].type,
		        .sender = sender,
		        .state_key = key,
		        .content = content};
		const char *why = auth_rules_check(room, &proposal);
		if ((why == NULL) != rows[i].allowed) {
			fail_msg("row %zu: %s %s %s: %s", i, rows[i].sender, rows[i].type,
			        rows[i].content, why != NULL ? why : "allowed");
		}
	}
}

static const struct {
	const char *sender;
	const char *change; /* merged into the levels of now */
	bool allowed;
} level_rows[] = {
        {"ann", "{\"ban\":60}", true},
        {"ben", "{\"ban\":60}", false}, /* m.room.power_levels itself wants 100 */
        {"ann", "{\"ban\":101}", false},
        {"ann", "{\"users\":{\"@ann:sim.test\":100,\"@ben:sim.test\":100}}", true},
        {"ann", "{\"users\":{\"@ann:sim.test\":100,\"@ben:sim.test\":101}}", false},
        {"ann", "{\"users\":{\"@ann:sim.test\":0}}", true},
        {"ann", "{\"users\":{\"nobody\":1}}", false},
        {"ann", "{\"users\":{\"@ann:sim.test\":\"100\"}}", false},
        {"ann", "{\"events\":{\"m.room.name\":100}}", true},
        {"ann", "{\"events\":{\"m.room.name\":101}}", false},
        {"ann", "{\"events\":[]}", false},
        {"ann", "{\"kick\":\"50\"}", false},
        {"ann", "{\"kick\":1.5}", false},
};

static const char *check_levels(struct fixture *f, const char *who, const char *change)
{
	const struct room *room = the_room(f);
	const struct event *now = room_state(room, "m.room.power_levels", "");
	autojson cJSON *content = content_copy(now->content);
	autojson cJSON *changes = json_parse(str_from(change), NULL);
	autofree char *sender = user_id_of(f->sim, who);
	struct proposal proposal = {.type = "m.room.power_levels",
	        .sender = sender,
	        .state_key = "",
	        .content = content};
	const cJSON *entry;

	cJSON_ArrayForEach(entry, changes)
	{
		json_set(content, entry->string, content_copy(entry));
	}
	return auth_rules_check(room, &proposal);
}

static void test_levels(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(level_rows) / sizeof(level_rows[0]); i++) {
		const char *why =
		        check_levels(f, level_rows[i].sender, level_rows[i].change);
		if ((why == NULL) != level_rows[i].allowed) {
			fail_msg("%s %s: %s", level_rows[i].sender, level_rows[i].change,
			        why != NULL ? why : "allowed");
		}
	}
}

/* With the level to change levels, ben may neither touch his equals nor rise above
 * himself. */
static void test_levels_of_a_moderator(void **state)
{
	struct fixture *f = *state;

	say(f, "set_state",
	        "{\"as\":\"ann\",\"room\":\"r\",\"type\":\"m.room.power_levels\",\"content\":{"
	        "\"users\":{\"@ann:sim.test\":100,\"@ben:sim.test\":50,\"@cat:sim.test\":50},"
	        "\"events\":{\"m.room.power_levels\":50}}}");
	assert_null(check_levels(f, "ben", "{\"users_default\":10}"));
	assert_non_null(check_levels(f, "ben", "{\"users_default\":60}"));
	assert_non_null(check_levels(f, "ben",
	        "{\"users\":{\"@ann:sim.test\":100,\"@ben:sim.test\":50}}")); /* cat is
	                                                                         his equal
	                                                                       */
	assert_null(check_levels(f, "ben",
	        "{\"users\":{\"@ann:sim.test\":100,\"@cat:sim.test\":50}}")); /* himself
	                                                                         he may */
	assert_non_null(check_levels(f, "ben",
	        "{\"users\":{\"@ann:sim.test\":100,\"@ben:sim.test\":60,\"@cat:sim.test\":50}}"));
}

static void test_join_rules(void **state)
{
	static const struct {
		const char *content;
		const char *membership;
		bool allowed;
	} cases[] = {
	        {"{\"join_rule\":\"public\"}", "join", true},
	        {"{\"join_rule\":\"knock\"}", "knock", true},
	        {"{\"join_rule\":\"knock\"}", "join", false},
	        {"{\"join_rule\":\"restricted\"}", "join", false},
	        {"{\"join_rule\":\"private\"}", "join", false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *args = xasprintf("{\"as\":\"ann\",\"room\":\"r\",\"type\":"
		                                "\"m.room.join_rules\",\"content\":%s}",
		        cases[i].content);
		autojson cJSON *content =
		        json_set_str(json_new(), "membership", cases[i].membership);
		struct proposal proposal = {.type = "m.room.member",
		        .sender = "@fay:sim.test",
		        .state_key = "@fay:sim.test",
		        .content = content};
		say(f, "set_state", args);
		assert_int_equal(auth_rules_check(the_room(f), &proposal) == NULL,
		        cases[i].allowed);
	}
}

/* A member of an allowed room is let in, vouched for by a member who may invite. */
static void test_restricted_join(void **state)
{
	struct fixture *f = *state;
	autofree char *hall = verb_text(
	        f, "create_room", "{\"as\":\"fay\",\"room\":\"hall\"}", "room_id");
	autofree char *args = xasprintf(
	        "{\"as\":\"ann\",\"room\":\"r\",\"type\":\"m.room.join_rules\",\"content\":{"
	        "\"join_rule\":\"restricted\",\"allow\":[{\"type\":\"m.room_membership\","
	        "\"room_id\":\"%s\"}]}}",
	        hall);

	say(f, "set_state", args);
	say(f, "register_user", "{\"name\":\"gus\"}");
	say_wrong(f, "join", "{\"as\":\"gus\",\"room\":\"r\"}");
	say(f, "join", "{\"as\":\"fay\",\"room\":\"r\"}");
	assert_true(room_is_joined(the_room(f), "@fay:sim.test"));
}

/* Not even a public room takes them back. */
static void test_banned_stay_out(void **state)
{
	struct fixture *f = *state;
	autojson cJSON *content = json_set_str(json_new(), "membership", "join");
	struct proposal proposal = {.type = "m.room.member",
	        .sender = "@eve:sim.test",
	        .state_key = "@eve:sim.test",
	        .content = content};

	say(f, "set_state",
	        "{\"as\":\"ann\",\"room\":\"r\",\"type\":\"m.room.join_rules\",\"content\":{"
	        "\"join_rule\":\"public\"}}");
	assert_non_null(auth_rules_check(the_room(f), &proposal));
}

static void test_redaction_keeps_the_keys(void **state)
{
	static const struct {
		const char *type, *content, *left;
	} cases[] = {
	        {"m.room.message", "{\"body\":\"x\"}", "{}"},
	        {"m.room.member", "{\"membership\":\"join\",\"displayname\":\"x\"}",
	                "{\"membership\":\"join\"}"},
	        {"m.room.create", "{\"room_version\":\"11\",\"x\":1}",
	                "{\"room_version\":\"11\",\"x\":1}"},
	        {"m.room.join_rules", "{\"join_rule\":\"invite\",\"x\":1}",
	                "{\"join_rule\":\"invite\"}"},
	        {"m.room.power_levels", "{\"invite\":5,\"notifications\":{}}",
	                "{\"invite\":5}"},
	        {"m.room.redaction", "{\"redacts\":\"$a\",\"reason\":\"x\"}",
	                "{\"redacts\":\"$a\"}"},
	        {"m.room.history_visibility",
	                "{\"history_visibility\":\"shared\",\"x\":1}",
	                "{\"history_visibility\":\"shared\"}"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autojson cJSON *content = json_parse(str_from(cases[i].content), NULL);
		autojson cJSON *left = event_redacted_content(cases[i].type, content, 11);
		autofree char *text = json_print(left);
		assert_string_equal(text, cases[i].left);
	}
}

static void test_redacting(void **state)
{
	struct fixture *f = *state;
	autofree char *mine = verb_text(
	        f, "post", "{\"as\":\"cat\",\"in\":\"r\",\"text\":\"one\"}", "event_id");

	say(f, "post", "{\"as\":\"ann\",\"in\":\"r\",\"text\":\"two\"}");
	say_wrong(f, "redact", "{\"as\":\"cat\",\"in\":\"r\",\"event\":\"two\"}");
	say(f, "redact", "{\"as\":\"cat\",\"in\":\"r\",\"event\":\"one\"}");
	assert_non_null(event_find(f->sim, mine)->redacted_by);
	assert_null(event_find(f->sim, mine)->content->child);
	say(f, "redact", "{\"as\":\"ben\",\"in\":\"r\",\"event\":\"two\"}");
	assert_string_equal(
	        json_str(last_record(f, "event", "redaction"), "by"), "person");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_table, setup_room, teardown),
	        cmocka_unit_test_setup_teardown(test_levels, setup_room, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_levels_of_a_moderator, setup_room, teardown),
	        cmocka_unit_test_setup_teardown(test_join_rules, setup_room, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_restricted_join, setup_room, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_banned_stay_out, setup_room, teardown),
	        cmocka_unit_test(test_redaction_keeps_the_keys),
	        cmocka_unit_test_setup_teardown(test_redacting, setup_room, teardown),
	};

	return cmocka_run_group_tests_name("sim_matrix_rules", tests, NULL, NULL);
}
