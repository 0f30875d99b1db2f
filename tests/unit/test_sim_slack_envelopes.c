#include "tests/unit/sim_slack_fixture.h"

/* ---- envelopes ---- */

static void test_envelope_and_ack(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autojson cJSON *envelope = NULL, *sent = NULL;
	const cJSON *record;

	invite_bot(f);
	ws_ready(&ws, f);
	sent = verb(f, "post", "{\"in\":\"general\",\"text\":\"hi\"}");
	assert_int_equal(pending(f), 1);
	advance(f, 20);
	envelope = ws_message(&ws);
	assert_string_equal(json_str(envelope, "type"), "events_api");
	assert_false(json_bool(envelope, "accepts_response_payload", true));
	assert_int_equal(json_int(envelope, "retry_attempt", -1), 0);
	assert_string_equal(json_str(envelope, "retry_reason"), "");
	assert_string_equal(json_str(envelope, "payload.type"), "event_callback");
	assert_string_equal(
	        json_str(envelope, "payload.event_id"), json_str(sent, "event_id"));
	assert_string_equal(json_str(envelope, "payload.event.ts"), json_str(sent, "ts"));
	assert_int_equal(pending(f), 1);
	advance(f, 100);
	ws_ack(&ws, envelope);
	assert_int_equal(pending(f), 0);
	record = last_record(f, "ack", NULL, NULL);
	assert_string_equal(json_str(record, "acked"), json_str(envelope, "envelope_id"));
	assert_int_equal(json_int(record, "after_ms", 0), 115);
	assert_false(json_bool(record, "late", true));
	assert_int_equal(json_int(record, "conn", 0), 1);
	ws_ack(&ws, envelope);
	assert_true(json_bool(last_record(f, "ack", NULL, NULL), "repeated", false));
	ws_send(&ws, WS_TEXT, "{\"envelope_id\":\"x\",\"payload\":{}}", 32);
	assert_true(json_bool(last_record(f, "ack", NULL, NULL), "unknown", false));
	advance(f, 600000);
	assert_null(ws_message(&ws));
	ws_close(&ws);
}

/* Attempts at 0, 3, 66 and 369 s, and then it is lost. */
static void test_retries(void **state)
{
	struct fixture *f = *state;
	static const int64_t at_ms[] = {5, 3005, 66005, 369005};
	autofree char *event_id = NULL, *envelope_id = NULL;
	struct ws ws;
	int64_t start_ms;

	invite_bot(f);
	ws_ready(&ws, f);
	say(f, "post", "{\"in\":\"general\",\"text\":\"hi\"}");
	start_ms = loop_now_ms(f->loop);
	for (int i = 0; i < 4; i++) {
		autojson cJSON *early = NULL, *envelope = NULL;

		advance(f, start_ms + at_ms[i] - 1 - loop_now_ms(f->loop));
		early = ws_message(&ws);
		assert_null(early);
		advance(f, 1);
		envelope = ws_message(&ws);
		assert_non_null(envelope);
		assert_int_equal(json_int(envelope, "retry_attempt", -1), i);
		assert_string_equal(
		        json_str(envelope, "retry_reason"), i ? "timeout" : "");
		if (i > 0) {
			assert_string_equal(
			        json_str(envelope, "payload.event_id"), event_id);
			assert_string_not_equal(
			        json_str(envelope, "envelope_id"), envelope_id);
		}
		str_replace(&event_id, json_str(envelope, "payload.event_id"));
		str_replace(&envelope_id, json_str(envelope, "envelope_id"));
	}
	assert_int_equal(pending(f), 1);
	advance(f, 3000);
	assert_int_equal(pending(f), 0);
	assert_string_equal(
	        json_str(last_record(f, "lost", NULL, NULL), "event_id"), event_id);
	ws_close(&ws);
}

/* An acknowledgement after the deadline is reported, and the event comes again all the
 * same. */
static void test_late_ack(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autojson cJSON *first = NULL, *second = NULL;

	invite_bot(f);
	ws_ready(&ws, f);
	say(f, "post", "{\"in\":\"general\",\"text\":\"hi\"}");
	advance(f, 3004);
	first = ws_message(&ws);
	assert_int_equal(json_int(first, "retry_attempt", -1), 0);
	advance(f, 1);
	ws_ack(&ws, first);
	assert_true(json_bool(last_record(f, "ack", NULL, NULL), "late", false));
	second = ws_message(&ws);
	assert_int_equal(json_int(second, "retry_attempt", -1), 1);
	assert_int_equal(pending(f), 1);
	ws_ack(&ws, second);
	assert_false(json_bool(last_record(f, "ack", NULL, NULL), "late", true));
	assert_int_equal(pending(f), 0);
	ws_close(&ws);
}

static void test_ack_on_another_connection(void **state)
{
	struct fixture *f = *state;
	struct ws one, two, *got, *other;
	autojson cJSON *envelope = NULL;

	invite_bot(f);
	ws_ready(&one, f);
	ws_ready(&two, f);
	say(f, "post", "{\"in\":\"general\",\"text\":\"hi\"}");
	advance(f, 20);
	envelope = ws_message(&one);
	got = envelope ? &one : &two;
	other = envelope ? &two : &one;
	if (!envelope) {
		envelope = ws_message(&two);
	}
	assert_non_null(envelope);
	assert_null(ws_message(other));
	ws_ack(other, envelope);
	assert_true(json_bool(last_record(f, "ack", NULL, NULL), "wrong_conn", false));
	assert_int_equal(pending(f), 1);
	say(f, "knob", "{\"name\":\"ack_any_socket\",\"value\":true}");
	ws_ack(other, envelope);
	assert_int_equal(pending(f), 0);
	ws_close(got);
	ws_close(other);
}

