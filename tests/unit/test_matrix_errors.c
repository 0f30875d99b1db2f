/* proves: RATE-04 */
#include "matrix_fixture.h"

#include "bridge/matrix/errors.h"

/* A read, a request that may be repeated, and one that may not, for each way to fail. */
static void test_classification(void **state)
{
	static const struct {
		struct answer answer;
		enum err_kind read, repeatable, once;
		const char *name;
		uint32_t retry_after_ms;
	} cases[] = {
	        {{.status = 429,
	                 .body = "{\"errcode\":\"M_LIMIT_EXCEEDED\","
	                         "\"retry_after_ms\":2500}"},
	                ERR_RETRY, ERR_RETRY, ERR_RETRY, "M_LIMIT_EXCEEDED", 2500},
	        {{.status = 429,
	                 .body = "{\"errcode\":\"M_LIMIT_EXCEEDED\"}",
	                 .retry_after = "7"},
	                ERR_RETRY, ERR_RETRY, ERR_RETRY, "M_LIMIT_EXCEEDED", 7000},
	        {{.status = 429, .body = "<html>"}, ERR_RETRY, ERR_RETRY, ERR_RETRY, "",
	                MATRIX_DEFAULT_PARK_MS},
	        {{.status = 429,
	                 .body = "{\"errcode\":\"M_LIMIT_EXCEEDED\","
	                         "\"retry_after_ms\":\"soon\"}"},
	                ERR_RETRY, ERR_RETRY, ERR_RETRY, "M_LIMIT_EXCEEDED",
	                MATRIX_DEFAULT_PARK_MS},
	        {{.status = 429,
	                 .body = "{\"errcode\":\"M_LIMIT_EXCEEDED\","
	                         "\"retry_after_ms\":-3}"},
	                ERR_RETRY, ERR_RETRY, ERR_RETRY, "M_LIMIT_EXCEEDED",
	                MATRIX_DEFAULT_PARK_MS},
	        {{.status = 429,
	                 .body = "{\"errcode\":\"M_LIMIT_EXCEEDED\","
	                         "\"retry_after_ms\":1e15}"},
	                ERR_RETRY, ERR_RETRY, ERR_RETRY, "M_LIMIT_EXCEEDED", UINT32_MAX},
	        {{.status = 401, .body = "{\"errcode\":\"M_UNKNOWN_TOKEN\"}"}, ERR_RETRY,
	                ERR_RETRY, ERR_RETRY, "M_UNKNOWN_TOKEN", 0},
	        {{.status = 401, .body = "{\"flows\":[]}"}, ERR_PERMANENT, ERR_PERMANENT,
	                ERR_PERMANENT, "", 0},
	        {{.status = 404, .body = "<html>not found</html>"}, ERR_RETRY, ERR_RETRY,
	                ERR_UNSURE, "", 0},
	        {{.status = 403, .body = ""}, ERR_RETRY, ERR_RETRY, ERR_UNSURE, "", 0},
	        {{.status = 404, .body = "{}"}, ERR_PERMANENT, ERR_PERMANENT,
	                ERR_PERMANENT, "", 0},
	        {{.status = 500,
	                 .body = "{\"errcode\":\"M_UNKNOWN\",\"error\":\"non-create event "
	                         "for room of unknown version in !r:x\"}"},
	                ERR_PERMANENT, ERR_PERMANENT, ERR_PERMANENT, "M_NOT_FOUND", 0},
	        {{.status = 403, .body = "{\"errcode\":\"M_GUEST_ACCESS_FORBIDDEN\"}"},
	                ERR_PERMANENT, ERR_PERMANENT, ERR_PERMANENT,
	                "M_GUEST_ACCESS_FORBIDDEN", 0},
	        {{.status = 400, .body = "{\"errcode\":\"<b>M_X</b>\"}"}, ERR_PERMANENT,
	                ERR_PERMANENT, ERR_PERMANENT, "", 0},
	        {{.status = 413, .body = ""}, ERR_PERMANENT, ERR_PERMANENT, ERR_PERMANENT,
	                "", 0},
	        {{.status = 500, .body = "{\"errcode\":\"M_UNKNOWN\"}"}, ERR_RETRY,
	                ERR_RETRY, ERR_UNSURE, "M_UNKNOWN", 0},
	        {{.status = 502, .body = "<html>"}, ERR_RETRY, ERR_RETRY, ERR_UNSURE, "",
	                0},
	        {{.status = 302, .body = ""}, ERR_RETRY, ERR_RETRY, ERR_UNSURE, "", 0},
	        /* 200 without what was asked for; lost on the way back */
	        {{.body = "<html>"}, ERR_RETRY, ERR_UNSURE, ERR_UNSURE, "", 0},
	        {{.body = "[]"}, ERR_RETRY, ERR_UNSURE, ERR_UNSURE, "", 0},
	        {{.body = "{}"}, ERR_RETRY, ERR_UNSURE, ERR_UNSURE, "", 0},
	        {{.body = "{\"room_id\":7,\"event_id\":\"\",\"joined_rooms\":{}}"},
	                ERR_RETRY, ERR_UNSURE, ERR_UNSURE, "", 0},
	        {{.how = DROP}, ERR_RETRY, ERR_UNSURE, ERR_UNSURE, "", 0},
	        {{.how = ANSWER_CUT, .body = "{\"event_id\":\"$1\"}"}, ERR_RETRY,
	                ERR_UNSURE, ERR_UNSURE, "", 0},
	};
	struct fixture *f = *state;
	autojson cJSON *body = json_new();

	for (size_t i = 0; i < SIZE(cases); i++) {
		const enum err_kind kinds[] = {
		        cases[i].read, cases[i].repeatable, cases[i].once};
		for (size_t j = 0; j < SIZE(kinds); j++) {
			struct told told = {0};
			script_add(&f->script, cases[i].answer);
			if (j == 0) {
				matrix_joined_rooms(f->matrix, NULL, note_json, &told);
			} else if (j == 1) {
				matrix_send(f->matrix, NULL, ROOM, "t", "1", body, 0,
				        note_text, &told);
			} else {
				matrix_create_room(
				        f->matrix, NULL, body, note_text, &told);
			}
			pass_ms(f->loop, 0);
			if (told.err.kind != kinds[j]) {
				fail_msg("case %zu.%zu: %s", i, j,
				        err_kind_to_str(told.err.kind));
			}
			assert_int_equal(told.times, 1);
			assert_string_equal(told.err.name, cases[i].name);
			assert_int_equal(
			        told.err.retry_after_ms, cases[i].retry_after_ms);
			/* What a 429 makes wait is over. */
			pass_ms(f->loop, cases[i].answer.status == 429 ? 3600000 : 0);
		}
	}
}

