#include "bridge/slack/envelope.h"
#include "lib/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))

static const char whole[] =
        "{\"envelope_id\":\"57d6a792-4d35-4d0b-b6aa-3361493e1caf\",\"payload\":"
        "{\"event_id\":\"Ev1\",\"event\":{\"type\":\"message\",\"text\":\"}{\\\"\"}},"
        "\"type\":\"events_api\",\"accepts_response_payload\":false,"
        "\"retry_attempt\":2,\"retry_reason\":\"timeout\"}";

static void test_hello(void **state)
{
	struct socket_frame frame;

	(void)state;
	socket_frame_parse(
	        str_from("{\"type\":\"hello\",\"num_connections\":3,\"debug_info\":{"
	                 "\"host\":\"applink-3\",\"approximate_connection_time\":18060},"
	                 "\"connection_info\":{\"app_id\":\"A1\"}}"),
	        &frame);
	assert_int_equal(frame.kind, SOCKET_FRAME_HELLO);
	assert_int_equal(frame.connections, 3);
	assert_int_equal(frame.lifetime_s, 18060);
	socket_frame_finish(&frame);

	socket_frame_parse(str_from("{\"type\":\"hello\"}"), &frame);
	assert_int_equal(frame.kind, SOCKET_FRAME_HELLO);
	assert_int_equal(frame.connections, 0);
	socket_frame_finish(&frame);
}

static void test_disconnect(void **state)
{
	static const struct {
		const char *text, *reason;
		enum socket_disconnect what;
	} cases[] = {
	        {"{\"type\":\"disconnect\",\"reason\":\"warning\",\"debug_info\":{}}",
	                "warning", SOCKET_DISCONNECT_REFRESH},
	        {"{\"type\":\"disconnect\",\"reason\":\"refresh_requested\"}",
	                "refresh_requested", SOCKET_DISCONNECT_REFRESH},
	        {"{\"type\":\"disconnect\",\"reason\":\"link_disabled\"}",
	                "link_disabled", SOCKET_DISCONNECT_LINK_DISABLED},
	        {"{\"type\":\"disconnect\",\"reason\":\"too_many_websockets\"}",
	                "too_many_websockets", SOCKET_DISCONNECT_TOO_MANY},
	        {"{\"type\":\"disconnect\",\"reason\":\"moon_phase\"}", "moon_phase",
	                SOCKET_DISCONNECT_REFRESH},
	        {"{\"type\":\"disconnect\"}", "", SOCKET_DISCONNECT_REFRESH},
	        {"{\"type\":\"disconnect\",\"reason\":7}", "", SOCKET_DISCONNECT_REFRESH},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(cases); i++) {
		struct socket_frame frame;
		socket_frame_parse(str_from(cases[i].text), &frame);
		assert_int_equal(frame.kind, SOCKET_FRAME_DISCONNECT);
		assert_int_equal(frame.disconnect, cases[i].what);
		assert_string_equal(frame.reason, cases[i].reason);
		socket_frame_finish(&frame);
	}
}

static void test_envelope(void **state)
{
	struct socket_frame frame;

	(void)state;
	socket_frame_parse(str_from(whole), &frame);
	assert_int_equal(frame.kind, SOCKET_FRAME_ENVELOPE);
	assert_string_equal(
	        frame.envelope.envelope_id, "57d6a792-4d35-4d0b-b6aa-3361493e1caf");
	assert_string_equal(frame.envelope.type, "events_api");
	assert_int_equal(frame.envelope.retry_attempt, 2);
	assert_string_equal(frame.envelope.retry_reason, "timeout");
	assert_string_equal(json_str(frame.envelope.payload, "event_id"), "Ev1");
	socket_frame_finish(&frame);
	assert_null(frame.json);
}

