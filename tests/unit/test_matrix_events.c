#include "bridge/matrix/events.h"
#include "bridge/matrix/json_skip.h"
#include "bridge/matrix/txn_body.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE(array) (sizeof(array) / sizeof((array)[0]))

static cJSON *parse(const char *text)
{
	cJSON *json = json_parse(str_from(text), NULL);

	assert_non_null(json);
	return json;
}

/* ---------------------------------------------------------------- one event */

#define HEAD "\"event_id\":\"$1\",\"room_id\":\"!r:x\",\"sender\":\"@a:x\","

static void test_message(void **state)
{
	autojson cJSON *json = parse(
	        "{" HEAD "\"type\":\"m.room.message\",\"origin_server_ts\":"
	        "1700000000123,\"content\":{\"msgtype\":\"m.text\",\"body\":\"hi\"},"
	        "\"unsigned\":{\"transaction_id\":\"t\"}}");
	struct matrix_event e;

	(void)state;
	assert_true(matrix_event_parse(json, &e, NULL));
	assert_int_equal(e.kind, MATRIX_EVENT_MESSAGE);
	assert_string_equal(e.type, "m.room.message");
	assert_string_equal(e.event_id, "$1");
	assert_string_equal(e.room_id, "!r:x");
	assert_string_equal(e.sender, "@a:x");
	assert_int_equal(e.ts_ms, 1700000000123);
	assert_string_equal(e.msgtype, "m.text");
	assert_string_equal(e.body, "hi");
	assert_string_equal(e.target, "");
	assert_string_equal(e.state_key, "");
}

static void test_member(void **state)
{
	autojson cJSON *json =
	        parse("{" HEAD "\"type\":\"m.room.member\",\"state_key\":\"@b:x\","
	              "\"content\":{\"membership\":\"invite\",\"is_direct\":true,"
	              "\"displayname\":\"Bob\"}}");
	struct matrix_event e;

	(void)state;
	assert_true(matrix_event_parse(json, &e, NULL));
	assert_int_equal(e.kind, MATRIX_EVENT_MEMBER);
	assert_string_equal(e.state_key, "@b:x");
	assert_string_equal(e.membership, "invite");
	assert_string_equal(e.displayname, "Bob");
	assert_true(e.is_direct);
	assert_int_equal(e.ts_ms, 0);
}