/* M_LIMIT_EXCEEDED is about one user and kind of request; one that is not the
 * homeserver's word is about all. */
static void test_what_a_429_makes_wait(void **state)
{
	static const struct {
		const char *body;
		bool others_wait;
	} cases[] = {
	        {"{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":9000}", false},
	        {"<html>429</html>", true},
	};
	struct fixture *f = *state;
	autojson cJSON *body = json_new();

	f->script.otherwise.body = "{\"event_id\":\"$1\",\"room_id\":\"!r:x\"}";
	for (size_t i = 0; i < SIZE(cases); i++) {
		struct told refused = {0}, same = {0}, user = {0}, kind = {0};
		script_add(&f->script, (struct answer){.status = 429,
		                               .retry_after = "9",
		                               .body = cases[i].body});
		matrix_send(
		        f->matrix, "@a:x", ROOM, "t", "1", body, 0, note_text, &refused);
		pass_ms(f->loop, 0);
		assert_told(&refused, ERR_RETRY, NULL);
		struct matrix_call *waits = matrix_send(
		        f->matrix, "@a:x", "!2:x", "t", "2", body, 0, note_text, &same);
		matrix_send(f->matrix, "@b:x", ROOM, "t", "3", body, 0, note_text, &user);
		matrix_join(f->matrix, "@a:x", ROOM, note_ok, &kind);
		assert_true(matrix_call_waits(waits));
		pass_ms(f->loop, 8900);
		assert_int_equal(same.times, 0);
		assert_int_equal(user.times, cases[i].others_wait ? 0 : 1);
		assert_int_equal(kind.times, cases[i].others_wait ? 0 : 1);
		pass_ms(f->loop, 200);
		assert_told(&same, ERR_NONE, "$1");
		assert_told(&user, ERR_NONE, "$1");
		assert_told(&kind, ERR_NONE, NULL);
	}
}

