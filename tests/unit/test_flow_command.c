/* proves: AUTH-01 AUTH-02 AUTH-11 CMD-01 CMD-03 SEC-01 */
#include "flow_fixture.h"

#define ANN "@ann:x.org"   /* level: admin */
#define COLE "@cole:y.org" /* level: commands */
#define NEW_XOXB "xoxb-2-very-secret"
#define NEW_XAPP "xapp-2-very-secret"

/* A world in which bob has a room with the bot. */
static int set_up_room(void **state)
{
	struct world *world;

	set_up_without_start(state);
	world = *state;
	world->permissions = "{x.org: user, y.org: commands, elsewhere.org: relay, "
	                     "'@ann:x.org': admin}";
	load_config(world);
	start_world(world);
	matrix_invites(world, DM, BOB);
	settle(world);
	assert_says(world, DM, 0, "management room");
	return 0;
}

#define ROOM_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_room, tear_down)

/* What bob says in his room, and what the bot answers. */
static char *ask(struct world *world, const char *text)
{
	size_t before = said(world, DM);

	matrix_says(world, DM, BOB, text);
	settle(world);
	return sent_text(world, DM, before);
}

static void assert_answer(struct world *world, const char *text, const char *part)
{
	autofree char *answer = ask(world, text);

	if (strstr(answer, part) == NULL) {
		fail_msg("to \"%s\" the bot said \"%.300s\", without \"%s\"", text,
		        answer, part);
	}
}

static size_t redactions(const struct world *world)
{
	return count(world, "/send/m.room.redaction/");
}

static void assert_last_redacted(const struct world *world)
{
	const struct asked *asked =
	        nth(world, "/send/m.room.redaction/", redactions(world) - 1);
	autofree char *event = xasprintf("\"redacts\":\"$e%u\"", world->events - 1);

	assert_non_null(
	        strstr(asked->body, event)); /* the last counted is the transaction */
}

/* ---------------------------------------------------------------- login app */

static void log_in_by_chat(struct world *world, const char *bot, const char *app)
{
	assert_answer(world, "login app", "bot token");
	assert_answer(world, bot, "app-level token");
	assert_last_redacted(world);
	assert_answer(world, app, "Logged in to Team (team)");
	assert_last_redacted(world);
}

static void two_tokens_make_a_login(void **state)
{
	struct world *world = *state;

	log_in_by_chat(world, XOXB, XAPP);
	assert_database(
	        world, "SELECT bot_token || ' ' || app_token FROM login", XOXB " " XAPP);
	assert_database(world, "SELECT owner_mxid FROM login", BOB);
	assert_database(world, "SELECT dialogue FROM person", "");
	assert_database(
	        world, "SELECT COUNT(*) FROM inbox WHERE flow = 'login_sync'", "1");
	assert_database(
	        world, "SELECT COUNT(*) FROM inbox WHERE payload LIKE '%secret%'", "0");
	assert_int_equal(count(world, "/auth.test"), 1);
	assert_answer(world, "status", "Team (T1)");
}

/* Each is refused with a word on which is which, and redacted; the question stays open.
 */
static void wrong_tokens_are_refused_by_kind(void **state)
{
	static const struct {
		const char *said, *answer;
	} bot_cases[] =
	        {
	                {XAPP, "That is an app-level token (`xapp-`); it comes second"},
	                {"xoxp-1-very-secret", "token of a user"},
	                {"xoxc-1-very-secret", "token of a user"},
	                {"hello", "does not look like a bot token"},
	                {XOXB " " XAPP, "does not look like a bot token"},
	                {XOXB "\n" XAPP, "does not look like a bot token"},
	                {XOXB "\r\nEvil: 1", "does not look like a bot token"},
	                {"xoxb-\xC3\xA9", "does not look like a bot token"},
	                {"help", "does not look like a bot token"},
	        },
	  app_cases[] = {
	          {XOXB, "That is a bot token (`xoxb-`) again"},
	          {"xoxe.xoxb-1-very-secret", "That is a bot token (`xoxb-`) again"},
	          {"xoxp-1", "does not look like an app-level token"},
	          {XAPP " x", "does not look like an app-level token"},
	  };
	struct world *world = *state;

	assert_answer(world, "login app", "begins with `xoxb-`");
	for (size_t i = 0; i < sizeof(bot_cases) / sizeof(bot_cases[0]); i++) {
		assert_answer(world, bot_cases[i].said, bot_cases[i].answer);
		assert_last_redacted(world);
	}
	assert_answer(world, "  " XOXB " \n", "begins with `xapp-`");
	for (size_t i = 0; i < sizeof(app_cases) / sizeof(app_cases[0]); i++) {
		assert_answer(world, app_cases[i].said, app_cases[i].answer);
		assert_last_redacted(world);
	}
	assert_int_equal(count(world, "/auth.test"), 0);
	assert_answer(world, XAPP, "Logged in");
}

