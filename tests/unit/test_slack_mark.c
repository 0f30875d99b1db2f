/* proves: AUTH-05 */
#include "bridge/slack/mark.h"
#include "bridge/slack/tokens.h"

#include "lib/mem.h"
#include "lib/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct slack_mark first = {
        .event_id = "$one", .piece = 0, .edit_id = NULL, .tag = "aaaabbbbcccc"};

static void a_mark_is_known_again_by_its_beginning(void **state)
{
	struct slack_mark edited = first, other = first;
	autofree char *id = mark_block_id(&first, true);
	autofree char *beginning = mark_block_id(&first, false);

	(void)state;
	edited.edit_id = "$edit";
	other.piece = 1;
	autofree char *edited_id = mark_block_id(&edited, true);
	autofree char *other_id = mark_block_id(&other, true);
	assert_true(str_starts(id, beginning));
	assert_true(str_starts(edited_id, beginning));
	assert_false(str_starts(other_id, beginning));
	assert_true(strlen(edited_id) <= 255);
	assert_string_not_equal(id, edited_id);
	assert_true(slack_mark_is_edit(mark_edit(edited_id), "$edit"));
	assert_false(slack_mark_is_edit(mark_edit(edited_id), "$another"));
	assert_false(slack_mark_is_edit(mark_edit(id), "$edit"));
	assert_false(slack_mark_is_edit(mark_edit(id), NULL));
	/* in metadata the event itself stands there */
	assert_true(slack_mark_is_edit("$edit", "$edit"));
}

static void a_tag_is_compared_whole(void **state)
{
	autofree char *id = mark_block_id(&first, true);

	(void)state;
	assert_true(mark_has_tag(id, "aaaabbbbcccc"));
	assert_false(mark_has_tag(id, "aaaabbbbccc"));
	assert_false(mark_has_tag(id, "aaaabbbbcccd"));
	assert_false(mark_has_tag("", "aaaabbbbcccc"));
	assert_false(mark_has_tag("aaaabbbbcccc:", "aaaabbbbcccc"));
}

static void blocks_get_the_mark_whatever_they_are(void **state)
{
	static const char *const given[] = {NULL, "", "[]", "{", "null",
	        "[{\"type\":\"rich_text\",\"elements\":[]}]",
	        "[{\"type\":\"rich_text\",\"block_id\":\"old\",\"elements\":[]},"
	        "{\"type\":\"divider\"}]"};
	autofree char *id = mark_block_id(&first, true);

	(void)state;
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		autofree char *text = mark_blocks(given[i], "said", &first);
		autojson cJSON *blocks = json_parse(str_from(text), NULL);
		autojson cJSON *message = json_new();
		json_set(message, "blocks", cJSON_Duplicate(blocks, true));
		assert_string_equal(mark_of_blocks(message), id);
		if (i < 5) {
			assert_non_null(strstr(text, "\"text\":\"said\""));
		}
	}
}

static void what_is_no_mark_is_none(void **state)
{
	static const char *const messages[] = {"{}", "{\"blocks\":[]}",
	        "{\"blocks\":{\"block_id\":\"mx:a\"}}", "{\"blocks\":[1]}",
	        "{\"blocks\":[{\"block_id\":7}]}",
	        "{\"blocks\":[{\"block_id\":\"xyz\"}]}",
	        "{\"blocks\":[{\"block_id\":\"a\"},{\"block_id\":\"mx:a\"}]}"};

	(void)state;
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		autojson cJSON *message = json_parse(str_from(messages[i]), NULL);
		assert_non_null(message);
		assert_string_equal(mark_of_blocks(message), "");
	}
	assert_string_equal(mark_of_blocks(NULL), "");
}

static void a_cookie_is_found_in_what_people_copy(void **state)
{
	static const struct {
		const char *text, *cookie;
	} cases[] = {
	        {"xoxd-abc", "xoxd-abc"},
	        {"d=xoxd-abc", "xoxd-abc"},
	        {"d=xoxd-abc;", "xoxd-abc"},
	        {"xoxd-a%2Fb%3D%3D", "xoxd-a%2Fb%3D%3D"},
	        {"xoxd-a/b+c==", "xoxd-a/b+c=="},
	        {"xoxd-abc; path=/", NULL},
	        {"xoxd-a\r\nX: y", NULL},
	        {"xoxc-abc", NULL},
	        {"abc", NULL},
	        {"d=", NULL},
	        {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		autofree char *cookie = slack_token_cookie(cases[i].text);
		if (cases[i].cookie == NULL) {
			assert_null(cookie);
		} else {
			assert_non_null(cookie);
			assert_string_equal(cookie, cases[i].cookie);
		}
	}
	assert_true(slack_token_is_client("xoxc-1-2"));
	assert_true(slack_token_is_client("xoxs-1-2"));
	assert_false(slack_token_is_client("xoxd-1-2"));
	assert_false(slack_token_is_client("xoxc-1 2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_mark_is_known_again_by_its_beginning),
	        cmocka_unit_test(a_tag_is_compared_whole),
	        cmocka_unit_test(blocks_get_the_mark_whatever_they_are),
	        cmocka_unit_test(what_is_no_mark_is_none),
	        cmocka_unit_test(a_cookie_is_found_in_what_people_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
