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
	static const struct answer answers[] = {
	        {.status = 429, .body = "<html>slow down</html>"},
	        {.status = 429, .retry_after = "0", .body = "{}"},
	        {.status = 429, .retry_after = "soon", .body = "{}"},
	        {.body = "{\"ok\":false,\"error\":\"ratelimited\"}"},
	        {.body = "{\"ok\":false,\"error\":\"rate_limited\"}"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(answers); i++) {
		struct told limited = {0}, next = {0};
		script_add(&f->script, answers[i]);
		script_say(&f->script, NULL, POSTED);
		post(f, &limited);
		pass_ms(f->loop, 0);
		assert_told(&limited, ERR_RETRY, "");
		assert_string_equal(limited.err.name, "ratelimited");
		assert_int_equal(limited.err.retry_after_ms, SLACK_DEFAULT_PARK_MS);
		post(f, &next);
		pass_ms(f->loop, SLACK_DEFAULT_PARK_MS - 100);
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