static void a_token_that_slack_refuses_begins_again(void **state)
{
	struct world *world = *state;

	script_say(&world->script, "/auth.test",
	        "{\"ok\":false,\"error\":\"invalid_auth\"}");
	assert_answer(world, "login app", "bot token");
	assert_answer(world, XOXB, "app-level token");
	assert_answer(world, XAPP, "Slack refuses the bot token: invalid_auth");
	assert_last_redacted(world);
	script_say(&world->script, "/apps.connections.open",
	        "{\"ok\":false,\"error\":\"not_allowed_token_type\"}");
	assert_answer(world, XOXB, "app-level token");
	assert_answer(world, XAPP, "Slack refuses the app-level token");
	assert_database(world, "SELECT COUNT(*) FROM login", "0");
	assert_answer(world, XOXB, "app-level token");
	assert_answer(world, XAPP, "Logged in");
}

static void a_dialogue_can_be_cancelled(void **state)
{
	struct world *world = *state;

	assert_answer(world, "cancel", "nothing to cancel");
	assert_answer(world, "login app", "bot token");
	assert_answer(world, "cancel", "Cancelled");
	assert_answer(world, "help", "Commands:");
	assert_answer(world, "login app", "bot token");
	assert_answer(world, XOXB, "app-level token");
	assert_answer(world, "!slack cancel", "Cancelled");
	assert_answer(world, XAPP, "Unknown command");
	assert_last_redacted(world); /* too late, but a token all the same */
	assert_database(world, "SELECT dialogue FROM person", "");
}

static void a_dialogue_survives_restarts(void **state)
{
	struct world *world = *state;

	assert_answer(world, "login app", "bot token");
	restart_world(world);
	assert_answer(world, XOXB, "app-level token");
	restart_world(world);
	/* And one while the tokens are being verified. */
	script_add(&world->script, (struct answer){.path = "/auth.test", .how = HOLD});
	matrix_says(world, DM, BOB, XAPP);
	settle(world);
	size_t before = said(world, DM);
	restart_world(world);
	pass(world, 100);
	assert_says(world, DM, before, "Logged in");
	assert_last_redacted(world);
	assert_int_equal(said(world, DM), before + 1);
}

/* Slack cannot be reached: it waits, and the answer comes in the end. */
static void a_slack_out_of_reach_is_waited_for(void **state)
{
	struct world *world = *state;

	assert_answer(world, "login app", "bot token");
	assert_answer(world, XOXB, "app-level token");
	size_t before = said(world, DM);
	script_add(&world->script, (struct answer){.path = "/auth.test", .how = DROP});
	script_add(&world->script, (struct answer){.path = "/auth.test", .status = 503});
	matrix_says(world, DM, BOB, XAPP);
	pass(world, 60000);
	assert_says(world, DM, before, "Logged in");
}

/* Slow: every request takes its time, and each is made once. */
static void a_slow_homeserver_gets_each_answer_once(void **state)
{
	struct world *world = *state;

	assert_answer(world, "login app", "bot token");
	assert_answer(world, XOXB, "app-level token");
	size_t before = world->script.asked_count, texts = said(world, DM);
	for (int i = 0; i < 3; i++) { /* lost answers of redaction and reply */
		script_add(&world->script, (struct answer){.path = NULL, .how = HOLD});
	}
	matrix_says(world, DM, BOB, XAPP);
	pass(world, 40000);
	for (size_t i = before; i < world->script.asked_count; i++) {
		if (world->script.asked[i].held != NULL) {
			script_release(&world->script, i,
			        &(struct answer){
			                .body = "{\"ok\":true,\"team_id\":\"T1\",\"team\":"
			                        "\"Team\",\"url\":\"https://team.slack.com/"
			                        "\",\"user_id\":\"UBOT\",\"bot_id\":"
			                        "\"BBOT\",\"event_id\":\"$x\"}"});
		}
	}
	pass(world, 700000);
	assert_says(world, DM, texts, "Logged in");
	assert_database(world, "SELECT COUNT(*) FROM login", "1");
	assert_database(world, "SELECT COUNT(*) FROM inbox WHERE state = 0", "0");
}

