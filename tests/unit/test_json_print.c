#include "lib/json.h"
#include "lib/mem.h"
#include "lib/str.h"

/* cmocka's header needs these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* Of each the text is what cJSON itself prints. */
static void test_prints_as_cjson_does(void **state)
{
	static const char *const texts[] = {"null", "true", "false", "0", "-1",
	        "12345678", "0.5", "-3.25e-7", "1e300", "0.1", "3.0", "123456789012345",
	        "-123456789012345", "4294967296", "\"\"",
	        "\"a\\\"b\\\\c\\n\\r\\t\\b\\f/\\u0001\\u001f\\u007f\"",
	        "\"\xc3\xbc \xf0\x9f\x91\x8b\"", "[]", "{}", "[1,[2,[]],{}]",
	        "{\"a\":{\"b\":[null,true,\"x\"]},\"\":0,\"q\\\"\":1.5}"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		autojson cJSON *value = json_parse(str_from(texts[i]), NULL);
		autofree char *ours = json_print(value);
		autofree char *theirs = cJSON_PrintUnformatted(value);

		assert_string_equal(ours, theirs);
	}
}

static void test_whole_numbers_are_printed_whole(void **state)
{
	static const struct {
		int64_t number;
		const char *text;
	} cases[] = {{0, "{\"n\":0}"}, {-1, "{\"n\":-1}"},
	        {1700000000123, "{\"n\":1700000000123}"},
	        {9007199254740992, "{\"n\":9007199254740992}"},
	        {-9007199254740992, "{\"n\":-9007199254740992}"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autojson cJSON *value = json_set_int(json_new(), "n", cases[i].number);
		autofree char *text = json_print(value);

		assert_string_equal(text, cases[i].text);
	}
}

static void test_long_text(void **state)
{
	size_t n = 100000;
	autofree char *text = xmalloc(n + 1);
	autojson cJSON *value = NULL;
	autofree char *printed = NULL;

	(void)state;
	memset(text, '"', n);
	text[n] = '\0';
	value = cJSON_CreateString(text);
	printed = json_print(value);
	assert_int_equal(strlen(printed), 2 * n + 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_prints_as_cjson_does),
	        cmocka_unit_test(test_whole_numbers_are_printed_whole),
	        cmocka_unit_test(test_long_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
