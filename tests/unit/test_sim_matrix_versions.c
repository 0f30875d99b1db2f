/* Room versions before 11: where they differ. */
/* proves: SIMM-01 */
#include "sim-matrix/auth_rules.h"
#include "sim-matrix/events.h"

#include "tests/unit/sim_matrix_fixture.h"

static struct room *labelled(struct fixture *f, const char *label)
{
	void *value;

	for (size_t i = 0; map_next(f->sim->rooms, &i, NULL, &value);) {
		if (str_equal(((struct room *)value)->label, label)) {
			return value;
		}
	}
	return NULL;
}

/* ---- what a redaction leaves ---- */

static const struct {
	const char *type, *content;
	int version;
	const char *left;
} rows[] = {
        {"m.room.create", "{\"creator\":\"@a:b\",\"x\":1}", 10, "{\"creator\":\"@a:b\"}"},
        {"m.room.create", "{\"creator\":\"@a:b\",\"x\":1}", 11,
                "{\"creator\":\"@a:b\",\"x\":1}"},
        {"m.room.power_levels", "{\"ban\":1,\"invite\":2,\"x\":3}", 10, "{\"ban\":1}"},
        {"m.room.power_levels", "{\"ban\":1,\"invite\":2,\"x\":3}", 11,
                "{\"ban\":1,\"invite\":2}"},
        {"m.room.join_rules", "{\"join_rule\":\"x\",\"allow\":[]}", 7,
                "{\"join_rule\":\"x\"}"},
        {"m.room.join_rules", "{\"join_rule\":\"x\",\"allow\":[]}", 8,
                "{\"join_rule\":\"x\",\"allow\":[]}"},
        {"m.room.aliases", "{\"aliases\":[]}", 5, "{\"aliases\":[]}"},
        {"m.room.aliases", "{\"aliases\":[]}", 6, "{}"},
        {"m.room.redaction", "{\"redacts\":\"$x\",\"reason\":\"y\"}", 10, "{}"},
        {"m.room.redaction", "{\"redacts\":\"$x\",\"reason\":\"y\"}", 11,
                "{\"redacts\":\"$x\"}"},
        {"m.room.message", "{\"body\":\"x\"}", 2, "{}"},
};

static void test_what_redactions_leave(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		autojson cJSON *content = cJSON_Parse(rows[i].content);
		autojson cJSON *left =
		        event_redacted_content(rows[i].type, content, rows[i].version);
		autofree char *text = json_print(left);
		assert_string_equal(text, rows[i].left);
	}
}

/* ---- how a redaction says what it is about ---- */

static void redact_both_ways(struct fixture *f, const char *version, bool by_send)
{
	autofree char *args =
	        xasprintf("{\"as\":\"admin\",\"room\":\"v%s\",\"version\":\"%s\"}",
	                version, version);
	autofree char *label = xasprintf("v%s", version);
	autofree char *post = xasprintf(
	        "{\"as\":\"admin\",\"in\":\"v%s\",\"text\":\"hello\"}", version);
	autofree char *one = NULL, *two = NULL, *target = NULL, *body = NULL;
	const struct room *room;

	say(f, "create_room", args);
	room = labelled(f, label);
	one = verb_text(f, "post", post, "event_id");
	two = verb_text(f, "post", post, "event_id");
	expect_call(f, 200, NULL, "POST", C3 "login", NULL,
	        "{\"type\":\"m.login.password\",\"user\":\"admin\",\"password\":\"admin\"}");
	autofree char *token = xstrdup(json_str(f->reply, "access_token"));
	target = xasprintf(C3 "rooms/%s/redact/%s/t%s", room->room_id, one, version);
	expect_call(f, 200, NULL, "PUT", target, token, "{}");
	assert_non_null(event_find(f->sim, one)->redacted_by);
	free(target);
	target = xasprintf(
	        C3 "rooms/%s/send/m.room.redaction/s%s", room->room_id, version);
	body = xasprintf("{\"redacts\":\"%s\"}", two);
	expect_call(f, 200, NULL, "PUT", target, token, body);
	assert_true((event_find(f->sim, two)->redacted_by != NULL) == by_send);
}

static void test_redaction_by_send(void **state)
{
	redact_both_ways(*state, "11", true);
	redact_both_ways(*state, "10", false); /* conduwuit does not move it */
}

static void test_redaction_by_send_elsewhere(void **state)
{
	redact_both_ways(*state, "11", true);
	redact_both_ways(*state, "10", true);
}

/* ---- levels as texts, join rules ---- */

static bool stands(
        struct fixture *f, const char *version, const char *type, const char *content)
{
	autofree char *args =
	        xasprintf("{\"as\":\"admin\",\"room\":\"v%s\",\"version\":\"%s\"}",
	                version, version);
	autofree char *label = xasprintf("v%s", version);
	autojson cJSON *json = cJSON_Parse(content);
	struct proposal proposal = {.type = type,
	        .sender = "@admin:sim.test",
	        .state_key = "",
	        .content = json};

	if (labelled(f, label) == NULL) {
		say(f, "create_room", args);
	}
	return auth_rules_check(labelled(f, label), &proposal) == NULL;
}

static void test_levels_as_texts(void **state)
{
	struct fixture *f = *state;
	static const char texts[] =
	        "{\"users\":{\"@admin:sim.test\":\"100\"},\"ban\":\"50\"}";

	assert_true(stands(f, "9", "m.room.power_levels", texts));
	assert_false(stands(f, "10", "m.room.power_levels", texts));
	assert_false(stands(f, "9", "m.room.power_levels",
	        "{\"users\":{\"@admin:sim.test\":\"much\"}}"));
	say(f, "set_state",
	        "{\"as\":\"admin\",\"room\":\"v9\",\"type\":\"m.room.power_levels\","
	        "\"content\":{\"users\":{\"@admin:sim.test\":\"100\"},\"ban\":\"70\"}}");
	assert_int_equal(power_for_action(labelled(f, "v9"), "ban"), 70);
	assert_int_equal(power_of_user(labelled(f, "v9"), "@admin:sim.test"), 100);
}

static void test_knocking_came_with_7(void **state)
{
	struct fixture *f = *state;

	say(f, "register_user", "{\"name\":\"alice\"}");
	for (int version = 6; version <= 7; version++) {
		autofree char *make = xasprintf(
		        "{\"as\":\"admin\",\"room\":\"k%d\",\"version\":\"%d\"}", version,
		        version);
		autofree char *rule = xasprintf(
		        "{\"as\":\"admin\",\"room\":\"k%d\",\"type\":\"m.room.join_rules\","
		        "\"content\":{\"join_rule\":\"knock\"}}",
		        version);
		autofree char *knock =
		        xasprintf("{\"as\":\"alice\",\"room\":\"k%d\"}", version);
		say(f, "create_room", make);
		say(f, "set_state", rule);
		if (version == 6) {
			say_wrong(f, "knock", knock);
		} else {
			say(f, "knock", knock);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_what_redactions_leave),
	        cmocka_unit_test_setup_teardown(test_redaction_by_send, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_redaction_by_send_elsewhere, setup_synapse, teardown),
	        cmocka_unit_test_setup_teardown(test_levels_as_texts, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_knocking_came_with_7, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