static void test_kinds(void **state)
{
	static const struct {
		enum matrix_event_kind kind;
		const char *target, *thread, *reply_to;
		const char *event;
	} cases[] = {
	        {MATRIX_EVENT_EDIT, "$0", "", "",
	                "{" HEAD "\"type\":\"m.room.message\",\"content\":{"
	                "\"msgtype\":\"m.text\",\"body\":\"* x\",\"m.new_content\":{},"
	                "\"m.relates_to\":{\"rel_type\":\"m.replace\","
	                "\"event_id\":\"$0\"}}}"},
	        {MATRIX_EVENT_MESSAGE, "", "$0", "",
	                "{" HEAD "\"type\":\"m.room.message\",\"content\":{"
	                "\"msgtype\":\"m.text\",\"body\":\"x\",\"m.relates_to\":{"
	                "\"rel_type\":\"m.thread\",\"event_id\":\"$0\"}}}"},
	        /* redacted, or never whole */
	        {MATRIX_EVENT_MESSAGE, "", "", "",
	                "{" HEAD "\"type\":\"m.room.message\",\"content\":{}}"},
	        {MATRIX_EVENT_MESSAGE, "", "", "",
	                "{" HEAD "\"type\":\"m.room.message\"}"},
	        {MATRIX_EVENT_MESSAGE, "", "", "",
	                "{" HEAD "\"type\":\"m.room.message\",\"content\":{"
	                "\"body\":7,\"msgtype\":[],\"m.relates_to\":\"x\"}}"},
	        /* state of that name is no message, a member event without state no
	           member */
	        {MATRIX_EVENT_OTHER, "", "", "",
	                "{" HEAD "\"type\":\"m.room.message\",\"state_key\":\"\","
	                "\"content\":{\"msgtype\":\"m.text\",\"body\":\"x\"}}"},
	        {MATRIX_EVENT_OTHER, "", "", "",
	                "{" HEAD "\"type\":\"m.room.member\",\"content\":{"
	                "\"membership\":\"join\"}}"},
	        {MATRIX_EVENT_MESSAGE, "", "", "$2",
	                "{" HEAD "\"type\":\"m.room.message\",\"content\":{"
	                "\"m.relates_to\":{\"m.in_reply_to\":{\"event_id\":\"$2\"}}}}"},
	        {MATRIX_EVENT_MESSAGE, "", "", "",
	                "{" HEAD "\"type\":\"m.sticker\",\"content\":{\"body\":\"x\"}}"},
	        {MATRIX_EVENT_MESSAGE, "", "", "",
	                "{" HEAD "\"type\":\"org.matrix.msc3381.poll.start\"}"},
	        {MATRIX_EVENT_REACTION, "$0", "", "",
	                "{" HEAD "\"type\":\"m.reaction\",\"content\":{"
	                "\"m.relates_to\":{\"rel_type\":\"m.annotation\","
	                "\"event_id\":\"$0\",\"key\":\"x\"}}}"},
	        {MATRIX_EVENT_REDACTION, "$1", "", "",
	                "{" HEAD "\"type\":\"m.room.redaction\",\"redacts\":\"$0\","
	                "\"content\":{\"redacts\":\"$1\"}}"},
	        {MATRIX_EVENT_REDACTION, "$0", "", "",
	                "{" HEAD "\"type\":\"m.room.redaction\",\"redacts\":\"$0\"}"},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(cases); i++) {
		autojson cJSON *json = parse(cases[i].event);
		struct matrix_event e;
		assert_true(matrix_event_parse(json, &e, NULL));
		assert_int_equal(e.kind, cases[i].kind);
		assert_string_equal(e.target, cases[i].target);
		assert_string_equal(e.thread, cases[i].thread);
		assert_string_equal(e.reply_to, cases[i].reply_to);
		assert_non_null(e.body);
		assert_non_null(e.msgtype);
		assert_non_null(e.membership);
	}
}

static void test_no_event(void **state)
{
	static const char *const texts[] = {"null", "[]", "{}", "\"x\"",
	        "{\"room_id\":\"!r:x\",\"sender\":\"@a:x\",\"type\":\"t\"}",
	        "{\"event_id\":\"$1\",\"sender\":\"@a:x\",\"type\":\"t\"}",
	        "{\"event_id\":\"$1\",\"room_id\":\"!r:x\",\"type\":\"t\"}",
	        "{\"event_id\":\"$1\",\"room_id\":\"!r:x\",\"sender\":\"@a:x\"}",
	        "{\"event_id\":\"$1\",\"room_id\":\"!r:x\",\"sender\":\"@a:x\","
	        "\"type\":7}",
	        "{\"event_id\":\"\",\"room_id\":\"!r:x\",\"sender\":\"@a:x\","
	        "\"type\":\"t\"}"};
	char long_id[300];

	(void)state;
	for (size_t i = 0; i < SIZE(texts); i++) {
		autojson cJSON *json = parse(texts[i]);
		struct matrix_event e = {.body = "untouched"};
		struct err err = ERR_INIT;
		assert_false(matrix_event_parse(json, &e, &err));
		assert_int_equal(err.kind, ERR_PERMANENT);
		assert_string_equal(e.body, "untouched");
	}
	memset(long_id, 'x', sizeof(long_id));
	long_id[256] = '\0';
	autofree char *text = xasprintf("{\"event_id\":\"$1\",\"room_id\":\"%s\","
	                                "\"sender\":\"@a:x\",\"type\":\"t\"}",
	        long_id);
	autojson cJSON *json = parse(text);
	assert_false(matrix_event_parse(json, &(struct matrix_event){0}, NULL));
}

/* ---------------------------------------------------------------- json_skip */