/* What can be acknowledged is handed up, so that Slack need not send it for ever. */
static void test_malformed_envelopes(void **state)
{
	static const struct {
		const char *text, *type;
		int attempt;
	} cases[] = {
	        {"{\"envelope_id\":\"e\"}", "", 0},
	        {"{\"envelope_id\":\"e\",\"type\":7,\"payload\":[]}", "", 0},
	        {"{\"envelope_id\":\"e\",\"type\":\"events_api\",\"payload\":\"x\"}",
	                "events_api", 0},
	        {"{\"envelope_id\":\"e\",\"type\":\"events_api\",\"payload\":null,"
	         "\"retry_attempt\":-1}",
	                "events_api", 0},
	        {"{\"envelope_id\":\"e\",\"type\":\"news\",\"retry_attempt\":1e300}",
	                "news", 0},
	        {"{\"envelope_id\":\"e\",\"type\":\"news\",\"retry_attempt\":\"3\"}",
	                "news", 0},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(cases); i++) {
		struct socket_frame frame;
		socket_frame_parse(str_from(cases[i].text), &frame);
		assert_int_equal(frame.kind, SOCKET_FRAME_ENVELOPE);
		assert_string_equal(frame.envelope.envelope_id, "e");
		assert_string_equal(frame.envelope.type, cases[i].type);
		assert_int_equal(frame.envelope.retry_attempt, cases[i].attempt);
		assert_string_equal(frame.envelope.retry_reason, "");
		assert_null(frame.envelope.payload);
		socket_frame_finish(&frame);
	}
}

/* Slack cuts texts between the halves of a character. */
static void test_half_characters_are_mended(void **state)
{
	static const struct {
		const char *escape, *text;
	} cases[] = {
	        {"\\ud83d", "\xEF\xBF\xBD"},
	        {"\\uDE00", "\xEF\xBF\xBD"},
	        {"\\ud83d\\ud83d\\ude00", "\xEF\xBF\xBD\xF0\x9F\x98\x80"},
	        {"\\ud83d\\u0041", "\xEF\xBF\xBD"
	                           "A"},
	        {"\\\\ud83d\\ud83d", "\\ud83d\xEF\xBF\xBD"},
	        {"\\ud83d\\ude00\\ud83d", "\xF0\x9F\x98\x80\xEF\xBF\xBD"},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(cases); i++) {
		struct socket_frame frame;
		autofree char *text = xasprintf(
		        "{\"envelope_id\":\"e\",\"type\":\"t\",\"payload\":{\"x\":\"%s\"}}",
		        cases[i].escape);
		socket_frame_parse(str_from(text), &frame);
		assert_int_equal(frame.kind, SOCKET_FRAME_ENVELOPE);
		assert_string_equal(json_str(frame.envelope.payload, "x"), cases[i].text);
		socket_frame_finish(&frame);
	}
}

/* Only the ID is needed to have Slack stop sending it. */
static void test_the_unreadable_is_named(void **state)
{
	static const struct {
		const char *text;
		bool named;
	} cases[] = {
	        {"{\"envelope_id\":\"e\",\"payload\":{", true},
	        {"{\"type\":\"x\",\"envelope_id\":\"e\",}", true},
	        {"{\"envelope_id\":\"e", false},
	        {"{\"envelope_id\":\"\",", false},
	        {"{\"envelope_id\":\"e\\u0041\",", false},
	        {"{\"x\":\"\\\"envelope_id\\\":\\\"e\\\"\",", false},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(cases); i++) {
		struct socket_frame frame;
		socket_frame_parse(str_from(cases[i].text), &frame);
		assert_int_equal(frame.kind,
		        cases[i].named ? SOCKET_FRAME_ENVELOPE : SOCKET_FRAME_NOISE);
		if (cases[i].named) {
			assert_string_equal(frame.envelope.envelope_id, "e");
			assert_string_equal(frame.envelope.type, "unreadable");
			assert_null(frame.envelope.payload);
			assert_int_equal(frame.envelope.raw.n, strlen(cases[i].text));
		}
		socket_frame_finish(&frame);
	}
}

