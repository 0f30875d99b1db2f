/* proves: SEC-05 */
#include "lib/log.h"

#include "lib/json.h"
#include "lib/mem.h"
#include "lib/str.h"
/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/**/
#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int sink[2];

static long long at_new_year(void)
{
	return 1767225600123;
}

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(pipe(sink), 0);
	assert_true(fcntl(sink[1], F_SETPIPE_SZ, 256 * 1024) > 0);
	log_set_clock(at_new_year);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	log_reset();
	close(sink[0]);
	close(sink[1]);
	return 0;
}

/* What was written so far. Caller frees. */
static char *written(void)
{
	enum { MOST = 128 * 1024 };
	char *text = xmalloc(MOST + 1);
	ssize_t n = read(sink[0], text, MOST);

	assert_true(n > 0);
	text[n] = '\0';
	return text;
}

static void a_text_line_is_one_line_whatever_is_in_it(void **state)
{
	(void)state;
	log_add_sink(sink[1], LOG_TEXT, LOG_INFO);
	log_debug("not wanted", "%s", "");
	log_info("hello", "who=\"%s\"", "x\n2026 FATAL forged\x1b[2J");
	autofree char *line = written();
	assert_string_equal(line, "2026-01-01T00:00:00.123Z INFO  hello  "
	                          "who=\"x\\x0a2026 FATAL forged\\x1b[2J\"\n");
}

static void a_json_line_has_its_fields(void **state)
{
	(void)state;
	log_add_sink(sink[1], LOG_JSON, LOG_INFO);
	log_warn("hello", "a=1 b=\"two words\" empty=\"\" c=last");
	autofree char *line = written();
	autojson cJSON *obj = json_parse(str_from(line), NULL);
	assert_string_equal(json_str(obj, "level"), "warn");
	assert_string_equal(json_str(obj, "time"), "2026-01-01T00:00:00.123Z");
	assert_string_equal(json_str(obj, "message"), "hello");
	assert_string_equal(json_str(obj, "a"), "1");
	assert_string_equal(json_str(obj, "b"), "two words");
	assert_string_equal(json_str(obj, "empty"), "");
	assert_string_equal(json_str(obj, "c"), "last");
}

/* Error texts of other servers stand in the fields. */
static void a_value_cannot_alter_other_fields(void **state)
{
	(void)state;
	log_add_sink(sink[1], LOG_JSON, LOG_INFO);
	log_warn("hello", "room=!a error=\"%s\" key=k",
	        "no\" level=fatal time=\"never\" message=\"forged\" room=!b x=\"");
	autofree char *line = written();
	autojson cJSON *obj = json_parse(str_from(line), NULL);
	assert_string_equal(json_str(obj, "level"), "warn");
	assert_string_equal(json_str(obj, "message"), "hello");
	assert_string_equal(json_str(obj, "time"), "2026-01-01T00:00:00.123Z");
	assert_string_equal(json_str(obj, "room"), "!a");
	assert_string_equal(json_str(obj, "error"), "no");
}

static void an_endless_value_makes_no_endless_line(void **state)
{
	static const size_t lengths[] = {5000, 12000, 16000, 100 * 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		autofree char *text = xmalloc(lengths[i] + 1);
		memset(text, '\x01', lengths[i]); /* escaped to several times as much */
		text[lengths[i]] = '\0';
		for (enum log_format format = LOG_TEXT; format <= LOG_JSON; format++) {
			log_reset();
			log_add_sink(sink[1], format, LOG_INFO);
			log_info("long", "value=%s", text);
			log_reset();
			log_add_sink(sink[1], LOG_TEXT, LOG_INFO);
			log_info("next", "%s", "");
			autofree char *lines = written();
			size_t n = strlen(lines);
			assert_true(n < 110 * 1000);
			char *end = strchr(lines, '\n');
			assert_non_null(end);
			assert_non_null(strstr(end, "INFO  next\n"));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(
	                a_text_line_is_one_line_whatever_is_in_it, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_json_line_has_its_fields, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                a_value_cannot_alter_other_fields, set_up, tear_down),
	        cmocka_unit_test_setup_teardown(
	                an_endless_value_makes_no_endless_line, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
