#include "sim-matrix/admin_room.h"
#include "sim-matrix/appservice.h"
#include "sim-matrix/registration.h"

#include "tests/unit/sim_matrix_fixture.h"

static const char whole[] = "id: slack\n"
                            "url: http://localhost:29335\n"
                            "as_token: AS\n"
                            "hs_token: \"HS\"\n"
                            "sender_localpart: x_q9\n"
                            "rate_limited: false\n"
                            "protocols: [slack, other]\n"
                            "namespaces:\n"
                            "  users:\n"
                            "  - regex: '^@slack_.*:dom$'\n"
                            "    exclusive: true\n"
                            "  - regex: '^@slackbot:dom$'\n"
                            "    exclusive: false\n"
                            "  aliases: []\n"
                            "de.sorunome.msc2409.push_ephemeral: true\n"
                            "unknown: {a: [1, 2]}\n";

static void test_whole(void **state)
{
	struct registration reg;
	char why[200];

	(void)state;
	assert_true(registration_parse(str_from(whole), &reg, why, sizeof(why)));
	assert_string_equal(reg.id, "slack");
	assert_string_equal(reg.hs_token, "HS");
	assert_int_equal(reg.users.count, 2);
	assert_true(reg.users.items[0].exclusive);
	assert_false(reg.users.items[1].exclusive);
	assert_int_equal(reg.aliases.count, 0);
	assert_true(reg.receive_ephemeral);
	assert_true(reg.rate_limited_set && !reg.rate_limited);
	assert_int_equal(reg.protocol_count, 2);
	registration_finish(&reg);
}

/* What is shown can be read again. */
static void test_round_trip(void **state)
{
	struct registration reg, again;
	char why[200];
	autofree char *text = NULL;

	(void)state;
	assert_true(registration_parse(str_from(whole), &reg, why, sizeof(why)));
	text = registration_to_yaml(&reg);
	assert_true(registration_parse(str_from(text), &again, why, sizeof(why)));
	assert_string_equal(again.users.items[0].regex, reg.users.items[0].regex);
	assert_string_equal(again.url, reg.url);
	registration_finish(&reg);
	registration_finish(&again);
}

static const struct {
	const char *yaml;
	const char *why; /* a part of the reason */
} bad[] = {
        {"", "EOF"},
        {"- a", "expected struct Registration"},
        {"id: a: b", "at line 1"},
        {"id: [", "at line"},
        {"url: x\nas_token: a\n", "missing field `id`"},
        {"id: a\nas_token: b\nhs_token: c\nsender_localpart: d\n",
                "missing field `namespaces`"},
        {"id: 5\n", "id: invalid type: integer, expected a string at line 1 column 5"},
        {"id: true\n", "id: invalid type: boolean"},
        {"id: a\nas_token: {b: c}\n", "as_token: invalid type: map"},
        {"id: a\nas_token: b\nhs_token: c\nsender_localpart: d\nnamespaces: 3\n",
                "namespaces: invalid type"},
        {"id: a\nas_token: b\nhs_token: c\nsender_localpart: d\nnamespaces:\n  users: "
         "[{regex: x}]\n",
                "missing field `exclusive`"},
        {"id: a\nas_token: b\nhs_token: c\nsender_localpart: d\nnamespaces:\n  users: "
         "[{exclusive: yes, regex: x}]\n",
                "exclusive: invalid type"},
        {"id: a\nas_token: b\nhs_token: c\nsender_localpart: d\nnamespaces:\n  users: "
         "[{exclusive: true}]\n",
                "missing field `regex`"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct registration reg;
		char why[200] = "";
		if (registration_parse(str_from(bad[i].yaml), &reg, why, sizeof(why)) ||
		        strstr(why, bad[i].why) == NULL) {
			fail_msg("%s: \"%s\" without \"%s\"", bad[i].yaml, why,
			        bad[i].why);
		}
	}
}

static void test_truncated(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		struct registration reg;
		char why[200];
		if (registration_parse((struct str){whole, n}, &reg, why, sizeof(why))) {
			registration_finish(&reg);
		}
	}
}

/* ---- the commands ---- */