/* ---------------------------------------------------------------- logging in again */

static void new_tokens_replace_the_old_ones(void **state)
{
	struct world *world = *state;

	log_in_by_chat(world, XOXB, XAPP);
	log_in_by_chat(world, NEW_XOXB, NEW_XAPP);
	assert_database(world, "SELECT bot_token || ' ' || app_token FROM login",
	        NEW_XOXB " " NEW_XAPP);
	slack_says(world, "1700000000.000100", "hello");
	settle(world);
	size_t last = count(world, "/users.info") - 1;
	assert_string_equal(
	        nth(world, "/users.info", last)->authorization, "Bearer " NEW_XOXB);
}

/* A job is under way with the old token, which is revoked: it waits, and goes on with the
 * new one. */
static void a_job_under_way_goes_on_with_the_new_tokens(void **state)
{
	struct world *world = *state;

	log_in_by_chat(world, XOXB, XAPP);
	script_add(&world->script,
	        (struct answer){.path = "/conversations.info", .how = HOLD});
	slack_says(world, "1700000000.000100", "hello");
	settle(world);
	log_in_by_chat(world, NEW_XOXB, NEW_XAPP);
	for (size_t i = 0; i < world->script.asked_count; i++) {
		if (world->script.asked[i].held != NULL) {
			script_release(&world->script, i,
			        &(struct answer){.body = "{\"ok\":false,\"error\":"
			                                 "\"token_revoked\"}"});
		}
	}
	pass(world, 10000);
	assert_says(world, PORTAL_ROOM, 0, "hello");
}

/* The connection had been given up for good; the same tokens are good again. */
static void the_same_tokens_bring_back_a_connection_given_up(void **state)
{
	static const char *const words[] = {"invalid_auth", "link_disabled"};
	struct world *world = *state;

	log_in_by_chat(world, XOXB, XAPP);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		autofree char *refusal =
		        xasprintf("{\"ok\":false,\"error\":\"%s\"}", words[i]);
		script_say(&world->script, "/apps.connections.open", refusal);
		restart_world(world);
		assert_answer(world, "status", words[i]);
		size_t before = count(world, "/apps.connections.open");
		log_in_by_chat(world, XOXB, XAPP);
		/* One to verify the token, one to connect. */
		assert_true(count(world, "/apps.connections.open") >= before + 2);
	}
}

/* ---------------------------------------------------------------- where, and who */

static void secrets_are_asked_for_in_private_alone(void **state)
{
	struct world *world = *state;

	open_portal(world);
	matrix_says(world, PORTAL_ROOM, BOB, "!slack login app");
	settle(world);
	assert_says(world, PORTAL_ROOM, 0, "asks for secrets");
	matrix_says(world, "!other:x.org", BOB, "!slack login app");
	settle(world);
	assert_says(world, "!other:x.org", 0, "asks for secrets");
	assert_database(world, "SELECT dialogue FROM person", "");
}

static void an_answer_in_another_room_is_none(void **state)
{
	struct world *world = *state;

	open_portal(world);
	assert_answer(world, "login app", "bot token");
	matrix_says(world, PORTAL_ROOM, BOB, "!slack " XOXB);
	settle(world);
	assert_says(world, PORTAL_ROOM, 0, "Unknown command");
	assert_last_redacted(world);
	matrix_says(world, PORTAL_ROOM, BOB, "!slack help");
	settle(world);
	assert_says(world, PORTAL_ROOM, 1, "Commands:");
	assert_answer(world, XOXB, "app-level token"); /* still open at home */
}

/* The question goes on in the room where it was asked, whatever room comes after. */
static void a_second_room_does_not_swallow_an_answer(void **state)
{
	struct world *world = *state;

	assert_answer(world, "login app", "bot token");
	matrix_invites(world, "!second:x.org", BOB);
	settle(world);
	assert_answer(world, XOXB, "app-level token");
	assert_last_redacted(world);
}

