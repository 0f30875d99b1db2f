/* proves: RATE-01 RATE-02 RATE-03 */
#include "slack_fixture.h"

#include "bridge/slack/errors.h"

static void test_429_parks_the_method_alone(void **state)
{
	struct fixture *f = *state;
	struct told first = {0}, later[3] = {{0}}, other = {0};

	script_add(
	        &f->script, (struct answer){.path = "/api/chat.postMessage",
	                            .status = 429,
	                            .retry_after = "40",
	                            .body = "{\"ok\":false,\"error\":\"ratelimited\"}"});
	f->script.otherwise.body = POSTED;
	post(f, &first);
	pass_ms(f->loop, 1000);
	assert_told(&first, ERR_RETRY, "");
	assert_string_equal(first.err.name, "ratelimited");
	assert_int_equal(first.err.retry_after_ms, 40000);

	for (size_t i = 0; i < SIZE(later); i++) {
		char text[2] = {(char)('a' + i), '\0'};
		struct slack_post message = {
		        .channel_id = "C1", .text = text, .mark = {.event_id = "$e"}};
		slack_chat_post(f->api, &message, note_ts, &later[i]);
	}
	script_say(
	        &f->script, "/api/users.info", "{\"ok\":true,\"user\":{\"id\":\"U1\"}}");
	slack_users_info(f->api, "U1", note_user, &other);
	pass_ms(f->loop, 38500);
	assert_told(&other, ERR_NONE, "U1"); /* other methods go on */
	assert_int_equal(script_count(&f->script, "chat.postMessage"), 1);
	assert_int_equal(later[0].times, 0);

	pass_ms(f->loop, 1000);
	for (size_t i = 0; i < SIZE(later); i++) {
		char text[2] = {(char)('a' + i), '\0'};
		assert_told(&later[i], ERR_NONE, "1700000000.000100");
		assert_form(&f->script, 2 + i, "text", text); /* in order */
		assert_true(f->script.asked[2 + i].at_ms >= 40000);
	}
	assert_int_equal(script_count(&f->script, "chat.postMessage"), 4);
}

/* Only one is spent on finding out whether the park is really over. */
static void test_first_after_a_park_goes_alone(void **state)
{
	struct fixture *f = *state;
	struct told told[5] = {{0}};
	const struct answer limit = {
	        .path = "chat.postMessage", .status = 429, .retry_after = "10"};

	f->script.otherwise.body = POSTED;
	script_add(&f->script, limit);
	script_add(&f->script, limit);
	post(f, &told[0]);
	pass_ms(f->loop, 0);
	for (size_t i = 1; i < SIZE(told); i++) {
		post(f, &told[i]);
	}
	pass_ms(f->loop, 10500);
	assert_told(&told[1], ERR_RETRY, "");
	assert_int_equal(f->script.asked_count, 2);
	assert_int_equal(told[2].times, 0);
	pass_ms(f->loop, 10500);
	assert_int_equal(f->script.asked_count, 5);
	for (size_t i = 2; i < SIZE(told); i++) {
		assert_told(&told[i], ERR_NONE, "1700000000.000100");
	}
}

static void test_cancelled_probe_lets_the_others_go(void **state)
{
	struct fixture *f = *state;
	struct told told[3] = {{0}};

	f->script.otherwise.body = POSTED;
	script_add(&f->script, (struct answer){.status = 429, .retry_after = "10"});
	script_add(&f->script, (struct answer){.how = HOLD});
	post(f, &told[0]);
	pass_ms(f->loop, 0);
	struct slack_call *probe = post(f, &told[1]);
	post(f, &told[2]);
	pass_ms(f->loop, 12000);
	assert_int_equal(f->script.asked_count, 2);
	slack_call_cancel(&probe);
	pass_ms(f->loop, 1000);
	assert_int_equal(told[1].times, 0);
	assert_told(&told[2], ERR_NONE, "1700000000.000100");
}

static void test_429_without_a_time_and_in_other_words(void **state)
{
	static const struct {
		struct answer answer;
		uint32_t park_ms;
	} cases[] = {
	        {{.status = 429, .body = "<html>slow down</html>"},
	                SLACK_DEFAULT_PARK_MS},
	        {{.status = 429, .retry_after = "0", .body = "{}"},
	                SLACK_SHORTEST_PARK_MS},
	        {{.status = 429, .retry_after = "soon", .body = "{}"},
	                SLACK_DEFAULT_PARK_MS},
	        {{.status = 429, .retry_after = "-1", .body = "{}"},
	                SLACK_DEFAULT_PARK_MS},
	        {{.status = 429, .retry_after = "1.5", .body = "{}"},
	                SLACK_DEFAULT_PARK_MS},
	        {{.status = 429, .retry_after = "Wed, 21 Oct 2015 07:28:00 GMT"},
	                SLACK_SHORTEST_PARK_MS},
	        {{.body = "{\"ok\":false,\"error\":\"ratelimited\"}"},
	                SLACK_DEFAULT_PARK_MS},
	        {{.body = "{\"ok\":false,\"error\":\"rate_limited\"}"},
	                SLACK_DEFAULT_PARK_MS},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		struct told limited = {0}, next = {0};
		script_add(&f->script, cases[i].answer);
		script_say(&f->script, NULL, POSTED);
		post(f, &limited);
		pass_ms(f->loop, 0);
		assert_told(&limited, ERR_RETRY, "");
		assert_string_equal(limited.err.name, "ratelimited");
		assert_int_equal(limited.err.retry_after_ms, cases[i].park_ms);
		post(f, &next);
		pass_ms(f->loop, cases[i].park_ms - 100);
		assert_int_equal(next.times, 0);
		pass_ms(f->loop, 200);
		assert_told(&next, ERR_NONE, "1700000000.000100");
	}
}