/* Events that meet no connection come at the next retry. */
static void test_events_without_a_connection(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autojson cJSON *envelope = NULL;

	invite_bot(f);
	say(f, "post", "{\"in\":\"general\",\"text\":\"early\"}");
	advance(f, 10);
	assert_int_equal(count_records(f, "undelivered", "text", "early"), 1);
	ws_ready(&ws, f);
	assert_null(ws_message(&ws));
	advance(f, 3000);
	envelope = ws_message(&ws);
	assert_int_equal(json_int(envelope, "retry_attempt", -1), 1);
	ws_close(&ws);
}

/* All connections get some, and the same seed gives the same ones. */
static void choose(struct fixture *f, char *out)
{
	struct ws ws[3];

	invite_bot(f);
	for (int i = 0; i < 3; i++) {
		ws_ready(&ws[i], f);
	}
	for (int i = 0; i < 40; i++) {
		say(f, "post", "{\"in\":\"general\",\"text\":\"x\"}");
		advance(f, 10);
		*out++ = (char)('0' + json_int(last_record(f, "envelope", NULL, NULL),
		                              "conn", 0));
	}
	*out = '\0';
	for (int i = 0; i < 3; i++) {
		ws_close(&ws[i]);
	}
}

static void test_choice_of_connection(void **state)
{
	void *other = NULL;
	char first[64], second[64];

	choose(*state, first);
	fixture_setup(&other);
	choose(other, second);
	fixture_teardown(&other);
	assert_string_equal(first, second);
	assert_non_null(strchr(first, '1'));
	assert_non_null(strchr(first, '2'));
	assert_non_null(strchr(first, '3'));
}

static void test_envelope_faults(void **state)
{
	struct fixture *f = *state;
	struct ws ws;
	autojson cJSON *first = NULL, *again = NULL, *retry = NULL, *late = NULL;
	struct ws_frame frame;

	invite_bot(f);
	say_wrong(f, "envelope", "{\"how\":\"duplicate\"}");
	ws_ready(&ws, f);
	say(f, "post", "{\"in\":\"general\",\"text\":\"one\"}");
	advance(f, 10);
	first = ws_message(&ws);
	ws_ack(&ws, first);
	say(f, "envelope", "{\"how\":\"duplicate\"}");
	again = ws_message(&ws);
	assert_true(cJSON_Compare(first, again, true));

	say(f, "envelope", "{\"how\":\"drop_ack\"}");
	say(f, "post", "{\"in\":\"general\",\"text\":\"two\"}");
	advance(f, 10);
	cJSON_Delete(again);
	again = ws_message(&ws);
	ws_ack(&ws, again);
	assert_true(json_bool(last_record(f, "ack", NULL, NULL), "dropped", false));
	advance(f, 3000);
	retry = ws_message(&ws);
	assert_int_equal(json_int(retry, "retry_attempt", -1), 1);
	ws_ack(&ws, retry);

	say(f, "envelope", "{\"how\":\"drop\"}");
	say(f, "post", "{\"in\":\"general\",\"text\":\"three\"}");
	advance(f, 10);
	assert_null(ws_message(&ws));
	advance(f, 3000);
	cJSON_Delete(retry);
	retry = ws_message(&ws);
	assert_int_equal(json_int(retry, "retry_attempt", -1), 1);
	ws_ack(&ws, retry);

	say(f, "envelope", "{\"how\":\"delay\",\"by\":\"2s\"}");
	say(f, "post", "{\"in\":\"general\",\"text\":\"late\"}");
	say(f, "post", "{\"in\":\"general\",\"text\":\"overtakes\"}");
	advance(f, 10);
	cJSON_Delete(again);
	again = ws_message(&ws);
	assert_string_equal(json_str(again, "payload.event.text"), "overtakes");
	ws_ack(&ws, again);
	advance(f, 2000);
	late = ws_message(&ws);
	assert_string_equal(json_str(late, "payload.event.text"), "late");
	ws_ack(&ws, late);

	say(f, "envelope", "{\"how\":\"raw\",\"text\":\"UNAUTHENTICATED: cache_error\"}");
	assert_true(ws_frame(&ws, &frame));
	assert_int_equal(frame.opcode, WS_TEXT);
	assert_true(str_is(frame.payload, "UNAUTHENTICATED: cache_error"));
	say(f, "envelope", "{\"how\":\"raw\",\"binary\":\"00ff\"}");
	assert_true(ws_frame(&ws, &frame));
	assert_int_equal(frame.opcode, WS_BINARY);
	assert_int_equal(frame.payload.n, 2);
	say(f, "envelope", "{\"how\":\"raw\",\"bytes\":\"8100\"}");
	assert_true(ws_frame(&ws, &frame));
	assert_int_equal(frame.payload.n, 0);
	say_wrong(f, "envelope", "{\"how\":\"raw\",\"bytes\":\"8\"}");
	say_wrong(f, "envelope", "{\"how\":\"raw\"}");
	assert_int_equal(pending(f), 0);
	ws_close(&ws);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(test_envelope_and_ack),
	        T(test_retries),
	        T(test_late_ack),
	        T(test_ack_on_another_connection),
	        T(test_events_without_a_connection),
	        T(test_choice_of_connection),
	        T(test_envelope_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
