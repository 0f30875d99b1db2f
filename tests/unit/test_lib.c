/* The basics of lib/: text, buffers, maps, JSON, verbs, the loop's timers. */
#include "lib/buf.h"
#include "lib/json.h"
#include "lib/loop.h"
#include "lib/map.h"
#include "lib/mem.h"
#include "lib/rand.h"
#include "lib/str.h"
#include "lib/verb.h"
/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/**/
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- text */

static void numbers_are_whole_and_in_range(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t value;
	} cases[] = {{"0", true, 0}, {"-1", true, -1}, {"42", true, 42}, {"", false, 0},
	        {"-", false, 0}, {"4 2", false, 0}, {"+1", false, 0},
	        {"9223372036854775807", true, INT64_MAX},
	        {"9223372036854775808", false, 0},
	        {"-9223372036854775808", true, INT64_MIN},
	        {"99999999999999999999", false, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t value = 7;
		assert_int_equal(str_to_int64(str_from(cases[i].text), INT64_MIN,
		                         INT64_MAX, &value),
		        cases[i].ok);
		assert_int_equal(value, cases[i].ok ? cases[i].value : 7);
	}
}

static void utf8_is_checked_to_the_letter(void **state)
{
	static const struct {
		const char *text;
		bool ok;
	} cases[] = {{"", true}, {"abc", true}, {"\xC3\xA9", true},
	        {"\xE2\x82\xAC", true}, {"\xF0\x9F\x98\x80", true}, {"\xC0\x80", false},
	        {"\xE0\x80\x80", false}, {"\xED\xA0\x80", false},
	        {"\xF4\x90\x80\x80", false}, {"\xFF", false}, {"\xC3", false},
	        {"\xE2\x82", false}, {"a\x80", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(str_is_utf8(str_from(cases[i].text)), cases[i].ok);
	}
}

/* What does not fit is cut between two characters, and bad bytes go no further: the text
 * ends up in JSON. */
static void error_texts_are_always_utf8(void **state)
{
	struct err err;
	char text[400];

	(void)state;
	for (size_t before = 0; before < 4; before++) {
		memset(text, 'x', before);
		for (size_t i = before; i + 4 < sizeof(text); i += 4) {
			memcpy(text + i, "\xF0\x9F\x98\x80", 5);
		}
		err_set(&err, ERR_RETRY, 0, "%s", text);
		assert_true(str_is_utf8(str_from(err.msg)));
		assert_true(strlen(err.msg) > 180);
		err_prefix(&err, "%s", text);
		assert_true(str_is_utf8(str_from(err.msg)));
		err_set(&err, ERR_RETRY, 0, "%.5s is too short", text);
		assert_true(str_is_utf8(str_from(err.msg)));
		assert_non_null(strstr(err.msg, "is too short"));
	}
	err_set_name(&err, "\xFF\xC3");
	assert_string_equal(err.name, "??");
	err_set(&err, ERR_RETRY, 0, "plain \xC3\xA9");
	assert_string_equal(err.msg, "plain \xC3\xA9");
}

static void urls_survive_encoding_and_decoding(void **state)
{
	(void)state;
	autofree char *coded = url_encode("!a/b#c d%\xC3\xA9");
	assert_string_equal(coded, "%21a%2Fb%23c%20d%25%C3%A9");
	autofree char *plain = url_decode(str_from(coded), false);
	assert_string_equal(plain, "!a/b#c d%\xC3\xA9");
	static const char *const bad[] = {"%", "%1", "%zz", "%00", "a%2"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_null(url_decode(str_from(bad[i]), false));
	}
	autofree char *value = form_get(str_from("a=1&token=x+y%26&b"), "token");
	assert_string_equal(value, "x y&");
	autofree char *empty = form_get(str_from("a=1&b"), "b");
	assert_string_equal(empty, "");
	assert_null(form_get(str_from("a=1"), "c"));
}

static void base64url_has_the_standard_answers(void **state)
{
	static const char *const cases[][2] = {{"", ""}, {"f", "Zg"}, {"fo", "Zm8"},
	        {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"\xFF\xFE", "__4"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *out = base64url_encode(cases[i][0], strlen(cases[i][0]));
		assert_string_equal(out, cases[i][1]);
	}
	autofree char *digest = sha256_base64url(str_from("abc"));
	assert_string_equal(digest, "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
}

static void hex_and_base64url_come_back(void **state)
{
	static const char *const bad_base64[] = {
	        "A", "AB=CD", "A+==", "AB===", "A B", NULL};
	static const char *const bad_hex[] = {"a", "0g", "zz", " 0", NULL};
	char bytes[40];
	size_t got;

	(void)state;
	for (size_t n = 0; n < sizeof(bytes); n++) {
		for (size_t i = 0; i < n; i++) {
			bytes[i] = (char)(i * 37 + n * 11);
		}
		autofree char *coded = base64url_encode(bytes, n);
		autofree char *plain = base64url_decode(coded, &got);
		autofree char *hex = hex_encode(bytes, n);
		autofree char *from_hex = hex_decode(hex);

		assert_int_equal(got, n);
		assert_memory_equal(plain, bytes, n);
		assert_memory_equal(from_hex, bytes, n);
	}
	for (const char *const *text = bad_base64; *text; text++) {
		assert_null(base64url_decode(*text, &got));
	}
	for (const char *const *text = bad_hex; *text; text++) {
		assert_null(hex_decode(*text));
	}
}

static void a_buffer_keeps_its_cap_and_fails_for_good(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 8);
	assert_true(buf_puts(&buf, "12345"));
	assert_false(buf_puts(&buf, "6789"));
	assert_false(buf_puts(&buf, "6"));
	assert_string_equal(buf_cstr(&buf), "12345");
	assert_null(buf_take(&buf));
	buf_init(&buf, 1000);
	assert_true(buf_printf(&buf, "%d-%s", 5, "x"));
	buf_consume(&buf, 2);
	assert_string_equal(buf_cstr(&buf), "x");
	buf_finish(&buf);
}

/* ---------------------------------------------------------------- map */

static void a_map_keeps_the_order_of_insertion(void **state)
{
	struct map *map = map_create();
	static int values[2000];
	const char *key;
	void *value;
	int seen = 0;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		autofree char *name = xasprintf("key%d", i);
		values[i] = i;
		assert_null(map_set(map, name, &values[i]));
	}
	for (int i = 0; i < 2000; i += 2) {
		autofree char *name = xasprintf("key%d", i);
		assert_ptr_equal(map_del(map, name), &values[i]);
		assert_null(map_get(map, name));
	}
	for (size_t i = 0; map_next(map, &i, &key, &value);) {
		assert_int_equal(*(int *)value, seen * 2 + 1);
		seen++;
	}
	assert_int_equal(seen, 1000);
	assert_int_equal(map_count(map), 1000);
	assert_null(map_set(map, "key0", &values[0])); /* removed once: comes last now */
	assert_ptr_equal(map_get(map, "key0"), &values[0]);
	assert_ptr_equal(map_set(map, "key0", &values[1]), &values[0]);
	assert_ptr_equal(map_get(map, "key0"), &values[1]);
	map_destroy(&map, NULL);
}

static void a_map_survives_adding_and_removing_for_ever(void **state)
{
	struct map *map = map_create();
	static int value;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		autofree char *name = xasprintf("k%d", i % 50);
		map_set(map, name, &value);
		assert_non_null(map_get(map, name));
		assert_non_null(map_del(map, name));
	}
	assert_int_equal(map_count(map), 0);
	map_destroy(&map, NULL);
}