static void a_question_to_one_is_not_answered_by_another(void **state)
{
	struct world *world = *state;
	size_t before;

	assert_answer(world, "login app", "bot token");
	before = said(world, DM);
	matrix_says(world, DM, ANN, XOXB); /* not her management room: not addressed */
	matrix_says(world, DM, ANN, "!slack help");
	settle(world);
	assert_int_equal(said(world, DM), before + 1);
	assert_says(world, DM, before, "Commands:");
	assert_answer(world, XOXB, "app-level token");
}

static void a_token_is_redacted_wherever_the_bot_is_told_it(void **state)
{
	struct world *world = *state;
	static const char *const cases[] = {"login app " XOXB, XOXB, "!slack " XAPP,
	        "xoxe.xoxp-1-very-secret", "my token: xoxs-1"};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *answer = ask(world, cases[i]);
		assert_last_redacted(world);
		assert_int_equal(redactions(world), i + 1);
		assert_null(strstr(answer, "very-secret"));
		free(ask(world, "cancel"));
	}
	free(ask(world, "xoxx is no token, xox- neither"));
	assert_int_equal(redactions(world), sizeof(cases) / sizeof(cases[0]));
}

static void levels_decide_who_may_what(void **state)
{
	static const struct {
		const char *who, *says, *answer; /* NULL: none */
	} cases[] = {
	        {ANN, "!slack help", "login app"},
	        {BOB, "!slack help", "login app"},
	        {COLE, "!slack help", "status"},
	        {COLE, "!slack login app", "not allowed to use `login app`"},
	        {COLE, "!slack status", "No Slack workspace"},
	        {EVE, "!slack help", "You are not allowed to use this bridge."},
	        {EVE, "!slack login app", "You are not allowed to use this bridge."},
	        {MALLORY, "!slack status", "You are not allowed to use this bridge."},
	        {MALLORY, "help", NULL},
	};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *room = xasprintf("!room%zu:x.org", i);
		matrix_says(world, room, cases[i].who, cases[i].says);
		settle(world);
		assert_int_equal(said(world, room), cases[i].answer == NULL ? 0 : 1);
		if (cases[i].answer != NULL) {
			assert_says(world, room, 0, cases[i].answer);
		}
	}
	autofree char *help = sent_text(world, "!room2:x.org", 0);
	assert_null(strstr(help, "login app")); /* help lists what one may */
}

static void what_is_not_for_the_bot_is_not_answered(void **state)
{
	struct world *world = *state;
	size_t before = said(world, DM);

	matrix_says(world, "!other:x.org", BOB, "help");
	matrix_says(world, "!other:x.org", BOB, "!slackers, help");
	/* Two bots that answered each other's notices would never end. */
	matrix_says_as(world, DM, BOB, "m.notice", "help");
	matrix_says_as(world, DM, BOB, "m.notice", "!slack help");
	matrix_says_as(world, DM, BOB, "m.image", "help");
	settle(world);
	assert_int_equal(said(world, "!other:x.org"), 0);
	assert_int_equal(said(world, DM), before);
}

static void unknown_commands_suggest_the_nearest(void **state)
{
	struct world *world = *state;

	assert_answer(world, "hlep", "did you mean `help`");
	assert_answer(world, "statsu", "did you mean `status`");
	assert_answer(world, "login", "`login app`");
	assert_answer(world, "tell me a story", "say `help`");
	assert_answer(world, "!slack", "say `help`");
	assert_answer(world, "version", "matrix-slack-bridge " VERSION);
	assert_answer(world, "helpme", "did you mean `help`");
	assert_answer(world, "help me", "Commands:");
}

/* ---------------------------------------------------------------- invitations */

static void who_may_not_command_is_refused_at_the_door(void **state)
{
	struct world *world = *state;
	size_t joins = count(world, "/join/");

	matrix_invites(world, "!trap1:x.org", EVE);
	matrix_invites(world, "!trap2:x.org", MALLORY);
	settle(world);
	assert_int_equal(count(world, "/join/"), joins);
	assert_int_equal(count(world, "/leave"), 2);
	assert_non_null(strstr(nth(world, "/leave", 0)->body, "not allowed"));
	assert_int_equal(said(world, "!trap1:x.org"), 0);
	assert_database(world, "SELECT COUNT(*) FROM inbox WHERE state = 0", "0");
}

