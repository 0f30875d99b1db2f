#include "slack_fixture.h"

#define OTHER_MESSAGE                                                                    \
	"{\"type\":\"message\",\"user\":\"U1\",\"text\":\"x\",\"ts\":\"1.9\"}"
#define OTHER_MARK                                                                       \
	"{\"type\":\"message\",\"bot_id\":\"B1\",\"ts\":\"1.8\",\"metadata\":{"          \
	"\"event_type\":\"matrix_event\",\"event_payload\":{\"event_id\":\"$other\"}}}"
#define FOREIGN_MARK                                                                     \
	"{\"type\":\"message\",\"bot_id\":\"B2\",\"ts\":\"1.7\",\"metadata\":{"          \
	"\"event_type\":\"else\",\"event_payload\":{\"event_id\":\"$e\"}}}"
#define OUR_MESSAGE                                                                      \
	"{\"type\":\"message\",\"subtype\":\"bot_message\",\"bot_id\":\"B1\","           \
	"\"username\":\"Bob\",\"ts\":\"1.5\",\"metadata\":{\"event_type\":"              \
	"\"matrix_event\",\"event_payload\":{\"event_id\":\"$e\"}}}"
#define PAGE(messages, next)                                                             \
	"{\"ok\":true,\"messages\":[" messages "],\"has_more\":true,"                    \
	"\"response_metadata\":{\"next_cursor\":\"" next "\"}}"
#define LAST_PAGE(messages) "{\"ok\":true,\"messages\":[" messages "],\"has_more\":false}"

static const struct slack_mark mark = {.event_id = "$e"};

static void find(struct fixture *f, const char *thread_ts, struct told *told)
{
	slack_find_posted(f->api, "C1", thread_ts, "1.0", &mark, note_ts, told);
}

static void test_find_on_the_first_page(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	script_say(&f->script, "/api/conversations.history",
	        PAGE(OTHER_MESSAGE "," OTHER_MARK "," FOREIGN_MARK "," OUR_MESSAGE,
	                "c2"));
	find(f, NULL, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "1.5");
	assert_int_equal(f->script.asked_count, 1);
	assert_form(&f->script, 0, "channel", "C1");
	assert_form(&f->script, 0, "oldest", "1.0");
	assert_form(&f->script, 0, "limit", "200");
	assert_form(&f->script, 0, "include_all_metadata", "true");
	assert_form(&f->script, 0, "inclusive", NULL);
	assert_form(&f->script, 0, "ts", NULL);
}

static void test_find_over_empty_pages_in_a_thread(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	script_say(&f->script, "/api/conversations.replies", PAGE(OTHER_MESSAGE, "c=2&"));
	script_say(&f->script, "/api/conversations.replies", PAGE("", "c3"));
	script_say(&f->script, "/api/conversations.replies", LAST_PAGE(OUR_MESSAGE));
	find(f, "1.1", &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "1.5");
	assert_int_equal(f->script.asked_count, 3);
	assert_form(&f->script, 0, "ts", "1.1");
	assert_form(&f->script, 0, "cursor", NULL);
	assert_form(&f->script, 1, "cursor", "c=2&");
	assert_form(&f->script, 1, "ts", "1.1");
	assert_form(&f->script, 2, "cursor", "c3");
}

static void test_surely_not_there(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	script_say(&f->script, NULL, PAGE(OTHER_MARK, "c2"));
	script_say(&f->script, NULL, LAST_PAGE(FOREIGN_MARK));
	find(f, NULL, &told);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_NONE, "");
	assert_int_equal(f->script.asked_count, 2);
}

/* Whatever leaves a doubt must not look like "not there": it would be posted twice. */
static void test_find_without_a_clear_answer(void **state)
{
	static const struct {
		const char *second_page;
		enum err_kind kind;
	} cases[] = {
	        {"{\"ok\":false,\"error\":\"channel_not_found\"}", ERR_PERMANENT},
	        {"{\"ok\":true}", ERR_RETRY},
	        {"{\"ok\":true,\"messages\":{}}", ERR_RETRY},
	        {"{\"ok\":true,\"messages\":[],\"has_more\":true}", ERR_RETRY},
	        {"<html>", ERR_RETRY},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < SIZE(cases); i++) {
		struct told told = {0};
		script_say(&f->script, NULL, PAGE(OTHER_MARK, "c2"));
		script_say(&f->script, NULL, cases[i].second_page);
		find(f, NULL, &told);
		pass_ms(f->loop, 0);
		assert_told(&told, cases[i].kind, "");
	}
}

static void test_find_gives_up_after_500_pages(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	f->script.otherwise.body = PAGE(OTHER_MESSAGE, "again");
	find(f, NULL, &told);
	pass_ms(f->loop, 20 * 60 * 1000);
	assert_told(&told, ERR_PERMANENT, "");
	assert_string_equal(told.err.name, "too_many_pages");
	assert_int_equal(f->script.asked_count, 500);
}

static void test_find_waits_through_a_rate_limit(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	script_say(&f->script, NULL, PAGE(OTHER_MESSAGE, "c2"));
	script_add(&f->script, (struct answer){.status = 429, .retry_after = "20"});
	script_say(&f->script, NULL, LAST_PAGE(OUR_MESSAGE));
	find(f, NULL, &told);
	pass_ms(f->loop, 19000);
	assert_int_equal(told.times, 0);
	assert_int_equal(f->script.asked_count, 2);
	pass_ms(f->loop, 2000);
	assert_told(&told, ERR_NONE, "1.5");
	assert_form(&f->script, 2, "cursor", "c2");
}

static void test_find_gives_up_on_endless_rate_limits(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	f->script.otherwise =
	        (struct answer){.status = 429, .retry_after = "10", .body = ""};
	find(f, NULL, &told);
	pass_ms(f->loop, 3600000);
	assert_told(&told, ERR_RETRY, "");
	assert_int_equal(f->script.asked_count, 11);
}

static void test_find_can_be_cancelled_between_pages(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};

	script_say(&f->script, NULL, PAGE(OTHER_MESSAGE, "c2"));
	f->script.otherwise.how = HOLD;
	struct slack_call *call =
	        slack_find_posted(f->api, "C1", NULL, "1.0", &mark, note_ts, &told);
	pass_ms(f->loop, 0);
	assert_int_equal(f->script.asked_count, 2);
	slack_call_cancel(&call);
	pass_ms(f->loop, 60000);
	assert_int_equal(told.times, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_find_on_the_first_page),
	        TEST(test_find_over_empty_pages_in_a_thread),
	        TEST(test_surely_not_there),
	        TEST(test_find_without_a_clear_answer),
	        TEST(test_find_gives_up_after_500_pages),
	        TEST(test_find_waits_through_a_rate_limit),
	        TEST(test_find_gives_up_on_endless_rate_limits),
	        TEST(test_find_can_be_cancelled_between_pages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