static void test_noise(void **state)
{
	static const char *const texts[] = {"", " ", "UNAUTHENTICATED: cache_error", "{",
	        "[]", "null", "7", "\"hello\"", "{}", "{\"type\":\"events_api\"}",
	        "{\"type\":\"events_api\",\"envelope_id\":\"\"}",
	        "{\"type\":\"events_api\",\"envelope_id\":7,\"payload\":{}}",
	        "{\"type\":\"hello\"} trailing", "\xff\xfe"};

	(void)state;
	for (size_t i = 0; i < SIZE(texts); i++) {
		struct socket_frame frame;
		socket_frame_parse(str_from(texts[i]), &frame);
		assert_int_equal(frame.kind, SOCKET_FRAME_NOISE);
		socket_frame_finish(&frame);
	}
}

/* The acknowledgement repeats the ID, and Slack drops frames of 20 KB. */
static void test_ids_have_a_bound(void **state)
{
	char id[300];
	struct socket_frame frame;

	(void)state;
	memset(id, 'e', sizeof(id));
	id[256] = '\0';
	autofree char *too_long =
	        xasprintf("{\"type\":\"events_api\",\"envelope_id\":\"%s\"}", id);
	socket_frame_parse(str_from(too_long), &frame);
	assert_int_equal(frame.kind, SOCKET_FRAME_NOISE);
	socket_frame_finish(&frame);

	id[255] = '\0';
	autofree char *longest =
	        xasprintf("{\"type\":\"events_api\",\"envelope_id\":\"%s\"}", id);
	socket_frame_parse(str_from(longest), &frame);
	assert_int_equal(frame.kind, SOCKET_FRAME_ENVELOPE);
	socket_frame_finish(&frame);
}

static void test_every_prefix_is_noise_or_a_name(void **state)
{
	(void)state;
	for (size_t n = 0; n < strlen(whole); n++) {
		struct socket_frame frame;
		/* A copy of its own, so that a read past the end is seen. */
		autofree char *part = xmalloc(n + 1);
		memcpy(part, whole, n);
		socket_frame_parse((struct str){part, n}, &frame);
		if (frame.kind != SOCKET_FRAME_NOISE) {
			assert_int_equal(frame.kind, SOCKET_FRAME_ENVELOPE);
			assert_string_equal(frame.envelope.type, "unreadable");
			assert_null(frame.envelope.payload);
		}
		socket_frame_finish(&frame);
	}
}

static void test_nesting_has_a_bound(void **state)
{
	enum { DEPTH = 100000 };
	struct socket_frame frame;
	autofree char *text = xmalloc(DEPTH);

	(void)state;
	memset(text, '[', DEPTH);
	socket_frame_parse((struct str){text, DEPTH}, &frame);
	assert_int_equal(frame.kind, SOCKET_FRAME_NOISE);
	socket_frame_finish(&frame);
}

static void test_ack(void **state)
{
	autofree char *plain = socket_ack_frame("e1");
	autofree char *quoted = socket_ack_frame("a\"b");

	(void)state;
	assert_string_equal(plain, "{\"envelope_id\":\"e1\"}");
	assert_string_equal(quoted, "{\"envelope_id\":\"a\\\"b\"}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_hello),
	        cmocka_unit_test(test_disconnect),
	        cmocka_unit_test(test_envelope),
	        cmocka_unit_test(test_malformed_envelopes),
	        cmocka_unit_test(test_half_characters_are_mended),
	        cmocka_unit_test(test_the_unreadable_is_named),
	        cmocka_unit_test(test_noise),
	        cmocka_unit_test(test_ids_have_a_bound),
	        cmocka_unit_test(test_every_prefix_is_noise_or_a_name),
	        cmocka_unit_test(test_nesting_has_a_bound),
	        cmocka_unit_test(test_ack),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