static void test_what_waits_can_be_cancelled(void **state)
{
	struct fixture *f = *state;
	struct told refused = {0}, told[3] = {{0}};
	struct matrix_call *calls[3];
	autojson cJSON *body = json_new();

	f->script.otherwise.body = "{\"event_id\":\"$1\"}";
	script_add(&f->script, (struct answer){.status = 429, .retry_after = "9"});
	matrix_send(f->matrix, "@a:x", ROOM, "t", "1", body, 0, note_text, &refused);
	pass_ms(f->loop, 0);
	for (size_t i = 0; i < SIZE(calls); i++) {
		calls[i] = matrix_send(
		        f->matrix, "@a:x", ROOM, "t", "2", body, 0, note_text, &told[i]);
	}
	matrix_call_cancel(&calls[1]);
	matrix_call_cancel(&calls[0]);
	pass_ms(f->loop, 10000);
	assert_int_equal(told[0].times, 0);
	assert_int_equal(told[1].times, 0);
	assert_told(&told[2], ERR_NONE, "$1");
	assert_int_equal(f->script.asked_count, 2);
}

static void test_nobody_listens(void **state)
{
	struct fixture *f = *state;
	struct told read = {0}, once = {0};
	autojson cJSON *body = json_new();

	http_server_destroy(&f->script.server);
	matrix_whoami(f->matrix, note_text, &read);
	matrix_create_room(f->matrix, NULL, body, note_text, &once);
	pass_ms(f->loop, 1000);
	assert_told(&read, ERR_RETRY, NULL);
	assert_told(&once, ERR_RETRY, NULL);
}

static void test_deadline(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	autojson cJSON *body = json_new();

	f->script.otherwise.how = HOLD;
	matrix_create_room(f->matrix, NULL, body, note_text, &told);
	pass_ms(f->loop, 600000);
	assert_told(&told, ERR_UNSURE, NULL);
}

static void test_too_long_a_request(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	autofree char *room = xmalloc(40001);

	memset(room, 'r', 40000);
	room[40000] = '\0';
	matrix_join(f->matrix, NULL, room, note_ok, &told);
	assert_int_equal(told.times, 0);
	pass_ms(f->loop, 0);
	assert_told(&told, ERR_PERMANENT, NULL);
	assert_int_equal(f->script.asked_count, 0);
}

static void test_cancel_is_silence(void **state)
{
	struct fixture *f = *state;
	struct told told = {0};
	struct matrix_call *call = NULL;

	matrix_call_cancel(&call);
	f->script.otherwise.how = HOLD;
	call = matrix_whoami(f->matrix, note_text, &told);
	matrix_call_cancel(&call);
	assert_null(call);
	call = matrix_whoami(f->matrix, note_text, &told);
	pass_ms(f->loop, 10);
	matrix_call_cancel(&call);
	pass_ms(f->loop, 600000);
	assert_int_equal(told.times, 0);
}

static void test_done_may_destroy_the_client(void **state)
{
	struct fixture *f = *state;
	struct told told = {.destroy = f};

	script_say(&f->script, NULL, "{\"user_id\":\"@slackbot:x.org\"}");
	matrix_whoami(f->matrix, note_text, &told);
	pass_ms(f->loop, 0);
	assert_null(f->matrix);
	assert_told(&told, ERR_NONE, "@slackbot:x.org");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_classification),
	        TEST(test_what_a_429_makes_wait),
	        TEST(test_what_waits_can_be_cancelled),
	        TEST(test_nobody_listens),
	        TEST(test_deadline),
	        TEST(test_too_long_a_request),
	        TEST(test_cancel_is_silence),
	        TEST(test_done_may_destroy_the_client),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