/* ---------------------------------------------------------------- JSON */

static void every_prefix_of_a_json_text_is_refused(void **state)
{
	static const char text[] =
	        "{\"a\":[1,\"x\\\"y\",true,null],\"b\":{\"c\":\"\\u00e9\"}}";

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		struct err err = ERR_INIT;
		autofree char *prefix =
		        xstrndup(text, n); /* exactly as long: ASan sees overreads */
		assert_null(json_parse((struct str){prefix, n}, &err));
		assert_int_equal(err.kind, ERR_PERMANENT);
	}
	autojson cJSON *value = json_parse(str_from(text), NULL);
	assert_string_equal(json_str(value, "b.c"), "\xC3\xA9");
}

static void hostile_json_is_refused_at_the_door(void **state)
{
	struct err err;
	char deep[400];

	(void)state;
	memset(deep, '[', sizeof(deep));
	assert_null(json_parse((struct str){deep, sizeof(deep)}, &err));
	assert_non_null(strstr(err.msg, "deeper"));
	assert_null(json_parse(str_from("\"\xFF\""), &err));
	assert_null(json_parse((struct str){"1\0002", 3}, &err));
	assert_null(json_parse(str_from("{} x"), &err));
	/* Brackets inside texts are no depth. */
	struct buf many;
	buf_init(&many, 10000);
	buf_puts(&many, "\"");
	for (int i = 0; i < 500; i++) {
		buf_puts(&many, "[\\\"");
	}
	buf_puts(&many, "\"");
	autojson cJSON *fine = json_parse(buf_str(&many), &err);
	assert_non_null(fine);
	buf_finish(&many);
}