static void test_parked_calls_can_be_cancelled(void **state)
{
	struct fixture *f = *state;
	struct told told[3] = {{0}};
	struct slack_call *calls[3];

	f->script.otherwise.body = POSTED;
	script_add(&f->script, (struct answer){.status = 429, .retry_after = "10"});
	post(f, &told[0]);
	pass_ms(f->loop, 0);
	for (size_t i = 0; i < SIZE(calls); i++) {
		calls[i] = post(f, &told[i]);
	}
	told[0].times = 0;
	slack_call_cancel(&calls[1]);
	slack_call_cancel(&calls[0]);
	pass_ms(f->loop, 20000);
	assert_int_equal(told[0].times, 0);
	assert_int_equal(told[1].times, 0);
	assert_told(&told[2], ERR_NONE, "1700000000.000100");
	assert_int_equal(f->script.asked_count, 2);
}

/* Cancelling one after the other sets none of the rest free on the way. */
static void test_cancelling_all_sends_nothing(void **state)
{
	struct fixture *f = *state;
	struct told told[4] = {{0}};
	struct slack_call *calls[4] = {NULL};

	f->script.otherwise.how = HOLD;
	script_add(&f->script, (struct answer){.status = 429, .retry_after = "10"});
	post(f, &told[0]);
	pass_ms(f->loop, 0);
	for (size_t i = 1; i < SIZE(calls); i++) {
		calls[i] = post(f, &told[i]);
	}
	pass_ms(f->loop, 11000);
	assert_int_equal(f->script.asked_count, 2); /* the probe is out */
	for (size_t i = 1; i < SIZE(calls); i++) {
		slack_call_cancel(&calls[i]);
	}
	pass_ms(f->loop, 11000);
	assert_int_equal(f->script.asked_count, 2);
}

/* Tier 3 grants 50 a minute: after the first burst no minute has more; none is lost. */
static void test_a_tier_is_kept_to(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	enum { CALLS = 200 };

	f->script.otherwise.body = "{\"ok\":true,\"bot\":{\"id\":\"B1\"}}";
	for (int i = 0; i < CALLS; i++) {
		slack_bots_info(f->api, "B1", note_user, &told);
	}
	pass_ms(f->loop, 0);
	assert_in_range(f->script.asked_count, 40, 50); /* a burst at once */
	size_t before = f->script.asked_count;
	for (int minute = 0; minute < 4; minute++) {
		pass_ms(f->loop, 60000);
		assert_in_range(f->script.asked_count - before, 0, 50);
		before = f->script.asked_count;
	}
	pass_ms(f->loop, 60000);
	assert_int_equal(f->script.asked_count, CALLS);
	assert_int_equal(told.times, CALLS);
}

static struct slack_call *post_to(
        struct fixture *f, const char *channel, struct told *told)
{
	const struct slack_post message = {
	        .channel_id = channel, .text = "x", .mark = {.event_id = "$e"}};

	return slack_chat_post(f->api, &message, note_ts, told);
}

/* About one a second and channel after the burst; other channels wait for none of it. */
static void test_channels_are_kept_apart(void **state)
{
	struct fixture *f = *state;
	struct told one = {0}, other = {0};

	f->script.otherwise.body = POSTED;
	for (int i = 0; i < 10; i++) {
		post_to(f, "C1", &one);
	}
	pass_ms(f->loop, 0);
	assert_in_range(one.times, 2, 4);
	post_to(f, "C2", &other);
	pass_ms(f->loop, 0);
	assert_int_equal(other.times, 1);
	for (int second = 0; second < 5; second++) {
		unsigned before = one.times;
		pass_ms(f->loop, 1000);
		assert_int_equal(one.times, before + 1);
	}
	pass_ms(f->loop, 60000);
	assert_int_equal(one.times, 10);
}

/* Several hundred a minute in the whole workspace. */
static void test_the_workspace_has_its_limit(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	f->script.otherwise.body = POSTED;
	for (int i = 0; i < 400; i++) {
		autofree char *channel = xasprintf("C%d", i);
		post_to(f, channel, &told);
	}
	pass_ms(f->loop, 59000);
	assert_in_range(told.times, 250, 300);
	pass_ms(f->loop, 61000);
	assert_int_equal(told.times, 400);
}