static void test_skip_valid(void **state)
{
	static const char *const values[] = {"null", "true", "false", "0", "-0", "10",
	        "1.5", "-1.5e+10", "1E3", "\"\"", "\"a\\\"b\\\\\"", "\"\\u00e9\"",
	        "\"\\ud800\"", "[]", "[ ]", "{}", "{ }", "[1,2]", "[[],[[]]]",
	        "{\"a\":1}", "{ \"a\" : [ { \"b\" : {} } ] , \"c\" : \"]}\" }",
	        "[{\"a\":[1,{\"b\":2}]},3]"};

	(void)state;
	for (size_t i = 0; i < SIZE(values); i++) {
		size_t n = strlen(values[i]);
		const char *end = json_skip_value(values[i], values[i] + n);
		if (end != values[i] + n) {
			fail_msg("%s", values[i]);
		}
		/* What follows a value is not its business. */
		autofree char *more = xasprintf("%s,x", values[i]);
		assert_ptr_equal(json_skip_value(more, more + n + 2), more + n);
	}
}

static void test_skip_invalid(void **state)
{
	static const char *const texts[] = {"", " ", "nul", "tru", "-", "+1", ".5", "1.",
	        "1e", "1e+", "'a'", "\"", "\"a", "\"\\\"", "\"\\x\"", "\"\\u12\"",
	        "\"\\u12g4\"", "\"\t\"", "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]",
	        "[}", "{", "}", "{]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,",
	        "{\"a\":1,}", "{a:1}", "{1:2}", "{\"a\" 1}", "{\"a\":1 \"b\":2}",
	        "[{\"a\":[}]"};

	(void)state;
	for (size_t i = 0; i < SIZE(texts); i++) {
		size_t n = strlen(texts[i]);
		autofree char *copy = xmalloc(n + 1); /* ends where the text ends */
		memcpy(copy, texts[i], n);
		if (json_skip_value(copy, copy + n) != NULL) {
			fail_msg("%s", texts[i]);
		}
	}
}

/* ---------------------------------------------------------------- a transaction's body
 */

static struct err refusal_of(const char *body)
{
	struct err err = ERR_INIT;

	autojson cJSON *events = txn_body_events(str_from(body), &err);
	assert_null(events);
	return err;
}

static void test_body_plain(void **state)
{
	struct err err = ERR_INIT;
	autojson cJSON *some = txn_body_events(
	        str_from("{\"ephemeral\":[{}],\"events\":[{\"a\":1},7,null]}"), &err);
	autojson cJSON *none = txn_body_events(str_from("{\"events\":[]}"), &err);

	(void)state;
	assert_int_equal(cJSON_GetArraySize(some), 3);
	assert_int_equal(json_int(cJSON_GetArrayItem(some, 0), "a", 0), 1);
	assert_non_null(none);
	assert_int_equal(cJSON_GetArraySize(none), 0);
}

static void test_body_refused(void **state)
{
	static const struct {
		const char *body, *errcode;
	} cases[] = {
	        {"", "M_NOT_JSON"},
	        {"x", "M_NOT_JSON"},
	        {"{\"events\":[}", "M_NOT_JSON"},
	        {"{\"events\":[{\"a\":[}]}", "M_NOT_JSON"},
	        {"{\"events\":[]} x", "M_NOT_JSON"},
	        {"{\"events\":[\"\xff\"]}", "M_NOT_JSON"},
	        {"[]", "M_BAD_JSON"},
	        {"7", "M_BAD_JSON"},
	        {"{}", "M_BAD_JSON"},
	        {"{\"events\":{}}", "M_BAD_JSON"},
	        {"{\"events\":null}", "M_BAD_JSON"},
	};

	(void)state;
	for (size_t i = 0; i < SIZE(cases); i++) {
		struct err err = refusal_of(cases[i].body);
		assert_string_equal(err.name, cases[i].errcode);
		assert_int_equal(err.code, 400);
	}
}

static void add_nested(struct buf *buf, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++) {
		buf_puts(buf, "{\"a\":");
	}
	buf_puts(buf, "1");
	for (unsigned i = 0; i < depth; i++) {
		buf_puts(buf, "}");
	}
}