static void getters_take_what_has_the_right_type(void **state)
{
	(void)state;
	autojson cJSON *v = json_parse(
	        str_from(
	                "{\"s\":\"x\",\"n\":5,\"big\":1e300,\"b\":true,\"o\":{\"a\":[1]}}"),
	        NULL);
	assert_null(json_str(v, "n"));
	assert_string_equal(json_str_or(v, "missing", "d"), "d");
	assert_int_equal(json_int(v, "n", 0), 5);
	assert_int_equal(json_int(v, "big", -1), -1);
	assert_int_equal(json_int(v, "s", -1), -1);
	assert_true(json_bool(v, "b", false));
	assert_non_null(json_arr(v, "o.a"));
	assert_null(json_arr(v, "o"));
	assert_null(json_get(v, "s.x"));
	autofree char *sorted = json_print_sorted(v);
	assert_ptr_equal(strstr(sorted, "{\"b\""), sorted);
}

/* ---------------------------------------------------------------- verbs */

static bool run_nothing(void *sim, const cJSON *args, cJSON **result, struct err *err)
{
	(void)result;
	(void)err;
	*(int64_t *)sim = json_int(args, "every", -1);
	return true;
}

static const struct verb_field post_fields[] = {
        {"text", VERB_STR, true, "what", NULL},
        {"every", VERB_DURATION, false, "how often", NULL},
        {NULL, VERB_ANY, false, NULL, NULL},
};
static const struct verb test_verbs[] = {
        {"post", "say it", post_fields, run_nothing},
        {NULL, NULL, NULL, NULL},
};

static void verbs_check_their_arguments(void **state)
{
	struct err err;
	int64_t every = 0;
	cJSON *result = NULL;

	(void)state;
	autojson cJSON *good =
	        json_parse(str_from("{\"text\":\"x\",\"every\":\"20ms\"}"), NULL);
	assert_true(verb_run(test_verbs, "post", &every, good, &result, &err));
	assert_int_equal(every, 20);
	autojson cJSON *typo = json_parse(str_from("{\"txt\":\"x\"}"), NULL);
	assert_false(verb_run(test_verbs, "post", &every, typo, &result, &err));
	assert_non_null(strstr(err.msg, "did you mean \"text\""));
	autojson cJSON *missing = json_parse(str_from("{}"), NULL);
	assert_false(verb_run(test_verbs, "post", &every, missing, &result, &err));
	assert_non_null(strstr(err.msg, "needs"));
	assert_false(verb_run(test_verbs, "pst", &every, good, &result, &err));
}

static void durations_have_units(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {{"20ms", 20}, {"10s", 10000}, {"5m", 300000}, {"1h", 3600000},
	        {"2d", 172800000}, {"7", 7000}, {"", -1}, {"5x", -1}, {"-1s", -1},
	        {"ms", -1}, {"99999999999999999999s", -1}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t ms = -1;
		duration_parse(cases[i].text, &ms);
		assert_int_equal(ms, cases[i].ms);
	}
}

/* ---------------------------------------------------------------- loop */

struct ring {
	char order[64];
	struct timer timers[5];
	char names[5];
	struct loop *loop;
};

struct mark {
	struct ring *ring;
	char name;
};

static void ring_bell(void *arg)
{
	struct mark *mark = arg;
	size_t n = strlen(mark->ring->order);
	mark->ring->order[n] = mark->name;
}

static void timers_fire_in_order_and_equal_ones_as_set(void **state)
{
	struct ring ring = {.order = "", .loop = loop_create()};
	struct mark marks[5];
	static const int64_t delays[5] = {30, 10, 20, 10, 30};

	(void)state;
	loop_use_virtual_clock(ring.loop, 1000);
	for (int i = 0; i < 5; i++) {
		marks[i] = (struct mark){&ring, (char)('a' + i)};
		timer_init(&ring.timers[i], ring.loop, ring_bell, &marks[i]);
		timer_start(&ring.timers[i], delays[i]);
	}
	timer_stop(&ring.timers[4]);
	loop_drain(ring.loop);
	assert_string_equal(ring.order, ""); /* time stands still */
	while (loop_next_due_us(ring.loop) != INT64_MAX) {
		loop_advance_to_us(ring.loop, loop_next_due_us(ring.loop));
		loop_drain(ring.loop);
	}
	assert_string_equal(ring.order, "bdca");
	assert_int_equal(loop_now_ms(ring.loop), 30);
	assert_int_equal(loop_wall_ms(ring.loop), 1030);
	loop_destroy(&ring.loop);
}

