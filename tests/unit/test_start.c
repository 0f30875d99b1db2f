/* proves: HS-05 HS-04 */
#include "flow_fixture.h"

#include "bridge/exit_codes.h"
#include "bridge/start.h"

#define VERSIONS "{\"versions\":[\"v1.5\",\"v1.11\"]}"
#define WHOAMI "{\"user_id\":\"@slackbot:x.org\"}"
#define UNKNOWN_TOKEN "{\"errcode\":\"M_UNKNOWN_TOKEN\",\"error\":\"no\"}"

enum { STILL_STARTING = -1 };

struct outcome {
	struct start *start;
	int exit_code;
	unsigned times;
};

static void keep_outcome(int exit_code, void *arg)
{
	struct outcome *outcome = arg;

	outcome->exit_code = exit_code;
	outcome->times++;
	start_destroy(&outcome->start);
}

static void begin(struct world *world, struct outcome *outcome)
{
	*outcome = (struct outcome){.exit_code = STILL_STARTING};
	outcome->start = start_begin(&world->app, keep_outcome, outcome);
	assert_int_equal(outcome->times, 0);
	settle(world);
}

static void say(struct world *world, const char *path, int status, const char *body)
{
	script_add(&world->script,
	        (struct answer){.path = path, .status = status, .body = body});
}

static void what_is_wrong_has_its_exit_status(void **state)
{
	static const struct {
		const char *versions, *registered, *whoami;
		int register_status, whoami_status, exit_code;
	} cases[] = {
	        {VERSIONS, "{}", WHOAMI, 200, 200, 0},
	        {VERSIONS, "{\"errcode\":\"M_USER_IN_USE\"}", WHOAMI, 400, 200, 0},
	        {"{\"versions\":[\"r0.6.1\",\"v1.3\"]}", "{}", WHOAMI, 200, 200,
	                EXIT_HOMESERVER_OUTDATED},
	        {"{}", "{}", WHOAMI, 200, 200, EXIT_HOMESERVER_OUTDATED},
	        {VERSIONS, UNKNOWN_TOKEN, WHOAMI, 401, 200, EXIT_HOMESERVER_TOKEN},
	        {VERSIONS, "{\"errcode\":\"M_EXCLUSIVE\"}", WHOAMI, 400, 200,
	                EXIT_HOMESERVER_TOKEN},
	        {VERSIONS, "{}", "{\"errcode\":\"M_FORBIDDEN\"}", 200, 403,
	                EXIT_HOMESERVER_TOKEN},
	        {VERSIONS, "{}", "{\"user_id\":\"@other:x.org\"}", 200, 200,
	                EXIT_HOMESERVER_IDENTITY},
	};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct outcome outcome;
		say(world, "/versions", 200, cases[i].versions);
		say(world, "/register", cases[i].register_status, cases[i].registered);
		say(world, "/whoami", cases[i].whoami_status, cases[i].whoami);
		begin(world, &outcome);
		pass(world, 1000);
		if (outcome.exit_code != cases[i].exit_code) {
			fail_msg("case %zu ends with %d", i, outcome.exit_code);
		}
		assert_int_equal(outcome.times, 1);
		world->script.answer_count = 0;
	}
}

/* However long it is away, and at whatever point of the start it goes. */
static void a_homeserver_that_is_away_is_waited_for(void **state)
{
	static const char *const points[] = {
	        "/versions", "/register", "/whoami", "/ping"};
	struct world *world = *state;

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct outcome outcome;
		for (int k = 0; k < 30; k++) { /* five minutes */
			say(world, "/versions", 200, VERSIONS);
			say(world, "/whoami", 200, WHOAMI);
			/* What a proxy says before a server that is down. */
			script_add(&world->script,
			        (struct answer){.path = points[i],
			                .how = k % 2 == 0 ? DROP : ANSWER,
			                .status = 502,
			                .body = "<html>Bad Gateway</html>"});
		}
		if (i == 0 || i == 2) { /* the trouble first, not what is right */
			for (size_t k = 0; k < world->script.answer_count; k++) {
				struct answer *answer = &world->script.answers[k];
				bool fine =
				        answer->how == ANSWER && answer->status == 200;
				answer->used = fine && str_equal(answer->path, points[i]);
			}
		}
		begin(world, &outcome);
		pass(world, 120000);
		assert_int_equal(outcome.times, 0);
		world->script.answer_count = 0;
		say(world, "/versions", 200, VERSIONS);
		say(world, "/whoami", 200, WHOAMI);
		pass(world, 120000);
		assert_int_equal(outcome.times, 1);
		assert_int_equal(outcome.exit_code, 0);
		world->script.answer_count = 0;
	}
}

/* The homeserver itself says that it cannot reach us. */
static void a_bridge_that_cannot_be_reached_says_so_and_ends(void **state)
{
	struct world *world = *state;
	struct outcome outcome;

	say(world, "/versions", 200, VERSIONS);
	say(world, "/whoami", 200, WHOAMI);
	for (int i = 0; i < 20; i++) {
		say(world, "/ping", i % 2 == 0 ? 502 : 500,
		        i % 2 == 0 ? "{\"errcode\":\"M_CONNECTION_FAILED\"}"
		                   : "{\"errcode\":\"M_UNKNOWN\"}");
	}
	begin(world, &outcome);
	pass(world, 10000);
	assert_int_equal(outcome.times, 0);
	pass(world, 60000);
	assert_int_equal(outcome.exit_code, EXIT_HOMESERVER_PING);
	assert_int_equal(outcome.times, 1);
}

static void a_homeserver_without_ping_is_not_asked_for_it(void **state)
{
	struct world *world = *state;
	struct outcome outcome;

	say(world, "/versions", 200, "{\"versions\":[\"v1.4\"]}");
	say(world, "/whoami", 200, WHOAMI);
	begin(world, &outcome);
	pass(world, 1000);
	assert_int_equal(outcome.exit_code, 0);
	assert_int_equal(count(world, "/ping"), 0);
}

static void the_end_may_come_at_any_point(void **state)
{
	struct world *world = *state;

	for (size_t n = 0; n < 7; n++) {
		struct outcome outcome;
		say(world, "/versions", 200, VERSIONS);
		say(world, "/whoami", 200, WHOAMI);
		begin(world, &outcome);
		for (size_t i = 0; i < n; i++) {
			loop_turn(world->loop, false);
		}
		start_destroy(&outcome.start);
		pass(world, 60000);
		world->script.answer_count = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(what_is_wrong_has_its_exit_status),
	        TEST(a_homeserver_that_is_away_is_waited_for),
	        TEST(a_bridge_that_cannot_be_reached_says_so_and_ends),
	        TEST(a_homeserver_without_ping_is_not_asked_for_it),
	        TEST(the_end_may_come_at_any_point),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
