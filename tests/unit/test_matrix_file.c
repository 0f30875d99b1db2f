/* proves: MSG-08 */
#include "bridge/flow/files.h"
#include "bridge/flow/matrix_file.h"

#include "lib/mem.h"
#include <stdlib.h>
#include <string.h>
/* cmocka wants these before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const struct {
	const char *json, *name;
	bool has_caption;
} names[] = {
        {"{\"body\":\"a.png\"}", "a.png", false},
        {"{\"body\":\"a.png\",\"filename\":\"a.png\"}", "a.png", false},
        {"{\"body\":\"look\",\"filename\":\"a.png\"}", "a.png", true},
        {"{\"body\":\"\",\"filename\":\"a.png\"}", "a.png", false},
        {"{\"body\":\"/etc/passwd\"}", "passwd", false},
        {"{\"body\":\"..\\\\..\\\\x.exe\"}", "x.exe", false},
        {"{\"body\":\"..\"}", "file", false},
        {"{\"body\":\"a/\"}", "file", false},
        {"{}", "file", false},
        {"{\"body\":7,\"filename\":[]}", "file", false},
        {"{\"body\":\"a\\u0001\\nb\"}", "a  b", false},
        {"{\"body\":\"a wave\",\"info\":{\"mimetype\":\"image/png\"}}", "a wave.png",
                false},
        {"{\"body\":\"a.b\",\"info\":{\"mimetype\":\"image/png\"}}", "a.b", false},
        {"{\"body\":\"\",\"info\":{\"mimetype\":\"audio/ogg\"}}", "file.ogg", false},
};

static void names_are_fit_for_slack(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		autojson cJSON *content = json_parse(str_from(names[i].json), NULL);
		autofree char *name = matrix_file_name(content, NULL);
		struct matrix_file file;
		matrix_file_parse(content, &file);
		assert_string_equal(name, names[i].name);
		assert_int_equal(file.has_caption, names[i].has_caption);
	}
}

/* Cut between characters, not within one. */
static void a_long_name_is_cut(void **state)
{
	char body[1003];
	cJSON *content = json_new();

	(void)state;
	for (size_t i = 0; i < 1000; i += 2) {
		memcpy(body + 1 + i, "\xC3\xA4", 2);
	}
	body[0] = 'x';
	body[1001] = '\0';
	json_set_str(content, "body", body);
	autofree char *name = matrix_file_name(content, NULL);
	assert_int_equal(strlen(name), 199);
	assert_true(str_is_utf8(str_from(name)));
	cJSON_Delete(content);
}

static void what_is_a_file(void **state)
{
	autojson cJSON *content =
	        json_parse(str_from("{\"url\":\"mxc://x/1\",\"info\":{\"size\":5,"
	                            "\"mimetype\":\"image/png\"}}"),
	                NULL);
	autojson cJSON *encrypted =
	        json_parse(str_from("{\"file\":{\"url\":\"mxc://x/1\"}}"), NULL);
	struct matrix_file file;

	(void)state;
	assert_true(matrix_file_is("m.image", content));
	assert_true(matrix_file_is("m.sticker", content));
	assert_false(matrix_file_is("m.text", content));
	assert_false(matrix_file_is("m.image", NULL));
	matrix_file_parse(content, &file);
	assert_string_equal(file.mxc, "mxc://x/1");
	assert_int_equal(file.bytes, 5);
	assert_false(file.is_encrypted);
	matrix_file_parse(encrypted, &file);
	assert_true(file.is_encrypted);
	assert_string_equal(file.mxc, "");
}

static void sizes_for_people(void **state)
{
	static const struct {
		int64_t bytes;
		const char *text;
	} sizes[] = {{0, "0 bytes"}, {999, "999 bytes"}, {1000, "1.0 kB"},
	        {999949, "999.9 kB"}, {1000000, "1.0 MB"}, {104857600, "104.8 MB"},
	        {INT64_C(1073741824), "1.0 GB"}, {INT64_C(5000000000000), "5000.0 GB"}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		autofree char *text = files_size_text(sizes[i].bytes);
		assert_string_equal(text, sizes[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_are_fit_for_slack),
	        cmocka_unit_test(a_long_name_is_cut),
	        cmocka_unit_test(what_is_a_file),
	        cmocka_unit_test(sizes_for_people),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