static void many_timers_keep_their_order(void **state)
{
	enum { MANY = 500 };
	struct loop *loop = loop_create();
	struct timer *timers = xcalloc(MANY, sizeof(*timers));
	struct ring ring = {.loop = loop};
	struct mark mark = {&ring, 'x'};
	struct rand rand;
	int64_t last = 0;

	(void)state;
	loop_use_virtual_clock(loop, 0);
	rand_seed(&rand, 1);
	for (int i = 0; i < MANY; i++) {
		timer_init(&timers[i], loop, ring_bell, &mark);
		timer_start(&timers[i], (int64_t)rand_below(&rand, 1000));
	}
	for (int i = 0; i < MANY; i += 3) {
		timer_stop(&timers[i]);
	}
	while (loop_next_due_us(loop) != INT64_MAX) {
		assert_true(loop_next_due_us(loop) >= last);
		last = loop_next_due_us(loop);
		for (int i = 0; i < MANY; i++) { /* take the first out by hand */
			if (timer_active(&timers[i]) && timers[i].due_us == last) {
				timer_stop(&timers[i]);
				break;
			}
		}
	}
	free(timers);
	loop_destroy(&loop);
}

/* Sets itself again at once, for ever. */
static void ring_again(void *arg)
{
	struct ring *ring = arg;

	timer_start(&ring->timers[0], 0);
	if (++ring->names[0] == 100) {
		loop_stop(ring->loop);
	}
}

static void end_loop(int events, void *arg)
{
	(void)events;
	loop_stop(arg);
}

static void a_timer_of_no_delay_does_not_keep_the_loop_from_its_other_work(void **state)
{
	struct ring ring = {.loop = loop_create()};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	struct loop_io *io =
	        loop_io_create(ring.loop, fds[0], LOOP_READ, end_loop, ring.loop);
	timer_init(&ring.timers[0], ring.loop, ring_again, &ring);
	timer_start(&ring.timers[0], 0);
	loop_run(ring.loop);
	assert_in_range(ring.names[0], 1, 3);
	timer_stop(&ring.timers[0]);
	loop_io_destroy(&io);
	close(fds[0]);
	close(fds[1]);
	loop_destroy(&ring.loop);
}

struct reader {
	struct loop_io *io;
	int fd, got;
};

static void read_some(int events, void *arg)
{
	struct reader *reader = arg;
	char byte;

	assert_int_equal(events, LOOP_READ);
	if (read(reader->fd, &byte, 1) == 1) {
		reader->got++;
	}
	loop_io_destroy(&reader->io); /* from its own callback */
}

static void a_descriptor_calls_back_until_destroyed(void **state)
{
	struct loop *loop = loop_create();
	struct reader reader = {0};
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	reader.fd = fds[0];
	reader.io = loop_io_create(loop, fds[0], LOOP_READ, read_some, &reader);
	assert_false(loop_drain(loop));
	assert_int_equal(write(fds[1], "ab", 2), 2);
	assert_true(loop_drain(loop));
	assert_int_equal(reader.got, 1);
	close(fds[0]);
	close(fds[1]);
	loop_destroy(&loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(numbers_are_whole_and_in_range),
	        cmocka_unit_test(utf8_is_checked_to_the_letter),
	        cmocka_unit_test(error_texts_are_always_utf8),
	        cmocka_unit_test(urls_survive_encoding_and_decoding),
	        cmocka_unit_test(base64url_has_the_standard_answers),
	        cmocka_unit_test(hex_and_base64url_come_back),
	        cmocka_unit_test(a_buffer_keeps_its_cap_and_fails_for_good),
	        cmocka_unit_test(a_map_keeps_the_order_of_insertion),
	        cmocka_unit_test(a_map_survives_adding_and_removing_for_ever),
	        cmocka_unit_test(every_prefix_of_a_json_text_is_refused),
	        cmocka_unit_test(hostile_json_is_refused_at_the_door),
	        cmocka_unit_test(getters_take_what_has_the_right_type),
	        cmocka_unit_test(verbs_check_their_arguments),
	        cmocka_unit_test(durations_have_units),
	        cmocka_unit_test(timers_fire_in_order_and_equal_ones_as_set),
	        cmocka_unit_test(many_timers_keep_their_order),
	        cmocka_unit_test(
	                a_timer_of_no_delay_does_not_keep_the_loop_from_its_other_work),
	        cmocka_unit_test(a_descriptor_calls_back_until_destroyed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