/* An event that anybody may send must not block the homeserver's queue for ever. */
static void test_one_bad_event_does_not_spoil_the_others(void **state)
{
	static const unsigned depths[] = {65, 200, 5000, 30000};

	(void)state;
	for (size_t i = 0; i < SIZE(depths); i++) {
		struct buf body;
		struct err err = ERR_INIT;
		buf_init(&body, 16 * 1024 * 1024);
		buf_puts(&body, "{\"x\":{\"events\":[]},\"events\":[{\"a\":1},");
		add_nested(&body, depths[i]);
		buf_puts(&body, ",{\"t\":\"\\ud800\"} , {\"a\":2}],\"y\":[1,[2]]}");
		autojson cJSON *events = txn_body_events(buf_str(&body), &err);
		assert_int_equal(cJSON_GetArraySize(events), 4);
		assert_int_equal(json_int(cJSON_GetArrayItem(events, 0), "a", 0), 1);
		assert_true(cJSON_IsNull(cJSON_GetArrayItem(events, 1)));
		assert_true(cJSON_IsNull(cJSON_GetArrayItem(events, 2)));
		assert_int_equal(json_int(cJSON_GetArrayItem(events, 3), "a", 0), 2);
		buf_finish(&body);
	}
}

static void test_endless_nesting_is_refused(void **state)
{
	struct buf body;

	(void)state;
	buf_init(&body, 16 * 1024 * 1024);
	buf_puts(&body, "{\"events\":[");
	add_nested(&body, 70000);
	buf_puts(&body, "]}");
	struct err err = refusal_of(buf_cstr(&body));
	assert_string_equal(err.name, "M_NOT_JSON");
	buf_finish(&body);
}

static void test_number_of_events_has_a_bound(void **state)
{
	(void)state;
	for (int bad = 0; bad <= 1; bad++) { /* as a whole, and one by one */
		for (int extra = 0; extra <= 1; extra++) {
			struct buf body;
			struct err err = ERR_INIT;
			buf_init(&body, 16 * 1024 * 1024);
			buf_printf(&body, "{\"events\":[%s", bad ? "\"\\ud800\"" : "7");
			for (int i = 1; i < TXN_MAX_EVENTS + extra; i++) {
				buf_puts(&body, ",7");
			}
			buf_puts(&body, "]}");
			autojson cJSON *events = txn_body_events(buf_str(&body), &err);
			if (extra == 0) {
				assert_int_equal(
				        cJSON_GetArraySize(events), TXN_MAX_EVENTS);
			} else {
				assert_null(events);
				assert_string_equal(err.name, "M_TOO_LARGE");
				assert_int_equal(err.code, 413);
			}
			buf_finish(&body);
		}
	}
}

/* Also of a body that has to be taken apart event by event. */
static void test_every_prefix_is_refused(void **state)
{
	static const char *const bodies[] = {
	        "{\"events\":[{\"a\":\"b\"},{\"c\":[1,2]}],\"d\":{\"e\":null}}",
	        "{\"d\":{\"e\":null},\"events\":[{\"a\":\"\\ud800\"},{\"c\":[1]}]}",
	};

	(void)state;
	for (size_t i = 0; i < SIZE(bodies); i++) {
		size_t whole = strlen(bodies[i]);
		for (size_t n = 0; n < whole; n++) {
			autofree char *part = xmalloc(n + 1);
			struct err err = ERR_INIT;
			memcpy(part, bodies[i], n);
			autojson cJSON *events =
			        txn_body_events((struct str){part, n}, &err);
			assert_null(events);
			assert_string_equal(err.name, "M_NOT_JSON");
		}
		autojson cJSON *events = txn_body_events(str_from(bodies[i]), NULL);
		assert_int_equal(cJSON_GetArraySize(events), 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_message),
	        cmocka_unit_test(test_member),
	        cmocka_unit_test(test_kinds),
	        cmocka_unit_test(test_no_event),
	        cmocka_unit_test(test_skip_valid),
	        cmocka_unit_test(test_skip_invalid),
	        cmocka_unit_test(test_body_plain),
	        cmocka_unit_test(test_body_refused),
	        cmocka_unit_test(test_one_bad_event_does_not_spoil_the_others),
	        cmocka_unit_test(test_endless_nesting_is_refused),
	        cmocka_unit_test(test_number_of_events_has_a_bound),
	        cmocka_unit_test(test_every_prefix_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