#define GOOD_YAML                                                                        \
	"id: slack\nurl: null\nas_token: A\nhs_token: H\nsender_localpart: bot\n"        \
	"namespaces: {}\n"

static const struct {
	const char *text;
	const char *reply; /* the start of it */
} commands[] = {
        {"!admin appservices register", "Expected code block in command body."},
        {"!admin appservices register\n```\n" GOOD_YAML, "Expected code block"},
        {"!admin appservices register\n" GOOD_YAML "```", "Expected code block"},
        {"!admin appservices register\n```\n```",
                "Could not parse appservice config as YAML: EOF"},
        {"!admin appservices register\n```\nid: 1\n```",
                "Could not parse appservice config as YAML: id: invalid type"},
        {"!admin appservices register\n```\nid: a\nas_token: b\nhs_token: c\n"
         "sender_localpart: d\nnamespaces: {users: [{exclusive: true, regex: '('}]}\n```",
                "Failed to register appservice: "},
        {"!admin appservices list", "Appservices (0): "},
        {"!admin appservices register\n```yaml\n" GOOD_YAML "\n\n  \n```\n",
                "Appservice registered with ID: slack"},
        {"!admin appservices register_appservice", "error: unrecognized subcommand"},
        {"@conduit:sim.test appservices list_registered", "Appservices (1): slack"},
        {"!admin appservices show slack",
                "Config for slack:\n\n```yaml\nid: slack\nurl: null\n"},
        {"!admin appservices show-appservice-config nope", "Appservice does not exist."},
        {"!admin appservices unregister", "error: the following required arguments"},
        {"!admin appservices unregister nope",
                "Failed to unregister appservice: Appservice not found"},
        {"!admin appservices unregister slack", "Appservice unregistered."},
        {"!admin appservices list", "Appservices (0): "},
        {"!admin users create carol secret",
                "Created user with user_id: {@carol:sim.test}"},
        {"!admin --help", "Usage: "},
        {"!admin", "Usage: "},
};

static void test_commands(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		autofree char *reply = admin_command_reply(f->sim, commands[i].text);
		if (!str_starts(reply, commands[i].reply)) {
			fail_msg("%s\n-> %s", commands[i].text, reply);
		}
	}
}

/* The reply is a notice of the server's user that replies to the command. */
static void test_command_in_the_room(void **state)
{
	struct fixture *f = *state;
	autofree char *id = verb_text(f, "post",
	        "{\"as\":\"admin\",\"in\":\"admins\",\"text\":\"!admin appservices list\"}",
	        "event_id");
	const struct event *reply = f->sim->admin_reply;

	assert_non_null(reply);
	assert_string_equal(reply->sender, "@conduit:sim.test");
	assert_string_equal(content_str(reply->content, "msgtype"), "m.notice");
	assert_string_equal(relation_reply(reply->content), id);
	assert_string_equal(json_str(last_record(f, "event", "notice"), "by"), "server");
}

static void test_commands_elsewhere_are_talk(void **state)
{
	struct fixture *f = *state;

	say(f, "create_room", "{\"as\":\"admin\",\"room\":\"other\"}");
	say(f, "post",
	        "{\"as\":\"admin\",\"in\":\"other\",\"text\":\"!admin appservices list\"}");
	assert_null(f->sim->admin_reply);
}

static void test_same_id_replaces(void **state)
{
	struct fixture *f = *state;

	register_as(f, "null");
	register_as(f, "http://127.0.0.1:1");
	assert_string_equal(
	        appservice_find(f->sim, "slack")->reg.url, "http://127.0.0.1:1");
	say(f, "unregister_appservice", "{\"id\":\"slack\"}");
	assert_null(appservice_find(f->sim, "slack"));
	say_wrong(f, "register_appservice", "{\"yaml\":\"id: 3\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_whole),
	        cmocka_unit_test(test_round_trip),
	        cmocka_unit_test(test_bad),
	        cmocka_unit_test(test_truncated),
	        cmocka_unit_test_setup_teardown(test_commands, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_command_in_the_room, setup, teardown),
	        cmocka_unit_test_setup_teardown(
	                test_commands_elsewhere_are_talk, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_same_id_replaces, setup, teardown),
	};

	return cmocka_run_group_tests_name("sim_matrix_registration", tests, NULL, NULL);
}