static void a_refusal_that_cannot_be_delivered_is_given_up(void **state)
{
	struct world *world = *state;

	for (int i = 0; i < 20; i++) {
		script_add(
		        &world->script, (struct answer){.path = "/leave", .status = 502});
	}
	matrix_invites(world, "!trap1:gone.org", MALLORY);
	pass(world, 3600000);
	assert_in_range(count(world, "/leave"), 2, 10);
	assert_database(world, "SELECT COUNT(*) FROM inbox WHERE state = 0", "0");
}

static void a_room_with_others_is_no_management_room(void **state)
{
	struct world *world = *state;

	script_say(&world->script, "/joined_members",
	        "{\"joined\":{\"@slackbot:x.org\":{},\"@bob:x.org\":{},\"@ann:x.org\":{}}}");
	matrix_invites(world, "!many:x.org", BOB);
	settle(world);
	assert_says(world, "!many:x.org", 0, "begin with `!slack`");
	matrix_says(world, "!many:x.org", BOB, "help");
	settle(world);
	assert_int_equal(said(world, "!many:x.org"), 1);
}

/* The homeserver lists nobody (yet). */
static void an_empty_list_of_members_is_asked_for_once(void **state)
{
	struct world *world = *state;
	size_t before = count(world, "/joined_members");

	script_say(&world->script, "/joined_members", "{\"joined\":{}}");
	matrix_invites(world, "!empty:x.org", BOB);
	pass(world, 1000);
	assert_int_equal(count(world, "/joined_members"), before + 1);
}

/* ---------------------------------------------------------------- secrets */

/* A whole login with everything that is ever logged: no token is in it. */
static void no_token_is_ever_logged(void **state)
{
	struct world *world = *state;
	FILE *log = tmpfile();
	char line[20000];
	size_t lines = 0;

	assert_non_null(log);
	log_reset();
	log_add_sink(fileno(log), LOG_JSON, LOG_TRACE);
	log_in_by_chat(world, XOXB, XAPP);
	script_say(&world->script, "/auth.test", "{\"ok\":false,\"error\":\"" XOXB "\"}");
	free(ask(world, "login app"));
	free(ask(world, XOXB));
	free(ask(world, XAPP));
	free(ask(world, "login app " XOXB));
	restart_world(world);
	log_reset();
	rewind(log);
	while (fgets(line, sizeof(line), log) != NULL) {
		lines++;
		assert_null(strstr(line, "very-secret"));
	}
	assert_true(lines > 20);
	fclose(log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        ROOM_TEST(two_tokens_make_a_login),
	        ROOM_TEST(wrong_tokens_are_refused_by_kind),
	        ROOM_TEST(a_token_that_slack_refuses_begins_again),
	        ROOM_TEST(a_dialogue_can_be_cancelled),
	        ROOM_TEST(a_dialogue_survives_restarts),
	        ROOM_TEST(a_slack_out_of_reach_is_waited_for),
	        ROOM_TEST(a_slow_homeserver_gets_each_answer_once),
	        ROOM_TEST(new_tokens_replace_the_old_ones),
	        ROOM_TEST(a_job_under_way_goes_on_with_the_new_tokens),
	        ROOM_TEST(the_same_tokens_bring_back_a_connection_given_up),
	        ROOM_TEST(secrets_are_asked_for_in_private_alone),
	        ROOM_TEST(an_answer_in_another_room_is_none),
	        ROOM_TEST(a_second_room_does_not_swallow_an_answer),
	        ROOM_TEST(a_question_to_one_is_not_answered_by_another),
	        ROOM_TEST(a_token_is_redacted_wherever_the_bot_is_told_it),
	        ROOM_TEST(levels_decide_who_may_what),
	        ROOM_TEST(what_is_not_for_the_bot_is_not_answered),
	        ROOM_TEST(unknown_commands_suggest_the_nearest),
	        ROOM_TEST(who_may_not_command_is_refused_at_the_door),
	        ROOM_TEST(a_refusal_that_cannot_be_delivered_is_given_up),
	        ROOM_TEST(a_room_with_others_is_no_management_room),
	        ROOM_TEST(an_empty_list_of_members_is_asked_for_once),
	        ROOM_TEST(no_token_is_ever_logged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