static void note_page(const struct slack_event *messages, size_t count,
        const char *next_cursor, const struct err *err, void *arg)
{
	(void)messages;
	(void)count;
	note(arg, next_cursor, err);
}

/* What is read to catch up leaves something for the looks that messages wait for, and
 * those go first. */
static void test_messages_go_before_catching_up(void **state)
{
	struct fixture *f = *state;
	struct told history = {0}, look = {0}, late = {0};
	const struct slack_mark mark = {.event_id = "$e"};

	f->script.otherwise.body = "{\"ok\":true,\"messages\":[]}";
	for (int i = 0; i < 100; i++) {
		slack_history(f->api, "C1", "0", "", note_page, &history);
	}
	pass_ms(f->loop, 0);
	assert_in_range(history.times, 30, 40);
	for (int i = 0; i < 5; i++) {
		slack_find_posted(f->api, "C1", NULL, "1.0", &mark, note_ts, &look);
	}
	pass_ms(f->loop, 0);
	assert_int_equal(look.times, 5);
	for (int i = 0; i < 10; i++) {
		slack_find_posted(f->api, "C1", NULL, "1.0", &mark, note_ts, &late);
	}
	pass_ms(f->loop, 60000);
	assert_int_equal(late.times, 10);
	pass_ms(f->loop, 180000);
	assert_int_equal(history.times, 100);
}

static void test_a_resumed_token_is_used_with_care(void **state)
{
	struct fixture *f = *state;
	struct told told = {0}, posted = {0};

	f->script.otherwise.body = "{\"ok\":true,\"bot\":{\"id\":\"B1\"},\"ts\":\"1.1\"}";
	slack_api_resume(f->api);
	for (int i = 0; i < 100; i++) {
		slack_bots_info(f->api, "B1", note_user, &told);
	}
	for (int i = 0; i < 5; i++) {
		post_to(f, "C1", &posted);
	}
	pass_ms(f->loop, 0);
	assert_in_range(told.times, 20, 25);
	assert_int_equal(posted.times, 1);
	pass_ms(f->loop, 60000);
	assert_in_range(told.times, 60, 70); /* and all of it in the minute after */
	assert_int_equal(posted.times, 5);
	pass_ms(f->loop, 120000);
	assert_int_equal(told.times, 100);
}

static void test_no_limits_if_told_so(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	f->script.otherwise.body = POSTED;
	slack_api_unlimit(f->api);
	for (int i = 0; i < 500; i++) {
		post_to(f, "C1", &told);
	}
	pass_ms(f->loop, 0);
	assert_int_equal(told.times, 500);
}

/* Nobody waits for weeks because a server once said so. */
static void test_a_huge_wait_is_an_hour(void **state)
{
	struct fixture *f = *state;
	struct told first = {0}, second = {0};

	f->script.otherwise.body = POSTED;
	script_add(&f->script,
	        (struct answer){.status = 429, .retry_after = "999999999999"});
	post(f, &first);
	pass_ms(f->loop, 0);
	post(f, &second);
	pass_ms(f->loop, 59 * 60 * 1000);
	assert_int_equal(second.times, 0);
	pass_ms(f->loop, 2 * 60 * 1000);
	assert_told(&second, ERR_NONE, "1700000000.000100");
}

/* What one workspace is refused is nothing to another. */
static void test_workspaces_are_kept_apart(void **state)
{
	struct fixture *f = *state;
	struct told limited = {0}, waits = {0}, goes = {0};
	autofree char *url = script_url(&f->script, "/api/");
	struct slack_api *other = slack_api_create(f->loop, f->http, url, "xoxb-2");
	const struct slack_post message = {
	        .channel_id = "C1", .text = "x", .mark = {.event_id = "$e"}};

	f->script.otherwise.body = POSTED;
	script_add(&f->script, (struct answer){.status = 429, .retry_after = "600"});
	post(f, &limited);
	pass_ms(f->loop, 0);
	struct slack_call *parked = post(f, &waits);
	slack_chat_post(other, &message, note_ts, &goes);
	pass_ms(f->loop, 1000);
	assert_int_equal(waits.times, 0);
	assert_told(&goes, ERR_NONE, "1700000000.000100");
	slack_call_cancel(&parked);
	slack_api_destroy(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_429_parks_the_method_alone),
	        TEST(test_first_after_a_park_goes_alone),
	        TEST(test_cancelled_probe_lets_the_others_go),
	        TEST(test_429_without_a_time_and_in_other_words),
	        TEST(test_parked_calls_can_be_cancelled),
	        TEST(test_cancelling_all_sends_nothing),
	        TEST(test_a_tier_is_kept_to),
	        TEST(test_channels_are_kept_apart),
	        TEST(test_the_workspace_has_its_limit),
	        TEST(test_messages_go_before_catching_up),
	        TEST(test_a_resumed_token_is_used_with_care),
	        TEST(test_no_limits_if_told_so),
	        TEST(test_a_huge_wait_is_an_hour),
	        TEST(test_workspaces_are_kept_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
