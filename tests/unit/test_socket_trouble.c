#include "socket_fixture.h"

#include "bridge/slack/open_budget.h"

/* ---------------------------------------------------------------- budget, pure */

static void test_budget_of_a_healthy_life(void **state)
{
	struct open_budget budget;
	int64_t now = 5 * HOUR;

	(void)state;
	open_budget_init(&budget, 1, now);
	assert_int_equal(open_budget_delay_ms(&budget, now, 0), 0);
	open_budget_spend(&budget, now);
	open_budget_healthy(&budget);
	/* the first reconnect is free, the next one is not */
	assert_int_equal(open_budget_delay_ms(&budget, now + SECOND, 0), 0);
	open_budget_spend(&budget, now + SECOND);
	int64_t delay = open_budget_delay_ms(&budget, now + SECOND, 0);
	assert_in_range(delay, 59 * SECOND, 72 * SECOND);
	/* after hours there are two again, and no more */
	now += 10 * HOUR;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(open_budget_delay_ms(&budget, now, 0), 0);
		open_budget_spend(&budget, now);
	}
	assert_in_range(open_budget_delay_ms(&budget, now, 0), 60 * SECOND, 72 * SECOND);
}

static void test_budget_backs_off(void **state)
{
	static const int64_t base_s[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
	struct open_budget budget;

	(void)state;
	open_budget_init(&budget, 1, 0);
	for (size_t i = 0; i < SIZE(base_s); i++) {
		open_budget_failed(&budget);
		int64_t delay = open_budget_delay_ms(&budget, (int64_t)i * HOUR, 0);
		int64_t base = base_s[i] * SECOND;
		assert_in_range(delay, base, base + base / 5);
	}
	assert_true(open_budget_delay_ms(&budget, 20 * HOUR, 10 * MINUTE) >= 10 * MINUTE);
	for (int i = 0; i < 100000; i++) {
		open_budget_failed(&budget);
	}
	assert_in_range(
	        open_budget_delay_ms(&budget, 30 * HOUR, 0), 60 * SECOND, 72 * SECOND);
	open_budget_healthy(&budget);
	assert_int_equal(open_budget_delay_ms(&budget, 40 * HOUR, 0), 0);
}

/* ---------------------------------------------------------------- losing connections */

static void test_first_reconnect_is_immediate(void **state)
{
	static const enum http_drop ways[] = {HTTP_DROP_CLOSE, HTTP_DROP_RESET};
	struct fixture *f = *state;

	connect_first(f);
	for (unsigned i = 0; i < SIZE(ways); i++) {
		pass_ms(f->loop, HOUR);
		drop(f, i + 1, ways[i]);
		assert_text(&f->states, "connecting connected ");
		assert_int_equal(opens(f), 2 + i);
	}
}

static void test_half_open_is_noticed_within_a_minute(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	pass_ms(f->loop, HOUR);
	f->conns[0].is_mute = true;
	pass_ms(f->loop, 48 * SECOND);
	assert_text(&f->states, "");
	pass_ms(f->loop, 12 * SECOND);
	assert_text(&f->states, "connecting connected ");
}

/* The first reconnect was free; each later call is about a minute after the one before.
 */
static void assert_budget_kept(const struct fixture *f)
{
	size_t count = 0;
	int64_t last_ms = 0;

	assert_in_range(opens(f), 50, 62);
	for (size_t i = 0; i < f->script.asked_count; i++) {
		const struct asked *asked = &f->script.asked[i];
		if (str_ends(asked->path, OPEN)) {
			assert_true(
			        ++count <= 2 || asked->at_ms - last_ms >= 55 * SECOND);
			last_ms = asked->at_ms;
		}
	}
}

static void test_an_hour_of_failing_opens(void **state)
{
	static const struct answer answers[] = {
	        {.status = 503, .body = "<html>"},
	        {.body = "<html>"},
	        {.body = "{\"ok\":false,\"error\":\"internal_error\"}"},
	        {.how = DROP},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(answers); i++) {
		if (i > 0) {
			assert_int_equal(tear_down(state), 0);
			assert_int_equal(set_up(state), 0);
			f = *state;
		}
		answer_opens(f, answers[i]);
		socket_mode_start(f->sm);
		pass_ms(f->loop, HOUR);
		assert_budget_kept(f);
		answer_opens_well(f);
		pass_ms(f->loop, 73 * SECOND);
		assert_int_equal(socket_mode_state(f->sm), SM_CONNECTED);
	}
}

/* Every connection says hello and is dropped at once: healthy each time, and yet a storm.
 */
static void test_an_hour_of_flapping(void **state)
{
	struct fixture *f = *state;

	socket_mode_start(f->sm);
	for (int i = 0; i < HOUR / SECOND; i++) {
		pass_ms(f->loop, SECOND);
		for (unsigned n = 1; n <= f->tickets; n++) {
			if (!f->conns[n - 1].is_gone) {
				drop(f, n, HTTP_DROP_RESET);
			}
		}
	}
	assert_in_range(opens(f), 45, 62);
}

static void test_refresh_storm(void **state)
{
	struct fixture *f = *state;

	socket_mode_start(f->sm);
	for (int i = 0; i < HOUR / SECOND; i++) {
		pass_ms(f->loop, SECOND);
		for (unsigned n = 1; n <= f->tickets; n++) {
			struct server_conn *conn = &f->conns[n - 1];
			if (!conn->is_gone && conn->close_code == 0) {
				ws_conn_text(conn->ws,
				        str_from(DISCONNECT("refresh_requested")));
			}
		}
	}
	assert_in_range(opens(f), 45, 62);
	assert_int_equal(socket_mode_state(f->sm), SM_CONNECTED);
}

static void test_retry_after_is_obeyed(void **state)
{
	struct fixture *f = *state;

	answer_opens(f, (struct answer){.status = 429, .retry_after = "900", .body = ""});
	socket_mode_start(f->sm);
	pass_ms(f->loop, 0);
	assert_text(&f->states, "connecting disconnected ");
	answer_opens_well(f);
	pass_ms(f->loop, 899 * SECOND);
	assert_int_equal(opens(f), 1);
	assert_int_equal(socket_mode_state(f->sm), SM_DISCONNECTED);
	pass_ms(f->loop, 200 * SECOND);
	assert_int_equal(opens(f), 2);
	assert_text(&f->states, "connecting connected ");
}

/* The same seed tries at the same times, another one does not. */
static void test_jitter_depends_on_the_seed(void **state)
{
	static const uint64_t seeds[] = {3, 3, 4};
	int64_t times[SIZE(seeds)][5];

	for (size_t i = 0; i < SIZE(seeds); i++) {
		struct fixture *f = *state;
		socket_mode_destroy(&f->sm);
		f->sm = socket_mode_create(
		        f->loop, f->ws, f->api, seeds[i], &owner_handlers, f);
		answer_opens(f, (struct answer){.status = 500});
		socket_mode_start(f->sm);
		pass_ms(f->loop, 10 * MINUTE);
		for (size_t j = 0; j < SIZE(times[i]); j++) {
			times[i][j] = f->script.asked[j].at_ms;
		}
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
	assert_memory_equal(times[0], times[1], sizeof(times[0]));
	assert_memory_not_equal(times[0], times[2], sizeof(times[0]));
}

/* ---------------------------------------------------------------- several connections */

/* Connected over the first ones that the budget allows. */
static void connect_several(struct fixture *f, unsigned count)
{
	socket_mode_set_connections(f->sm, count);
	socket_mode_start(f->sm);
	pass_ms(f->loop, 0);
	assert_text(&f->states, "connecting connected ");
}

/* proves: SOCK-08 */
static void test_connections_fill_up_within_the_budget(void **state)
{
	struct fixture *f = *state;

	connect_several(f, 10);
	assert_int_equal(opens(f), 2);
	assert_int_equal(socket_mode_health(f->sm).connections, 2);
	pass_ms(f->loop, 12 * MINUTE);
	assert_int_equal(socket_mode_health(f->sm).connections, 10);
	assert_int_equal(opens(f), 10);
	assert_text(&f->states, ""); /* connected all the time */
	pass_ms(f->loop, HOUR);
	assert_int_equal(opens(f), 10);
}

/* proves: SOCK-08 */
static void test_each_is_replaced_by_itself(void **state)
{
	struct fixture *f = *state;

	connect_several(f, 3);
	pass_ms(f->loop, HOUR);
	assert_int_equal(opens(f), 3);
	say(f, 2, DISCONNECT("warning"));
	assert_int_equal(opens(f), 4);
	assert_int_equal(socket_mode_health(f->sm).connections, 3);
	send_envelope(f, 2, "e1"); /* the old one is there still */
	assert_text(&f->envelopes, "2:e1 ");
	pass_ms(f->loop, 20 * SECOND);
	assert_true(f->conns[1].is_gone);
	assert_false(f->conns[0].is_gone || f->conns[2].is_gone || f->conns[3].is_gone);
	drop(f, 1, HTTP_DROP_RESET);
	assert_text(&f->states, "");
	pass_ms(f->loop, 2 * MINUTE);
	assert_int_equal(opens(f), 5);
	assert_int_equal(socket_mode_health(f->sm).connections, 3);
	assert_int_equal(socket_mode_health(f->sm).reconnects, 0);
}

/* proves: SOCK-09 */
static void test_fewer_than_wanted_are_enough(void **state)
{
	struct fixture *f = *state;

	connect_several(f, 3);
	assert_int_equal(opens(f), 2);
	f->greeting = SAY_TOO_MANY;
	pass_ms(f->loop, HOUR);
	assert_int_equal(socket_mode_health(f->sm).connections, 2);
	assert_string_equal(socket_mode_health(f->sm).last_error, "too_many_websockets");
	assert_in_range(opens(f), 12, 16); /* no hot loop */
	assert_text(&f->states, "");
	f->greeting = GREET;
	pass_ms(f->loop, 301 * SECOND);
	assert_int_equal(socket_mode_health(f->sm).connections, 3);
}

static void ignore_state(enum socket_mode_state state, const char *why, void *arg)
{
	(void)state;
	(void)why;
	(void)arg;
}

/* Two workspaces with one app: their connections share the app's budget. */
/* proves: SOCK-04 */
static void test_a_budget_is_shared(void **state)
{
	struct fixture *f = *state;
	struct open_budget budget;
	static const struct socket_mode_handlers handlers = {.state = ignore_state};
	struct socket_mode *other =
	        socket_mode_create(f->loop, f->ws, f->api, 9, &handlers, NULL);

	open_budget_init(&budget, 7, loop_now_ms(f->loop));
	socket_mode_set_budget(f->sm, &budget);
	socket_mode_set_budget(other, &budget);
	socket_mode_start(f->sm);
	socket_mode_start(other);
	for (int i = 0; i < HOUR / SECOND; i++) {
		pass_ms(f->loop, SECOND);
		for (unsigned n = 1; n <= f->tickets; n++) {
			if (!f->conns[n - 1].is_gone) {
				drop(f, n, HTTP_DROP_RESET);
			}
		}
	}
	assert_in_range(opens(f), 45, 63);
	socket_mode_destroy(&other);
}

static void note_stopped(void *arg)
{
	*(bool *)arg = true;
}

/* proves: OPS-04 */
static void test_stopping_closes_properly(void **state)
{
	struct fixture *f = *state;
	bool stopped = false;

	connect_several(f, 2);
	pass_ms(f->loop, HOUR);
	send_envelope(f, 1, "e1"); /* owed, until its commit */
	socket_mode_stop(f->sm, note_stopped, &stopped);
	pass_ms(f->loop, 500);
	assert_false(stopped);
	assert_int_equal(f->conns[1].close_code, 1000);
	assert_int_equal(f->conns[0].close_code, 0);
	socket_mode_ack(f->sm, 1, "e1");
	pass_ms(f->loop, 3 * SECOND);
	assert_true(stopped);
	assert_int_equal(f->conns[0].close_code, 1000);
	assert_text(&f->acks, "1:e1 ");
	assert_text(&f->states, "");
	assert_int_equal(opens(f), 2);
}

/* ---------------------------------------------------------------- a person must help */

static void test_fatal_errors_stop(void **state)
{
	static const char *const words[] = {"invalid_auth", "not_authed",
	        "account_inactive", "token_revoked", "user_removed_from_team",
	        "team_disabled", "forbidden_team"};

	for (size_t i = 0; i < SIZE(words); i++) {
		struct fixture *f = *state;
		autofree char *body =
		        xasprintf("{\"ok\":false,\"error\":\"%s\"}", words[i]);
		answer_opens(f, (struct answer){.body = body});
		socket_mode_start(f->sm);
		pass_ms(f->loop, 10 * HOUR);
		assert_text(&f->states, "connecting bad_credentials ");
		assert_string_equal(f->why, words[i]);
		assert_int_equal(opens(f), 1);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
}

static void test_fatal_error_at_a_refresh(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	answer_opens(
	        f, (struct answer){.body = "{\"ok\":false,\"error\":\"token_revoked\"}"});
	say(f, 1, DISCONNECT("refresh_requested"));
	assert_text(&f->states, "bad_credentials ");
	send_envelope(f, 1, "e1"); /* what still comes is not thrown away */
	socket_mode_ack(f->sm, 1, "e1");
	say(f, 1, DISCONNECT("link_disabled"));
	pass_ms(f->loop, HOUR);
	assert_text(&f->envelopes, "1:e1 ");
	assert_text(&f->acks, "1:e1 ");
	assert_text(&f->states, "");
	assert_true(f->conns[0].is_gone);
	assert_int_equal(opens(f), 2);
}

static void test_link_disabled(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	f->greeting = SAY_LINK_DISABLED;
	say(f, 1, DISCONNECT("link_disabled"));
	assert_text(&f->states, "link_disabled ");
	assert_string_equal(f->why, "link_disabled");
	drop(f, 1, HTTP_DROP_RESET);
	pass_ms(f->loop, 299 * SECOND);
	assert_int_equal(opens(f), 1);
	pass_ms(f->loop, 2 * SECOND);
	assert_int_equal(opens(f), 2);
	pass_ms(f->loop, HOUR);
	assert_in_range(opens(f), 12, 14);
	assert_text(&f->states, ""); /* told once */
	f->greeting = GREET;
	pass_ms(f->loop, 301 * SECOND);
	assert_text(&f->states, "connected ");
}

/* What Slack answers while it is off is no word about the token. */
static void test_link_disabled_by_the_opening(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	answer_opens(f,
	        (struct answer){
	                .body = "{\"ok\":false,\"error\":\"not_allowed_token_type\"}"});
	drop(f, 1, HTTP_DROP_RESET);
	assert_text(&f->states, "connecting link_disabled ");
	pass_ms(f->loop, HOUR);
	assert_in_range(opens(f), 12, 15);
	answer_opens(f, (struct answer){.status = 503, .body = "<html>"});
	pass_ms(f->loop, HOUR);
	assert_text(&f->states, ""); /* not told anew for that */
	answer_opens_well(f);
	pass_ms(f->loop, 301 * SECOND);
	assert_text(&f->states, "connected ");
}

static void test_link_disabled_stops_a_refresh(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	f->greeting = SAY_NOTHING;
	say(f, 1, DISCONNECT("warning"));
	say(f, 1, DISCONNECT("link_disabled"));
	assert_text(&f->states, "link_disabled ");
	pass_ms(f->loop, 60 * SECOND);
	assert_true(f->conns[0].is_gone);
	assert_true(f->conns[1].is_gone);
	assert_int_equal(opens(f), 2);
}

static void test_too_many_instead_of_hello(void **state)
{
	struct fixture *f = *state;

	f->greeting = SAY_TOO_MANY;
	socket_mode_start(f->sm);
	pass_ms(f->loop, 0);
	assert_text(&f->states, "connecting too_many ");
	assert_string_equal(f->why, "too_many_websockets");
	pass_ms(f->loop, HOUR);
	assert_in_range(opens(f), 12, 14);
	assert_text(&f->states, "");
	f->greeting = GREET;
	pass_ms(f->loop, 301 * SECOND);
	assert_text(&f->states, "connected ");
}

static void test_too_many_after_hello(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	say(f, 1, DISCONNECT("too_many_websockets"));
	assert_text(&f->states, "too_many ");
	assert_true(f->conns[0].is_gone);
	pass_ms(f->loop, 299 * SECOND);
	assert_int_equal(opens(f), 1);
	pass_ms(f->loop, 2 * SECOND);
	assert_text(&f->states, "connected ");
}

/* Ten of the app's are open: there is room for our next only when our old one is gone. */
static void test_too_many_at_a_refresh(void **state)
{
	struct fixture *f = *state;

	connect_first(f);
	pass_ms(f->loop, HOUR);
	f->greeting = SAY_TOO_MANY;
	say(f, 1, DISCONNECT("warning"));
	assert_text(&f->states, "");
	f->greeting = GREET;
	pass_ms(f->loop, 10 * SECOND);
	assert_int_equal(opens(f), 2);
	drop(f, 1, HTTP_DROP_CLOSE);
	pass_ms(f->loop, 75 * SECOND);
	assert_text(&f->states, "too_many connected ");
	assert_int_equal(opens(f), 3);
}

static void test_other_permanent_errors_are_tried_slowly(void **state)
{
	struct fixture *f = *state;

	answer_opens(
	        f, (struct answer){.body = "{\"ok\":false,\"error\":\"missing_scope\"}"});
	socket_mode_start(f->sm);
	pass_ms(f->loop, HOUR - MINUTE);
	assert_int_equal(opens(f), 12);
	assert_string_equal(f->why, "missing_scope");
	assert_int_equal(socket_mode_state(f->sm), SM_DISCONNECTED);
}

int main(void)
{
	log_add_sink(STDERR_FILENO, LOG_TEXT, LOG_WARN);
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_budget_of_a_healthy_life),
	        cmocka_unit_test(test_budget_backs_off),
	        TEST(test_first_reconnect_is_immediate),
	        TEST(test_half_open_is_noticed_within_a_minute),
	        TEST(test_an_hour_of_failing_opens),
	        TEST(test_an_hour_of_flapping),
	        TEST(test_refresh_storm),
	        TEST(test_retry_after_is_obeyed),
	        TEST(test_jitter_depends_on_the_seed),
	        TEST(test_connections_fill_up_within_the_budget),
	        TEST(test_each_is_replaced_by_itself),
	        TEST(test_fewer_than_wanted_are_enough),
	        TEST(test_a_budget_is_shared),
	        TEST(test_stopping_closes_properly),
	        TEST(test_fatal_errors_stop),
	        TEST(test_fatal_error_at_a_refresh),
	        TEST(test_link_disabled),
	        TEST(test_link_disabled_by_the_opening),
	        TEST(test_link_disabled_stops_a_refresh),
	        TEST(test_too_many_instead_of_hello),
	        TEST(test_too_many_after_hello),
	        TEST(test_too_many_at_a_refresh),
	        TEST(test_other_permanent_errors_are_tried_slowly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
