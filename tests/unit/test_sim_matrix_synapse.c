/* Where the profile synapse differs. */
#include "sim-matrix/events.h"

#include "tests/unit/sim_matrix_fixture.h"

static int setup_as(void **state)
{
	struct fixture *f = fixture_create("synapse");

	register_as(f, "null");
	expect_call(f, 200, NULL, "POST", C3 "register", "AS",
	        "{\"type\":\"m.login.application_service\",\"username\":\"slackbot\"}");
	forget_records(f);
	*state = f;
	return 0;
}

static const struct {
	const char *method, *target, *token, *body;
	int status;
	const char *errcode;
	const char *text; /* NULL: not looked at */
} rows[] = {
        {"GET", C3 "account/whoami", NULL, "", 401, "M_MISSING_TOKEN",
                "Missing access token"},
        {"GET", C3 "account/whoami", "no", "", 401, "M_UNKNOWN_TOKEN",
                "Invalid access token passed."},
        {"GET", "/_matrix/client/versions", "no", "", 401, "M_UNKNOWN_TOKEN", NULL},
        {"GET", C3 "account/whoami?user_id=@alice:sim.test", "AS", "", 403, "M_FORBIDDEN",
                "Application service cannot masquerade as this user (@alice:sim.test)."},
        {"GET", C3 "account/whoami?user_id=@slack_no:sim.test", "AS", "", 403,
                "M_FORBIDDEN",
                "Application service has not registered this user (@slack_no:sim.test)"},
        {"POST", C3 "createRoom?user_id=@slack_no:sim.test", "AS", "{}", 403,
                "M_FORBIDDEN", NULL},
        {"POST", C3 "createRoom", "AS", "{\"name\":", 400, "M_NOT_JSON",
                "Content not JSON."},
        {"GET", C3 "nowhere", "AS", "", 404, "M_UNRECOGNIZED", "Unrecognized request"},
        {"POST", "/_matrix/client/v1/appservice/other/ping", "AS", "", 403, "M_FORBIDDEN",
                NULL},
        {"GET", C3 "rooms/!no:sim.test/state/m.room.name/", "AS", "", 403, "M_FORBIDDEN",
                NULL},
        {"PUT", C3 "profile/@admin:sim.test/displayname", "AS", "{\"displayname\":\"x\"}",
                400, "M_FORBIDDEN", NULL},
};

static void test_table(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expect_call(f, rows[i].status, rows[i].errcode, rows[i].method,
		        rows[i].target, rows[i].token, rows[i].body);
		if (rows[i].text != NULL) {
			assert_string_equal(json_str(f->reply, "error"), rows[i].text);
		}
	}
}

static void test_txn_by_path_for_a_while(void **state)
{
	struct fixture *f = *state;
	autofree char *one = NULL, *two = NULL, *in_one = NULL, *in_two = NULL,
	              *first = NULL;

	expect_call(f, 200, NULL, "POST", C3 "createRoom", "AS", "{}");
	one = xstrdup(json_str(f->reply, "room_id"));
	expect_call(f, 200, NULL, "POST", C3 "createRoom", "AS", "{}");
	two = xstrdup(json_str(f->reply, "room_id"));
	in_one = xasprintf(C3 "rooms/%s/send/m.room.message/t", one);
	in_two = xasprintf(C3 "rooms/%s/send/m.room.message/t", two);
	expect_call(f, 200, NULL, "PUT", in_one, "AS",
	        "{\"msgtype\":\"m.text\",\"body\":\"a\"}");
	first = xstrdup(json_str(f->reply, "event_id"));
	expect_call(f, 200, NULL, "PUT", in_two, "AS",
	        "{\"msgtype\":\"m.text\",\"body\":\"a\"}");
	assert_string_not_equal(json_str(f->reply, "event_id"), first);
	advance(f, 1000 * 60 * 29);
	expect_call(f, 200, NULL, "PUT", in_one, "AS",
	        "{\"msgtype\":\"m.text\",\"body\":\"a\"}");
	assert_string_equal(json_str(f->reply, "event_id"), first);
	advance(f, 1000 * 60 * 32); /* past the second sweep */
	expect_call(f, 200, NULL, "PUT", in_one, "AS",
	        "{\"msgtype\":\"m.text\",\"body\":\"a\"}");
	assert_string_not_equal(json_str(f->reply, "event_id"), first);
}

static void test_state_is_deduplicated(void **state)
{
	struct fixture *f = *state;
	autofree char *target = NULL, *first = NULL;

	expect_call(f, 200, NULL, "POST", C3 "createRoom", "AS", "{}");
	target = xasprintf(
	        C3 "rooms/%s/state/m.room.name/", json_str(f->reply, "room_id"));
	expect_call(f, 200, NULL, "PUT", target, "AS",
	        "{\"name\":\"a\",\"x\":{\"b\":1,\"c\":2}}");
	first = xstrdup(json_str(f->reply, "event_id"));
	expect_call(f, 200, NULL, "PUT", target, "AS",
	        "{\"x\":{\"c\":2,\"b\":1},\"name\":\"a\"}");
	assert_string_equal(json_str(f->reply, "event_id"), first);
	expect_call(f, 200, NULL, "PUT", target, "AS", "{\"name\":\"b\"}");
	assert_string_not_equal(json_str(f->reply, "event_id"), first);
}

static void test_redact_and_react_once(void **state)
{
	struct fixture *f = *state;
	autofree char *room = NULL, *send = NULL, *redact = NULL, *react = NULL,
	              *body = NULL;
	autofree char *id = NULL, *react_again = NULL;

	expect_call(f, 200, NULL, "POST", C3 "createRoom", "AS", "{}");
	room = xstrdup(json_str(f->reply, "room_id"));
	send = xasprintf(C3 "rooms/%s/send/m.room.message/1", room);
	expect_call(f, 200, NULL, "PUT", send, "AS",
	        "{\"msgtype\":\"m.text\",\"body\":\"a\"}");
	id = xstrdup(json_str(f->reply, "event_id"));
	react = xasprintf(C3 "rooms/%s/send/m.reaction/2", room);
	react_again = xasprintf(C3 "rooms/%s/send/m.reaction/3", room);
	body = xasprintf(
	        "{\"m.relates_to\":{\"rel_type\":\"m.annotation\",\"event_id\":\"%s\","
	        "\"key\":\"+\"}}",
	        id);
	expect_call(f, 200, NULL, "PUT", react, "AS", body);
	expect_call(f, 400, "M_DUPLICATE_ANNOTATION", "PUT", react_again, "AS", body);
	redact = xasprintf(C3 "rooms/%s/redact/%s/4", room, id);
	expect_call(f, 200, NULL, "PUT", redact, "AS", "{}");
	expect_call(f, 200, NULL, "PUT", redact, "AS", "{}");
	assert_int_equal(count_records(f, "event", "redaction"), 1);
}

static void test_no_such_profile(void **state)
{
	struct loop *loop = loop_create();
	struct sim_matrix_options opts = {.profile = "dendrite"};
	struct err err = ERR_INIT;

	(void)state;
	assert_null(sim_matrix_create(loop, &opts, &err));
	assert_non_null(strstr(err.msg, "dendrite"));
	loop_destroy(&loop);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_as, teardown)
	const struct CMUnitTest tests[] = {
	        TEST(test_table),
	        TEST(test_txn_by_path_for_a_while),
	        TEST(test_state_is_deduplicated),
	        TEST(test_redact_and_react_once),
	        cmocka_unit_test(test_no_such_profile),
	};

	return cmocka_run_group_tests_name("sim_matrix_synapse", tests, NULL, NULL);
}
